import type { XmlNode } from "../xml/build.js";
import type { XmlElement } from "../xml/tree.js";
import { VIRTUALBOX, XENSERVER } from "./namespaces.js";
import type { OvfScope } from "./scope.js";
import { insertDeclared } from "./write.js";

/** Prefixes in trees that are built for a vendor. */
const VENDORS: ReadonlyMap<string, string> = new Map([
  ["vbox", VIRTUALBOX],
  ["xenovf", XENSERVER],
]);

/**
 * Puts a tree that was built into a document, as the last child. Prefixes of vendors and `ovf` mean what everybody means by them; names without one are the
 * document's own.
 */
export function insertNode(parent: XmlElement, node: XmlNode, scope: OvfScope): XmlElement {
  const [prefix, local] = node.name.includes(":") ? node.name.split(":", 2) : ["", node.name];
  const namespace = VENDORS.get(prefix ?? "") ?? scope.namespace;
  const element = parent.create(namespace, local ?? "");
  insertDeclared(parent, element);
  for (const [name, value] of node.attributes) {
    if (name.startsWith("ovf:")) scope.setAttribute(element, name.slice(4), value);
    else element.setAttribute("", name, value);
  }
  for (const child of node.children) {
    if (typeof child === "string") element.text = child;
    else if ("name" in child) insertNode(element, child, scope);
  }
  return element;
}
