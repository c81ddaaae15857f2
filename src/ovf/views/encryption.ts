import type { XmlElement } from "../../xml/tree.js";
import { XENC, XENC_11 } from "../namespaces.js";
import { OvfNode } from "./node.js";
import { OvfSection } from "./section.js";

/** An EncryptionSection: the keys of what is encrypted in the package (2.x, DSP0243 9.16; XML Encryption 1.1). */
export class OvfEncryption extends OvfSection {
  static override readonly sectionName: string = "EncryptionSection";

  get keys(): readonly OvfEncryptionKey[] {
    const keys: OvfEncryptionKey[] = [];
    for (const child of this.element.elements()) {
      if (child.namespace === XENC && child.name === "EncryptedKey") {
        keys.push(new OvfEncryptionKey(child, this.scope, "encrypted"));
      } else if (child.namespace === XENC_11 && child.name === "DerivedKey") {
        keys.push(new OvfEncryptionKey(child, this.scope, "derived"));
      }
    }
    return keys;
  }
}

/** A `xenc:EncryptedKey` or `xenc11:DerivedKey`. */
export class OvfEncryptionKey extends OvfNode {
  readonly kind: "encrypted" | "derived";

  constructor(element: XmlElement, scope: OvfSection["scope"], kind: "encrypted" | "derived") {
    super(element, scope);
    this.kind = kind;
  }

  get id(): string | null {
    return this.element.attribute("", "Id") ?? null;
  }

  set id(id: string | null) {
    this.element.setAttribute("", "Id", id);
  }

  /** URI of how the key is encrypted or derived. */
  get algorithm(): string | null {
    return this.#method?.attribute("", "Algorithm") ?? null;
  }

  /** Nothing happens where the key has no element for its method. */
  set algorithm(uri: string | null) {
    this.#method?.setAttribute("", "Algorithm", uri);
  }

  /** URIs of what is encrypted with it: fragments of the descriptor or files of the package. */
  get references(): readonly string[] {
    return this.referenceElements.flatMap((element) => element.attribute("", "URI") ?? []);
  }

  /** The `DataReference` and `KeyReference` elements. */
  get referenceElements(): readonly XmlElement[] {
    const list = this.element.element(XENC, "ReferenceList");
    return list === undefined ? [] : [...list.elements(XENC)].filter((child) => child.name.endsWith("Reference"));
  }

  get #method(): XmlElement | undefined {
    return this.kind === "encrypted"
      ? this.element.element(XENC, "EncryptionMethod")
      : this.element.element(XENC_11, "KeyDerivationMethod");
  }
}
