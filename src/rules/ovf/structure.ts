/** The schemas to the letter: order, number and types of elements and attributes (DSP8023). Under `--strict` alone: real descriptors break them often. */
import type { StructureKind } from "../../ovf/schema/findings.js";
import type { Example } from "../example.js";
import type { Facts } from "../facts.js";
import { type AnyRule, defineRule, type Edit, type Finding, ovfSpec, type Rule } from "../rule.js";

type StructureRule = Pick<Rule<"ovf">, "what" | "why" | "fix"> & {
  readonly code: Rule["code"];
  readonly kind: StructureKind;
  /** Rows that it checks beside the one that asks for the schemas. */
  readonly requirements: readonly string[];
  readonly invalid: Example;
  readonly mend?: Rule<"ovf">["mend"];
};

/** All findings of one kind are one rule. */
function structureRule({ code, kind, requirements, what, why, fix, invalid, mend }: StructureRule): AnyRule {
  return defineRule<"ovf">({
    code,
    node: "ovf",
    spec: ovfSpec("6"),
    requirements: ["OVF-6-2", ...requirements],
    severity: "off",
    strict: "error",
    what,
    why,
    fix,
    examples: { invalid: [invalid], valid: [{}] },
    *check(_document, { nodes }) {
      for (const found of nodes.structure) {
        if (found.kind !== kind) continue;
        yield {
          message: found.message,
          hint: found.hint,
          element: found.element,
          ...(found.attribute === null ? {} : { location: found.attribute.location }),
          values: { subject: found.subject, expected: found.expected, found: found.found },
        };
      }
    },
    ...(mend === undefined ? {} : { mend }),
  });
}

const WHY = "The schema of the standard does not allow it: importers that hold descriptors to it refuse the package.";
const item = (children: string): Example => ({ moreItems: `<Item>${children}</Item>` });

export const structureRules: readonly AnyRule[] = [
  structureRule({
    code: "ovf/element-order",
    kind: "element-order",
    requirements: [
      "OVF-7-1",
      "OVF-7.3-3",
      "OVF-8.1-13",
      "OVF-8.3-1",
      "OVF-9.2-8",
      "OVF-9.5-1",
      "OVF-9.5.1-21",
      "OVF-10-6",
      "OVF-CIM-1",
      "OVF-CIM-9",
    ],
    what: "An element stands too early or too late among its siblings.",
    why: 'The schema has an order. VMware says "Unsupported element" of what it meets where it does not look for it.',
    fix: "Move it to its place.",
    invalid: item(
      "<rasd:ResourceType>24</rasd:ResourceType><rasd:ElementName>Sound</rasd:ElementName><rasd:InstanceID>9</rasd:InstanceID>",
    ),
    mend: (_document, finding, facts) => reorder(finding, facts),
  }),
  structureRule({
    code: "ovf/element-missing",
    kind: "element-missing",
    requirements: [
      "OVF-7.3-2",
      "OVF-8.1-14",
      "OVF-8.1-16",
      "OVF-8.3-3",
      "OVF-8.3-47",
      "OVF-9.2-9",
      "OVF-9.12-2",
      "OVF-9.12-3",
      "OVF-9.13-1",
    ],
    what: "An element is missing.",
    why: WHY,
    fix: "Add it.",
    invalid: item("<rasd:InstanceID>9</rasd:InstanceID><rasd:ResourceType>24</rasd:ResourceType>"),
  }),
  structureRule({
    code: "ovf/element-unexpected",
    kind: "element-unexpected",
    requirements: [
      "OVF-7.2-7",
      "OVF-7.2-8",
      "OVF-8.1-13",
      "OVF-8.1-15",
      "OVF-8.3-2",
      "OVF-9.2-7",
      "OVF-9.5-2",
      "OVF-9.12-2",
      "OVF-9.12-7",
      "OVF-10.1-1",
      "OVF-XSD-6",
      "OVF-XSD-7",
      "OVF-XSD-8",
    ],
    what: "An element stands where none of its name may.",
    why: WHY,
    fix: "Remove it, or correct its name.",
    invalid: { references: "<Disk/>" },
  }),
  structureRule({
    code: "ovf/attribute-missing",
    kind: "attribute-missing",
    requirements: ["OVF-9.1-1", "OVF-9.13-2"],
    what: "An attribute is missing.",
    why: WHY,
    fix: "Add it.",
    invalid: { references: '<File ovf:href="disk1.vmdk"/>' },
  }),
  structureRule({
    code: "ovf/attribute-unexpected",
    kind: "attribute-unexpected",
    requirements: [],
    what: "An element has an attribute that is none of its own.",
    why: WHY,
    fix: "Remove it, or correct its name.",
    // Most elements take attributes of any name, but none can be said to be nothing.
    invalid: { networks: '<Network ovf:name="lan"><Description xsi:nil="true"/></Network>' },
  }),
  structureRule({
    code: "ovf/value-invalid",
    kind: "value-invalid",
    requirements: ["OVF-7.3-12", "OVF-8.3-30", "OVF-8.3-34", "OVF-9.13-2", "OVF-XSD-1", "OVF-XSD-2", "OVF-XSD-3"],
    what: "A text or an attribute is no value of its type.",
    why: WHY,
    fix: "Write a value of the type.",
    invalid: { references: '<File ovf:id="file1" ovf:href="disk1.vmdk" ovf:size="large"/>' },
  }),
  structureRule({
    code: "ovf/text-unexpected",
    kind: "text-unexpected",
    requirements: [],
    what: "Text stands where only elements may.",
    why: WHY,
    fix: "Remove it.",
    invalid: { references: 'text<File ovf:id="file1" ovf:href="disk1.vmdk"/>' },
  }),
  structureRule({
    code: "ovf/unknown-type",
    kind: "unknown-type",
    requirements: [],
    what: "xsi:type names no type that fits.",
    why: WHY,
    fix: "Correct it, or remove it.",
    invalid: {
      sections:
        '<AnnotationSection xsi:type="ovf:None_Type"><Info>x</Info><Annotation>y</Annotation></AnnotationSection>',
    },
  }),
];

/** Brings the siblings of what stands in a wrong place into order: all of them at once, and each set of siblings once. */
function reorder({ element }: Finding, { nodes }: Facts): readonly Edit[] {
  const parent = element?.parent ?? null;
  if (parent === null || nodes.childOrder === null) return [];
  return nodes.childOrder.moves(parent).map(({ child, before }) => ({
    edit: "xml",
    element: parent,
    change: before === null ? { insert: child } : { insert: child, before },
  }));
}
