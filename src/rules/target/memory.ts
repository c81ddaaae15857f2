/** How much memory a target gives a machine. */
import { MIB } from "../../base/bytes.js";
import { formatBytes } from "../../base/text.js";
import { parseUnit, scaleQuantity } from "../../ovf/tables/units.js";
import type { XmlEdit } from "../../xml/changes.js";
import { propertyEdit } from "../edits.js";
import type { ItemNode } from "../nodes.js";
import { type AnyRule, defineRule } from "../rule.js";
import { asked, isNormal, itemName, readers } from "./reader.js";

const MEBIBYTES = "byte * 2^20";

function memory(units: string, quantity: number): string {
  return `<Item>${units === "" ? "" : `<rasd:AllocationUnits>${units}</rasd:AllocationUnits>`}<rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>${quantity}</rasd:VirtualQuantity></Item>`;
}

/** What an item of memory means, in bytes; `null`: not clear. */
function bytesOf({ properties }: ItemNode): number | null {
  const units = properties.get("AllocationUnits");
  const unit = units === undefined ? null : parseUnit(units);
  if (unit === null || unit.base !== "byte") return null;
  return scaleQuantity(properties.get("VirtualQuantity") ?? "", unit);
}

function isMemory(node: ItemNode): boolean {
  return node.resourceType === 4 && isNormal(node);
}

/** Memory written in MiB, where it is a whole number of them. */
function inMebibytes(node: ItemNode): readonly XmlEdit[] {
  const bytes = bytesOf(node);
  if (bytes === null || bytes % MIB !== 0) return [];
  return [
    propertyEdit(node.item, "AllocationUnits", MEBIBYTES),
    propertyEdit(node.item, "VirtualQuantity", String(bytes / MIB)),
  ];
}

export const targetMemoryRules: readonly AnyRule[] = [
  defineRule({
    code: "target/memory-unit",
    node: "ovf/item",
    targets: readers(({ memoryUnits }) => Array.isArray(memoryUnits)),
    spec: null,
    severity: "error",
    strict: "error",
    what: '{reader} does not know the unit of memory "{unit}".',
    why: 'It compares the text with a few spellings: "Invalid allocation unit "byte*2^30" specified with memory size item" (tried).',
    fix: 'Write rasd:AllocationUnits as "byte * 2^20", with these blanks.',
    examples: {
      invalid: [{ items: memory("byte*2^30", 1) }, { items: memory("", 512) }],
      valid: [{}, { items: memory("MegaBytes", 512) }],
    },
    *check(node, facts) {
      const { reader } = asked(facts);
      if (node.resourceType !== 4 || !Array.isArray(reader.memoryUnits)) return;
      const unit = node.properties.get("AllocationUnits") ?? "";
      if (reader.memoryUnits.includes(unit)) return;
      const place = node.item.propertyElement("AllocationUnits") ?? node.item.element;
      yield { values: { reader: reader.name, unit }, location: place.location };
    },
    mend: inMebibytes,
  }),
  defineRule({
    code: "target/memory-unit-ignored",
    node: "ovf/item",
    targets: readers(({ memoryUnits }) => memoryUnits === "megabytes"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{reader} takes every quantity of memory for MiB: the machine gets {got} and not {meant}.",
    why: "It does not read rasd:AllocationUnits. 1 in GiB becomes 1 MiB (tried with virt-v2v), and the machine does not start.",
    fix: 'Write the quantity in MiB, and "byte * 2^20" as the unit.',
    examples: { invalid: [{ items: memory("byte * 2^30", 2) }], valid: [{}] },
    *check(node, facts) {
      if (!isMemory(node)) return;
      const bytes = bytesOf(node);
      const quantity = Number(node.properties.get("VirtualQuantity") ?? Number.NaN);
      if (bytes === null || !Number.isSafeInteger(quantity * MIB) || bytes === quantity * MIB) return;
      const { reader } = asked(facts);
      const values = { reader: reader.name, got: formatBytes(quantity * MIB), meant: formatBytes(bytes) };
      yield { values, location: (node.item.propertyElement("VirtualQuantity") ?? node.item.element).location };
    },
    mend: inMebibytes,
  }),
  defineRule({
    code: "target/memory-missing",
    node: "ovf/content",
    targets: readers(({ memoryMissing }) => memoryMissing !== null),
    spec: null,
    severity: "warning",
    strict: "warning",
    what: "The machine {id} does not say how much memory it has; {reader} {does}.",
    why: "Each importer has a default of its own: virt-v2v makes 1 TiB of it (tried).",
    fix: "Add an item of the type 4 with a quantity.",
    examples: {
      invalid: [
        {
          items:
            "<Item><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>1</rasd:VirtualQuantity></Item>",
        },
      ],
      valid: [{}],
    },
    *check({ content, hardware }, facts) {
      if (content.kind !== "system" || hardware.some(({ items }) => items.some(isMemory))) return;
      const { reader } = asked(facts);
      const { memoryMissing: missing } = reader;
      const does =
        missing === "refused"
          ? "cannot make it then"
          : missing === "default"
            ? "gives it a default"
            : `gives it ${formatBytes(missing?.bytes ?? 0)}`;
      yield {
        values: { id: content.id ?? "(without an id)", reader: reader.name, does },
        ...(missing === "default" ? {} : { severity: "error" }),
      };
    },
  }),
  defineRule({
    code: "target/memory-refused",
    node: "ovf/item",
    targets: readers(({ memoryLimits }) => memoryLimits === "refused"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{target} refuses a machine with {memory} of memory ({item}): it takes {least} to {most}.",
    why: '"Invalid RAM size: 2 MB (must be in range [4, 2097152] MB)" (VirtualBox, tried).',
    fix: "Write a quantity within these limits.",
    examples: { invalid: [{ items: memory(MEBIBYTES, 2) }], valid: [{}] },
    *check(node, facts) {
      const { target } = asked(facts);
      const bytes = isMemory(node) ? bytesOf(node) : null;
      if (bytes === null || (bytes >= target.memory.minBytes && bytes <= target.limits.memoryBytes)) return;
      const [least, most] = [formatBytes(target.memory.minBytes), formatBytes(target.limits.memoryBytes)];
      yield { values: { memory: formatBytes(bytes), item: itemName(node), least, most } };
    },
  }),
];
