import type { Vmx } from "./vmx.js";

/** A VMX file by what is asked for, which remembers what was. Names are told apart without regard to capitals. */
export interface VmxView {
  /** The value; `null`: not there, or empty. */
  text(name: string): string | null;
  /** A whole number; `null` for what is none. */
  number(name: string): number | null;
  /** `TRUE` and `FALSE`; `null` for what is neither. */
  flag(name: string): boolean | null;
  /** Line of a setting, from 1. */
  line(name: string): number | null;
  /** Settings that nobody has asked for, with their names in lower case. */
  rest(): readonly { readonly key: string; readonly name: string; readonly value: string }[];
  /** Names of all settings in lower case. */
  readonly keys: readonly string[];
}

/** Starts asking. */
export function createVmxView({ settings }: Vmx): VmxView {
  const asked = new Set<string>();
  const text = (name: string): string | null => {
    const key = name.toLowerCase();
    asked.add(key);
    const value = settings.get(key)?.value;
    return value === undefined || value === "" ? null : value;
  };
  return {
    text,
    number(name) {
      const value = text(name);
      return value !== null && /^[0-9]{1,15}$/.test(value.trim()) ? Number(value) : null;
    },
    flag(name) {
      const value = text(name)?.toLowerCase();
      return value === "true" || value === "1" ? true : value === "false" || value === "0" ? false : null;
    },
    line: (name) => settings.get(name.toLowerCase())?.line ?? null,
    rest: () => [...settings].flatMap(([key, { name, value }]) => (asked.has(key) ? [] : [{ key, name, value }])),
    keys: [...settings.keys()],
  };
}
