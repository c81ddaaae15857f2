/** Items of hardware and of resource allocation: what every one has (DSP0243 8.1, 8.3, 9.3). */
import { repeated } from "../duplicates.js";
import { exampleItem } from "../example.js";
import { type ItemFacts, nameOfItem } from "../items.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("8.3");

/** Two items that are one in different configurations. */
function variants(...configurations: readonly string[]): string {
  const cpu = { ElementName: "CPU", InstanceID: 9, ResourceType: 3, VirtualQuantity: 2 };
  return configurations.map((ids) => exampleItem(cpu, `ovf:configuration="${ids}"`)).join("");
}

const NUMBERS: readonly (readonly [field: string, most: bigint])[] = [
  ["VirtualQuantity", 2n ** 64n - 1n],
  ["Reservation", 2n ** 64n - 1n],
  ["Limit", 2n ** 64n - 1n],
  ["Weight", 2n ** 32n - 1n],
  ["ResourceType", 2n ** 16n - 1n],
];

export const itemRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/item-type-missing",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.3-8", "OVF-8.4-6", "OVF-9.3-3"],
    severity: "error",
    strict: "error",
    what: "The item {item} has no ResourceType.",
    why: "Nothing says what piece of hardware it is.",
    fix: "Add rasd:ResourceType, such as 3 for processors or 17 for a disk.",
    examples: { invalid: [{ moreItems: exampleItem({ InstanceID: 9 }) }], valid: [{}] },
    *check({ items }) {
      for (const facts of items) {
        if (facts.properties.has("ResourceType")) continue;
        yield { values: { item: nameOfItem(facts) }, location: facts.item.element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/item-id-missing",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.3-4", "OVF-8.4-6"],
    severity: "error",
    strict: "error",
    what: "The item {item} has no InstanceID.",
    why: "Items refer to each other by it, and ranges belong to the item with the same one.",
    fix: "Add a rasd:InstanceID that no other item of the section has.",
    examples: { invalid: [{ moreItems: exampleItem({ ResourceType: 24 }) }], valid: [{}] },
    *check({ items }) {
      for (const facts of items) {
        if (facts.instanceId !== null) continue;
        yield { values: { item: nameOfItem(facts) }, location: facts.item.element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/item-id-repeated",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.3-5", "OVF-9.3-2"],
    severity: "error",
    strict: "error",
    what: 'Two items for the same configuration have the InstanceID "{id}".',
    why: "Nobody can tell which of them another item means by it; VMware's tool refuses the package.",
    fix: "Give each an InstanceID of its own; items that are for different configurations, or limits (ovf:bound) of another one, share it.",
    examples: {
      invalid: [{ moreItems: exampleItem({ InstanceID: 1, ResourceType: 3, VirtualQuantity: 1 }) }],
      valid: [{ moreItems: exampleItem({ InstanceID: 1, ResourceType: 3, VirtualQuantity: 1 }, 'ovf:bound="min"') }],
    },
    *check({ byInstance }) {
      for (const [id, items] of byInstance) {
        if (items.length < 2) continue;
        const key = ({ item, configurations }: ItemFacts): string =>
          [item.kind, ...[...configurations].sort()].join(" ");
        const normal = items.filter(({ bound }) => bound === "normal");
        for (const finding of repeated(normal, key, ({ item }) => item.element)) yield { ...finding, values: { id } };
      }
    },
  }),
  defineRule({
    code: "ovf/item-id-of-two-kinds",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.3-49?"],
    severity: "warning",
    strict: "error",
    what: 'A {kind} has the InstanceID "{id}" of a {other}.',
    why: "Items of all kinds stand in one section and refer to each other by InstanceID: nobody can tell which is meant.",
    fix: "Give each an InstanceID of its own.",
    examples: {
      invalid: [
        {
          moreItems:
            "<StorageItem><rasd:ElementName>Disk</rasd:ElementName><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>31</rasd:ResourceType></StorageItem>",
        },
      ],
      valid: [
        {
          moreItems:
            "<StorageItem><rasd:ElementName>Disk</rasd:ElementName><rasd:InstanceID>9</rasd:InstanceID><rasd:ResourceType>31</rasd:ResourceType></StorageItem>",
        },
      ],
    },
    *check({ byInstance }) {
      for (const [id, items] of byInstance) {
        const [first] = items;
        const other = items.find(({ item }) => item.kind !== first?.item.kind);
        if (first === undefined || other === undefined) continue;
        const { element } = other.item;
        yield { values: { id, kind: element.name, other: first.item.element.name }, location: element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/item-configuration-overlap",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.3-5", "OVF-9.3-2"],
    severity: "warning",
    strict: "error",
    what: 'Two items with the InstanceID "{id}" are both for the configuration {configuration}.',
    why: "Only one of them can be the item there, and importers choose differently.",
    fix: "Name each configuration in one of them.",
    examples: {
      invalid: [{ moreItems: variants("a b", "a") }],
      valid: [{ moreItems: variants("a b", "c") }],
    },
    *check({ byInstance }) {
      for (const [id, items] of byInstance) {
        if (items.length < 2) continue;
        const seen = new Map<string, string>();
        for (const { item, bound, configurations } of items) {
          if (bound !== "normal") continue;
          const key = [...configurations].sort().join(" ");
          for (const configuration of configurations) {
            const before = seen.get(configuration);
            // The very same configurations are a repeated InstanceID.
            if (before === undefined) seen.set(configuration, key);
            else if (before !== key) yield { values: { id, configuration }, location: item.element.location };
          }
        }
      }
    },
  }),
  defineRule({
    code: "ovf/item-quantity-missing",
    node: "ovf/hardware",
    spec,
    severity: "error",
    strict: "error",
    what: "The item {item} is {kind} and has no VirtualQuantity.",
    why: "Nothing says how much of it the machine gets.",
    fix: "Add rasd:VirtualQuantity.",
    examples: { invalid: [{ moreItems: exampleItem({ InstanceID: 9, ResourceType: 4 }) }], valid: [{}] },
    *check({ items }, { ovf }) {
      for (const node of items) {
        // oVirt counts sockets and cores in properties of its own.
        if (ovf.flavour === "ovirt") continue;
        const kind = node.resourceType === 3 ? "processors" : node.resourceType === 4 ? "memory" : null;
        if (kind === null || node.bound !== "normal" || node.properties.has("VirtualQuantity")) continue;
        yield { values: { item: nameOfItem(node), kind }, location: node.item.element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/item-number-invalid",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.3-34", "OVF-8.3-40"],
    severity: "error",
    strict: "error",
    what: 'The {field} "{value}" of the item {item} is no whole number from 0 to {most}.',
    why: "Importers make the hardware by it.",
    fix: "Write a whole number, digits alone.",
    examples: {
      invalid: [
        {
          moreItems: exampleItem(
            { InstanceID: 2, Reservation: "Thousand and twenty four", ResourceType: 4 },
            'ovf:bound="max"',
          ),
        },
        { moreItems: exampleItem({ InstanceID: 9, ResourceType: 24, Weight: 4294967296 }) },
      ],
      valid: [{ moreItems: exampleItem({ InstanceID: 9, ResourceType: 24, Weight: 4294967295 }) }],
    },
    *check({ items }) {
      for (const facts of items) {
        for (const [field, most] of NUMBERS) {
          const value = facts.properties.get(field);
          if (value === undefined || (/^\+?[0-9]{1,40}$/.test(value) && BigInt(value.replace("+", "")) <= most))
            continue;
          const place = facts.item.propertyElement(field) ?? facts.item.element;
          yield { values: { field, value, item: nameOfItem(facts), most: String(most) }, location: place.location };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/item-property-repeated",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.3-2"],
    severity: "warning",
    // The schemas allow one of each: their rules say so.
    strict: "off",
    what: "The item {item} says {name} more than once.",
    why: "Only HostResource and Connection may repeat; of all others readers take the first, or the last.",
    fix: "Keep the one that is meant.",
    examples: {
      invalid: [
        {
          moreItems: exampleItem(
            { InstanceID: 9 },
            "",
            "<rasd:InstanceID>10</rasd:InstanceID><rasd:ResourceType>24</rasd:ResourceType>",
          ),
        },
      ],
      valid: [
        {
          moreItems: exampleItem(
            { Connection: "lan", InstanceID: 9, ResourceType: 10 },
            "",
            "<rasd:Connection>lan</rasd:Connection>",
          ),
        },
      ],
    },
    *check({ items }) {
      for (const facts of items) {
        for (const { name, location } of facts.repeated) yield { values: { item: nameOfItem(facts), name }, location };
      }
    },
  }),
  defineRule({
    code: "ovf/item-id-spelling",
    node: "ovf/item",
    spec,
    requirements: ["OVF-8.3-7"],
    severity: "warning",
    strict: "warning",
    what: "The item {item} spells InstanceID as InstanceId.",
    why: "So spelled it the drafts before OVF 1.0; readers of 1.0 and later find an item without an id.",
    fix: "Write InstanceID.",
    examples: {
      invalid: [{ moreItems: exampleItem({ ElementName: "x", InstanceId: 9, ResourceType: 24 }) }],
      valid: [{}],
    },
    *check(node, { ovf }) {
      if (node.oldId === null || ovf.scope.legacy || ovf.flavour === "ovirt") return;
      yield { values: { item: nameOfItem(node) }, location: node.oldId.location };
    },
    mend({ item: { element }, oldId }) {
      if (oldId === null) return [];
      const insert = element.create(oldId.namespace, "InstanceID");
      insert.text = oldId.text;
      const children = [...element.elements()];
      const next = children[children.findIndex(({ id }) => id === oldId.id) + 1];
      return [
        { edit: "xml", element, change: next === undefined ? { insert } : { insert, before: next } },
        { edit: "xml", element: oldId, change: "remove" },
      ];
    },
  }),
];
