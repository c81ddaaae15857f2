import { escapeAttribute, escapeText } from "./characters.js";
import { encodeXml } from "./encoding.js";
import type { TagPart, XmlStore } from "./store.js";

/** The document's bytes: those that were read where nothing was edited. */
export function serializeDocument(store: XmlStore): Uint8Array {
  const { source } = store;
  if (!store.changed) return source.bytes;
  const end = source.spans.end[0] ?? 0;
  const parts = [source.text.slice(0, source.spans.start[0] ?? 0)];
  writeElement(store, 0, parts);
  parts.push(source.text.slice(end));
  return encodeXml(parts.join(""), source.encoding, source.byteOrderMark);
}

/** An element's markup, children included. */
export function serializeElement(store: XmlStore, index: number): string {
  const parts: string[] = [];
  writeElement(store, index, parts);
  return parts.join("");
}

function writeElement(store: XmlStore, index: number, parts: string[]): void {
  const { text, spans } = store.source;
  const created = store.isCreated(index);
  if (!created && !store.isTouched(index)) {
    parts.push(text.slice(spans.start[index], spans.end[index]));
    return;
  }
  const name = created ? qualified(store.prefixOf(index), store.localNameOf(index)) : store.sourceName(index);
  const wasEmptyTag = created || text.charAt((spans.tagEnd[index] ?? 0) - 2) === "/";
  const tag = startTag(store, index, name);
  const tagAt = parts.push(tag) - 1;
  writeContent(store, index, parts);
  if (!wasEmptyTag) parts.push(text.slice(spans.contentEnd[index], spans.end[index]));
  else if (parts.length > tagAt + 1) {
    parts[tagAt] = tag.replace(/[ \t\r\n]*\/>$/, ">");
    parts.push("</", name, ">");
  }
}

function writeContent(store: XmlStore, index: number, parts: string[]): void {
  const { text, spans } = store.source;
  const push = (part: string): void => {
    if (part !== "") parts.push(part);
  };
  if (store.hasEditedContent(index)) {
    for (const piece of store.pieces(index)) {
      if (piece.kind === "element") writeElement(store, piece.index, parts);
      else if (piece.kind === "source") push(text.slice(piece.start, piece.end));
      else push(piece.kind === "text" ? escapeText(piece.text) : piece.text);
    }
    return;
  }
  let written = spans.tagEnd[index] ?? 0;
  for (const child of store.children(index)) {
    if (!store.isTouched(child)) continue;
    push(text.slice(written, spans.start[child]));
    writeElement(store, child, parts);
    written = spans.end[child] ?? written;
  }
  push(text.slice(written, spans.contentEnd[index]));
}

function startTag(store: XmlStore, index: number, name: string): string {
  const { text, spans } = store.source;
  const parts = store.tagParts(index).map((part) => partMarkup(store, index, part));
  if (store.isCreated(index)) return `<${name}${parts.join("")}/>`;
  const end = text.charAt((spans.tagEnd[index] ?? 0) - 2) === "/" ? "/>" : ">";
  return `<${name}${parts.join("")}${closingSpace(text, (spans.tagEnd[index] ?? 0) - end.length)}${end}`;
}

function partMarkup(store: XmlStore, index: number, part: TagPart): string {
  const { text } = store.source;
  if (part.source === null) {
    const name = part.qualifiedName ?? qualified(store.prefixFor(index, part.namespace ?? "", "attribute"), part.local);
    return ` ${name}="${escapeAttribute(part.value)}"`;
  }
  const { leadStart, valueStart, valueEnd } = part.source;
  if (!part.changed) return text.slice(leadStart, valueEnd + 1);
  const quote = text.charAt(valueEnd);
  const value = quote === "'" ? escapeAttribute(part.value).replace(/'/g, "&apos;") : escapeAttribute(part.value);
  return text.slice(leadStart, valueStart) + value + quote;
}

/** The white space before the end of a start tag. */
function closingSpace(text: string, end: number): string {
  let start = end;
  while (start > 0 && " \t\r\n".includes(text.charAt(start - 1))) start--;
  return text.slice(start, end);
}

function qualified(prefix: string, local: string): string {
  return prefix === "" ? local : `${prefix}:${local}`;
}
