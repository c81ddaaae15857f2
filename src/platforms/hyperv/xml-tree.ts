import type { XmlElement } from "../../xml/tree.js";

/** A tree of values. What is not there, or says nothing, is `null`. Names are compared without their letters' case, as PowerShell does. */
export interface Tree {
  element(path: string): XmlElement | undefined;
  text(path: string): string | null;
  /** A whole number from 0 on. */
  count(path: string): number | null;
  flag(path: string): boolean | null;
  /** The section of an instance: `_guid_`. */
  section(instance: string): Tree | undefined;
  /** Children with their names in lower case, the first of each name. */
  children(path?: string): ReadonlyMap<string, XmlElement>;
}

/** A view on an element; left out: a tree with nothing in it. */
export function createTree(root: XmlElement | undefined): Tree {
  // Looked through once for each element that is asked, however often.
  const known = new Map<number, ReadonlyMap<string, XmlElement>>();
  const childrenOf = (element: XmlElement | undefined): ReadonlyMap<string, XmlElement> => {
    if (element === undefined) return new Map();
    const seen = known.get(element.id);
    if (seen !== undefined) return seen;
    const children = new Map<string, XmlElement>();
    for (const child of element.elements()) {
      const name = child.name.toLowerCase();
      if (!children.has(name)) children.set(name, child);
    }
    known.set(element.id, children);
    return children;
  };
  const at = (path: string): XmlElement | undefined =>
    path
      .split("/")
      .reduce<XmlElement | undefined>((element, name) => childrenOf(element).get(name.toLowerCase()), root);
  const text = (path: string): string | null => {
    const value = at(path)?.text.trim();
    return value === undefined || value === "" ? null : value;
  };
  return {
    element: at,
    text,
    count(path) {
      const value = text(path);
      const number = Number(value);
      return value !== null && /^[0-9]+$/.test(value) && Number.isSafeInteger(number) ? number : null;
    },
    flag(path) {
      const value = text(path)?.toLowerCase();
      return value === "true" ? true : value === "false" ? false : null;
    },
    section(instance) {
      const element = at(`_${instance}_`);
      return element === undefined ? undefined : createTree(element);
    },
    children: (path) => childrenOf(path === undefined ? root : at(path)),
  };
}
