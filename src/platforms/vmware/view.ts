import type { Vmx, VmxSetting } from "./vmx.js";

/** A setting by its name in lower case. */
export interface KeyedSetting extends VmxSetting {
  readonly key: string;
}

/** A VMX file by what is asked for, which remembers what was. Names are told apart without regard to capitals. */
export interface VmxView {
  /** The value; `null`: not there, or empty. */
  text(name: string): string | null;
  /** A whole number that is not negative; `null` for what is none. */
  number(name: string): number | null;
  /** `TRUE` and `FALSE`, and what VMware takes for them; `null` for what is neither. */
  flag(name: string): boolean | null;
  /** Line of a setting, from 1. */
  line(name: string): number | null;
  /** Whether there is a setting whose name starts so. */
  some(prefix: string): boolean;
  /** Settings that nobody has asked for. */
  rest(): readonly KeyedSetting[];
  /** Names of all settings in lower case. */
  readonly keys: readonly string[];
}

const YES: ReadonlySet<string> = new Set(["true", "t", "yes", "y", "on", "1"]);
const NO: ReadonlySet<string> = new Set(["false", "f", "no", "n", "off", "0"]);

/** Starts asking. */
export function createVmxView({ settings }: Vmx): VmxView {
  const asked = new Set<string>();
  const keys = [...settings.keys()];
  const text = (name: string): string | null => {
    const key = name.toLowerCase();
    asked.add(key);
    const value = settings.get(key)?.value;
    return value === undefined || value === "" ? null : value;
  };
  return {
    text,
    number(name) {
      const value = text(name)?.trim();
      return value !== undefined && /^[0-9]{1,15}$/.test(value) ? Number(value) : null;
    },
    flag(name) {
      const value = text(name)?.trim().toLowerCase();
      if (value === undefined) return null;
      return YES.has(value) ? true : NO.has(value) ? false : null;
    },
    line: (name) => settings.get(name.toLowerCase())?.line ?? null,
    some: (prefix) => keys.some((key) => key.startsWith(prefix.toLowerCase())),
    rest: () => [...settings].flatMap(([key, setting]) => (asked.has(key) ? [] : [{ key, ...setting }])),
    keys,
  };
}

/** `scsi0:10` after `scsi0:9`. */
export function byDeviceName(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** Names of the devices whose `present` setting is on, the pattern's first group being the name. */
export function presentDevices(view: VmxView, setting: RegExp): readonly string[] {
  const names = view.keys.flatMap((key) => setting.exec(key)?.[1] ?? []);
  return names.filter((name) => view.flag(`${name}.present`) === true).sort(byDeviceName);
}
