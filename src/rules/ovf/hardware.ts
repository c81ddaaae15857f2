/** VirtualHardwareSection and its items (DSP0243 8.1 to 8.4). */
import { repeated } from "../duplicates.js";
import type { ItemNode } from "../nodes.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const CPU =
  "<Item><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>1</rasd:VirtualQuantity></Item>";

/** Two items that are one in different configurations. */
function variants(...configurations: readonly string[]): string {
  return configurations
    .map(
      (ids) =>
        `<Item ovf:configuration="${ids}"><rasd:InstanceID>9</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>`,
    )
    .join("");
}

/** What an item is called in messages. */
function nameOf(node: ItemNode): string {
  const label = node.properties.get("ElementName") ?? node.properties.get("Caption");
  if (label !== undefined) return JSON.stringify(label);
  return node.instanceId === null ? "(without a name)" : `with InstanceID ${node.instanceId}`;
}

export const hardwareRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/hardware-missing",
    node: "ovf/content",
    spec: ovfSpec("8.1"),
    severity: "error",
    strict: "error",
    what: "The virtual system {id} has no VirtualHardwareSection.",
    why: "Nothing says what machine to make.",
    fix: "Add a VirtualHardwareSection.",
    examples: {
      invalid: [{ content: '<VirtualSystem ovf:id="vm"><Info>A machine</Info></VirtualSystem>' }],
      valid: [{}],
    },
    *check({ content, hardware }) {
      if (content.kind === "system" && hardware.length === 0) yield { values: { id: content.id ?? "(without an id)" } };
    },
  }),
  defineRule({
    code: "ovf/hardware-empty",
    node: "ovf/content",
    spec: null,
    severity: "error",
    strict: "warning",
    what: "The hardware of the virtual system {id} names a type of machine and not one item.",
    why: "The standard allows it, but there is no machine without hardware; VMware's tool refuses it.",
    fix: "Add items: at least processors and memory.",
    examples: { invalid: [{ items: "" }], valid: [{}] },
    *check({ content, hardware }) {
      if (hardware.length === 0 || hardware.some(({ items }) => items.length > 0)) return;
      const first = hardware.find((section) => section.hardware.system !== null);
      if (first === undefined) return;
      yield { values: { id: content.id ?? "(without an id)" }, location: first.hardware.element.location };
    },
  }),
  defineRule({
    code: "ovf/item-type-missing",
    node: "ovf/item",
    spec: ovfSpec("8.3"),
    severity: "error",
    strict: "error",
    what: "The item {item} has no ResourceType.",
    why: "Nothing says what piece of hardware it is.",
    fix: "Add rasd:ResourceType, such as 3 for processors or 17 for a disk.",
    examples: {
      invalid: [{ moreItems: "<Item><rasd:InstanceID>9</rasd:InstanceID></Item>" }],
      valid: [{}],
    },
    *check(node) {
      if (!node.properties.has("ResourceType")) yield { values: { item: nameOf(node) } };
    },
  }),
  defineRule({
    code: "ovf/item-id-missing",
    node: "ovf/item",
    spec: ovfSpec("8.1"),
    severity: "error",
    strict: "error",
    what: "The item {item} has no InstanceID.",
    why: "Items refer to each other by it, and ranges belong to the item with the same one.",
    fix: "Add a rasd:InstanceID that no other item of the section has.",
    examples: {
      invalid: [{ moreItems: "<Item><rasd:ResourceType>24</rasd:ResourceType></Item>" }],
      valid: [{}],
    },
    *check(node) {
      if (node.instanceId === null) yield { values: { item: nameOf(node) } };
    },
  }),
  defineRule({
    code: "ovf/item-id-repeated",
    node: "ovf/hardware",
    spec: ovfSpec("8.1"),
    severity: "error",
    strict: "error",
    what: 'Two items for the same configuration have the InstanceID "{id}".',
    why: "Nobody can tell which of them another item means by it; VMware's tool refuses the package.",
    fix: "Give each an InstanceID of its own; items that are for different configurations, or limits (ovf:bound) of another one, share it.",
    examples: {
      invalid: [{ moreItems: CPU }],
      valid: [
        {
          moreItems:
            '<Item ovf:bound="min"><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>1</rasd:VirtualQuantity></Item>',
        },
      ],
    },
    *check({ byInstance }) {
      for (const [id, items] of byInstance) {
        if (items.length < 2) continue;
        const normal = items.filter(({ item }) => item.bound === "normal");
        const key = ({ item }: ItemNode): string => [...item.configurations].sort().join(" ");
        for (const finding of repeated(normal, key, ({ item }) => item.element)) yield { ...finding, values: { id } };
      }
    },
  }),
  defineRule({
    code: "ovf/item-configuration-overlap",
    node: "ovf/hardware",
    spec: ovfSpec("8.1"),
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
        const seen = new Map<string, ItemNode>();
        for (const node of items) {
          if (node.item.bound !== "normal") continue;
          for (const configuration of node.item.configurations) {
            const before = seen.get(configuration);
            if (before === undefined) seen.set(configuration, node);
            else yield { values: { id, configuration }, location: node.item.element.location };
          }
        }
      }
    },
  }),
  defineRule({
    code: "ovf/bound-without-normal",
    node: "ovf/hardware",
    spec: ovfSpec("8.4"),
    severity: "error",
    strict: "error",
    what: 'The item {item} is a limit ({bound}) of the InstanceID "{id}", and no item has that as its normal value.',
    why: "A limit belongs to the item with the same InstanceID. VMware's tool refuses the package.",
    fix: "Add the item with the normal value, or correct the InstanceID.",
    examples: {
      invalid: [
        {
          moreItems:
            '<Item ovf:bound="max"><rasd:InstanceID>9</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>1024</rasd:VirtualQuantity></Item>',
        },
      ],
      valid: [
        {
          moreItems:
            '<Item ovf:bound="max"><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>1024</rasd:VirtualQuantity></Item>',
        },
      ],
    },
    *check({ items, byInstance }) {
      for (const node of items) {
        const { bound } = node.item;
        if (bound === "normal" || node.instanceId === null) continue;
        const same = byInstance.get(node.instanceId) ?? [];
        if (same.some(({ item }) => item.bound === "normal")) continue;
        yield { values: { item: nameOf(node), bound, id: node.instanceId }, location: node.item.element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/bound-repeated",
    node: "ovf/hardware",
    spec: ovfSpec("8.4"),
    severity: "error",
    strict: "error",
    what: 'Two items for the same configuration are the {bound} of the InstanceID "{id}".',
    why: "Only one of them can be the limit.",
    fix: "Keep the one that is meant.",
    examples: {
      invalid: [
        {
          moreItems: [1024, 2048]
            .map(
              (value) =>
                `<Item ovf:bound="max"><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>${value}</rasd:VirtualQuantity></Item>`,
            )
            .join(""),
        },
      ],
      valid: [{}],
    },
    *check({ byInstance }) {
      for (const [id, items] of byInstance) {
        const seen = new Set<string>();
        for (const { item } of items) {
          if (item.bound === "normal") continue;
          const { configurations } = item;
          for (const configuration of configurations.length === 0 ? [""] : configurations) {
            const key = `${item.bound} ${configuration}`;
            if (seen.has(key)) yield { values: { id, bound: item.bound }, location: item.element.location };
            seen.add(key);
          }
        }
      }
    },
  }),
  defineRule({
    code: "ovf/item-quantity-missing",
    node: "ovf/item",
    spec: ovfSpec("8.3"),
    severity: "error",
    strict: "error",
    what: "The item {item} is {kind} and has no VirtualQuantity.",
    why: "Nothing says how much of it the machine gets.",
    fix: "Add rasd:VirtualQuantity.",
    examples: {
      invalid: [
        { moreItems: "<Item><rasd:InstanceID>9</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType></Item>" },
      ],
      valid: [{}],
    },
    *check(node) {
      const kind = node.resourceType === 3 ? "processors" : node.resourceType === 4 ? "memory" : null;
      if (kind === null || node.item.bound !== "normal" || node.properties.has("VirtualQuantity")) return;
      yield { values: { item: nameOf(node), kind } };
    },
  }),
  defineRule({
    code: "ovf/item-number-invalid",
    node: "ovf/item",
    spec: ovfSpec("8.3"),
    severity: "error",
    strict: "error",
    what: 'The {field} "{value}" of the item {item} is no whole number.',
    why: "Importers make the hardware by it.",
    fix: "Write a whole number, digits alone.",
    examples: {
      invalid: [
        {
          moreItems:
            '<Item ovf:bound="max"><rasd:InstanceID>2</rasd:InstanceID><rasd:Reservation>Thousand and twenty four</rasd:Reservation><rasd:ResourceType>4</rasd:ResourceType></Item>',
        },
      ],
      valid: [{}],
    },
    *check(node) {
      for (const field of ["VirtualQuantity", "Reservation", "Limit", "Weight", "ResourceType"]) {
        const value = node.properties.get(field);
        if (value === undefined || /^[+]?[0-9]+$/.test(value)) continue;
        const place = node.item.propertyElement(field);
        yield {
          values: { field, value, item: nameOf(node) },
          ...(place === undefined ? {} : { location: place.location }),
        };
      }
    },
  }),
];
