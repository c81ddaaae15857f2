/*
 * The grammar of xl's configurations. Sources: xl.cfg(5), "Syntax"; what Xen 4.17's own parser (libxlutil) takes and refuses: settings `key=value` that
 * end with a line or a semicolon, strings in either quotes, numbers, lists that may hold lists, `+=`, comments. Configurations for xm, which came
 * before, are Python: three quotes, strings side by side, lines that go on behind a backslash are read too; statements are not.
 */
import { FerryError } from "../../base/errors.js";

/** A value of a configuration. Numbers stand as they were written. */
export type XlValue = string | readonly XlValue[];

/** A setting of a configuration. */
export interface XlSetting {
  readonly value: XlValue;
  /** Where its name stands, from 1. */
  readonly line: number;
  readonly column: number;
}

/** A configuration that was read. */
export interface XlConfig {
  /** By name; of several with one name the last counts. */
  readonly settings: ReadonlyMap<string, XlSetting>;
  /** Lines that begin something that is no setting. */
  readonly strange: readonly number[];
}

/** Lists in lists. */
const MOST_DEPTH = 8;
/** Settings, values in lists and lines that are no settings: far more than a machine has. */
const MOST_THINGS = 100_000;

/** Letters behind a backslash. */
const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
/** Letters of a string that mean themselves. */
const PLAIN = /[^"'\\\n]+/y;
const NUMBER = /-?[0-9][0-9A-Fa-fxX]*/y;

/**
 * Reads a configuration. What is no setting is passed over up to the end of its line.
 * @throws `config/unreadable` above 100,000 settings, values and strange lines
 */
export function parseXl(text: string): XlConfig {
  const settings = new Map<string, XlSetting>();
  const strange: number[] = [];
  const scanner = createScanner(text);
  /** Behind a statement that opens a block, the lines that stand further in are its own. */
  let inBlock = false;
  let line = 1;
  let lineStart = 0;
  let counted = 0;
  let fresh = true;
  while (!scanner.ended()) {
    scanner.skip("lines");
    if (scanner.take(";")) continue;
    if (scanner.ended()) break;
    const start = scanner.at();
    for (; counted < start; counted++) {
      if (text.charCodeAt(counted) !== 10) continue;
      line++;
      lineStart = counted + 1;
      fresh = true;
    }
    // The first that is said on a line: what stands before it is blank.
    const indented = start > lineStart && fresh;
    fresh = false;
    if (inBlock && !indented) inBlock = false;
    scanner.count();
    const found = inBlock ? null : readSetting(scanner);
    if (found === null) {
      strange.push(line);
      scanner.to(start);
      const rest = scanner.restOfLine();
      if (rest.trimEnd().endsWith(":") || /:\s*#/.test(rest)) inBlock = true;
      continue;
    }
    const { name, append, value } = found;
    const old = settings.get(name)?.value;
    settings.delete(name);
    settings.set(name, {
      value: append && old !== undefined ? joined(old, value) : value,
      line,
      column: start - lineStart + 1,
    });
  }
  return { settings, strange };
}

/** A list grows where it is: it belongs to the parser until the end. */
function joined(old: XlValue, more: XlValue): XlValue {
  if (typeof old === "string") return typeof more === "string" ? old + more : more;
  const list = old as XlValue[];
  if (typeof more === "string") list.push(more);
  else for (const item of more) list.push(item);
  return list;
}

interface Scanner {
  at(): number;
  to(position: number): void;
  ended(): boolean;
  /** Whether a text stands here; goes behind it. */
  take(word: string): boolean;
  /** Goes behind blanks, and where lines do not count, behind their ends and comments. */
  skip(over: "line" | "lines"): void;
  match(pattern: RegExp): string | null;
  peek(): string;
  next(): string;
  /** Goes to the end of the line. */
  restOfLine(): string;
  /** Counts a setting or a value. */
  count(): void;
}

function createScanner(text: string): Scanner {
  let position = 0;
  let things = 0;
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = position;
    const found = pattern.exec(text)?.[0] ?? null;
    if (found !== null) position += found.length;
    return found;
  };
  return {
    at: () => position,
    to: (wished) => {
      position = wished;
    },
    ended: () => position >= text.length,
    take(word) {
      if (!text.startsWith(word, position)) return false;
      position += word.length;
      return true;
    },
    skip(over) {
      for (; position < text.length; position++) {
        const letter = text.charAt(position);
        if (letter === "\\" && /^\r?\n/.test(text.slice(position + 1, position + 3))) {
          position = text.indexOf("\n", position);
        } else if (letter === "\n" || letter === "#") {
          if (over === "line") return;
          const end = text.indexOf("\n", position);
          position = end < 0 ? text.length : end;
        } else if (!" \t\r\f".includes(letter)) return;
      }
    },
    match,
    peek: () => text.charAt(position),
    next: () => text.charAt(position++),
    count() {
      if (++things <= MOST_THINGS) return;
      throw new FerryError("config/unreadable", `the configuration has more than ${MOST_THINGS} settings and values`, {
        hint: "Look at where the file comes from: no machine has so many.",
      });
    },
    restOfLine() {
      const end = text.indexOf("\n", position);
      const line = text.slice(position, end < 0 ? text.length : end);
      position = end < 0 ? text.length : end + 1;
      return line;
    },
  };
}

function readSetting(scanner: Scanner): { name: string; append: boolean; value: XlValue } | null {
  const name = scanner.match(NAME);
  if (name === null) return null;
  scanner.skip("line");
  const append = scanner.take("+=");
  if (!append && (!scanner.take("=") || scanner.peek() === "=")) return null;
  scanner.skip("line");
  const value = readValue(scanner, 0);
  if (value === null) return null;
  scanner.skip("line");
  if (scanner.peek() === "#") scanner.restOfLine();
  else if (!scanner.ended() && !scanner.take("\n") && !scanner.take(";")) return null;
  return { name, append, value };
}

function readValue(scanner: Scanner, depth: number): XlValue | null {
  if (scanner.take("[")) return depth >= MOST_DEPTH ? null : readList(scanner, depth);
  if (scanner.peek() !== '"' && scanner.peek() !== "'") return scanner.match(NUMBER);
  let value = "";
  // In Python, strings side by side are one.
  while (scanner.peek() === '"' || scanner.peek() === "'") {
    const part = readString(scanner);
    if (part === null) return null;
    value += part;
    scanner.skip(depth === 0 ? "line" : "lines");
  }
  return value;
}

function readList(scanner: Scanner, depth: number): XlValue | null {
  const items: XlValue[] = [];
  for (;;) {
    scanner.skip("lines");
    if (scanner.take("]")) return items;
    scanner.count();
    const item = readValue(scanner, depth + 1);
    if (item === null) return null;
    items.push(item);
    scanner.skip("lines");
    if (scanner.take("]")) return items;
    if (!scanner.take(",")) return null;
  }
}

function readString(scanner: Scanner): string | null {
  const quote = scanner.next();
  const long = scanner.take(quote + quote);
  // Two quotes and no third: an empty string.
  if (!long && scanner.take(quote)) return "";
  const end = long ? quote.repeat(3) : quote;
  const parts: string[] = [];
  while (!scanner.ended()) {
    if (scanner.take(end)) {
      // Three quotes end with the last three of a run of them.
      if (!long || scanner.peek() !== quote) return parts.join("");
      parts.push(quote);
      scanner.to(scanner.at() - 2);
      continue;
    }
    const plain = scanner.match(PLAIN);
    if (plain !== null) {
      parts.push(plain);
      continue;
    }
    const letter = scanner.next();
    if (letter === "\n" && !long) return null;
    parts.push(letter === "\\" ? readEscape(scanner) : letter);
  }
  return null;
}

function readEscape(scanner: Scanner): string {
  const letter = scanner.next();
  if (letter === "\n") return "";
  const known = ESCAPES[letter];
  if (known !== undefined) return known;
  if (letter === "x") return characterOf(scanner.match(/[0-9A-Fa-f]{2}/y), 16, "x");
  if (/[0-7]/.test(letter)) return characterOf(letter + (scanner.match(/[0-7]{1,2}/y) ?? ""), 8, letter);
  return /["'\\]/.test(letter) ? letter : `\\${letter}`;
}

function characterOf(digits: string | null, base: number, otherwise: string): string {
  return digits === null ? otherwise : String.fromCharCode(Number.parseInt(digits, base));
}
