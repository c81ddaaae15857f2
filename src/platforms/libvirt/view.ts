import type { XmlElement } from "../../xml/tree.js";

/** The value of an attribute; `null`: not there, or empty. */
export function attr(element: XmlElement | undefined, name: string): string | null {
  const value = element?.attribute("", name);
  return value === undefined || value === "" ? null : value;
}

/** The first child of a name, which has no namespace. */
export function child(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((at, name) => at?.element("", name), element);
}

/** All children of a name. */
export function children(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element === undefined ? [] : [...element.elements("", name)];
}

/** The text of a child as it stands; `null`: it is not there, or blank. */
export function textOf(element: XmlElement | undefined, ...path: readonly string[]): string | null {
  const text = child(element, ...path)?.text;
  return text === undefined || text.trim() === "" ? null : text;
}

/** A whole number that is not negative; `null` for what is none. */
export function numberFrom(text: string | null): number | null {
  const digits = text?.trim() ?? "";
  return /^[0-9]{1,15}$/.test(digits) ? Number(digits) : null;
}

/** `yes`, `on` and `no`, `off`; `null` for what is neither. */
export function flagFrom(text: string | null): boolean | null {
  const word = text?.toLowerCase();
  return word === "yes" || word === "on" ? true : word === "no" || word === "off" ? false : null;
}

const SHIFTS = "kmgtpe";

/**
 * Bytes of a quantity with its unit. Source: formatdomain.html, "Memory Allocation": `b` and `bytes`, `KB` for 1000, `k` and `KiB` for 1024, and
 * so on; capitals do not count, and no unit is the one that the element has by default. `null` for what is none.
 */
export function bytesFrom(text: string | null, unit: string | null, byDefault: string): number | null {
  const amount = numberFrom(text);
  const word = (unit ?? byDefault).toLowerCase();
  if (amount === null) return null;
  if (/^(?:b|bytes?)$/.test(word)) return amount;
  const match = /^([kmgtpe])(b|ib)?$/.exec(word);
  if (match === null) return null;
  const bytes = amount * (match[2] === "b" ? 1000 : 1024) ** (SHIFTS.indexOf(match[1] ?? "k") + 1);
  return Number.isSafeInteger(bytes) ? bytes : null;
}
