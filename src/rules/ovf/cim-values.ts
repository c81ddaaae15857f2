/** Properties whose values CIM lists or limits (DSP0243 1, 8.3; the CIM classes of System and items). */
import type { XmlElement } from "../../xml/tree.js";
import { exampleItem } from "../example.js";
import { nameOfItem } from "../items.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

/** Where a System's actions begin and end: 2 none, 3 and 4 by name. */
const ACTIONS: ReadonlyMap<string, string> = new Map([
  ["AutomaticStartupAction", "2 (none), 3 (restart if it ran before) or 4 (always)"],
  ["AutomaticShutdownAction", "2 (turn off), 3 (save state) or 4 (shut down)"],
  ["AutomaticRecoveryAction", "2 (none), 3 (restart) or 4 (revert to snapshot)"],
]);

/** Values of ConsumerVisibility and MappingBehavior: those up to the last one, but 1, and those of vendors. */
const VALUES: ReadonlyMap<string, number> = new Map([
  ["ConsumerVisibility", 4],
  ["MappingBehavior", 5],
]);
const FIRST_VENDOR_VALUE = 32767;
const LAST_VALUE = 65535;

const FLAGS: readonly string[] = ["AutomaticAllocation", "AutomaticDeallocation"];

/** CIM_ManagedElement.Caption. */
const LONGEST_CAPTION = 64;

function system(properties: string): string {
  return `<vssd:ElementName>x</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID>${properties}`;
}

const atOr = (place: XmlElement | undefined, other: XmlElement): XmlElement["location"] => (place ?? other).location;

export const cimValueRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/system-action-unknown",
    node: "ovf/hardware",
    spec: ovfSpec("8.1"),
    requirements: ["OVF-CIM-3", "OVF-CIM-4", "OVF-CIM-5", "OVF-1-2"],
    severity: "warning",
    strict: "warning",
    what: 'The {name} "{value}" is none that CIM knows.',
    why: "Platforms ignore it: the machine starts, stops or recovers by their own habit.",
    fix: "Write {values}.",
    examples: {
      invalid: [{ machine: system("<vssd:AutomaticStartupAction>1</vssd:AutomaticStartupAction>") }],
      valid: [{ machine: system("<vssd:AutomaticStartupAction>4</vssd:AutomaticStartupAction>") }],
    },
    *check({ hardware }) {
      const { system } = hardware;
      if (system === null) return;
      for (const [name, values] of ACTIONS) {
        const value = system.property(name);
        if (value === null || /^[234]$/.test(value)) continue;
        yield { values: { name, value, values }, location: atOr(system.propertyElement(name), system.element) };
      }
    },
  }),
  defineRule({
    code: "ovf/item-value-unknown",
    node: "ovf/items",
    spec: ovfSpec("8.3"),
    requirements: ["OVF-8.3-44", "OVF-8.3-45", "OVF-1-2"],
    severity: "warning",
    strict: "error",
    what: 'The {name} "{value}" of the item {item} is none that CIM knows.',
    why: "Platforms ignore it, or refuse the item.",
    fix: "Write 0, a number from 2 to {last}, or a vendor's own from 32767 to 65535.",
    examples: {
      invalid: [
        { moreItems: exampleItem({ ConsumerVisibility: 5, InstanceID: 9, ResourceType: 24 }) },
        { moreItems: exampleItem({ InstanceID: 9, MappingBehavior: 1, ResourceType: 24 }) },
      ],
      valid: [
        { moreItems: exampleItem({ ConsumerVisibility: 4, InstanceID: 9, MappingBehavior: 5, ResourceType: 24 }) },
      ],
    },
    *check({ items }) {
      for (const facts of items) {
        for (const [name, last] of VALUES) {
          const value = facts.properties.get(name);
          if (value === undefined) continue;
          const number = /^[0-9]{1,5}$/.test(value) ? Number(value) : 1;
          if (number !== 1 && (number <= last || (number >= FIRST_VENDOR_VALUE && number <= LAST_VALUE))) continue;
          const location = atOr(facts.item.propertyElement(name), facts.item.element);
          yield { values: { item: nameOfItem(facts), name, value, last }, location };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/item-flag-invalid",
    node: "ovf/item",
    spec: ovfSpec("8.3"),
    requirements: ["OVF-8.3-30", "OVF-XSD-1"],
    severity: "warning",
    // The schemas say what a boolean is: their rules say so.
    strict: "off",
    what: 'The {name} "{value}" of the item {item} is neither true nor false.',
    why: "Importers take it for one or the other: the device is connected when the machine starts, or it is not.",
    fix: "Write true or false, in lower case.",
    examples: {
      invalid: ["True", "yes"].map((value) => ({
        moreItems: exampleItem({ AutomaticAllocation: value, InstanceID: 9, ResourceType: 24 }),
      })),
      valid: ["true", "0"].map((value) => ({
        moreItems: exampleItem({ AutomaticAllocation: value, InstanceID: 9, ResourceType: 24 }),
      })),
    },
    *check(node) {
      for (const name of FLAGS) {
        const value = node.properties.get(name);
        if (value === undefined || /^(?:true|false|0|1)$/.test(value)) continue;
        const location = atOr(node.item.propertyElement(name), node.item.element);
        yield { values: { item: nameOfItem(node), name, value }, location };
      }
    },
    mend({ item }, { values }) {
      const element = item.propertyElement(String(values?.name));
      const text = element?.text.trim().toLowerCase();
      if (element === undefined || (text !== "true" && text !== "false")) return [];
      return [{ edit: "xml", element, change: { text } }];
    },
  }),
  defineRule({
    code: "ovf/caption-long",
    node: "ovf/items",
    spec: ovfSpec("8.3"),
    requirements: ["OVF-CIM-6", "OVF-1-2"],
    // No platform that we know cuts it.
    severity: "off",
    strict: "info",
    what: "The Caption of the item {item} has {length} characters.",
    why: "CIM gives it 64; readers may cut it there.",
    fix: "Shorten it; ElementName and Description may be longer.",
    examples: {
      invalid: [
        { moreItems: exampleItem({ Caption: "x".repeat(65), ElementName: "x", InstanceID: 9, ResourceType: 24 }) },
      ],
      valid: [
        { moreItems: exampleItem({ Caption: "x".repeat(64), ElementName: "x", InstanceID: 9, ResourceType: 24 }) },
      ],
    },
    *check({ items }) {
      for (const facts of items) {
        const caption = facts.properties.get("Caption");
        if (caption === undefined || caption.length <= LONGEST_CAPTION) continue;
        const length = [...caption].length;
        if (length <= LONGEST_CAPTION) continue;
        const location = atOr(facts.item.propertyElement("Caption"), facts.item.element);
        yield { values: { item: nameOfItem(facts), length }, location };
      }
    },
  }),
];
