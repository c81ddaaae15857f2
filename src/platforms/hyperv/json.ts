import type { Location } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";

/*
 * JSON with places: which line and column a value stands in. What PowerShell writes is read: UTF-8, and UTF-16 with its mark, as
 * Windows PowerShell's `>` makes it.
 */

/** A value with its offset in the text, in UTF-16 units. */
export type JsonNode =
  | { readonly kind: "object"; readonly members: ReadonlyMap<string, JsonNode>; readonly offset: number }
  | { readonly kind: "array"; readonly items: readonly JsonNode[]; readonly offset: number }
  | { readonly kind: "value"; readonly value: string | number | boolean | null; readonly offset: number };

/** A parsed text. */
export interface JsonText {
  readonly root: JsonNode;
  place(node: JsonNode): Location;
}

/** Values that one document may have: a machine with all its drives has a few thousand at most. */
const MOST_VALUES = 200_000;
const DEEPEST = 32;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;

/**
 * Parses a document.
 * @throws `config/unreadable`
 */
export function parseJsonText(bytes: Uint8Array, file: string): JsonText {
  const text = decode(bytes, file);
  let starts: number[] | null = null;
  const place = (offset: number): Location => {
    starts ??= lineStarts(text);
    let low = 0;
    for (let high = starts.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { at: "text", file, line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
  const reader = new JsonReader(text, (offset, what) => {
    throw unreadable(file, `is no JSON: ${what}`, place(offset));
  });
  return { root: reader.document(), place: (node) => place(node.offset) };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function unreadable(file: string, what: string, location?: Location): FerryError {
  return new FerryError("config/unreadable", `${file} ${what}`, {
    hint: "Collect the machine anew: vmferry collect hyperv prints the script that does it.",
    ...(location === undefined ? {} : { location }),
  });
}

function decode(bytes: Uint8Array, file: string): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw unreadable(file, `is no ${encoding.toUpperCase()} text`);
  }
}

class JsonReader {
  readonly #text: string;
  readonly #fail: (offset: number, what: string) => never;
  #at = 0;
  #values = 0;

  constructor(text: string, fail: (offset: number, what: string) => never) {
    this.#text = text;
    this.#fail = fail;
  }

  document(): JsonNode {
    const root = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) this.#fail(this.#at, "something stands behind its end");
    return root;
  }

  #value(depth: number): JsonNode {
    this.#space();
    const offset = this.#at;
    if (depth > DEEPEST) this.#fail(offset, "it is nested too deeply");
    if (++this.#values > MOST_VALUES) this.#fail(offset, `it has more than ${MOST_VALUES} values`);
    switch (this.#text[offset]) {
      case "{":
        return this.#object(offset, depth);
      case "[":
        return this.#array(offset, depth);
      case '"':
        return { kind: "value", value: this.#string(), offset };
      default: {
        const word = this.#take(WORD);
        if (word !== null) return { kind: "value", value: word === "null" ? null : word === "true", offset };
        const number = this.#take(NUMBER);
        if (number === null)
          this.#fail(offset, offset < this.#text.length ? "a value is expected here" : "it is cut off");
        return { kind: "value", value: Number(number), offset };
      }
    }
  }

  #object(offset: number, depth: number): JsonNode {
    const members = new Map<string, JsonNode>();
    this.#at++;
    if (!this.#next("}")) {
      do {
        this.#space();
        const name = this.#string();
        if (!this.#next(":")) this.#fail(this.#at, "a colon is missing");
        members.set(name, this.#value(depth + 1));
      } while (this.#next(","));
      if (!this.#next("}")) this.#fail(this.#at, "an object does not end");
    }
    return { kind: "object", members, offset };
  }

  #array(offset: number, depth: number): JsonNode {
    const items: JsonNode[] = [];
    this.#at++;
    if (!this.#next("]")) {
      do items.push(this.#value(depth + 1));
      while (this.#next(","));
      if (!this.#next("]")) this.#fail(this.#at, "an array does not end");
    }
    return { kind: "array", items, offset };
  }

  #string(): string {
    const start = this.#at;
    if (this.#text[start] !== '"') this.#fail(start, "a text is expected here");
    let end = start + 1;
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === "\\" ? 2 : 1;
    this.#at = end + 1;
    try {
      return JSON.parse(this.#text.slice(start, end + 1)) as string;
    } catch {
      return this.#fail(start, "a text does not end, or has escapes that mean nothing");
    }
  }

  #next(character: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    while (" \t\r\n".includes(this.#text[this.#at] ?? "x")) this.#at++;
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return null;
    this.#at += match[0].length;
    return match[0];
  }
}
