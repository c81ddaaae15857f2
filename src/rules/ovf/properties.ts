/** Properties: the questions that a product asks (DSP0243 9.5.1). */
import { parsePropertyType } from "../../ovf/values/types.js";
import type { OvfProperty } from "../../ovf/views/product.js";
import { repeated } from "../duplicates.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("9.5.1");
const product = (properties: string): { readonly system: string } => ({
  system: `<ProductSection><Info>Software</Info>${properties}</ProductSection>`,
});
/** An example with one property. */
export const property = (attributes: string, inner = ""): { readonly system: string } =>
  product(`<Property ovf:key="a" ${attributes}>${inner}</Property>`);

/** What a property is called in messages. */
export const nameOf = ({ key }: OvfProperty): string => key ?? "(without a key)";

/** The type in the words of the standard, for what writers call it otherwise. */
const SPELLINGS: Readonly<Record<string, string>> = {
  int: "sint32",
  integer: "sint32",
  bool: "boolean",
  float: "real32",
  double: "real64",
  text: "string",
  str: "string",
};

/** The types of DSP0243 table 4. */
const TYPES: ReadonlySet<string> = new Set(
  "uint8 sint8 uint16 sint16 uint32 sint32 uint64 sint64 string boolean real32 real64".split(" "),
);

export const propertyRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/property-key-missing",
    node: "ovf/property",
    spec,
    requirements: ["OVF-9.5.1-1"],
    severity: "error",
    strict: "error",
    what: "A Property has no ovf:key.",
    why: "Nobody can ask for its value or give one.",
    fix: "Give it an ovf:key.",
    examples: { invalid: [product('<Property ovf:type="string"/>')], valid: [property('ovf:type="string"')] },
    *check({ key }) {
      if (key === null) yield {};
    },
  }),
  defineRule({
    code: "ovf/property-key-repeated",
    node: "ovf/product",
    spec,
    requirements: ["OVF-9.5.1-2"],
    severity: "error",
    strict: "error",
    what: 'Two properties of one product have the ovf:key "{id}".',
    why: "Guests get one value for each key.",
    fix: "Give one of them another key.",
    examples: {
      invalid: [product('<Property ovf:key="a" ovf:type="string"/><Property ovf:key="a" ovf:type="string"/>')],
      valid: [product('<Property ovf:key="a" ovf:type="string"/><Property ovf:key="b" ovf:type="string"/>')],
    },
    *check({ properties }) {
      yield* repeated(
        properties,
        // Two for different configurations are one question.
        (found) => (found.key === null || found.configurations.length > 0 ? null : found.key),
        ({ element }) => element,
      );
    },
  }),
  defineRule({
    code: "ovf/property-key-invalid",
    node: "ovf/property",
    spec,
    requirements: ["OVF-9.5.1-3"],
    severity: "off",
    strict: "error",
    what: 'The ovf:key "{key}" has a period or a colon in it.',
    why: "Guests get keys with class and instance around them, with periods between: they cannot tell which is which.",
    fix: "Use a key without them, and ovf:class for what stands before the period.",
    examples: {
      invalid: [product('<Property ovf:key="net.ip" ovf:type="string"/>')],
      valid: [property('ovf:type="string"')],
    },
    *check({ key }) {
      if (key !== null && /[.:]/.test(key)) yield { values: { key } };
    },
  }),
  defineRule({
    code: "ovf/property-type-missing",
    node: "ovf/property",
    spec,
    requirements: ["OVF-9.5.1-4"],
    severity: "warning",
    strict: "error",
    what: "The property {key} has no ovf:type.",
    why: "Importers cannot check what a user enters; they take it for a string.",
    fix: 'Add one, such as ovf:type="string".',
    examples: { invalid: [property("")], valid: [property('ovf:type="string"')] },
    *check(found) {
      if (found.attribute("type") === null) yield { values: { key: nameOf(found) } };
    },
  }),
  defineRule({
    code: "ovf/property-type-unknown",
    node: "ovf/property",
    spec,
    requirements: ["OVF-9.5.1-4"],
    severity: "error",
    strict: "error",
    what: 'The property {key} has the ovf:type "{type}", which is no type.',
    why: "Importers cannot check what a user enters; VMware's tool refuses the package.",
    fix: "Use string, boolean, real32, real64, or uint8 to sint64.",
    examples: {
      invalid: [property('ovf:type="nosuchtype"')],
      valid: [property('ovf:type="uint16"'), property('ovf:type="ip:lan"')],
    },
    *check(found) {
      const type = found.attribute("type");
      if (type === null || parsePropertyType(type) !== null || type.toLowerCase() in SPELLINGS) return;
      yield { values: { key: nameOf(found), type } };
    },
  }),
  defineRule({
    code: "ovf/property-type-spelling",
    node: "ovf/property",
    spec,
    requirements: ["OVF-9.5.1-4", "OVF-9.5.1-5"],
    severity: "off",
    strict: "error",
    what: 'The property {key} has the ovf:type "{type}", which is none of the standard.',
    why: "Some importers know it, others refuse the package or take it for a string.",
    fix: "Use string, boolean, real32, real64, or uint8 to sint64.",
    examples: {
      invalid: [property('ovf:type="int"'), property('ovf:type="Boolean"')],
      valid: [property('ovf:type="sint32"')],
    },
    *check(found) {
      const type = found.attribute("type");
      if (type === null || TYPES.has(type)) return;
      if (parsePropertyType(type) === null && !(type.toLowerCase() in SPELLINGS)) return;
      yield { values: { key: nameOf(found), type } };
    },
    mend(found, { values }) {
      const type = String(values?.type).toLowerCase();
      const right = TYPES.has(type) ? type : SPELLINGS[type];
      if (right === undefined) return [];
      const place = found.element.attributes.find(({ name }) => name === "type");
      if (place === undefined) return [];
      const change = { namespace: place.namespace, name: "type", value: right };
      return [{ edit: "xml", element: found.element, change }];
    },
  }),
  defineRule({
    code: "ovf/property-flag-invalid",
    node: "ovf/property",
    spec,
    requirements: ["OVF-9.5.1-17"],
    severity: "off",
    strict: "error",
    what: 'The ovf:{name} "{value}" of the property {key} is neither true nor false.',
    why: "XML Schema knows true, false, 1 and 0, in lower case.",
    fix: "Write true or false.",
    examples: {
      invalid: [property('ovf:type="string" ovf:userConfigurable="True"')],
      valid: [property('ovf:type="string" ovf:userConfigurable="true"')],
    },
    *check(found) {
      for (const name of ["userConfigurable", "password"]) {
        const value = found.attribute(name);
        if (value !== null && !/^(?:true|false|0|1)$/.test(value))
          yield { values: { name, value, key: nameOf(found) } };
      }
    },
  }),
];
