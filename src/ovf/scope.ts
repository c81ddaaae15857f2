import type { XmlAttribute, XmlElement } from "../xml/tree.js";
import { CIM_CLASSES, CORE_NAMESPACES, OVF_0_9, OVF_OVIRT, XSI } from "./namespaces.js";
import { setQualified } from "./write.js";

/** A section of an envelope or of its content, by the name that the standard gives it. */
export interface Section {
  /** `DiskSection`; for a section of somebody else its own local name. */
  readonly name: string;
  /** Whether it is in a namespace of the standard. */
  readonly core: boolean;
  readonly element: XmlElement;
}

/**
 * How names are matched in one document. The standard's elements are in the envelope's namespace; OVF 0.9 writers also leave them
 * without one, and 2.x sections stand in 1.x documents under their own.
 */
export class OvfScope {
  /** The root element's namespace. */
  readonly namespace: string;
  readonly #core: ReadonlySet<string>;

  constructor(namespace: string) {
    this.namespace = namespace;
    // The last two are prefixes that everybody means the same by, where a document forgot to declare them.
    this.#core = new Set([namespace, "", ...CORE_NAMESPACES, "ovf", "ovfstr"]);
  }

  /** Whether the document is in the language of OVF 0.9. */
  get legacy(): boolean {
    return this.namespace === OVF_0_9 || this.namespace === OVF_OVIRT;
  }

  isCore(namespace: string): boolean {
    return this.#core.has(namespace);
  }

  /** An attribute of the standard, qualified or not. */
  attribute(element: XmlElement, name: string): string | undefined {
    let other: string | undefined;
    for (const attribute of element.attributesNamed(name)) {
      const { namespace } = attribute;
      if (namespace === this.namespace) return attribute.value;
      if (other === undefined && this.isCore(namespace)) other = attribute.value;
    }
    return other;
  }

  /**
   * Sets, or with `null` removes, an attribute of the standard where it stands, qualified or not. A new one is qualified as those
   * beside it are; where no prefix is declared, the element itself declares one.
   */
  setAttribute(element: XmlElement, name: string, value: string | null): void {
    const own = element.attributes.filter((attribute) => this.isCore(attribute.namespace));
    const there = own.filter((attribute) => attribute.name === name).map(({ namespace }) => namespace);
    if (value === null) {
      for (const namespace of there) element.setAttribute(namespace, name, null);
      return;
    }
    const namespace = there.includes(this.namespace) ? this.namespace : there[0];
    setQualified(element, namespace ?? this.#newAttribute(element, own), name, value);
  }

  /** The namespace of a new attribute. An extension's own attributes stand without one, which makes them no attributes of the standard. */
  #newAttribute(element: XmlElement, own: readonly XmlAttribute[]): string {
    const core = this.isCore(element.namespace);
    const beside = own.find((attribute) => core || attribute.namespace !== "");
    if (beside !== undefined) return beside.namespace;
    return core && element.namespace !== "" ? element.namespace : this.namespace;
  }

  /** Child elements of the standard, all or by name. */
  *children(element: XmlElement, name?: string): Generator<XmlElement> {
    for (const child of element.elements(undefined, name)) if (this.isCore(child.namespace)) yield child;
  }

  child(element: XmlElement, name: string): XmlElement | undefined {
    for (const child of this.children(element, name)) return child;
    return undefined;
  }

  /** Text of a child element of the standard, trimmed; `null` where it is missing or empty. */
  childText(element: XmlElement, name: string): string | null {
    const text = this.child(element, name)?.text.trim();
    return text === undefined || text === "" ? null : text;
  }

  /** A property of an item or system: a child of any CIM class. Writers also leave it without a namespace. */
  *cimChildren(element: XmlElement, name: string): Generator<XmlElement> {
    for (const child of element.elements(undefined, name)) {
      const { namespace } = child;
      if (namespace.startsWith(CIM_CLASSES) || this.isCore(namespace)) yield child;
    }
    // OVF 0.9 writes it so.
    if (name === "InstanceID") yield* this.cimChildren(element, "InstanceId");
  }

  /** The first such property, trimmed; `null` where it is missing or empty. */
  cimText(element: XmlElement, name: string): string | null {
    for (const child of this.cimChildren(element, name)) {
      const text = child.text.trim();
      if (text !== "") return text;
    }
    return null;
  }

  /** The sections in an element, in order: `<DiskSection>`, and OVF 0.9's `<Section xsi:type="ovf:DiskSection_Type">`. */
  *sections(element: XmlElement): Generator<Section> {
    for (const child of element.elements()) {
      const core = this.isCore(child.namespace);
      if (core && child.name === "Section") yield this.#typedSection(child);
      else if (child.name.endsWith("Section")) yield { name: child.name, core, element: child };
    }
  }

  /** The type that `xsi:type` names, if it is one of the standard: `VirtualSystem_Type`. */
  typeOf(element: XmlElement): { readonly name: string; readonly core: boolean } | null {
    const type = element.attribute(XSI, "type")?.trim();
    if (type === undefined || type === "") return null;
    const colon = type.indexOf(":");
    const namespace = namespaceOfPrefix(element, type.slice(0, Math.max(0, colon)));
    // A prefix that nothing declares says nothing; the name does.
    return { name: type.slice(colon + 1), core: namespace === null || this.isCore(namespace) };
  }

  #typedSection(element: XmlElement): Section {
    const type = this.typeOf(element);
    if (type === null) return { name: "Section", core: false, element };
    return { name: type.name.replace(/_Type$/, ""), core: type.core, element };
  }
}

/** What a prefix means at an element; `null` where nothing declares it. */
function namespaceOfPrefix(element: XmlElement, prefix: string): string | null {
  for (let at: XmlElement | null = element; at !== null; at = at.parent) {
    for (const declared of at.declarations) if (declared.prefix === prefix) return declared.namespace;
  }
  return prefix === "" ? "" : null;
}
