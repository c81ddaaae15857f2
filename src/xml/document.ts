import type { Location } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { checkCharacters, isLocalName } from "./characters.js";
import { insertChild, removeElement, replaceText } from "./edit.js";
import { canEncode } from "./encoding.js";
import { serializeDocument, serializeElement } from "./serialize.js";
import { declaredPrefix, type ParsedSource, type TagPart, XmlStore } from "./store.js";
import { XML_NAMESPACE, type XmlAttribute, type XmlDocument, type XmlElement } from "./tree.js";

/** The document over a parsed source. */
export function documentOf(source: ParsedSource): XmlDocument {
  const store = new XmlStore(source);
  return {
    file: source.file,
    prolog: source.text.slice(0, source.spans.start[0]),
    encoding: source.encoding,
    problems: source.problems,
    text: source.text,
    lineText: (line) => source.lines.line(line),
    get root(): XmlElement {
      return new ElementView(store, 0);
    },
    get revision(): number {
      return store.revision;
    },
    create: (namespace, name) => new ElementView(store, 0).create(namespace, name),
    serialize: () => serializeDocument(store),
  };
}

class ElementView implements XmlElement {
  readonly #store: XmlStore;
  readonly id: number;

  constructor(store: XmlStore, id: number) {
    this.#store = store;
    this.id = id;
  }

  get namespace(): string {
    return this.#store.namespaceOf(this.id);
  }

  get prefix(): string {
    return this.#store.prefixOf(this.id);
  }

  get name(): string {
    return this.#store.localNameOf(this.id);
  }

  get line(): number {
    return this.#place().line;
  }

  get column(): number {
    return this.#place().column;
  }

  get location(): Location {
    return { at: "text", file: this.#store.source.file, ...this.#place() };
  }

  get parent(): XmlElement | null {
    const parent = this.#store.parentOf(this.id);
    return parent === null ? null : new ElementView(this.#store, parent);
  }

  get attributes(): readonly XmlAttribute[] {
    const found: XmlAttribute[] = [];
    for (const part of this.#store.tagParts(this.id)) {
      if (declaredPrefix(part) === null) found.push(new AttributeView(this.#store, this.id, part));
    }
    return found;
  }

  get bare(): boolean {
    return this.#store.isBare(this.id);
  }

  attributesNamed(name: string): readonly XmlAttribute[] {
    const found: XmlAttribute[] = [];
    for (const part of this.#store.tagParts(this.id)) {
      if (part.local === name && declaredPrefix(part) === null)
        found.push(new AttributeView(this.#store, this.id, part));
    }
    return found;
  }

  get declarations(): readonly { readonly prefix: string; readonly namespace: string }[] {
    return this.#store.declarationsOf(this.id);
  }

  get text(): string {
    return this.#store.textOf(this.id);
  }

  set text(value: string) {
    checkCharacters(value);
    replaceText(this.#store, this.id, value);
  }

  get markup(): string {
    return serializeElement(this.#store, this.id);
  }

  attribute(namespace: string, name: string): string | undefined {
    return this.#part(namespace, name)?.value;
  }

  setAttribute(namespace: string, name: string, value: string | null): void {
    const store = this.#store;
    const parts = store.tagParts(this.id);
    const present = this.#part(namespace, name);
    if (value === null) {
      if (present !== undefined)
        store.replaceTag(
          this.id,
          parts.filter((part) => part !== present && !samePart(part, present)),
        );
      return;
    }
    checkCharacters(value);
    if (present !== undefined) {
      if (present.value === value) return;
      const changed: TagPart = { ...present, value, changed: true };
      store.replaceTag(
        this.id,
        parts.map((part) => (samePart(part, present) ? changed : part)),
      );
      return;
    }
    checkName(store, name);
    // A detached element gets its place, and with it the prefixes in scope, later.
    if (store.isWithin(this.id, 0)) store.prefixFor(this.id, namespace, "attribute");
    store.replaceTag(this.id, [
      ...parts,
      { qualifiedName: null, namespace, local: name, value, source: null, changed: true },
    ]);
  }

  declare(prefix: string, namespace: string): void {
    const store = this.#store;
    const meaning = store.resolvePrefix(this.id, prefix);
    if (meaning === namespace) return;
    if (prefix !== "") checkName(store, prefix);
    const reserved = prefix === "xmlns" || prefix === "xml" || namespace === XML_NAMESPACE || namespace === "";
    if (reserved || (meaning !== undefined && meaning !== "") || (prefix === "" && !store.isCreated(this.id))) {
      throw new FerryError("xml/prefix-taken", `the prefix "${prefix}" cannot be declared as ${namespace} here`, {
        hint: "Choose another prefix.",
        location: this.location,
      });
    }
    checkCharacters(namespace);
    const qualifiedName = prefix === "" ? "xmlns" : `xmlns:${prefix}`;
    store.replaceTag(this.id, [
      ...store.tagParts(this.id),
      { qualifiedName, namespace: null, local: prefix, value: namespace, source: null, changed: true },
    ]);
  }

  *elements(namespace?: string, name?: string): Generator<XmlElement> {
    const store = this.#store;
    const end = store.sourceEnd(this.id);
    if (end === null) {
      for (const child of store.children(this.id)) {
        if (this.#isCalled(child, namespace, name)) yield new ElementView(store, child);
      }
      return;
    }
    // Nearly always: no list is made, and none of what is in between.
    const { after } = store.source.spans;
    for (let child = this.id + 1; child < end; child = after[child] ?? end) {
      if (this.#isCalled(child, namespace, name)) yield new ElementView(store, child);
    }
  }

  #isCalled(child: number, namespace: string | undefined, name: string | undefined): boolean {
    if (name !== undefined && this.#store.localNameOf(child) !== name) return false;
    return namespace === undefined || this.#store.namespaceOf(child) === namespace;
  }

  element(namespace: string, name: string): XmlElement | undefined {
    for (const child of this.elements(namespace, name)) return child;
    return undefined;
  }

  insert(child: XmlElement, before?: XmlElement): void {
    insertChild(this.#store, this.id, this.#own(child), before === undefined ? null : this.#own(before));
  }

  remove(): void {
    removeElement(this.#store, this.id);
  }

  create(namespace: string, name: string): XmlElement {
    checkName(this.#store, name);
    return new ElementView(this.#store, this.#store.create(namespace, name));
  }

  #own(element: XmlElement): number {
    if (element instanceof ElementView && element.#store === this.#store) return element.id;
    throw new FerryError("xml/foreign-element", "an element of another document cannot be used here");
  }

  #part(namespace: string, name: string): TagPart | undefined {
    return this.#store
      .tagParts(this.id)
      .find(
        (part) =>
          part.local === name &&
          declaredPrefix(part) === null &&
          this.#store.partNamespace(this.id, part) === namespace,
      );
  }

  #place(): { readonly line: number; readonly column: number } {
    if (this.#store.isCreated(this.id)) return { line: 0, column: 0 };
    const { lines, spans } = this.#store.source;
    return lines.at(spans.start[this.id] ?? 0);
  }
}

class AttributeView implements XmlAttribute {
  readonly #store: XmlStore;
  readonly #element: number;
  readonly #part: TagPart;

  constructor(store: XmlStore, element: number, part: TagPart) {
    this.#store = store;
    this.#element = element;
    this.#part = part;
  }

  get namespace(): string {
    return this.#store.partNamespace(this.#element, this.#part);
  }

  get prefix(): string {
    const { qualifiedName, namespace } = this.#part;
    if (qualifiedName === null) return this.#store.prefixFor(this.#element, namespace ?? "", "attribute");
    return qualifiedName.slice(0, Math.max(0, qualifiedName.indexOf(":")));
  }

  get name(): string {
    return this.#part.local;
  }

  get value(): string {
    return this.#part.value;
  }

  get location(): Location {
    const { file, lines } = this.#store.source;
    const { source } = this.#part;
    // The name starts behind the white space, which is at least one character.
    const place =
      source === null ? { line: 0, column: 0 } : lines.at(nameStart(this.#store.source.text, source.leadStart));
    return { at: "text", file, ...place };
  }
}

function nameStart(text: string, leadStart: number): number {
  let at = leadStart;
  while (" \t\r\n".includes(text.charAt(at))) at++;
  return at;
}

/** Whether two scans of one tag speak of the same part. */
function samePart(a: TagPart, b: TagPart): boolean {
  if (a === b) return true;
  return a.source !== null && b.source !== null && a.source.leadStart === b.source.leadStart;
}

function checkName(store: XmlStore, name: string): void {
  if (!isLocalName(name) || !canEncode(name, store.source.encoding)) {
    throw new FerryError("xml/bad-name", `${JSON.stringify(name)} cannot be the name of an element or attribute here`);
  }
}
