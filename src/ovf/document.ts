import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { XML_NAMESPACE, type XmlDocument, type XmlElement } from "../xml/tree.js";
import { dialectOf, namespaceLabel, type OvfDialect } from "./dialect.js";
import { MessageBundles, type MessageFiles } from "./messages.js";
import { type OvfFlavour, type OvfOrigin, originOf } from "./producer.js";
import { OvfScope, type Section } from "./scope.js";
import { type OvfContent, OvfEnvelope } from "./views/content.js";
import { type OvfConfiguration, type OvfDisk, OvfFile, type OvfNetwork, type OvfSharedDisk } from "./views/parts.js";
import type { OvfProduct } from "./views/product.js";
import {
  OvfDeploymentOptionSection,
  OvfDiskSection,
  OvfNetworkSection,
  OvfSharedDiskSection,
} from "./views/sections.js";
import { OvfStrings } from "./views/strings.js";

/** A descriptor: typed views over an XML tree, which stays the only truth. Views read the tree when they are asked. */
export interface OvfDocument {
  readonly xml: XmlDocument;
  readonly scope: OvfScope;
  readonly dialect: OvfDialect;
  /** Who wrote it, by its own words: `VirtualBox`, `VMware`, `open-vmdk`, `XenServer`, `oVirt`, `virt-v2v` ...; `null` where it does not say. */
  readonly producer: string | null;
  /** The program as it names itself: `VMware ovftool 4.4.3 (build-18663434)`. */
  readonly generator: string | null;
  /** The language of its own that somebody calls OVF; `null`: the standard's, with extensions at most. */
  readonly flavour: OvfFlavour | null;
  /** The language of its texts; `null`: not said, which means `en-US`. */
  language: string | null;
  /** The envelope as a view: its sections by kind, and all content below it. */
  readonly envelope: OvfEnvelope;
  readonly strings: readonly OvfStrings[];
  readonly messages: MessageBundles;
  /** The same with what files of the package hold. @throws `ovf/not-a-bundle` */
  messagesWith(files: MessageFiles): MessageBundles;
  readonly references: readonly OvfFile[];
  readonly disks: readonly OvfDisk[];
  /** Disks that several machines use at once (2.x). */
  readonly sharedDisks: readonly OvfSharedDisk[];
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
  /** The first File of References with an id. */
  file(id: string): OvfFile | undefined;
  /** The first Disk or SharedDisk with an id. */
  disk(id: string): OvfDisk | undefined;
}

/**
 * A descriptor over a parsed document. Names are matched by namespace, whatever the prefixes.
 * @throws `ovf/not-an-envelope` where the root element is none
 */
export function openOvf(xml: XmlDocument, report: (diagnostic: Diagnostic) => void): OvfDocument {
  const { root } = xml;
  for (const problem of xml.problems) report(problem);
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
  readonly #origin: OvfOrigin;
  readonly #derived = new Map<string, unknown>();
  #revision = 0;

  constructor(xml: XmlDocument, scope: OvfScope) {
    this.xml = xml;
    this.scope = scope;
    this.dialect = dialectOf(xml.root, scope.attribute(xml.root, "version"));
    this.#origin = originOf(xml);
  }

  get producer(): string | null {
    return this.#origin.producer;
  }

  get generator(): string | null {
    return this.#origin.generator;
  }

  get flavour(): OvfFlavour | null {
    return this.#origin.flavour;
  }

  get language(): string | null {
    return this.xml.root.attribute(XML_NAMESPACE, "lang") ?? null;
  }

  set language(language: string | null) {
    this.xml.root.setAttribute(XML_NAMESPACE, "lang", language);
  }

  get envelope(): OvfEnvelope {
    return new OvfEnvelope(this.xml.root, this.scope);
  }

  get strings(): readonly OvfStrings[] {
    return [...this.xml.root.elements(undefined, "Strings")].map((element) => new OvfStrings(element, this.scope));
  }

  get messages(): MessageBundles {
    return this.#kept("messages", () => new MessageBundles(this.xml.root, this.scope));
  }

  messagesWith(files: MessageFiles): MessageBundles {
    return new MessageBundles(this.xml.root, this.scope, files);
  }

  get references(): readonly OvfFile[] {
    return this.#kept("references", () => {
      const references = this.scope.child(this.xml.root, "References");
      if (references === undefined) return [];
      return [...this.scope.children(references, "File")].map((element) => new OvfFile(element, this.scope));
    });
  }

  get disks(): readonly OvfDisk[] {
    return this.#kept("disks", () => this.envelope.sectionsOf(OvfDiskSection).flatMap(({ disks }) => disks));
  }

  get sharedDisks(): readonly OvfSharedDisk[] {
    return this.#kept("sharedDisks", () =>
      this.envelope.sectionsOf(OvfSharedDiskSection).flatMap(({ disks }) => disks),
    );
  }

  get networks(): readonly OvfNetwork[] {
    return this.#kept("networks", () =>
      this.envelope.sectionsOf(OvfNetworkSection).flatMap(({ networks }) => networks),
    );
  }

  get configurations(): readonly OvfConfiguration[] {
    return this.#kept("configurations", () =>
      this.envelope.sectionsOf(OvfDeploymentOptionSection).flatMap(({ options }) => options),
    );
  }

  get sections(): readonly Section[] {
    return this.#kept("sections", () => this.envelope.sections);
  }

  get products(): readonly OvfProduct[] {
    return this.#kept("products", () => this.envelope.products);
  }

  get contents(): readonly OvfContent[] {
    return this.#kept("contents", () => this.envelope.children);
  }

  get unknown(): readonly XmlElement[] {
    return this.sections.filter((section) => !section.core).map((section) => section.element);
  }

  file(id: string): OvfFile | undefined {
    return this.#kept("file", () => firstBy(this.references, (file) => file.id)).get(id);
  }

  disk(id: string): OvfDisk | undefined {
    return this.#kept("disk", () => firstBy([...this.disks, ...this.sharedDisks], (disk) => disk.diskId)).get(id);
  }

  /** What was derived from the tree, for as long as the tree is what it was. */
  #kept<T>(name: string, derive: () => T): T {
    if (this.#revision !== this.xml.revision) {
      this.#derived.clear();
      this.#revision = this.xml.revision;
    }
    if (!this.#derived.has(name)) this.#derived.set(name, derive());
    return this.#derived.get(name) as T;
  }
}

/** The first of those that have the same key. */
function firstBy<T>(all: readonly T[], key: (one: T) => string | null): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const one of all) {
    const k = key(one);
    if (k !== null && !found.has(k)) found.set(k, one);
  }
  return found;
}
