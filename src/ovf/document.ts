import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { XML_NAMESPACE, type XmlDocument, type XmlElement } from "../xml/tree.js";
import { dialectOf, namespaceLabel, type OvfDialect, producerOf } from "./dialect.js";
import { MessageBundles } from "./messages.js";
import { OvfScope, type Section } from "./scope.js";
import { contentsOf, type OvfContent } from "./views/content.js";
import { OvfConfiguration, OvfDisk, OvfFile, OvfNetwork } from "./views/parts.js";
import { OvfProduct } from "./views/product.js";

/** A descriptor: typed views over an XML tree, which stays the only truth. Views read the tree when they are asked. */
export interface OvfDocument {
  readonly xml: XmlDocument;
  readonly scope: OvfScope;
  readonly dialect: OvfDialect;
  /** Who wrote it, by its own words: `VirtualBox`, `VMware`, `open-vmdk`, `XenServer`, `oVirt`, `SCVMM` ...; `null` where it does not say. */
  readonly producer: string | null;
  /** The language of its texts. */
  readonly language: string | null;
  readonly messages: MessageBundles;
  readonly references: readonly OvfFile[];
  readonly disks: readonly OvfDisk[];
  /** Disks that several machines use at once (2.x). */
  readonly sharedDisks: readonly OvfDisk[];
  readonly networks: readonly OvfNetwork[];
  readonly configurations: readonly OvfConfiguration[];
  /** Sections of the envelope itself, in order. */
  readonly sections: readonly Section[];
  /** Products of the whole package. */
  readonly products: readonly OvfProduct[];
  /** Virtual systems and collections of the envelope: one, by the standard. */
  readonly contents: readonly OvfContent[];
  /** Sections that are not the standard's. */
  readonly unknown: readonly XmlElement[];
}

/**
 * A descriptor over a parsed document. Names are matched by namespace, whatever the prefixes.
 * @throws `ovf/not-an-envelope` where the root element is none
 */
export function openOvf(xml: XmlDocument, report: (diagnostic: Diagnostic) => void): OvfDocument {
  const { root } = xml;
  if (root.name !== "Envelope") {
    throw new FerryError("ovf/not-an-envelope", `the root element is ${root.name}, not Envelope`, {
      hint: "This is XML of another kind; name the package's .ovf file.",
      location: root.location,
    });
  }
  if (namespaceLabel(root.namespace) === null) {
    report({
      code: "ovf/unknown-namespace",
      severity: "warning",
      message: `the envelope is in the namespace ${root.namespace === "" ? "of nothing" : root.namespace}, which no version of OVF has`,
      hint: "It is read as what its elements look like.",
      location: root.location,
    });
  }
  const scope = new OvfScope(root.namespace);
  return new Document(xml, scope);
}

class Document implements OvfDocument {
  readonly xml: XmlDocument;
  readonly scope: OvfScope;
  readonly dialect: OvfDialect;
  readonly producer: string | null;

  constructor(xml: XmlDocument, scope: OvfScope) {
    this.xml = xml;
    this.scope = scope;
    this.dialect = dialectOf(xml.root, scope.attribute(xml.root, "version"));
    this.producer = producerOf(xml);
  }

  get language(): string | null {
    return this.xml.root.attribute(XML_NAMESPACE, "lang") ?? null;
  }

  get messages(): MessageBundles {
    return new MessageBundles(this.xml.root, this.scope);
  }

  get references(): readonly OvfFile[] {
    const references = this.scope.child(this.xml.root, "References");
    if (references === undefined) return [];
    return [...this.scope.children(references, "File")].map((element) => new OvfFile(element, this.scope));
  }

  get disks(): readonly OvfDisk[] {
    return this.#entries("DiskSection", "Disk").map((element) => new OvfDisk(element, this.scope));
  }

  get sharedDisks(): readonly OvfDisk[] {
    return this.#entries("SharedDiskSection", "SharedDisk").map((element) => new OvfDisk(element, this.scope));
  }

  get networks(): readonly OvfNetwork[] {
    return this.#entries("NetworkSection", "Network").map((element) => new OvfNetwork(element, this.scope));
  }

  get configurations(): readonly OvfConfiguration[] {
    const elements = this.#entries("DeploymentOptionSection", "Configuration");
    return elements.map((element) => new OvfConfiguration(element, this.scope));
  }

  get sections(): readonly Section[] {
    return [...this.scope.sections(this.xml.root)];
  }

  get products(): readonly OvfProduct[] {
    const sections = this.sections.filter((section) => section.core && section.name === "ProductSection");
    return sections.map((section) => new OvfProduct(section.element, this.scope));
  }

  get contents(): readonly OvfContent[] {
    return contentsOf(this.xml.root, this.scope);
  }

  get unknown(): readonly XmlElement[] {
    return this.sections.filter((section) => !section.core).map((section) => section.element);
  }

  #entries(section: string, name: string): XmlElement[] {
    return this.sections
      .filter((candidate) => candidate.core && candidate.name === section)
      .flatMap((candidate) => [...this.scope.children(candidate.element, name)]);
  }
}
