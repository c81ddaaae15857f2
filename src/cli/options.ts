import { SECTOR } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import { defaultLimits, type Limits } from "../base/limits.js";
import type { OptionSpec } from "./command.js";

/** An option without a value. */
export function flag(flags: string, what: string): OptionSpec<boolean> {
  return { flags, what, read: (given) => given.length > 0 };
}

/** An option that switches something off: true unless it is given. */
export function unless(flags: `--no-${string}`, what: string): OptionSpec<boolean> {
  return { flags, what, read: (given) => given.length === 0 };
}

/** An option with any text as its value. */
export function text(flags: string, what: string): OptionSpec<string | null> {
  return { flags, what, read: (given) => given.at(-1) ?? null };
}

/** An option that can be given more than once. */
export function list(flags: string, what: string): OptionSpec<readonly string[]> {
  return { flags, what, repeated: true, read: (given) => given };
}

/** An option with `KEY=VALUE`, which can be given more than once: neither may be empty. */
export function pairs(flags: string, what: string): OptionSpec<readonly (readonly [key: string, value: string])[]> {
  const read = (given: readonly string[]): (readonly [string, string])[] =>
    given.map((word) => {
      const at = word.indexOf("=");
      if (at > 0 && at < word.length - 1) return [word.slice(0, at), word.slice(at + 1)];
      throw invalid(flags, word, `It is written as in ${flags}.`);
    });
  return { flags, what, repeated: true, read };
}

/** An option with one of some values. */
export function choice<const T extends string>(
  flags: string,
  what: string,
  choices: readonly T[],
): OptionSpec<T | null> {
  const read = (given: readonly string[]): T | null => {
    const value = given.at(-1);
    if (value === undefined) return null;
    const found = choices.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    throw invalid(flags, value, `It is one of: ${choices.join(", ")}.`);
  };
  return { flags, what, choices, read };
}

/** The same, which can be given more than once. */
export function choices<const T extends string>(
  flags: string,
  what: string,
  known: readonly T[],
): OptionSpec<readonly T[]> {
  const one = choice(flags, what, known);
  const read = (given: readonly string[]): readonly T[] => given.flatMap((word) => one.read([word]) ?? []);
  return { flags, what, choices: known, repeated: true, read };
}

/** An option with a whole number in a range, both ends included. */
export function wholeNumber(flags: string, what: string, min: number, max: number): OptionSpec<number | null> {
  const read = (given: readonly string[]): number | null => {
    const value = given.at(-1);
    if (value === undefined) return null;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw invalid(flags, value, `It is a whole number from ${min} to ${max}.`);
  };
  return { flags, what, read };
}

const SIZE_UNITS: Readonly<Record<string, number>> = { "": 1, B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** An option with a size: bytes, or a number with a binary unit (`1MiB`, `20G`). In bytes: whole sectors, at least one. */
export function bytes(flags: string, what: string): OptionSpec<number | null> {
  const read = (given: readonly string[]): number | null => {
    const value = given.at(-1);
    return value === undefined ? null : sizeOf(flags, value);
  };
  return { flags, what, read };
}

/** A size as the user writes it, in bytes: whole sectors, at least one. @param flags the option or argument that it is for */
export function sizeOf(flags: string, value: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,15})(?:([KMGT])(?:iB)?|B)?$/i.exec(value) ?? [];
  const size = digits === "" ? 0 : Number(digits) * (SIZE_UNITS[unit.toUpperCase()] ?? 0);
  if (size >= SECTOR && size % SECTOR === 0 && size <= Number.MAX_SAFE_INTEGER) return size;
  throw invalid(flags, value, "It is a size in whole sectors of 512 bytes, such as 1MiB or 1048576.");
}

/** The error for a value that an option does not take. */
export function invalid(flags: string, value: string, hint: string): FerryError {
  return new FerryError("cli/invalid-value", `${flags.split(" ")[0]} does not take ${JSON.stringify(value)}`, { hint });
}

/** The limits that hold with those that were given as `NAME=VALUE`. A value is a whole number from 1 on; `K`, `M`, `G`, `T` and `KiB` ... multiply. */
function limitsOf(flags: string, given: readonly string[]): Limits {
  const names = Object.keys(defaultLimits);
  const changed: Record<string, number> = {};
  for (const word of given) {
    const [name = "", said = ""] = word.split("=", 2);
    const [, digits = "", unit = ""] = /^(\d{1,15})(?:([KMGT])(?:iB)?|B)?$/i.exec(said) ?? [];
    const value = digits === "" ? 0 : Number(digits) * (SIZE_UNITS[unit.toUpperCase()] ?? 0);
    if (!names.includes(name)) throw invalid(flags, word, `It is NAME=VALUE, and NAME is one of: ${names.join(", ")}.`);
    if (value < 1 || value > Number.MAX_SAFE_INTEGER) {
      throw invalid(flags, word, "The value is a whole number from 1 on, or a size such as 128MiB.");
    }
    changed[name] = value;
  }
  return { ...defaultLimits, ...changed };
}

const LIMIT = "--limit NAME=VALUE";

/** Options of every command. */
export const commonOptions: {
  readonly limit: OptionSpec<Limits>;
  readonly quiet: OptionSpec<boolean>;
  readonly color: OptionSpec<boolean>;
} = {
  limit: {
    flags: LIMIT,
    what: "another limit of what input may ask for, such as members=200000 (docs/reference/limits.md)",
    repeated: true,
    read: (given) => limitsOf(LIMIT, given),
  },
  quiet: flag("--quiet", "print results and errors alone"),
  color: unless("--no-color", "no colours (so does the variable NO_COLOR)"),
};

/** `--json`, for commands that report. */
export const json: OptionSpec<boolean> = flag("--json", "print the result as JSON, by the schema in schemas/");

/** Options of commands with long work. */
export const workOptions: {
  readonly workers: OptionSpec<number | null>;
  readonly progress: OptionSpec<"auto" | "json" | "none" | null>;
} = {
  workers: wholeNumber("--workers N", "threads for the heavy work (default: one for each processor)", 0, 256),
  progress: choice("--progress MODE", "auto: a bar, or one line a step without a terminal; json: one event a line", [
    "auto",
    "json",
    "none",
  ]),
};
