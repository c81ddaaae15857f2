import type { XmlElement } from "../xml/tree.js";
import { OVF_0_9, OVF_1, OVF_2, OVF_OVIRT } from "./namespaces.js";

/** The version of the standard that a document follows. */
export type OvfDialect = "0.9" | "1.0" | "1.1" | "2.0" | "2.1";

/** What the root element's namespace stands for; `null` for one that nobody writes. */
export function namespaceLabel(namespace: string): string | null {
  switch (namespace) {
    case OVF_0_9:
      return "OVF 0.9";
    case OVF_1:
      return "OVF 1.x";
    case OVF_2:
      return "OVF 2.x";
    case OVF_OVIRT:
      return "oVirt's dialect of OVF";
    default:
      return null;
  }
}

/**
 * The dialect of an envelope. The namespace says which generation; `ovf:version`, which is no part of the standard and where some
 * products write their own version, says which of it. Unknown namespaces are told by their elements.
 */
export function dialectOf(root: XmlElement, version: string | undefined): OvfDialect {
  const generation = generationOf(root);
  if (generation === "0.9") return "0.9";
  if (generation === "1") return /^1\.1(\.|$)/.test(version ?? "") ? "1.1" : "1.0";
  return /^2\.1(\.|$)/.test(version ?? "") ? "2.1" : "2.0";
}

function generationOf(root: XmlElement): "0.9" | "1" | "2" {
  switch (root.namespace) {
    case OVF_0_9:
    case OVF_OVIRT:
      return "0.9";
    case OVF_1:
      return "1";
    case OVF_2:
      return "2";
    default: {
      for (const child of root.elements()) if (child.name === "Section" || child.name === "Content") return "0.9";
      return root.namespace.endsWith("/2") ? "2" : "1";
    }
  }
}
