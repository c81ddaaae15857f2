/** Programmatic units of items and disks (DSP0004; DSP0243 8.3, 9.1). */
import { parseUnit, type Unit } from "../../ovf/tables/units.js";
import { exampleItem } from "../example.js";
import { type ItemFacts, nameOfItem } from "../items.js";
import { compareQuantities, quantityOf, unitTextOf } from "../quantities.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("8.3");

const PROCESSOR = 3;
const MEMORY = 4;

/** More than any hypervisor gives a machine: what is above is a clock rate, or a slip. */
const MOST_PROCESSORS = 4096;

const UNIT_FIELDS = ["AllocationUnits", "VirtualQuantityUnits"] as const;

/** Memory beside the usual one. */
function memory(units: string): string {
  return exampleItem({ AllocationUnits: units, InstanceID: 9, ResourceType: MEMORY, VirtualQuantity: 8 });
}

/** The unit that the amount of memory of an item is in, as written. */
function memoryUnit(facts: ItemFacts): string | null {
  if (facts.resourceType !== MEMORY || !facts.properties.has("VirtualQuantity")) return null;
  return facts.properties.get("AllocationUnits") ?? unitTextOf(facts, "VirtualQuantity");
}

/** The standard's spelling of a unit; `null` where it has none. */
export function standardSpelling({ base, numerator, denominator }: Unit): string | null {
  if (denominator !== 1n) return null;
  if (numerator === 1n) return base;
  for (const [radix, step] of [
    [2n, 10],
    [10n, 3],
  ] as const) {
    for (let exponent = step; exponent <= 60; exponent += step) {
      if (radix ** BigInt(exponent) === numerator) return `${base} * ${radix}^${exponent}`;
    }
  }
  return null;
}

export const unitRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/memory-unit-invalid",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.3-31", "OVF-8.3-32"],
    severity: "error",
    strict: "error",
    what: 'The memory {item} is counted in "{unit}", which is no unit of bytes.',
    why: "Nobody can tell how much memory the machine gets. VirtualBox refuses units that it does not know.",
    fix: 'Write "byte * 2^20" for MiB.',
    examples: {
      invalid: ["hertz", "blocks"].map((unit) => ({ moreItems: memory(unit) })),
      valid: [{ moreItems: memory("byte * 2^30") }],
    },
    *check({ items }) {
      for (const facts of items) {
        const unit = memoryUnit(facts);
        if (unit === null || parseUnit(unit)?.base === "byte") continue;
        const place = facts.item.propertyElement("AllocationUnits") ?? facts.item.element;
        yield { values: { item: nameOfItem(facts), unit }, location: place.location };
      }
    },
  }),
  defineRule({
    code: "ovf/memory-unit-missing",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.3-32", "OVF-8.3-36"],
    severity: "warning",
    strict: "error",
    what: "The memory {item} has no unit.",
    why: "By CIM it is then counted in pieces, which it hardly is. VirtualBox refuses the package.",
    fix: 'Add rasd:AllocationUnits, such as "byte * 2^20" for MiB.',
    examples: {
      invalid: [{ moreItems: exampleItem({ InstanceID: 9, ResourceType: MEMORY, VirtualQuantity: 8 }) }],
      valid: [{ moreItems: memory("byte * 2^20") }],
    },
    *check({ items }) {
      for (const facts of items) {
        if (facts.resourceType !== MEMORY || !facts.properties.has("VirtualQuantity") || memoryUnit(facts) !== null)
          continue;
        const place = facts.item.propertyElement("VirtualQuantity") ?? facts.item.element;
        yield { values: { item: nameOfItem(facts) }, location: place.location };
      }
    },
  }),
  defineRule({
    code: "ovf/item-unit-invalid",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.3-31", "OVF-UNIT-1?", "OVF-UNIT-2?", "OVF-UNIT-3?"],
    severity: "warning",
    strict: "error",
    what: 'The {field} "{unit}" of the item {item} is no unit.',
    why: "It is written as DSP0004 has it: a word such as byte, hertz or count, then a factor. Whoever cannot read it cannot tell how much is meant.",
    fix: 'Write a unit such as "byte * 2^20" or "hertz * 10^6".',
    examples: {
      invalid: [
        {
          moreItems: exampleItem({
            AllocationUnits: "Processor Cores",
            InstanceID: 9,
            ResourceType: 3,
            VirtualQuantity: 1,
          }),
        },
      ],
      valid: [
        {
          moreItems: exampleItem({
            AllocationUnits: "hertz * 10^6",
            InstanceID: 9,
            ResourceType: 3,
            VirtualQuantity: 1,
          }),
        },
      ],
    },
    *check({ items }) {
      for (const facts of items) {
        for (const field of UNIT_FIELDS) {
          const unit = facts.properties.get(field);
          if (unit === undefined || parseUnit(unit) !== null) continue;
          // The amount of memory has a rule of its own.
          if (unit === memoryUnit(facts)) continue;
          const place = facts.item.propertyElement(field) ?? facts.item.element;
          yield { values: { item: nameOfItem(facts), field, unit }, location: place.location };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/item-unit-spelling",
    node: "ovf/item",
    spec,
    requirements: ["OVF-UNIT-2?", "OVF-UNIT-5?", "OVF-UNIT-7", "OVF-UNIT-8"],
    severity: "info",
    strict: "warning",
    what: 'The {field} "{unit}" of the item {item} is not spelled as DSP0004 has it.',
    why: "We know what is meant; others may not: VirtualBox takes a handful of spellings and refuses the rest.",
    fix: 'Write the word in lower case and singular, then a power: "byte * 2^20", "hertz * 10^6".',
    examples: {
      invalid: ["MegaBytes", "Byte * 2^20", "byte*1024*1024"].map((unit) => ({ moreItems: memory(unit) })),
      valid: ["byte*2^20", "byte * 2 ^ 20"].map((unit) => ({ moreItems: memory(unit) })),
    },
    *check(node, { ovf }) {
      // The drafts had no such rule.
      if (ovf.scope.legacy) return;
      for (const field of UNIT_FIELDS) {
        const unit = node.properties.get(field);
        if (unit === undefined || parseUnit(unit)?.standard !== false) continue;
        const place = node.item.propertyElement(field) ?? node.item.element;
        yield { values: { item: nameOfItem(node), field, unit }, location: place.location };
      }
    },
    mend({ item }, { values }) {
      const field = String(values?.field);
      const element = item.propertyElement(field);
      const unit = parseUnit(element?.text ?? "");
      const text = unit === null ? null : standardSpelling(unit);
      return element === undefined || text === null ? [] : [{ edit: "xml", element, change: { text } }];
    },
  }),
  defineRule({
    code: "ovf/item-unit-empty",
    node: "ovf/item",
    spec,
    requirements: ["OVF-UNIT-11?"],
    severity: "info",
    strict: "warning",
    what: "The {field} of the item {item} is empty.",
    why: "Some readers take it for no unit, some for one that they do not know.",
    fix: "Write the unit, or remove the element.",
    examples: {
      invalid: [
        { moreItems: memory("") },
        { moreItems: exampleItem({ AllocationUnits: "", InstanceID: 9, ResourceType: 24 }) },
      ],
      valid: [{ moreItems: memory("byte") }],
    },
    *check(node) {
      for (const element of node.empty) {
        const { name } = element;
        if (name === "AllocationUnits" || name === "VirtualQuantityUnits")
          yield { values: { item: nameOfItem(node), field: name }, element };
      }
    },
    // Where there is a quantity, it has a unit that only its author knows.
    mend(node, { element }) {
      const measured = ["VirtualQuantity", "Reservation", "Limit"].some((name) => node.properties.has(name));
      return measured || element === undefined ? [] : [{ edit: "xml", element, change: "remove" }];
    },
  }),
  defineRule({
    code: "ovf/processor-unit-invalid",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.3-33"],
    severity: "warning",
    strict: "warning",
    what: 'The processors {item} have the unit "{unit}".',
    why: "The AllocationUnits of processors are those of their Reservation and Limit: a clock rate, or a share.",
    fix: 'Write "hertz * 10^6", or leave it out.',
    examples: {
      invalid: [
        { moreItems: exampleItem({ AllocationUnits: "byte", InstanceID: 9, ResourceType: 3, VirtualQuantity: 1 }) },
      ],
      valid: [
        { moreItems: exampleItem({ AllocationUnits: "percent", InstanceID: 9, ResourceType: 3, VirtualQuantity: 1 }) },
      ],
    },
    *check({ items }) {
      for (const facts of items) {
        if (facts.resourceType !== PROCESSOR) continue;
        const unit = facts.properties.get("AllocationUnits");
        const base = unit === undefined ? null : (parseUnit(unit)?.base ?? null);
        if (unit === undefined || base === null || base === "hertz" || base === "percent" || base === "count") continue;
        const place = facts.item.propertyElement("AllocationUnits") ?? facts.item.element;
        yield { values: { item: nameOfItem(facts), unit }, location: place.location };
      }
    },
  }),
  defineRule({
    code: "ovf/processor-count-implausible",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.3-33"],
    severity: "warning",
    strict: "warning",
    what: "The item {item} is {count} processors.",
    why: "VirtualQuantity counts processors; a clock rate stands in Reservation or Limit. No platform has so many.",
    fix: "Write the number of processors.",
    examples: {
      invalid: [{ moreItems: exampleItem({ InstanceID: 9, ResourceType: 3, VirtualQuantity: 5000 }) }],
      valid: [{ moreItems: exampleItem({ InstanceID: 9, ResourceType: 3, VirtualQuantity: 4096 }) }],
    },
    *check({ items }) {
      for (const node of items) {
        if (node.resourceType !== PROCESSOR || node.bound !== "normal") continue;
        const count = node.properties.get("VirtualQuantity");
        if (count === undefined || !/^[0-9]{1,40}$/.test(count) || BigInt(count) <= MOST_PROCESSORS) continue;
        const place = node.item.propertyElement("VirtualQuantity") ?? node.item.element;
        yield { values: { item: nameOfItem(node), count }, location: place.location };
      }
    },
  }),
  defineRule({
    code: "ovf/reservation-above-limit",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.3-39?"],
    severity: "warning",
    strict: "warning",
    what: "The item {item} has a Reservation of {reservation} and a Limit of {limit}.",
    why: "It is promised more than it may ever have: a platform that keeps to both cannot start it.",
    fix: "Raise the Limit, or lower the Reservation.",
    examples: {
      invalid: [{ moreItems: exampleItem({ InstanceID: 9, Limit: 1, Reservation: 2, ResourceType: 24 }) }],
      valid: [{ moreItems: exampleItem({ InstanceID: 9, Limit: 2, Reservation: 2, ResourceType: 24 }) }],
    },
    *check({ items }) {
      for (const facts of items) {
        if (facts.bound !== "normal" || !facts.properties.has("Limit")) continue;
        const [reservation, limit] = [quantityOf(facts, "Reservation"), quantityOf(facts, "Limit")];
        if (reservation === null || limit === null || compareQuantities(reservation, limit) !== 1) continue;
        const place = facts.item.propertyElement("Reservation") ?? facts.item.element;
        const values = { item: nameOfItem(facts), reservation: String(reservation.value), limit: String(limit.value) };
        yield { values, location: place.location };
      }
    },
  }),
];
