/** Extensions of a descriptor: elements in namespaces of somebody else (DSP0243 7.3, 8.2). */
import type { OvfDocument } from "../ovf/document.js";
import { VIRTUALBOX, VMWARE, XENC, XENC_11 } from "../ovf/namespaces.js";
import type { OvfScope } from "../ovf/scope.js";
import { isTrue } from "../ovf/views/node.js";
import type { XmlElement } from "../xml/tree.js";

/** An element in somebody else's namespace that is not inside of another one. */
export interface ExtensionNode {
  readonly element: XmlElement;
  /**
   * What it takes part in: a section or other part of the envelope or of a system, a child of a section or item, or something deeper,
   * whose `ovf:required` says nothing about the section (DSP0243 7.3).
   */
  readonly place: "section" | "child" | "nested";
  /** What it says of `ovf:required`; `null`: nothing, which means yes. */
  readonly required: string | null;
  /** Whether vmferry knows the vocabulary. */
  readonly understood: boolean;
}

/** Whether importers must know an extension. */
export function isRequired({ required }: ExtensionNode): boolean {
  return required === null || isTrue(required);
}

/** Vocabularies that importers here read. */
const UNDERSTOOD: ReadonlySet<string> = new Set([VMWARE, VIRTUALBOX]);

/** Encryption and signatures, which the standard itself refers to. */
const REFERRED: ReadonlySet<string> = new Set([XENC, XENC_11, "http://www.w3.org/2000/09/xmldsig#"]);

/** Everything that the DMTF has: CIM's classes, and OVF's own strings, which early writers put into a namespace of their own. */
const DMTF = "http://schemas.dmtf.org/";

const HOLDERS: ReadonlySet<string> = new Set(["VirtualSystem", "VirtualSystemCollection", "Content"]);

const ITEMS: ReadonlySet<string> = new Set(["Item", "StorageItem", "EthernetPortItem"]);

/** All extensions, in document order. @param elements those of the standard, and all that stand right inside of one */
export function extensionsOf({ scope }: OvfDocument, elements: readonly XmlElement[]): readonly ExtensionNode[] {
  const found: ExtensionNode[] = [];
  for (const element of elements) {
    const { namespace } = element;
    if (scope.isCore(namespace) || namespace.startsWith(DMTF) || REFERRED.has(namespace)) continue;
    found.push(extension(element, placeIn(element.parent), scope));
  }
  return found;
}

function placeIn(parent: XmlElement | null): ExtensionNode["place"] {
  if (parent === null || parent.parent === null || HOLDERS.has(parent.name)) return "section";
  return parent.name.endsWith("Section") || ITEMS.has(parent.name) ? "child" : "nested";
}

function extension(element: XmlElement, place: ExtensionNode["place"], scope: OvfScope): ExtensionNode {
  const required = scope.attribute(element, "required")?.trim() ?? null;
  return { element, place, required, understood: UNDERSTOOD.has(element.namespace) };
}
