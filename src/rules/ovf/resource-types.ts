/** What an item is: its type, and the models of it (DSP0243 8.1, 8.3). */
import { attributeEdits } from "../edits.js";
import { exampleItem } from "../example.js";
import { nameOfItem } from "../items.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

/** The last number that CIM gives a kind of hardware to; vendors' own kinds begin at the second one. */
const LAST_TYPE = 33;
const FIRST_VENDOR_TYPE = 32768;

/** What VMware and VirtualBox write for sound cards. */
const SOUND = 35;

export const resourceTypeRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/item-type-reserved",
    node: "ovf/items",
    spec: ovfSpec("8.3"),
    requirements: ["OVF-8.3-9", "OVF-1-2"],
    severity: "warning",
    strict: "error",
    what: "The item {item} has the ResourceType {type}, which stands for nothing.",
    why: "CIM knows the types 1 to 33; 32768 to 65535 are vendors' own, and all others are reserved. VirtualBox refuses types that it does not know.",
    fix: 'Correct the type; or mark the item ovf:required="false" where the guest runs without it.',
    examples: {
      invalid: [0, 34, 32767].map((type) => ({ moreItems: exampleItem({ InstanceID: 9, ResourceType: type }) })),
      valid: [33, 35, 32768].map((type) => ({ moreItems: exampleItem({ InstanceID: 9, ResourceType: type }) })),
    },
    *check({ items }, { ovf }) {
      // oVirt has numbers of its own.
      if (ovf.flavour === "ovirt") return;
      for (const facts of items) {
        const type = facts.resourceType;
        if (type === null || (type >= 1 && type <= LAST_TYPE) || type >= FIRST_VENDOR_TYPE || type === SOUND) continue;
        const place = facts.item.propertyElement("ResourceType") ?? facts.item.element;
        yield { values: { item: nameOfItem(facts), type }, location: place.location };
      }
    },
  }),
  defineRule({
    code: "ovf/item-type-sound",
    node: "ovf/item",
    spec: ovfSpec("8.3"),
    requirements: ["OVF-8.3-10"],
    severity: "info",
    strict: "warning",
    what: "The item {item} is a sound card, for which CIM has no ResourceType: 35 is a habit of VirtualBox and VMware.",
    why: 'Importers that do not share it must refuse the machine, unless the item has ovf:required="false".',
    fix: 'Mark the item ovf:required="false", or leave it out: hardly an appliance plays sounds.',
    examples: {
      invalid: [{ moreItems: exampleItem({ InstanceID: 9, ResourceType: 35 }) }],
      valid: [{ moreItems: exampleItem({ InstanceID: 9, ResourceType: 35 }, 'ovf:required="false"') }],
    },
    *check(node) {
      if (node.resourceType === SOUND && node.item.required) yield { values: { item: nameOfItem(node) } };
    },
    mend: ({ item }, _finding, { ovf }) => attributeEdits(ovf, item.element, "required", "false"),
  }),
  defineRule({
    code: "ovf/item-type-unnamed",
    node: "ovf/items",
    spec: ovfSpec("8.3"),
    requirements: ["OVF-8.3-11"],
    // VMware names its own devices in ResourceSubType alone, in every descriptor.
    severity: "off",
    strict: "warning",
    what: 'The item {item} is of the type "other", and no OtherResourceType says of which.',
    why: "CIM has no number for it; the text is all that an importer can know it by.",
    fix: "Add rasd:OtherResourceType.",
    examples: {
      invalid: [{ moreItems: exampleItem({ InstanceID: 9, ResourceType: 1 }) }],
      valid: [{ moreItems: exampleItem({ InstanceID: 9, OtherResourceType: "Thermometer", ResourceType: 1 }) }],
    },
    *check({ items }) {
      for (const facts of items) {
        if (facts.resourceType !== 1 || facts.properties.has("OtherResourceType")) continue;
        yield { values: { item: nameOfItem(facts) }, location: facts.item.element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/item-subtype-separator",
    node: "ovf/item",
    spec: ovfSpec("8.1"),
    requirements: ["OVF-8.1-18"],
    severity: "info",
    strict: "warning",
    what: 'The ResourceSubType "{subType}" of the item {item} separates models by commas.',
    why: "VMware's tool takes them; others read the whole text as one model, and know no such device.",
    fix: "Separate the models by one space each, the best first.",
    examples: {
      invalid: [{ moreItems: exampleItem({ InstanceID: 9, ResourceSubType: "buslogic, lsilogic", ResourceType: 6 }) }],
      valid: [{ moreItems: exampleItem({ InstanceID: 9, ResourceSubType: "buslogic lsilogic", ResourceType: 6 }) }],
    },
    *check(node) {
      const subType = node.properties.get("ResourceSubType");
      if (subType === undefined || !subType.includes(",")) return;
      const place = node.item.propertyElement("ResourceSubType") ?? node.item.element;
      yield { values: { item: nameOfItem(node), subType }, location: place.location };
    },
    mend({ item }) {
      const element = item.propertyElement("ResourceSubType");
      return element === undefined ? [] : [{ edit: "xml", element, change: { text: item.resourceSubTypes.join(" ") } }];
    },
  }),
];
