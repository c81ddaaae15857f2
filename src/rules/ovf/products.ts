/** ProductSection and its properties (DSP0243 9.5, 9.5.1). */

import { repeated } from "../duplicates.js";
import type { ProductNode } from "../nodes.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const product = (properties: string, attributes = ""): { readonly system: string } => ({
  system: `<ProductSection ${attributes}><Info>Software</Info>${properties}</ProductSection>`,
});

/** The types of DSP0243 table 4. */
const TYPES: ReadonlySet<string> = new Set([
  "uint8",
  "sint8",
  "uint16",
  "sint16",
  "uint32",
  "sint32",
  "uint64",
  "sint64",
  "string",
  "boolean",
  "real32",
  "real64",
]);

export const productRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/product-repeated",
    node: "ovf",
    spec: ovfSpec("9.5"),
    severity: "error",
    strict: "error",
    what: 'Two ProductSections of one system have the same class and instance ("{id}").',
    why: "The keys of their properties cannot be told apart; VMware's tool refuses the package.",
    fix: "Give one of them another ovf:instance.",
    examples: {
      invalid: [
        {
          system: ["", ""].map(() => product("", 'ovf:class="com.example" ovf:instance="1"').system).join(""),
        },
      ],
      valid: [
        {
          system: ["1", "2"].map((i) => product("", `ovf:class="com.example" ovf:instance="${i}"`).system).join(""),
        },
      ],
    },
    *check(_document, { nodes }) {
      const owners = new Map<ProductNode["owner"], ProductNode[]>();
      for (const node of nodes.products) owners.set(node.owner, [...(owners.get(node.owner) ?? []), node]);
      for (const products of owners.values()) {
        yield* repeated(
          products,
          // Those without a class are told apart by nothing, and writers have several of them.
          ({ product: { class: prefix, instance } }) => (prefix === null ? null : `${prefix} ${instance ?? ""}`.trim()),
          (node) => node.product.element,
        );
      }
    },
  }),
  defineRule({
    code: "ovf/property-key-missing",
    node: "ovf/property",
    spec: ovfSpec("9.5.1"),
    severity: "error",
    strict: "error",
    what: "A Property has no ovf:key.",
    why: "Nobody can ask for its value or give one.",
    fix: "Give it an ovf:key.",
    examples: {
      invalid: [product('<Property ovf:type="string"/>')],
      valid: [product('<Property ovf:key="a" ovf:type="string"/>')],
    },
    *check(property) {
      if (property.key === null) yield {};
    },
  }),
  defineRule({
    code: "ovf/property-key-repeated",
    node: "ovf/product",
    spec: ovfSpec("9.5.1"),
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
        (property) => property.key,
        (property) => property.element,
      );
    },
  }),
  defineRule({
    code: "ovf/property-type-unknown",
    node: "ovf/property",
    spec: ovfSpec("9.5.1"),
    severity: "error",
    strict: "error",
    what: 'The property {key} has the ovf:type "{type}", which is no type of the standard.',
    why: "Importers cannot check what a user enters; VMware's tool refuses the package.",
    fix: "Use string, boolean, real32, real64, or uint8 to sint64.",
    examples: {
      invalid: [product('<Property ovf:key="a" ovf:type="nosuchtype"/>')],
      valid: [product('<Property ovf:key="a" ovf:type="uint16"/>')],
    },
    *check(property) {
      const type = property.attribute("type");
      // vCenter writes its own lists and addresses so: string["a","b"], ip:Network, int(1..5), expression.
      if (type === null || TYPES.has(type) || isVmwareType(type)) return;
      yield { values: { key: property.key ?? "(without a key)", type } };
    },
  }),
];

function isVmwareType(type: string): boolean {
  return /^(?:int|real|string|password|ip|expression)(?:[:([].*)?$/s.test(type);
}
