import type { Diagnostic, Location } from "../base/diagnostics.js";

/** An attribute as read or as last set. Namespace declarations are not among them. */
export interface XmlAttribute {
  /** `""` for an attribute without a prefix. */
  readonly namespace: string;
  readonly prefix: string;
  readonly name: string;
  readonly value: string;
  readonly location: Location;
}

/**
 * An element: a view made on demand, so two views of one element are different objects with the same `id`.
 * Reads see all edits made so far through any view.
 */
export interface XmlElement {
  /** Tells elements of one document apart. */
  readonly id: number;
  readonly namespace: string;
  readonly prefix: string;
  /** Local name. */
  readonly name: string;
  /** Where its start tag was read, from 1; columns count UTF-16 units. For a created element: 0. */
  readonly line: number;
  readonly column: number;
  readonly location: Location;
  /** `null`: the root, a removed element, or one not yet inserted. */
  readonly parent: XmlElement | null;
  readonly attributes: readonly XmlAttribute[];
  /** Whether its tag is the name and nothing else: no attribute, no declaration. Told without a look at the tag. */
  readonly bare: boolean;
  /** Attributes of a local name, in any namespace: at most one in each. */
  attributesNamed(name: string): readonly XmlAttribute[];
  /** Namespaces that this element's own tag declares. */
  readonly declarations: readonly { readonly prefix: string; readonly namespace: string }[];
  /** Its own character data. Setting keeps child elements and comments and drops all other own text. */
  text: string;
  /** The element as it would be written, children included. */
  readonly markup: string;
  attribute(namespace: string, name: string): string | undefined;
  /**
   * Sets, or with `null` removes, an attribute.
   * @throws `xml/undeclared-namespace` where no prefix for the namespace is in scope: call `declare` first
   */
  setAttribute(namespace: string, name: string, value: string | null): void;
  /** Declares a namespace on this element. Nothing happens where the prefix means it already. @throws `xml/prefix-taken` */
  declare(prefix: string, namespace: string): void;
  /** Child elements in document order, all or by name. */
  elements(namespace?: string, name?: string): Iterable<XmlElement>;
  /** The first child element of a name. */
  element(namespace: string, name: string): XmlElement | undefined;
  /**
   * Puts a created element, or a child of this very element (which is moved), before another child or at the end.
   * @throws `xml/undeclared-namespace`
   */
  insert(child: XmlElement, before?: XmlElement): void;
  /** Takes the element out of the document, with the white space before it. */
  remove(): void;
  /** An element of the same document, to be inserted somewhere. @throws `xml/bad-name` */
  create(namespace: string, name: string): XmlElement;
}

/** A parsed document. `serialize` of an unchanged one gives the bytes that were read. */
export interface XmlDocument {
  readonly file: string;
  readonly root: XmlElement;
  /** How many edits were made. What was derived from the tree holds as long as this does. */
  readonly revision: number;
  /** What stands before the root element: the XML declaration and comments, in which producers name themselves. */
  readonly prolog: string;
  /** What it was read in, and is written in, in lower case; it may say another one in its declaration. */
  readonly encoding: string;
  /** What is wrong with the text and did not keep it from being read: prefixes that nothing declares, one finding each. */
  readonly problems: readonly Diagnostic[];
  /** A line of the text as it was read, from 1, without its end; `null` where there is none. For showing a place. */
  lineText(line: number): string | null;
  /** The whole text as it was read. */
  readonly text: string;
  /** An element to be inserted somewhere. */
  create(namespace: string, name: string): XmlElement;
  serialize(): Uint8Array;
}

/** The namespace of `xml:lang`, bound to the prefix `xml` everywhere. */
export const XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace";

/**
 * Where the elements of a source stand, in document order. Positions count UTF-16 units from the start of the text.
 * The children of `i` are `i + 1`, then `after[i + 1]` and so on, up to `after[i]`.
 */
export interface Spans {
  readonly count: number;
  /** Of the `<`. */
  readonly start: Uint32Array;
  /** Past the `>` of the start tag. */
  readonly tagEnd: Uint32Array;
  /** Of the `<` of the end tag; `tagEnd` for an empty-element tag. */
  readonly contentEnd: Uint32Array;
  /** Past the `>` of the end tag. */
  readonly end: Uint32Array;
  /** -1 for the root. */
  readonly parent: Int32Array;
  /** The first element behind this one's subtree. */
  readonly after: Uint32Array;
  /** Index into `names`. */
  readonly name: Uint32Array;
  /** Index into `namespaces`. */
  readonly namespace: Uint32Array;
  /** 1: the start tag declares namespaces. */
  readonly declares: Uint8Array;
  /** Qualified names. */
  readonly names: readonly string[];
  /** What is behind the prefix of each. */
  readonly localNames: readonly string[];
  readonly namespaces: readonly string[];
}

/** Line and column, from 1, of positions in a text. Lines end with LF, CRLF or CR. */
export class LineIndex {
  readonly #text: string;
  #starts: Uint32Array | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  /** O(log lines) after the first call. */
  at(position: number): { readonly line: number; readonly column: number } {
    this.#starts ??= lineStarts(this.#text);
    const starts = this.#starts;
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if ((starts[middle] ?? 0) <= position) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: position - (starts[low] ?? 0) + 1 };
  }

  /** The text of a line, from 1, without its end; `null` where there is none. */
  line(number: number): string | null {
    this.#starts ??= lineStarts(this.#text);
    const start = this.#starts[number - 1];
    if (start === undefined) return null;
    return this.#text.slice(start, this.#starts[number]).replace(/[\r\n]+$/, "");
  }
}

function lineStarts(text: string): Uint32Array {
  let starts = new Uint32Array(1024);
  let count = 1;
  const add = (position: number): void => {
    if (count === starts.length) {
      const larger = new Uint32Array(count * 2);
      larger.set(starts);
      starts = larger;
    }
    starts[count++] = position;
  };
  if (text.includes("\r")) {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit === 10 || (unit === 13 && text.charCodeAt(i + 1) !== 10)) add(i + 1);
    }
  } else {
    // Nearly every text: found at the speed of memory.
    for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) add(i + 1);
  }
  return starts.slice(0, count);
}
