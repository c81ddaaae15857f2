/** Limits of items: `ovf:bound` (DSP0243 8.4). */
import { exampleItem } from "../example.js";
import { type ItemFacts, type ItemGroup, meet, nameOfItem } from "../items.js";
import { compareQuantities, type QuantityName, quantityOf } from "../quantities.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("8.4");

const QUANTITIES: readonly QuantityName[] = ["VirtualQuantity", "Reservation", "Limit"];

/** What a limit may say: whose it is, and numbers. */
const OF_LIMITS: ReadonlySet<string> = new Set(
  "AllocationUnits Caption Description ElementName InstanceID Limit Reservation ResourceType VirtualQuantity VirtualQuantityUnits Weight".split(
    " ",
  ),
);

/** A limit of the memory of the usual machine, which has 512 MiB. */
function limit(
  bound: string,
  value: number,
  units = "byte * 2^20",
  more: Record<string, string | number> = {},
): string {
  const properties = { AllocationUnits: units, InstanceID: 2, ...more, ResourceType: 4, VirtualQuantity: value };
  return exampleItem(properties, `ovf:bound="${bound}"`);
}

/** Pairs of one InstanceID that are looked at: a real descriptor has one for each configuration, a hostile one a million. */
const MOST_PAIRS = 2000;

/** Every limit, with each item that it is a limit of. */
function* pairs({ byInstance }: ItemGroup): Generator<readonly [marker: ItemFacts, normal: ItemFacts]> {
  for (const items of byInstance.values()) {
    if (items.length < 2) continue;
    const normal = items.filter(({ bound }) => bound === "normal").slice(0, MOST_PAIRS);
    let left = MOST_PAIRS;
    for (const marker of items) {
      if (marker.bound === "normal") continue;
      for (const item of normal) {
        if (left-- <= 0) break;
        if (meet(marker.configurations, item.configurations)) yield [marker, item];
      }
    }
  }
}

export const boundRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/bound-invalid",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.4-1", "OVF-8.4-2", "OVF-9.3-2"],
    severity: "warning",
    strict: "error",
    what: 'The ovf:bound "{bound}" of the item {item} is neither min, max nor normal.',
    why: "Importers take the item for a device of its own.",
    fix: "Write min, max or normal, in lower case.",
    examples: { invalid: [{ moreItems: limit("Max", 1024) }], valid: [{ moreItems: limit("max", 1024) }] },
    *check({ items }) {
      for (const facts of items) {
        // Most have no attribute at all, and their bound is known.
        if (facts.bound !== "normal" || !facts.attributes) continue;
        const bound = facts.item.attribute("bound");
        if (bound === null || bound === "normal") continue;
        yield { values: { item: nameOfItem(facts), bound }, location: facts.item.element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/bound-without-normal",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.4-9"],
    severity: "error",
    strict: "error",
    what: 'The item {item} is a limit ({bound}) of the InstanceID "{id}", and no item has that as its normal value.',
    why: "A limit belongs to the item with the same InstanceID. VMware's tool refuses the package.",
    fix: "Add the item with the normal value, or correct the InstanceID.",
    examples: {
      invalid: [{ moreItems: limit("max", 1024, "byte * 2^20", { InstanceID: 9 }) }],
      valid: [{ moreItems: limit("max", 1024) }],
    },
    *check({ items }) {
      const limits = items.filter(({ bound }) => bound !== "normal");
      if (limits.length === 0) return;
      const normal = new Set(items.flatMap(({ bound, instanceId }) => (bound === "normal" ? [instanceId] : [])));
      for (const facts of limits) {
        const { bound, instanceId } = facts;
        if (instanceId === null || normal.has(instanceId)) continue;
        yield { values: { item: nameOfItem(facts), bound, id: instanceId }, location: facts.item.element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/bound-repeated",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.4-8"],
    severity: "error",
    strict: "error",
    what: 'Two items for the same configuration are the {bound} of the InstanceID "{id}".',
    why: "Only one of them can be the limit.",
    fix: "Keep the one that is meant.",
    examples: {
      invalid: [{ moreItems: limit("max", 1024) + limit("max", 2048) }],
      valid: [{ moreItems: limit("min", 256) + limit("max", 1024) }],
    },
    *check({ byInstance }) {
      for (const [id, items] of byInstance) {
        if (items.length < 2) continue;
        const seen = new Set<string>();
        for (const { item, bound, configurations } of items) {
          if (bound === "normal") continue;
          for (const configuration of configurations.length === 0 ? [""] : configurations) {
            const key = `${bound} ${configuration}`;
            if (seen.has(key)) yield { values: { id, bound }, location: item.element.location };
            seen.add(key);
          }
        }
      }
    },
  }),
  defineRule({
    code: "ovf/bound-exceeded",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.4-4", "OVF-8.4-10", "OVF-8.4-11", "OVF-8.4-12"],
    severity: "warning",
    strict: "error",
    what: "The {name} {value} of the item {item} is {side} its limit of {bound}.",
    why: "The normal value lies between the limits. Importers that keep to them change the machine, or refuse it.",
    fix: "Correct the value or the limit; look at their units.",
    examples: {
      invalid: [{ moreItems: limit("max", 256) }, { moreItems: limit("min", 1, "byte * 2^30") }],
      valid: [{ moreItems: limit("min", 512) + limit("max", 1, "byte * 2^30") }],
    },
    *check(group) {
      for (const [marker, normal] of pairs(group)) {
        for (const name of QUANTITIES) {
          const [least, value] = [quantityOf(marker, name), quantityOf(normal, name)];
          const order = least === null || value === null ? null : compareQuantities(value, least);
          if (order === null || (marker.bound === "min" ? order >= 0 : order <= 0)) continue;
          const side = marker.bound === "min" ? "below" : "above";
          const said = ({ properties }: ItemFacts): string =>
            [properties.get(name), properties.get("AllocationUnits")].filter((text) => text !== undefined).join(" ");
          yield {
            values: { item: nameOfItem(normal), name, value: said(normal), bound: said(marker), side },
            location: marker.item.element.location,
            related: [{ message: "the normal value is here", location: normal.item.element.location }],
          };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/bound-unit-differs",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.4-16?"],
    severity: "warning",
    strict: "warning",
    what: "The limit {item} counts its {name} in another thing than the item that it is a limit of.",
    why: "The two cannot be compared.",
    fix: "Give both the same AllocationUnits.",
    examples: {
      invalid: [{ moreItems: limit("max", 1024, "hertz * 10^6") }],
      valid: [{ moreItems: limit("max", 1048576, "byte * 2^10") }],
    },
    *check(group) {
      for (const [marker, normal] of pairs(group)) {
        const name = QUANTITIES.find((one) => {
          const [a, b] = [quantityOf(marker, one), quantityOf(normal, one)];
          return a !== null && b !== null && compareQuantities(a, b) === null;
        });
        if (name === undefined) continue;
        yield { values: { item: nameOfItem(marker), name }, location: marker.item.element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/bound-of-no-number",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.4-13"],
    severity: "info",
    strict: "error",
    what: "The limit {item} says {name}, which is no quantity of the item that it is a limit of.",
    why: "Only whole numbers have limits: VirtualQuantity, Reservation, Limit and Weight. Importers ignore the rest, or take it for the item's.",
    fix: "Remove it from the limit.",
    examples: {
      invalid: [{ moreItems: limit("max", 1024, "byte * 2^20", { Parent: 3 }) }],
      valid: [{ moreItems: limit("max", 1024, "byte * 2^20", { Description: "The most" }) }],
    },
    *check(group) {
      for (const [marker, normal] of pairs(group)) {
        for (const [name, value] of marker.properties) {
          // What only repeats the item does no harm.
          if (OF_LIMITS.has(name) || normal.properties.get(name) === value) continue;
          const place = marker.item.propertyElement(name) ?? marker.item.element;
          yield { values: { item: nameOfItem(marker), name }, location: place.location };
        }
      }
    },
  }),
];
