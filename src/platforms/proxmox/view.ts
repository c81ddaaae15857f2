import type { Conf } from "./conf.js";

/** A value of several parts: `local:100/disk.raw,size=4G`. It remembers what was asked for. */
export interface Properties {
  /** `null`: not there. */
  text(name: string): string | null;
  number(name: string): number | null;
  /** `1`, `on`, `yes`, `true` and their opposites; `null`: not there, or neither. */
  flag(name: string): boolean | null;
  /** Parts that nobody has asked for, as they stand. */
  rest(): readonly { readonly name: string; readonly value: string }[];
}

/** A configuration by what is asked for, which remembers what was. */
export interface ConfView {
  text(key: string): string | null;
  number(key: string): number | null;
  flag(key: string): boolean | null;
  /** A value of several parts. @param first what a first part without a name is called */
  properties(key: string, first: string): Properties | null;
  line(key: string): number | null;
  /** Settings that nobody has asked for. */
  rest(): readonly { readonly key: string; readonly value: string }[];
}

/** Starts asking. */
export function createConfView({ settings }: Conf): ConfView {
  const asked = new Set<string>();
  const text = (key: string): string | null => {
    asked.add(key);
    return settings.get(key)?.value ?? null;
  };
  return {
    text,
    number: (key) => numberFrom(text(key)),
    flag: (key) => flagFrom(text(key)),
    properties(key, first) {
      const value = text(key);
      return value === null ? null : parseProperties(value, first);
    },
    line: (key) => settings.get(key)?.line ?? null,
    rest: () => [...settings].flatMap(([key, { value }]) => (asked.has(key) ? [] : [{ key, value }])),
  };
}

/** Reads parts between commas. Of several with one name the first counts. */
export function parseProperties(value: string, first: string): Properties {
  const parts = new Map<string, string>();
  for (const part of value.split(",")) {
    const [, name = first, text = part] = /^([^=,]+)=(.*)$/.exec(part) ?? [];
    if (text !== "" && !parts.has(name.trim())) parts.set(name.trim(), text);
  }
  const asked = new Set<string>();
  const text = (name: string): string | null => {
    asked.add(name);
    return parts.get(name) ?? null;
  };
  return {
    text,
    number: (name) => numberFrom(text(name)),
    flag: (name) => flagFrom(text(name)),
    rest: () => [...parts].flatMap(([name, part]) => (asked.has(name) ? [] : [{ name, value: part }])),
  };
}

/** Nine digits: a pebibyte in MiB. What is more is none. */
function numberFrom(text: string | null): number | null {
  return text !== null && /^[0-9]{1,9}$/.test(text) ? Number(text) : null;
}

function flagFrom(text: string | null): boolean | null {
  if (text === null) return null;
  if (/^(?:1|on|yes|true)$/i.test(text)) return true;
  return /^(?:0|off|no|false)$/i.test(text) ? false : null;
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** Bytes of a size such as `32G`; `null` for what is none. */
export function sizeFrom(text: string | null): number | null {
  const [, digits, unit = ""] = /^([0-9]{1,12}(?:\.[0-9]{1,6})?)([KMGT]?)$/.exec(text ?? "") ?? [];
  if (digits === undefined) return null;
  const bytes = Math.round(Number(digits) * (UNITS[unit] ?? 1));
  return Number.isSafeInteger(bytes) ? bytes : null;
}
