import type { XmlAttribute, XmlElement } from "../../xml/tree.js";

/** In which way a document is not what its schema says. */
export type StructureKind =
  /** An element stands too early or too late among its siblings. */
  | "element-order"
  | "element-missing"
  | "element-unexpected"
  | "attribute-missing"
  | "attribute-unexpected"
  /** A text or an attribute is not a value of its type. */
  | "value-invalid"
  /** Text stands where only elements, or nothing, may. */
  | "text-unexpected"
  /** `xsi:type` names no type, or not one that fits; or it is missing where only it could tell. */
  | "unknown-type";

/** One way in which a document is not what its schema says. */
export interface StructureFinding {
  readonly kind: StructureKind;
  /** Where it shows: what is wrong, or that in which something is missing. */
  readonly element: XmlElement;
  /** Set where it is about an attribute that is there. */
  readonly attribute: XmlAttribute | null;
  /** What it is about, as documents write it: `ovf:Info`. */
  readonly subject: string;
  /** What may stand there instead: names of elements or attributes, or a description of values. */
  readonly expected: readonly string[];
  /** What stands there: a name or a value; `null` where nothing does. */
  readonly found: string | null;
  /** For `element-order` and `element-missing`: the sibling in front of which it belongs; `null`: behind all. */
  readonly before: XmlElement | null;
  /** What is wrong, with the values. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

/** A finding whose other parts are empty unless given. Written out, because there can be a million of them. */
export function finding(
  kind: StructureKind,
  element: XmlElement,
  parts: Pick<StructureFinding, "subject" | "message" | "hint"> & Partial<StructureFinding>,
): StructureFinding {
  const { attribute = null, subject, expected = [], found = null, before = null, message, hint } = parts;
  return { kind, element, attribute, subject, expected, found, before, message, hint };
}

/** An element's name as it is written: `vmw:Config`. */
export function writtenName(element: XmlElement): string {
  return element.prefix === "" ? element.name : `${element.prefix}:${element.name}`;
}

/** An attribute's name as it is written. */
export function writtenAttribute(attribute: XmlAttribute): string {
  return attribute.prefix === "" ? attribute.name : `${attribute.prefix}:${attribute.name}`;
}

/** A value in quotation marks, cut where it is long. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
}
