import { SaxesParser } from "saxes";
import type { Diagnostic, DiagnosticCode } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import type { Limits } from "../base/limits.js";
import { formatBytes } from "../base/text.js";
import { documentOf } from "./document.js";
import { decodeXml } from "./encoding.js";
import { LineIndex, type Spans, type XmlDocument } from "./tree.js";

/**
 * A document as a lossless tree. Well-formedness and namespaces are checked; a document type is refused, so no entity is ever fetched
 * or expanded. A prefix that nothing declares is a finding in `problems`: it stands for a namespace of its own name.
 * @param file name for messages
 * @throws `xml/limit`, `xml/encoding`, `xml/doctype`, `xml/empty`, `xml/duplicate-attribute`,
 * `xml/undefined-entity`, `xml/not-well-formed`, with line and column
 */
export function parseXml(bytes: Uint8Array, file: string, limits: Limits): XmlDocument {
  if (bytes.length > limits.descriptorBytes) {
    throw new FerryError(
      "xml/limit",
      `${file} has ${formatBytes(bytes.length)}; documents may have ${formatBytes(limits.descriptorBytes)}`,
      {
        hint: "Raise the limit descriptorBytes if you trust the document.",
        location: { at: "bytes", file, offset: 0 },
      },
    );
  }
  const { text, encoding, byteOrderMark } = decodeXml(bytes, file);
  const lines = new LineIndex(text);
  const fail = (code: DiagnosticCode, message: string, position: number, hint?: string): FerryError => {
    const { line, column } = lines.at(Math.max(0, position));
    return new FerryError(code, message, {
      location: { at: "text", file, line, column },
      ...(hint === undefined ? {} : { hint }),
    });
  };
  const doctype = findDoctype(text);
  if (doctype !== null) {
    throw fail("xml/doctype", "the document has a document type declaration", doctype, DOCTYPE_HINT);
  }
  const problems: Diagnostic[] = [];
  const spans = collectSpans(text, limits, fail, (prefix, position) => {
    const message = `the prefix ${prefix} is not declared`;
    if (problems.some((problem) => problem.message === message) || problems.length >= MOST_PROBLEMS) return;
    problems.push({
      code: "xml/undeclared-prefix",
      severity: "warning",
      message,
      hint: "Declare the prefix with an xmlns attribute on the root element.",
      location: { at: "text", file, ...lines.at(Math.max(0, position)) },
      data: { prefix },
    });
  });
  return documentOf({ file, bytes, text, encoding, byteOrderMark, spans, lines, problems });
}

/** Undeclared prefixes that are told apart. */
const MOST_PROBLEMS = 20;

const DOCTYPE_HINT =
  "Remove the DOCTYPE: document types are refused because they can name other files and expand without bound.";

/** Where a DOCTYPE stands before the root element. Anywhere else the parser refuses it as a syntax error. */
function findDoctype(text: string): number | null {
  let at = 0;
  for (;;) {
    while (at < text.length && " \t\r\n\ufeff".includes(text.charAt(at))) at++;
    const closing = text.startsWith("<!--", at) ? "-->" : text.startsWith("<?", at) ? "?>" : null;
    if (closing === null) return text.startsWith("<!DOCTYPE", at) ? at : null;
    const end = text.indexOf(closing, at + (closing === "-->" ? 4 : 2));
    if (end < 0) return null;
    at = end + closing.length;
  }
}

type Fail = (code: DiagnosticCode, message: string, position: number, hint?: string) => FerryError;

/** saxes' words for what has a code of its own. */
const CODES: readonly (readonly [phrase: string, code: DiagnosticCode, hint: string])[] = [
  ["duplicate attribute", "xml/duplicate-attribute", "Remove one of the two attributes."],
  [
    "undefined entity",
    "xml/undefined-entity",
    "Use a numeric reference such as &#233;: only amp, lt, gt, quot and apos have names.",
  ],
  [
    "document must contain a root element",
    "xml/empty",
    "The document holds no element: it may be cut off or be another file.",
  ],
];

/** What saxes says of a prefix that nothing declares. It takes the prefix itself for the namespace then. */
const UNBOUND = /^unbound namespace prefix: "(.*)"$/s;

function collectSpans(
  text: string,
  limits: Limits,
  fail: Fail,
  undeclared: (prefix: string, position: number) => void,
): Spans {
  const spans = new SpanBuilder();
  const open: number[] = [];
  let attributes = 0;
  const parser = new SaxesParser({ xmlns: true, position: false, defaultXMLVersion: "1.0", forceXMLVersion: true });

  parser.on("error", (error) => {
    const message = error.message.replace(/\.$/, "");
    const prefix = UNBOUND.exec(message)?.[1];
    if (prefix !== undefined) {
      undeclared(prefix, parser.position - 1);
      return;
    }
    for (const [phrase, code, hint] of CODES) {
      if (message.startsWith(phrase)) throw fail(code, message, parser.position - 1, hint);
    }
    throw fail("xml/not-well-formed", message, parser.position - 1);
  });
  parser.on("doctype", () => {
    throw fail("xml/doctype", "the document has a document type declaration", parser.position - 1, DOCTYPE_HINT);
  });
  parser.on("opentagstart", (tag) => {
    if (spans.count >= limits.xmlElements) {
      throw fail(
        "xml/limit",
        `the document has more than ${limits.xmlElements} elements`,
        parser.position - 1,
        "Raise the limit xmlElements if you trust the document.",
      );
    }
    if (open.length >= limits.xmlDepth) {
      throw fail(
        "xml/limit",
        `elements are nested deeper than ${limits.xmlDepth}`,
        parser.position - 1,
        "Raise the limit xmlDepth if you trust the document.",
      );
    }
    attributes = 0;
    // The parser stands behind the character that ended the name; a CRLF counts as one character but takes two.
    let terminator = parser.position - 1;
    if (text.charAt(terminator) === "\n" && text.charAt(terminator - 1) === "\r") terminator--;
    open.push(spans.add(terminator - tag.name.length - 1, open.at(-1) ?? -1));
  });
  parser.on("attribute", () => {
    if (++attributes > limits.xmlAttributes) {
      throw fail(
        "xml/limit",
        `an element has more than ${limits.xmlAttributes} attributes`,
        parser.position - 1,
        "Raise the limit xmlAttributes if you trust the document.",
      );
    }
  });
  parser.on("opentag", (tag) => {
    spans.openTag(open.at(-1) ?? 0, parser.position, tag.name, tag.uri, tag.ns);
  });
  parser.on("closetag", (tag) => {
    const index = open.pop() ?? 0;
    const end = parser.position;
    spans.closeTag(index, tag.isSelfClosing ? end : text.lastIndexOf("</", end - 1), end);
  });
  parser.write(text).close();
  return spans.finish();
}

/** Typed arrays that grow: a document of 50 MB has about a million elements. */
class SpanBuilder {
  count = 0;
  readonly #columns: Uint32Array[] = Array.from({ length: 7 }, () => new Uint32Array(256));
  #parent = new Int32Array(256);
  #declares = new Uint8Array(256);
  readonly #names = new Map<string, number>();
  readonly #namespaces = new Map<string, number>();

  add(start: number, parent: number): number {
    const index = this.count++;
    if (index === this.#parent.length) this.#grow();
    this.#set(0, index, start);
    this.#parent[index] = parent;
    return index;
  }

  openTag(
    index: number,
    tagEnd: number,
    name: string,
    namespace: string,
    declared: Readonly<Record<string, string>>,
  ): void {
    this.#set(1, index, tagEnd);
    this.#set(5, index, intern(this.#names, name));
    this.#set(6, index, intern(this.#namespaces, namespace));
    for (const _ in declared) {
      this.#declares[index] = 1;
      break;
    }
  }

  closeTag(index: number, contentEnd: number, end: number): void {
    this.#set(2, index, contentEnd);
    this.#set(3, index, end);
    this.#set(4, index, this.count);
  }

  finish(): Spans {
    const { count } = this;
    const column = (at: number): Uint32Array => (this.#columns[at] ?? new Uint32Array(0)).slice(0, count);
    return {
      count,
      start: column(0),
      tagEnd: column(1),
      contentEnd: column(2),
      end: column(3),
      after: column(4),
      name: column(5),
      namespace: column(6),
      parent: this.#parent.slice(0, count),
      declares: this.#declares.slice(0, count),
      names: [...this.#names.keys()],
      localNames: [...this.#names.keys()].map((name) => name.slice(name.indexOf(":") + 1)),
      namespaces: [...this.#namespaces.keys()],
    };
  }

  #set(column: number, index: number, value: number): void {
    const array = this.#columns[column];
    if (array !== undefined) array[index] = value;
  }

  #grow(): void {
    const size = this.#parent.length * 2;
    this.#columns.forEach((old, at) => {
      const larger = new Uint32Array(size);
      larger.set(old);
      this.#columns[at] = larger;
    });
    const parent = new Int32Array(size);
    parent.set(this.#parent);
    this.#parent = parent;
    const declares = new Uint8Array(size);
    declares.set(this.#declares);
    this.#declares = declares;
  }
}

function intern(table: Map<string, number>, text: string): number {
  const known = table.get(text);
  if (known !== undefined) return known;
  table.set(text, table.size);
  return table.size - 1;
}
