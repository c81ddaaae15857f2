import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import type { XmlDocument, XmlElement } from "./tree.js";

/** One change of a document, as data: rules propose them, `applyXmlEdits` makes them. */
export interface XmlEdit {
  readonly edit: "xml";
  readonly element: XmlElement;
  readonly change:
    | "remove"
    | { readonly text: string }
    /** Sets an attribute, or with `null` removes it. */
    | { readonly namespace: string; readonly name: string; readonly value: string | null }
    /** Declares a prefix on `element`. */
    | { readonly declare: string; readonly as: string }
    /** Puts a created element, or a child of `element` (which is moved), into `element`. */
    | { readonly insert: XmlElement; readonly before?: XmlElement };
}

/**
 * Makes edits in their order. Where two say different things about one place, the first counts and the other is reported and left out:
 * two values for one attribute or text, anything about an element that is also removed, or inside of it, and an insertion before it.
 * What cannot be written there (a namespace without a prefix, a character that XML does not have) is left out too. Nothing is applied twice.
 */
export function applyXmlEdits(document: XmlDocument, edits: readonly XmlEdit[]): readonly Diagnostic[] {
  const conflicts: Diagnostic[] = [];
  const removed = new Set(edits.filter((edit) => edit.change === "remove").map((edit) => edit.element.id));
  const settled = new Map<string, string | null>();
  const inserted = new Set<number>();
  for (const { element, change } of edits) {
    if (change === "remove") continue;
    const conflict =
      findRemoved(element, removed) ??
      ("insert" in change && change.before ? findRemoved(change.before, removed) : null);
    if (conflict !== null) {
      conflicts.push(conflictAt(element, `a change inside of ${conflict.name} is left out, because that is removed`));
      continue;
    }
    if ("declare" in change) {
      attempt(element, () => element.declare(change.declare, change.as));
      continue;
    }
    if ("insert" in change) {
      if (inserted.has(change.insert.id)) continue;
      inserted.add(change.insert.id);
      attempt(element, () => element.insert(change.insert, change.before));
      continue;
    }
    const place = "text" in change ? `${element.id} text` : `${element.id} {${change.namespace}}${change.name}`;
    const value = "text" in change ? change.text : change.value;
    const before = settled.get(place);
    if (before !== undefined && before !== value) {
      const what = "text" in change ? "the text" : `the attribute ${change.name}`;
      conflicts.push(
        conflictAt(
          element,
          `${what} of ${element.name} would become ${JSON.stringify(before)} and ${JSON.stringify(value)}`,
        ),
      );
      continue;
    }
    settled.set(place, value);
    attempt(element, () => {
      if ("text" in change) element.text = change.text;
      else element.setAttribute(change.namespace, change.name, change.value);
    });
  }
  // Last, so that insertions before an element find it in its place.
  for (const { element, change } of edits) {
    if (change === "remove" && element.parent !== null && element.id !== document.root.id) element.remove();
  }
  return conflicts;

  function attempt(element: XmlElement, act: () => void): void {
    try {
      act();
    } catch (cause) {
      if (!(cause instanceof FerryError) || !cause.code.startsWith("xml/")) throw cause;
      conflicts.push(conflictAt(element, `a change of ${element.name} is left out: ${cause.message}`));
    }
  }
}

/** The nearest element, this one included, that is to be removed. */
function findRemoved(element: XmlElement, removed: ReadonlySet<number>): XmlElement | null {
  for (let at: XmlElement | null = element; at !== null; at = at.parent) if (removed.has(at.id)) return at;
  return null;
}

function conflictAt(element: XmlElement, message: string): Diagnostic {
  return {
    code: "xml/edit-conflict",
    severity: "warning",
    message,
    hint: "The first change is made. Make the other one by hand if it is the right one.",
    location: element.location,
  };
}
