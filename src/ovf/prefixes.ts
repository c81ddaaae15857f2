import { CIM_CLASSES, CORE_NAMESPACES, EPASD, OVF_1, RASD, SASD, VIRTUALBOX, VMWARE, VSSD, XSI } from "./namespaces.js";

/** What everybody means by a prefix. */
const CONVENTIONS: ReadonlyMap<string, string> = new Map([
  ["rasd", RASD],
  ["vssd", VSSD],
  ["sasd", SASD],
  ["epasd", EPASD],
  ["vmw", VMWARE],
  ["vbox", VIRTUALBOX],
  ["xsi", XSI],
  ["xs", "http://www.w3.org/2001/XMLSchema"],
  ["cim", `${CIM_CLASSES}common`],
]);

/**
 * The namespace that a prefix stands for by convention; `null`: nobody can tell.
 * @param root the namespace of the document's Envelope, which is what `ovf` stands for
 */
export function conventionalNamespace(prefix: string, root: string): string | null {
  if (prefix === "ovf") return CORE_NAMESPACES.includes(root) ? root : OVF_1;
  return CONVENTIONS.get(prefix) ?? null;
}
