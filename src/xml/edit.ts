import { FerryError } from "../base/errors.js";
import { scanContent } from "./attributes.js";
import type { Piece, XmlStore } from "./store.js";

/** Replaces an element's own character data; child elements, comments and processing instructions stay. */
export function replaceText(store: XmlStore, index: number, value: string): void {
  if (store.textOf(index) === value) return;
  const { text } = store.source;
  const kept: Piece[] = [];
  let place = -1;
  const drop = (): void => {
    if (place < 0) place = kept.length;
  };
  for (const piece of store.pieces(index)) {
    if (piece.kind === "element") kept.push(piece);
    else if (piece.kind !== "source") drop();
    else {
      for (const run of scanContent(text, piece.start, piece.end)) {
        if (run.kind === "other") kept.push({ kind: "source", start: run.start, end: run.end });
        else drop();
      }
    }
  }
  if (value !== "") kept.splice(Math.max(place, 0), 0, { kind: "text", text: value });
  store.replaceContent(index, kept);
}

/** Puts a detached element, or a child of the same parent, before another child or last. It is laid out like its neighbours. */
export function insertChild(store: XmlStore, parent: number, child: number, before: number | null): void {
  if (before !== null && store.parentOf(before) !== parent) {
    throw new FerryError("xml/foreign-element", "the element to insert before is no child of this element");
  }
  if (before === child) return;
  const oldParent = store.parentOf(child);
  if (oldParent === parent) removeElement(store, child);
  else if (oldParent !== null || !store.isCreated(child) || store.isWithin(parent, child)) {
    throw new FerryError(
      "xml/foreign-element",
      "only a created element, or a child of the same element, can be inserted",
      {
        hint: "Build a new element from the old one.",
      },
    );
  }
  store.attach(child, parent);
  try {
    // Prefixes come from the scope at the new place. Detached trees are checked when their top is inserted.
    if (store.isWithin(parent, 0)) checkPrefixes(store, child);
  } catch (error) {
    store.detach(child);
    throw error;
  }
  const pieces = [...store.pieces(parent)];
  const element: Piece = { kind: "element", index: child };
  const at = before === null ? -1 : pieces.findIndex((piece) => piece.kind === "element" && piece.index === before);
  if (at >= 0) {
    const space = spaceBefore(store, pieces, at);
    pieces.splice(at, 0, element, ...layout(space));
  } else {
    const last = pieces.findLastIndex((piece) => piece.kind === "element");
    const first = pieces.findIndex((piece) => piece.kind === "element");
    if (last >= 0) pieces.splice(last + 1, 0, ...layout(spaceBefore(store, pieces, first)), element);
    else pieces.push(...onlyChild(store, parent, pieces, element));
  }
  store.replaceContent(parent, pieces);
}

/** Takes an element out, with the white space before it. */
export function removeElement(store: XmlStore, index: number): void {
  const parent = store.parentOf(index);
  if (parent === null) {
    if (index === 0) throw new FerryError("xml/foreign-element", "the root element cannot be removed");
    return;
  }
  const pieces = [...store.pieces(parent)];
  const at = pieces.findIndex((piece) => piece.kind === "element" && piece.index === index);
  const space = spaceBefore(store, pieces, at);
  const previous = pieces[at - 1];
  pieces.splice(at, 1);
  if (space !== "" && previous?.kind === "source") {
    pieces[at - 1] = { kind: "source", start: previous.start, end: previous.end - space.length };
  } else if (space !== "" && (previous?.kind === "text" || previous?.kind === "layout")) {
    pieces[at - 1] = { kind: previous.kind, text: previous.text.slice(0, previous.text.length - space.length) };
  }
  store.replaceContent(parent, pieces);
  store.detach(index);
}

/** The white space that stands right before the piece at `at`. */
function spaceBefore(store: XmlStore, pieces: readonly Piece[], at: number): string {
  const previous = pieces[at - 1];
  if (previous === undefined || previous.kind === "element") return "";
  const text = previous.kind === "source" ? store.source.text.slice(previous.start, previous.end) : previous.text;
  return /[ \t\r\n]*$/.exec(text)?.[0] ?? "";
}

function layout(text: string): Piece[] {
  return text === "" ? [] : [{ kind: "layout", text }];
}

/** The pieces that put a first child into an element on a line of its own, where the element stands on one. */
function onlyChild(store: XmlStore, parent: number, pieces: readonly Piece[], element: Piece): Piece[] {
  const empty = pieces.length === 0 || store.textOf(parent).trim() === "";
  const above = store.parentOf(parent);
  if (!empty || above === null) return [element];
  const siblings = store.pieces(above);
  const at = siblings.findIndex((piece) => piece.kind === "element" && piece.index === parent);
  const indent = /\r?\n[ \t]*$/.exec(spaceBefore(store, siblings, at))?.[0];
  if (indent === undefined) return [element];
  return [...layout(pieces.length > 0 ? "  " : `${indent}  `), element, ...layout(indent)];
}

function checkPrefixes(store: XmlStore, index: number): void {
  store.prefixOf(index);
  for (const part of store.tagParts(index)) {
    if (part.qualifiedName === null) store.prefixFor(index, part.namespace ?? "", "attribute");
  }
  for (const child of store.children(index)) checkPrefixes(store, child);
}
