/** One qualifier of a property: `MinLen(1)`, `ValueMap{"a", "b"}`, `Ip`. */
export interface Qualifier {
  readonly name: string;
  /** What stands in its brackets, without quotes; `null`: no brackets. */
  readonly values: readonly string[] | null;
}

/**
 * The qualifiers of a property: a list in the syntax of MOF (DSP0004, annex A; DSP0243 9.5.1). Writers also separate them by spaces, and
 * quote with apostrophes. `null` where it cannot be read.
 */
export function parseQualifiers(text: string): readonly Qualifier[] | null {
  const scanner = new Scanner(text);
  const qualifiers: Qualifier[] = [];
  for (;;) {
    scanner.skip(/[\s,]*/y);
    if (scanner.done) return qualifiers;
    const name = scanner.take(/[A-Za-z_][A-Za-z0-9_]*/y);
    if (name === null) return null;
    scanner.skip(/\s*/y);
    const opening = scanner.take(/[({]/y);
    if (opening === null) {
      qualifiers.push({ name, values: null });
      continue;
    }
    const values = readValues(scanner, opening === "(" ? ")" : "}");
    if (values === null) return null;
    qualifiers.push({ name, values });
  }
}

/** Values up to a closing bracket; `null` where it is missing or something else stands between them. */
function readValues(scanner: Scanner, closing: ")" | "}"): readonly string[] | null {
  const values: string[] = [];
  for (let first = true; ; first = false) {
    scanner.skip(/\s*/y);
    if (scanner.take(closing === ")" ? /\)/y : /\}/y) !== null) return values;
    if (!first && scanner.take(/,\s*/y) === null) return null;
    const quoted = scanner.takeQuoted();
    if (quoted !== null) values.push(quoted.slice(1, -1).replace(/\\(.)/gs, "$1"));
    else {
      const bare = scanner.take(/[^,(){}"']+/y);
      if (bare === null) return null;
      values.push(bare.trim());
    }
  }
}

/** Reads a text from left to right by sticky expressions. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at === this.#text.length;
  }

  take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    return found;
  }

  /** A text in quotes or apostrophes, with them; `null` where none begins or it has no end. */
  takeQuoted(): string | null {
    const text = this.#text;
    const mark = text[this.#at];
    if (mark !== '"' && mark !== "'") return null;
    // Not one pattern: a text of millions of characters would use up its stack.
    for (let at = this.#at + 1; at < text.length; at++) {
      if (text[at] === "\\") at++;
      else if (text[at] === mark) {
        const quoted = text.slice(this.#at, at + 1);
        this.#at = at + 1;
        return quoted;
      }
    }
    return null;
  }

  skip(pattern: RegExp): void {
    this.take(pattern);
  }
}
