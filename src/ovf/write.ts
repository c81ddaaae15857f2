import { FerryError } from "../base/errors.js";
import type { XmlElement } from "../xml/tree.js";
import {
  BOOT_CONFIG,
  BOOT_SOURCE,
  EPASD,
  OVF_2,
  RASD,
  SASD,
  VIRTUALBOX,
  VMWARE,
  VSSD,
  XENSERVER,
} from "./namespaces.js";

/** Prefixes that everybody writes. */
const PREFIXES: ReadonlyMap<string, string> = new Map([
  [OVF_2, "ovf2"],
  [RASD, "rasd"],
  [SASD, "sasd"],
  [EPASD, "epasd"],
  [VSSD, "vssd"],
  [BOOT_CONFIG, "bootc"],
  [BOOT_SOURCE, "boots"],
  [VMWARE, "vmw"],
  [VIRTUALBOX, "vbox"],
  [XENSERVER, "xenovf"],
]);

/**
 * Sets an attribute. Where no prefix is declared for its namespace, the element itself declares one, so that no other line changes.
 * @throws `xml/forbidden-character`
 */
export function setQualified(element: XmlElement, namespace: string, name: string, value: string): void {
  withPrefix(element, namespace, () => element.setAttribute(namespace, name, value));
}

/**
 * Puts a new element into its place among the children of a parent: before the first that stands behind it in `order`, which may leave
 * names out. Children whose names it does not hold stay behind all others.
 */
export function insertOrdered(parent: XmlElement, child: XmlElement, order: readonly string[]): void {
  const rank = rankIn(order, child.name);
  let before: XmlElement | undefined;
  for (const other of parent.elements()) {
    if (rankIn(order, other.name) <= rank) continue;
    before = other;
    break;
  }
  insertDeclared(parent, child, before);
}

/** Puts a new element in. Where no prefix is declared for its namespace, it declares one itself. */
export function insertDeclared(parent: XmlElement, child: XmlElement, before?: XmlElement): void {
  withPrefix(child, child.namespace, () => parent.insert(child, before));
}

function rankIn(order: readonly string[], name: string): number {
  const at = order.indexOf(name);
  return at < 0 ? order.length : at;
}

function withPrefix(element: XmlElement, namespace: string, act: () => void): void {
  try {
    act();
    return;
  } catch (error) {
    if (!(error instanceof FerryError) || error.code !== "xml/undeclared-namespace" || namespace === "") throw error;
  }
  const wished = PREFIXES.get(namespace) ?? "ovf";
  for (let n = 0; ; n++) {
    try {
      element.declare(n === 0 ? wished : `${wished}-${n}`, namespace);
      break;
    } catch (error) {
      // Somebody else has that prefix.
      if (!(error instanceof FerryError) || error.code !== "xml/prefix-taken" || n > 99) throw error;
    }
  }
  act();
}
