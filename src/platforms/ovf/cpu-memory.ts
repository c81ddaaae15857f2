import type { Bound, Machine } from "../../appliance/appliance.js";
import { finding } from "../../ovf/findings.js";
import { VMWARE } from "../../ovf/namespaces.js";
import { resourceType } from "../../ovf/tables/resource-types.js";
import { BYTE, MEBIBYTE, parseUnit, scaleQuantity, type Unit } from "../../ovf/tables/units.js";
import type { OvfHardware } from "../../ovf/views/hardware.js";
import type { OvfItem } from "../../ovf/views/items.js";
import { wholeNumber } from "../../ovf/views/node.js";
import { type ImportSession, origin } from "./session.js";

/** How the quantities of one kind of item are read. */
interface Quantity {
  readonly fact: Bound["fact"];
  /** In the fact's own unit; `null` where the item does not say, or says what cannot be. */
  of(item: OvfItem): number | null;
}

/** Processors and how they sit in sockets. One where nothing is said, which is reported. */
export function readCpu(
  items: readonly OvfItem[],
  hardware: OvfHardware | null,
  machine: string,
  bounds: Bound[],
  session: ImportSession,
): Machine["cpu"] {
  const of = (item: OvfItem): number | null =>
    wholeNumber(item.quantity?.replace(/\.0*$/, "") ?? null) ?? ovirtCpus(item);
  const { total, first } = readQuantity(items, { fact: "cpu", of }, machine, bounds, session);
  if (total === 0 || (total === null && unsaid(first))) {
    missing(
      "ovf/missing-cpu",
      `machine ${machine} ${total === 0 ? "has 0 processors" : "does not say how many processors it has"}`,
      "One is assumed.",
      first,
      hardware,
      session,
    );
  }
  origin(session, `machines/${machine}/cpu`, first?.element);
  const cores = first === undefined ? null : wholeNumber(coresText(first));
  return {
    count: total === null || total === 0 ? 1 : total,
    coresPerSocket: cores === 0 ? null : cores,
    threadsPerCore: null,
    max: null,
    nested: null,
  };
}

/** VMware's `vmw:CoresPerSocket`, and oVirt's words for it. */
function coresText(item: OvfItem): string | null {
  return item.extension(VMWARE, "CoresPerSocket")?.text.trim() ?? item.property("cpu_per_socket");
}

/** oVirt multiplies sockets, cores and threads. */
function ovirtCpus(item: OvfItem): number | null {
  const sockets = wholeNumber(item.property("num_of_sockets"));
  if (sockets === null) return null;
  const cores = wholeNumber(item.property("cpu_per_socket")) ?? 1;
  const threads = wholeNumber(item.property("threads_per_cpu")) ?? 1;
  const count = sockets * cores * threads;
  return Number.isSafeInteger(count) ? count : null;
}

/** Memory in bytes. 0 where nothing is said, which is reported. */
export function readMemory(
  items: readonly OvfItem[],
  hardware: OvfHardware | null,
  machine: string,
  bounds: Bound[],
  session: ImportSession,
): number {
  const of = (item: OvfItem): number | null => {
    const { quantity } = item;
    const unit = quantity === null ? null : memoryUnit(item, quantity, session);
    return quantity === null || unit === null ? null : scaleQuantity(quantity, unit);
  };
  const { total, first } = readQuantity(items, { fact: "memory", of }, machine, bounds, session);
  if (total === 0 || (total === null && unsaid(first))) {
    missing(
      "ovf/missing-memory",
      `machine ${machine} does not say how much memory it has`,
      "Give the item a VirtualQuantity.",
      first,
      hardware,
      session,
    );
  }
  origin(session, `machines/${machine}/memoryBytes`, first?.propertyElement("VirtualQuantity") ?? first?.element);
  return total ?? 0;
}

/** Below this nobody counts memory in bytes: an item without a unit means MiB (SCVMM). */
const LEAST_MEMORY = 2 ** 20;

function memoryUnit(item: OvfItem, quantity: string, session: ImportSession): Unit | null {
  const text = item.property("AllocationUnits") ?? item.property("VirtualQuantityUnits");
  if (text === null) {
    if (Number(quantity) >= LEAST_MEMORY) return BYTE;
    session.report(
      finding("ovf/missing-unit", "warning", item.element, `the memory ${quantity} has no unit`, {
        hint: "MiB is assumed. Write byte * 2^20 in AllocationUnits.",
        data: { quantity },
      }),
    );
    return MEBIBYTE;
  }
  const unit = parseUnit(text);
  if (unit !== null && unit.base === "byte") return unit;
  session.report(
    finding(
      "ovf/unknown-unit",
      "error",
      item.propertyElement("AllocationUnits") ?? item.element,
      `memory is counted in ${text}`,
      {
        hint: "Write byte * 2^20 for MiB.",
        data: { unit: text },
      },
    ),
  );
  return null;
}

/**
 * The sum over the items of one kind, and the limits that the author sets. Where only limits are given, the lower one counts, as
 * VMware's importer has it.
 */
function readQuantity(
  items: readonly OvfItem[],
  quantity: Quantity,
  machine: string,
  bounds: Bound[],
  session: ImportSession,
): { readonly total: number | null; readonly first: OvfItem | undefined } {
  const all = items.filter((item) => resourceType(item.resourceType ?? 0)?.kind === quantity.fact);
  const value = (bound: OvfItem["bound"]): number | null => {
    let total: number | null = null;
    for (const item of all) {
      if (item.bound !== bound) continue;
      const amount = quantity.of(item);
      if (amount === null && item.quantity !== null) {
        session.report(
          finding(
            "ovf/bad-quantity",
            "error",
            item.propertyElement("VirtualQuantity") ?? item.element,
            `${item.label ?? quantity.fact} has the quantity ${item.quantity}`,
            {
              hint: "A quantity is a whole number.",
              data: { quantity: item.quantity },
            },
          ),
        );
      }
      if (amount !== null) total = Math.min((total ?? 0) + amount, Number.MAX_SAFE_INTEGER);
    }
    return total;
  };
  const [min, normal, max] = [value("min"), value("normal"), value("max")];
  if (min !== null || max !== null) bounds.push({ fact: quantity.fact, min, max });
  const first = all.find((item) => item.bound === "normal") ?? all[0];
  origin(session, `machines/${machine}/bounds/${quantity.fact}`, all.find((item) => item.bound !== "normal")?.element);
  return { total: normal ?? min ?? max, first };
}

function missing(
  code: "ovf/missing-cpu" | "ovf/missing-memory",
  message: string,
  hint: string,
  item: OvfItem | undefined,
  hardware: OvfHardware | null,
  session: ImportSession,
): void {
  const element = item?.element ?? hardware?.element;
  // A machine without hardware is reported as such.
  if (element !== undefined) session.report(finding(code, "warning", element, message, { hint }));
}

/** Whether an item is not there or has no quantity. One that cannot be read is reported as such. */
function unsaid(item: OvfItem | undefined): boolean {
  return item === undefined || item.quantity === null;
}
