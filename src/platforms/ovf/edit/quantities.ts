/** Edits of what is counted: processors and memory, with the labels and settings that repeat it. */
import { MIB } from "../../../base/bytes.js";
import { FerryError } from "../../../base/errors.js";
import { formatBytes } from "../../../base/text.js";
import { VMWARE } from "../../../ovf/namespaces.js";
import { resourceType } from "../../../ovf/tables/resource-types.js";
import { BYTE, MEBIBYTE, parseUnit, type Unit } from "../../../ovf/tables/units.js";
import type { OvfHardware } from "../../../ovf/views/hardware.js";
import type { OvfItem } from "../../../ovf/views/items.js";
import { wholeNumber } from "../../../ovf/views/node.js";
import { insertDeclared } from "../../../ovf/write.js";
import { addItem } from "./items.js";
import { ambiguous, configurationOf, type EditSession, hardwareFor, labelOf, notPossible } from "./session.js";
import { setEmbeddedCpus, setEmbeddedMemory } from "./virtualbox.js";

/** Below this nobody counts memory in bytes: an item without a unit means MiB (SCVMM). */
const LEAST_MEMORY = MIB;

type Counted = "cpu" | "memory";

/** `--cpus` and `--cores-per-socket`. */
export function editCpus(session: EditSession): void {
  const { cpus, coresPerSocket } = session.edits;
  if (cpus === null && coresPerSocket === null) return;
  const { machine, hardware } = hardwareFor(session);
  const item = countedItem(session, hardware, "cpu");
  if (item === null) {
    if (cpus === null)
      throw notPossible(`${labelOf(machine)} does not say how many processors it has`, "Give --cpus too.");
    checkSockets(cpus, coresPerSocket);
    const made = addItem(session, hardware, {
      AllocationUnits: "hertz * 10^6",
      Description: "Number of virtual CPUs",
      label: `${cpus} virtual CPU(s)`,
      ResourceType: "3",
      VirtualQuantity: String(cpus),
    });
    if (coresPerSocket !== null) setCores(session, made, coresPerSocket);
    setEmbeddedCpus(machine, cpus);
    session.changes.push({ edit: "cpus", subject: labelOf(machine), detail: `none said -> ${cpus}` });
    return;
  }
  const was = quantityOf(item, 1n);
  if (cpus !== null) {
    checkBounds(session, hardware, { kind: "cpu", value: cpus, shown: String });
    const sockets = wholeNumber(item.property("num_of_sockets"));
    if (item.quantity === null && sockets !== null) setSockets(item, cpus);
    else {
      relabel(item, item.quantity, String(cpus), /cpu/i);
      item.quantity = String(cpus);
    }
    if (countsForAll(session)) setEmbeddedCpus(machine, cpus);
    session.changes.push({
      edit: "cpus",
      subject: labelOf(machine),
      detail: `${was ?? "none said"} -> ${cpus}${where(item)}`,
    });
  }
  const cores = coresPerSocket ?? coresOf(item);
  checkSockets(cpus ?? Number(was ?? 1), cores);
  if (coresPerSocket === null) return;
  const before = coresOf(item);
  setCores(session, item, coresPerSocket);
  session.changes.push({
    edit: "cores-per-socket",
    subject: labelOf(machine),
    detail: `${before ?? "not said"} -> ${coresPerSocket}${where(item)}`,
  });
}

/** `--memory`. */
export function editMemory(session: EditSession): void {
  const { memoryBytes } = session.edits;
  if (memoryBytes === null) return;
  const { machine, hardware } = hardwareFor(session);
  const item = countedItem(session, hardware, "memory");
  if (countsForAll(session)) setEmbeddedMemory(machine, memoryBytes);
  if (item === null) {
    const whole = memoryBytes % MIB === 0;
    addItem(session, hardware, {
      AllocationUnits: whole ? "byte * 2^20" : "byte",
      Description: "Memory size",
      label: whole ? `${memoryBytes / MIB} MB of memory` : `${memoryBytes} bytes of memory`,
      ResourceType: "4",
      VirtualQuantity: String(whole ? memoryBytes / MIB : memoryBytes),
    });
    session.changes.push({
      edit: "memory",
      subject: labelOf(machine),
      detail: `none said -> ${formatBytes(memoryBytes)}`,
    });
    return;
  }
  checkBounds(session, hardware, { kind: "memory", value: memoryBytes, shown: formatBytes });
  const unit = memoryUnit(item);
  const was = unit === null ? null : quantityOf(item, unit.numerator, unit.denominator);
  const scaled = unit === null ? null : BigInt(memoryBytes) * unit.denominator;
  if (unit !== null && scaled !== null && scaled % unit.numerator === 0n) {
    const quantity = String(scaled / unit.numerator);
    relabel(item, item.quantity, quantity, /[kmgt]i?b|byte|memory/i);
    item.quantity = quantity;
  } else {
    if (item.reservation !== null || item.limit !== null) {
      throw notPossible(
        `${formatBytes(memoryBytes)} is no whole number of ${item.allocationUnits ?? "its unit"}, in which a limit or reservation is counted too`,
        "Choose a size that is.",
      );
    }
    const whole = memoryBytes % MIB === 0;
    const quantity = String(whole ? memoryBytes / MIB : memoryBytes);
    const name = item.property("AllocationUnits") === null && item.property("VirtualQuantityUnits") !== null;
    item.setProperty(name ? "VirtualQuantityUnits" : "AllocationUnits", whole ? "byte * 2^20" : "byte");
    relabel(item, item.quantity, quantity, whole ? /\bmi?b|megabyte/i : /bytes/i);
    item.quantity = quantity;
  }
  session.changes.push({
    edit: "memory",
    subject: labelOf(machine),
    detail: `${was === null ? "not known" : formatBytes(Number(was))} -> ${formatBytes(memoryBytes)}${where(item)}`,
  });
}

/** Whether an edit counts for what is deployed where nobody chooses. */
function countsForAll(session: EditSession): boolean {
  return session.edits.configuration === null;
}

/** The one item of a kind for the configuration that is meant; `null`: there is none at all. */
function countedItem(session: EditSession, hardware: OvfHardware, kind: Counted): OvfItem | null {
  const configuration = configurationOf(session);
  const all = hardware.items.filter(
    (item) => item.bound === "normal" && resourceType(item.resourceType ?? 0)?.kind === kind,
  );
  const fitting = all.filter(({ configurations }) =>
    configuration === null ? configurations.length === 0 : configurations.includes(configuration),
  );
  const [item] = fitting;
  const what = kind === "cpu" ? "processors" : "memory";
  if (fitting.length > 1) {
    throw ambiguous(`${fitting.length} items add up to the ${what}`, "Make one of them, with an editor.");
  }
  if (item !== undefined) return item;
  if (all.length === 0) return null;
  if (configuration === null) {
    const ids = [...new Set(all.flatMap(({ configurations }) => configurations))];
    throw new FerryError("edit/ambiguous", `each deployment option has an item of its own for the ${what}`, {
      hint: `Say which: --config ${ids.join(", --config ")}.`,
    });
  }
  throw new FerryError(
    "edit/no-target",
    `the deployment option ${configuration} has no item of its own for the ${what}`,
    {
      hint: "Without --config, the item for all options is changed.",
    },
  );
}

/** What the edited item counts for, where that is not all. */
function where({ configurations }: OvfItem): string {
  return configurations.length === 0
    ? ""
    : ` for the deployment option${configurations.length > 1 ? "s" : ""} ${configurations.join(", ")}`;
}

function quantityOf(item: OvfItem, numerator: bigint, denominator = 1n): bigint | null {
  const digits = /^([0-9]{1,30})(?:\.0*)?$/.exec(item.quantity ?? "")?.[1];
  if (digits !== undefined) return (BigInt(digits) * numerator) / denominator;
  const sockets = wholeNumber(item.property("num_of_sockets"));
  return sockets === null ? null : BigInt(sockets) * BigInt(perSocket(item));
}

function perSocket(item: OvfItem): number {
  return (wholeNumber(item.property("cpu_per_socket")) ?? 1) * (wholeNumber(item.property("threads_per_cpu")) ?? 1);
}

/** oVirt multiplies sockets, cores and threads. */
function setSockets(item: OvfItem, cpus: number): void {
  const each = perSocket(item);
  if (each === 0 || cpus % each !== 0) {
    throw notPossible(
      `${cpus} processors are no whole number of sockets with ${each} each`,
      `Choose a multiple of ${each}.`,
    );
  }
  item.setProperty("num_of_sockets", String(cpus / each));
}

function memoryUnit(item: OvfItem): Unit | null {
  const text = item.property("AllocationUnits") ?? item.property("VirtualQuantityUnits");
  if (text === null) return Number(item.quantity ?? 0) >= LEAST_MEMORY ? BYTE : MEBIBYTE;
  const unit = parseUnit(text);
  return unit?.base === "byte" ? unit : null;
}

function coresOf(item: OvfItem): number | null {
  const text = item.extension(VMWARE, "CoresPerSocket")?.text.trim() ?? item.property("cpu_per_socket");
  return wholeNumber(text ?? null);
}

function setCores({ document: { scope } }: EditSession, item: OvfItem, cores: number): void {
  const there = item.extension(VMWARE, "CoresPerSocket");
  if (there !== undefined) there.text = String(cores);
  else if (item.property("cpu_per_socket") !== null) item.setProperty("cpu_per_socket", String(cores));
  else {
    const created = item.element.create(VMWARE, "CoresPerSocket");
    insertDeclared(item.element, created);
    scope.setAttribute(created, "required", "false");
    created.text = String(cores);
  }
}

/** VMware refuses processors that do not fill their sockets. */
function checkSockets(cpus: number, cores: number | null): void {
  if (cores === null || cores === 0 || cpus % cores === 0) return;
  throw notPossible(
    `${cpus} processors do not fill sockets of ${cores} cores`,
    "Give --cpus and --cores-per-socket that divide.",
  );
}

/** The limits that the author set for the item. @throws `edit/not-possible` beyond them */
function checkBounds(
  session: EditSession,
  hardware: OvfHardware,
  { kind, value, shown }: { readonly kind: Counted; readonly value: number; shown(value: number): string },
): void {
  const configuration = session.edits.configuration;
  for (const item of hardware.items) {
    if (
      item.bound === "normal" ||
      resourceType(item.resourceType ?? 0)?.kind !== kind ||
      !item.appliesTo(configuration)
    )
      continue;
    const unit = kind === "memory" ? memoryUnit(item) : null;
    const limit = kind === "memory" ? unit && quantityOf(item, unit.numerator, unit.denominator) : quantityOf(item, 1n);
    if (limit === null) continue;
    const beyond = item.bound === "min" ? BigInt(value) < limit : BigInt(value) > limit;
    if (!beyond) continue;
    const side = item.bound === "min" ? "at least" : "at most";
    throw notPossible(
      `${shown(value)} is beyond what the package allows: ${side} ${shown(Number(limit))}`,
      "Choose a value within, or change the item with that bound first.",
    );
  }
}

/** Labels repeat a quantity (`2 virtual CPU(s)`, `2048MB of memory`): they go on saying what is so. */
function relabel(item: OvfItem, was: string | null, now: string, about: RegExp): void {
  if (was === null) return;
  for (const label of [item.elementName, item.caption, item.description]) {
    if (label === null || label.messageId !== null) continue;
    const [, before = "", number, behind = ""] = /^(\s*)([0-9]{1,20})(?![0-9.])(.*)$/s.exec(label.text) ?? [];
    if (number === was && about.test(behind)) label.text = `${before}${now}${behind}`;
  }
}
