import { FerryError } from "../base/errors.js";
import { checkCharacters, escapeAttribute, escapeText, isQualifiedName } from "./characters.js";

/** An element of a document that is being written. Made by `el`. */
export interface XmlNode {
  readonly name: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
  readonly children: readonly XmlChild[];
}

/** A comment of a document that is being written. Made by `comment`. */
export interface XmlComment {
  readonly comment: string;
}

/** What stands in an element. */
export type XmlChild = XmlNode | XmlComment | string;

/** Attribute values by name, in the order of writing. `null` and `undefined` leave the attribute out. */
export type XmlAttributeValues = Readonly<Record<string, string | number | boolean | null | undefined>>;

/**
 * One element. Numbers become decimal text, `null` children are left out, prefixes are declared with `xmlns:p` attributes.
 * @throws `xml/bad-name` where an element or attribute name is no XML name
 */
export function el(
  name: string,
  attributes: XmlAttributeValues = {},
  ...children: readonly (XmlChild | number | null | undefined)[]
): XmlNode {
  checkName(name);
  const pairs: [string, string][] = [];
  for (const [key, value] of Object.entries(attributes)) {
    checkName(key);
    if (value !== null && value !== undefined) pairs.push([key, String(value)]);
  }
  const kept: XmlChild[] = [];
  for (const child of children) {
    if (typeof child === "number") kept.push(String(child));
    else if (child !== null && child !== undefined) kept.push(child);
  }
  return { name, attributes: pairs, children: kept };
}

/** A comment. @throws `xml/bad-comment` where the text holds `--` or ends in `-` */
export function comment(text: string): XmlComment {
  if (text.includes("--") || text.endsWith("-")) {
    throw new FerryError("xml/bad-comment", "a comment cannot hold two hyphens in a row, nor end in one");
  }
  checkCharacters(text);
  return { comment: text };
}

/**
 * A whole document with an XML declaration, ending in a newline. Elements that hold only elements and comments are indented by two
 * spaces; the text of all others stands as it is. Encode it as UTF-8.
 * @throws `xml/forbidden-character` where a value holds what XML cannot
 */
export function renderXml(root: XmlNode): string {
  const parts: string[] = ['<?xml version="1.0" encoding="UTF-8"?>\n'];
  renderNode(root, "", parts);
  parts.push("\n");
  return parts.join("");
}

function renderNode(node: XmlNode, indent: string, parts: string[]): void {
  parts.push("<", node.name);
  for (const [name, value] of node.attributes) parts.push(" ", name, '="', escapeAttribute(value), '"');
  if (node.children.length === 0) {
    parts.push("/>");
    return;
  }
  parts.push(">");
  const block = node.children.every((child) => typeof child !== "string");
  const inner = `${indent}  `;
  for (const child of node.children) {
    if (block) parts.push("\n", inner);
    if (typeof child === "string") parts.push(escapeText(child));
    else if ("comment" in child) parts.push("<!--", child.comment, "-->");
    else renderNode(child, inner, parts);
  }
  if (block) parts.push("\n", indent);
  parts.push("</", node.name, ">");
}

function checkName(name: string): void {
  if (!isQualifiedName(name)) {
    throw new FerryError("xml/bad-name", `${JSON.stringify(name)} is no name of an XML element or attribute`);
  }
}
