import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { attributeValue, runText, scanAttributes, scanContent } from "./attributes.js";
import type { XmlEncoding } from "./encoding.js";
import { type LineIndex, type Spans, XML_NAMESPACE } from "./tree.js";

/** What a document is made from. */
export interface ParsedSource {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly encoding: XmlEncoding;
  readonly byteOrderMark: boolean;
  readonly spans: Spans;
  readonly lines: LineIndex;
  readonly problems: readonly Diagnostic[];
}

/** One attribute or declaration of a tag: as it stands in the source, with a new value, or new. */
export interface TagPart {
  /** `null` for what was added in a namespace: its prefix is looked up when it is needed. */
  readonly qualifiedName: string | null;
  readonly namespace: string | null;
  readonly local: string;
  readonly value: string;
  /** What the source holds from its leading white space on; `null` for a new one. */
  readonly source: { readonly leadStart: number; readonly valueStart: number; readonly valueEnd: number } | null;
  /** The value is not that of the source. */
  readonly changed: boolean;
}

/** What stands between a start tag and its end tag, in order. */
export type Piece =
  | { readonly kind: "source"; readonly start: number; readonly end: number }
  | { readonly kind: "text"; readonly text: string }
  /** White space that sets an inserted element on its line: written as it is. */
  | { readonly kind: "layout"; readonly text: string }
  | { readonly kind: "element"; readonly index: number };

/** A namespace declaration; the prefix `""` is the default namespace. */
export interface Declaration {
  readonly prefix: string;
  readonly namespace: string;
}

interface Overlay {
  tag: readonly TagPart[] | null;
  content: readonly Piece[] | null;
}

interface CreatedElement {
  readonly namespace: string;
  readonly local: string;
  parent: number | null;
}

/**
 * The tree behind all views: the spans of the source, which never change, and an overlay for each element that was edited.
 * Elements below `spans.count` stand in the source; the others were created.
 */
export class XmlStore {
  readonly source: ParsedSource;
  readonly created: CreatedElement[] = [];
  readonly #overlays = new Map<number, Overlay>();
  /** Elements that differ from the source or hold one that does. */
  readonly #touched = new Set<number>();
  readonly #detached = new Set<number>();
  readonly #declarations = new Map<number, ReadonlyMap<string, string>>();
  #revision = 0;
  #lastTag: { readonly index: number; readonly parts: readonly TagPart[] } = { index: -1, parts: [] };

  constructor(source: ParsedSource) {
    this.source = source;
  }

  /** How many edits were made. */
  get revision(): number {
    return this.#revision;
  }

  get changed(): boolean {
    return this.#touched.size > 0;
  }

  isTouched(index: number): boolean {
    return this.#touched.has(index);
  }

  isCreated(index: number): boolean {
    return index >= this.source.spans.count;
  }

  create(namespace: string, local: string): number {
    this.created.push({ namespace, local, parent: null });
    const index = this.source.spans.count + this.created.length - 1;
    this.#overlays.set(index, { tag: [], content: [] });
    return index;
  }

  createdAt(index: number): CreatedElement {
    const element = this.created[index - this.source.spans.count];
    if (element === undefined) throw new FerryError("internal/bug", `no XML element has the index ${index}`);
    return element;
  }

  parentOf(index: number): number | null {
    if (this.isCreated(index)) return this.createdAt(index).parent;
    if (this.#detached.has(index)) return null;
    const parent = this.source.spans.parent[index] ?? -1;
    return parent < 0 ? null : parent;
  }

  /** Whether an element is another one, or stands somewhere below it. */
  isWithin(index: number, ancestor: number): boolean {
    for (let at: number | null = index; at !== null; at = this.parentOf(at)) if (at === ancestor) return true;
    return false;
  }

  namespaceOf(index: number): string {
    if (this.isCreated(index)) return this.createdAt(index).namespace;
    const { spans } = this.source;
    return spans.namespaces[spans.namespace[index] ?? 0] ?? "";
  }

  localNameOf(index: number): string {
    if (this.isCreated(index)) return this.createdAt(index).local;
    const { spans } = this.source;
    return spans.localNames[spans.name[index] ?? 0] ?? "";
  }

  /** The qualified name in the source. */
  sourceName(index: number): string {
    const { spans } = this.source;
    return spans.names[spans.name[index] ?? 0] ?? "";
  }

  prefixOf(index: number): string {
    if (!this.isCreated(index)) {
      const name = this.sourceName(index);
      return name.slice(0, Math.max(0, name.indexOf(":")));
    }
    // As its parent is written, where both are in one namespace.
    const namespace = this.namespaceOf(index);
    const parent = this.parentOf(index);
    if (parent !== null && this.namespaceOf(parent) === namespace) {
      const prefix = this.prefixOf(parent);
      if (this.resolvePrefix(index, prefix) === namespace) return prefix;
    }
    return this.prefixFor(index, namespace, "element");
  }

  /** Whether a tag is `<name>` or `<name/>`, as most are in large documents. */
  isBare(index: number): boolean {
    const edited = this.#overlays.size === 0 ? undefined : this.#overlays.get(index)?.tag;
    if (edited !== undefined && edited !== null) return edited.length === 0;
    const { spans } = this.source;
    return (spans.tagEnd[index] ?? 0) - (spans.start[index] ?? 0) <= this.sourceName(index).length + 3;
  }

  /** The parts of a start tag, declarations included. */
  tagParts(index: number): readonly TagPart[] {
    const edited = this.#overlays.get(index)?.tag;
    if (edited !== undefined && edited !== null) return edited;
    // Views read attribute by attribute: the tag that was scanned last is mostly the one that is asked for next.
    if (this.#lastTag.index === index) return this.#lastTag.parts;
    const { text, spans } = this.source;
    const start = spans.start[index] ?? 0;
    if (this.isBare(index)) return NO_PARTS;
    const parts = scanAttributes(text, start).map((span) => ({
      qualifiedName: span.name,
      namespace: null,
      local: span.name.slice(span.name.indexOf(":") + 1),
      value: attributeValue(text.slice(span.valueStart, span.valueEnd)),
      source: span,
      changed: false,
    }));
    this.#lastTag = { index, parts };
    return parts;
  }

  /** The namespace of a part of this element's tag. */
  partNamespace(index: number, part: TagPart): string {
    if (part.namespace !== null || part.qualifiedName === null) return part.namespace ?? "";
    const colon = part.qualifiedName.indexOf(":");
    if (colon < 0) return "";
    const prefix = part.qualifiedName.slice(0, colon);
    // What nothing declares is taken for a name of its own, as the parser takes it for elements.
    return this.resolvePrefix(index, prefix) ?? prefix;
  }

  /** What this element's own tag declares. */
  declarationsOf(index: number): Declaration[] {
    return [...this.#declared(index)].map(([prefix, namespace]) => ({ prefix, namespace }));
  }

  /** What a prefix means at an element; `""` is the default namespace. */
  resolvePrefix(index: number, prefix: string): string | undefined {
    if (prefix === "xml") return XML_NAMESPACE;
    for (let at: number | null = index; at !== null; at = this.parentOf(at)) {
      const namespace = this.#declared(at).get(prefix);
      if (namespace !== undefined) return namespace;
    }
    return prefix === "" ? "" : undefined;
  }

  /** A prefix that means a namespace at an element: the nearest declared. Attributes cannot use the default one. @throws `xml/undeclared-namespace` */
  prefixFor(index: number, namespace: string, use: "element" | "attribute"): string {
    if (namespace === XML_NAMESPACE) return "xml";
    if (namespace === "" && (use === "attribute" || this.resolvePrefix(index, "") === "")) return "";
    for (let at: number | null = index; at !== null && namespace !== ""; at = this.parentOf(at)) {
      for (const [prefix, declared] of this.#declared(at)) {
        if (declared !== namespace || (use === "attribute" && prefix === "")) continue;
        if (this.resolvePrefix(index, prefix) === namespace) return prefix;
      }
    }
    throw new FerryError(
      "xml/undeclared-namespace",
      `no prefix is declared for the namespace ${namespace === "" ? "of names without one" : namespace} of an ${use}`,
      { hint: "Declare the namespace on the element or above it first." },
    );
  }

  /** Whether an element's children or text, leaving aside what is inside of the children, differ from the source. */
  hasEditedContent(index: number): boolean {
    return (this.#overlays.get(index)?.content ?? null) !== null;
  }

  /** What stands in an element, in order. */
  pieces(index: number): readonly Piece[] {
    const edited = this.#overlays.get(index)?.content;
    if (edited !== undefined && edited !== null) return edited;
    const { spans } = this.source;
    const pieces: Piece[] = [];
    let at = spans.tagEnd[index] ?? 0;
    for (const child of this.#sourceChildren(index)) {
      const start = spans.start[child] ?? 0;
      if (start > at) pieces.push({ kind: "source", start: at, end: start });
      pieces.push({ kind: "element", index: child });
      at = spans.end[child] ?? 0;
    }
    const end = spans.contentEnd[index] ?? 0;
    if (end > at) pieces.push({ kind: "source", start: at, end });
    return pieces;
  }

  *children(index: number): Generator<number> {
    const edited = this.#overlays.size === 0 ? null : this.#overlays.get(index)?.content;
    if (edited === undefined || edited === null) {
      const { after } = this.source.spans;
      const end = after[index] ?? 0;
      for (let child = index + 1; child < end; child = after[child] ?? end) yield child;
    } else {
      for (const piece of edited) if (piece.kind === "element") yield piece.index;
    }
  }

  /** Where the source's subtree of an element ends, in whose order its children stand; `null` where they were edited. */
  sourceEnd(index: number): number | null {
    if (this.hasEditedContent(index)) return null;
    return this.source.spans.after[index] ?? 0;
  }

  /** The element's own character data. */
  textOf(index: number): string {
    const { text, spans } = this.source;
    if (this.sourceEnd(index) === index + 1) {
      // Plain text alone: most elements of large documents.
      const plain = text.slice(spans.tagEnd[index], spans.contentEnd[index]);
      if (!/[<&\r]/.test(plain)) return plain;
    }
    let result = "";
    for (const piece of this.pieces(index)) {
      if (piece.kind === "text") result += piece.text;
      else if (piece.kind === "layout") result += piece.text.replace(/\r\n?/g, "\n");
      else if (piece.kind === "source") {
        for (const run of scanContent(text, piece.start, piece.end)) result += runText(text, run);
      }
    }
    return result;
  }

  replaceTag(index: number, parts: readonly TagPart[]): void {
    this.#overlay(index).tag = parts;
    this.#declarations.delete(index);
    this.#touch(index);
  }

  replaceContent(index: number, content: readonly Piece[]): void {
    this.#overlay(index).content = content;
    this.#touch(index);
  }

  attach(index: number, parent: number): void {
    if (this.isCreated(index)) this.createdAt(index).parent = parent;
    else this.#detached.delete(index);
    this.#touch(parent);
  }

  detach(index: number): void {
    if (this.isCreated(index)) this.createdAt(index).parent = null;
    else this.#detached.add(index);
  }

  /** Declared namespaces by prefix. Every look-up climbs to the root, so few elements are asked often: those are kept. */
  #declared(index: number): ReadonlyMap<string, string> {
    const declares = this.isCreated(index) || this.source.spans.declares[index] === 1;
    if (!declares && !this.#overlays.get(index)?.tag) return NOTHING;
    const cached = this.#declarations.get(index);
    if (cached !== undefined) return cached;
    const found = new Map<string, string>();
    for (const part of this.tagParts(index)) {
      const prefix = declaredPrefix(part);
      if (prefix !== null) found.set(prefix, part.value.trim());
    }
    if (this.#declarations.size >= 1024) this.#declarations.clear();
    this.#declarations.set(index, found);
    return found;
  }

  *#sourceChildren(index: number): Generator<number> {
    const { after } = this.source.spans;
    const end = after[index] ?? 0;
    for (let child = index + 1; child < end; child = after[child] ?? end) yield child;
  }

  #overlay(index: number): Overlay {
    let overlay = this.#overlays.get(index);
    if (overlay === undefined) {
      overlay = { tag: null, content: null };
      this.#overlays.set(index, overlay);
    }
    return overlay;
  }

  #touch(index: number): void {
    this.#revision++;
    for (let at: number | null = index; at !== null; at = this.parentOf(at)) this.#touched.add(at);
  }
}

const NO_PARTS: readonly TagPart[] = [];
const NOTHING: ReadonlyMap<string, string> = new Map();

/** The prefix that a part declares, `""` for the default namespace; `null` for an attribute. */
export function declaredPrefix(part: TagPart): string | null {
  if (part.qualifiedName === "xmlns") return "";
  return part.qualifiedName?.startsWith("xmlns:") ? part.qualifiedName.slice(6) : null;
}
