import type { Location } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { XlConfig, XlValue } from "./grammar.js";

/** A configuration by what is asked for, which remembers what was. */
export interface XlView {
  /** A text or a number as text; `null`: not there, empty, or a list. */
  text(name: string): string | null;
  /** A whole number that is not negative, also in octal and hexadecimal; `null` for what is none. */
  number(name: string): number | null;
  /** 0 and others; `null`: not said. */
  flag(name: string): boolean | null;
  /**
   * The texts of a list; a text alone is a list of one.
   * @throws `config/unreadable` where there are more than `most`
   */
  list(name: string, most?: number): readonly string[];
  has(name: string): boolean;
  place(name: string): Location | undefined;
  /** Settings that nobody has asked for, with their values as text. */
  rest(): readonly { readonly name: string; readonly value: string }[];
}

/** Starts asking. */
export function createXlView({ settings }: XlConfig, file: string): XlView {
  const asked = new Set<string>();
  const value = (name: string): XlValue | undefined => {
    asked.add(name);
    return settings.get(name)?.value;
  };
  const text = (name: string): string | null => {
    const found = value(name);
    return typeof found === "string" && found !== "" ? found : null;
  };
  return {
    text,
    number: (name) => wholeNumber(text(name)),
    flag(name) {
      const number = wholeNumber(text(name));
      return number === null ? null : number !== 0;
    },
    list(name, most = Number.POSITIVE_INFINITY) {
      const found = value(name);
      if (found === undefined) return [];
      if (typeof found === "string") return found === "" ? [] : [found];
      if (found.length > most) {
        throw new FerryError("config/unreadable", `${name} lists ${found.length} devices`, {
          hint: `Up to ${most} are read.`,
        });
      }
      return found.filter((item): item is string => typeof item === "string");
    },
    has: (name) => value(name) !== undefined,
    place(name) {
      const setting = settings.get(name);
      return setting === undefined ? undefined : { at: "text", file, line: setting.line, column: setting.column };
    },
    rest: () =>
      [...settings].flatMap(([name, setting]) => (asked.has(name) ? [] : [{ name, value: shown(setting.value) }])),
  };
}

function wholeNumber(text: string | null): number | null {
  const digits = text?.trim() ?? "";
  if (/^0[xX][0-9A-Fa-f]{1,12}$/.test(digits)) return Number(digits);
  if (/^0[0-7]{1,14}$/.test(digits)) return Number.parseInt(digits, 8);
  return /^[0-9]{1,15}$/.test(digits) ? Number(digits) : null;
}

function shown(value: XlValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
