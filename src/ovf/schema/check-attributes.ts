import type { XmlAttribute, XmlElement } from "../../xml/tree.js";
import { XSI } from "../namespaces.js";
import { normalizeSpace } from "./builtin-types.js";
import { finding, quoted, type StructureFinding, writtenAttribute, writtenName } from "./findings.js";
import { type ComplexType, type SchemaType, takesNamespace } from "./model.js";
import type { Schema } from "./schema.js";
import { describeSimpleType, isValue, type SimpleType } from "./simple-types.js";

/** Holds the attributes of the elements of one document to their types. */
export class AttributeChecker {
  readonly #schema: Schema;
  readonly #report: (found: StructureFinding) => void;
  /** Values of attributes of the type ID, which must differ in a document. */
  readonly #ids = new Set<string>();

  constructor(schema: Schema, report: (found: StructureFinding) => void) {
    this.#schema = schema;
    this.#report = report;
  }

  /** Checks the attributes of an element: which there are, and their values. */
  check(element: XmlElement, attributes: readonly XmlAttribute[], type: SchemaType): void {
    const uses = type.kind === "complex" ? type.attributes : [];
    let required = 0;
    for (const attribute of attributes) {
      const { namespace, name } = attribute;
      if (namespace === XSI && XSI_ATTRIBUTES.has(name)) continue;
      const use = uses.find((candidate) => candidate.name === name && candidate.namespace === namespace);
      if (use?.required === true) required++;
      if (use !== undefined) this.#attributeValue(element, attribute, use.type);
      else this.#otherAttribute(element, attribute, type);
    }
    if (required < uses.filter((use) => use.required).length) this.#missingAttributes(element, attributes, uses);
  }

  #otherAttribute(element: XmlElement, attribute: XmlAttribute, type: SchemaType): void {
    const wildcard = type.kind === "complex" ? type.otherAttributes : null;
    const taken = type.kind === "any" || (wildcard !== null && takesNamespace(wildcard, attribute.namespace));
    const declared = taken ? this.#schema.attribute(attribute.namespace, attribute.name) : undefined;
    if (declared !== undefined) this.#attributeValue(element, attribute, declared);
    else if (!taken || wildcard?.strict === true) {
      const expected = type.kind === "complex" ? type.attributes.map((use) => use.label) : [];
      this.#add("attribute-unexpected", element, {
        attribute,
        subject: writtenAttribute(attribute),
        expected,
        found: writtenAttribute(attribute),
        message: `${writtenName(element)} takes no attribute ${writtenAttribute(attribute)}`,
        hint: expected.length === 0 ? "Remove it." : `It takes ${expected.join(", ")}.`,
      });
    }
  }

  #missingAttributes(element: XmlElement, attributes: readonly XmlAttribute[], uses: ComplexType["attributes"]): void {
    for (const { required, namespace, name, label } of uses) {
      const there = attributes.filter((attribute) => attribute.name === name);
      if (!required || there.some((attribute) => attribute.namespace === namespace)) continue;
      const other = there[0];
      this.#add("attribute-missing", element, {
        subject: label,
        expected: [label],
        found: other === undefined ? null : writtenAttribute(other),
        message:
          other === undefined
            ? `${writtenName(element)} lacks the attribute ${label}`
            : `${writtenName(element)} lacks the attribute ${label}: ${writtenAttribute(other)} is another one`,
        hint: other === undefined ? `Add ${label}.` : `Write ${label}; attributes have no namespace without a prefix.`,
      });
    }
  }

  #attributeValue(element: XmlElement, attribute: XmlAttribute, type: SimpleType): void {
    const { value } = attribute;
    const id = type.builtin.name === "ID" ? normalizeSpace(value, "collapse") : null;
    const repeated = id !== null && this.#ids.has(id);
    if (id !== null) this.#ids.add(id);
    if (!repeated && isValue(type, value)) return;
    const expected = describeSimpleType(type);
    this.#add("value-invalid", element, {
      attribute,
      subject: writtenAttribute(attribute),
      expected: [expected],
      found: value,
      message: `${writtenAttribute(attribute)} of ${writtenName(element)} is ${quoted(value)}${repeated ? ", as another one is" : `, not ${expected}`}`,
      hint: `Give it ${expected}.`,
    });
  }

  #add(...parts: Parameters<typeof finding>): void {
    this.#report(finding(...parts));
  }
}

/** Attributes that may stand at every element (XML Schema 1.0, part 1, 2.6). */
const XSI_ATTRIBUTES: ReadonlySet<string> = new Set(["type", "nil", "schemaLocation", "noNamespaceSchemaLocation"]);
