import { FerryError } from "../../base/errors.js";

/** How often a part may stand: once, `?`, `*` or `+`. */
export interface Occurrence {
  readonly least: 0 | 1;
  readonly many: boolean;
}

/** One place in a content model, as it is written down. */
export type TermNotation =
  | { readonly kind: "element"; readonly name: string; readonly type: string; readonly nillable: boolean }
  | { readonly kind: "reference"; readonly name: string }
  | { readonly kind: "wildcard"; readonly namespace: string; readonly strict: boolean };

/** A content model as it is written down. */
export type ContentNotation = Occurrence &
  (
    | { readonly kind: "term"; readonly term: TermNotation }
    | { readonly kind: "sequence" | "choice"; readonly parts: readonly ContentNotation[] }
  );

/** The attributes of a type as they are written down. */
export type AttributeNotation =
  | { readonly kind: "attribute"; readonly name: string; readonly type: string; readonly required: boolean }
  | { readonly kind: "reference"; readonly name: string; readonly required: boolean }
  | { readonly kind: "wildcard"; readonly namespace: string; readonly strict: boolean };

/** What narrows a simple type. Numbers are whole and inclusive; `longest` counts characters. */
export interface Facets {
  readonly least?: string;
  readonly most?: string;
  readonly longest?: number;
  readonly values?: readonly string[];
}

/** A simple type as it is written down; the name `""` stands for the text of the type that is restricted. */
export type SimpleNotation =
  | { readonly kind: "named"; readonly name: string; readonly facets: Facets | null }
  | { readonly kind: "union"; readonly members: readonly SimpleNotation[] };

const TOKEN = /\s*(?:([A-Za-z_/][\w\-/:]*)|("(?:[^"\\]|\\.)*")|(\.\.|\d+|[=@*+?~!(){}|,<>]))/y;

/** Reads the notation of the tables. They are part of the program, so that what cannot be read is a mistake in it. */
export class NotationReader {
  readonly #source: string;
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
    TOKEN.lastIndex = 0;
    for (let end = 0; end < source.length; end = TOKEN.lastIndex) {
      TOKEN.lastIndex = end;
      const match = TOKEN.exec(source);
      if (match === null) throw this.#mistake();
      this.#tokens.push(match[1] ?? match[2] ?? match[3] ?? "");
    }
  }

  /** @throws `internal/bug` */
  content(): ContentNotation {
    const parts = this.#list();
    if (this.#peek() !== "") throw this.#mistake();
    return { ...parts, least: 1, many: false };
  }

  /** @throws `internal/bug` */
  attributes(): AttributeNotation[] {
    const found: AttributeNotation[] = [];
    while (this.#peek() !== "") {
      if (this.#take("<")) found.push({ kind: "wildcard", ...this.#wildcard() });
      else if (this.#take("@")) found.push({ kind: "reference", name: this.#next(), required: this.#take("!") });
      else {
        const name = this.#next();
        this.#expect("=");
        found.push({ kind: "attribute", name, type: this.#next(), required: this.#take("!") });
      }
    }
    return found;
  }

  /** @throws `internal/bug` */
  simple(): SimpleNotation {
    if (this.#take("(")) {
      const members = [this.simple()];
      while (this.#take("|")) members.push(this.simple());
      this.#expect(")");
      return { kind: "union", members };
    }
    const name = this.#peek() === "{" ? "" : this.#next();
    return { kind: "named", name, facets: this.#take("{") ? this.#facets() : null };
  }

  #list(): { readonly kind: "sequence" | "choice"; readonly parts: readonly ContentNotation[] } {
    const parts = [this.#particle()];
    const separator = this.#peek();
    if (separator !== "," && separator !== "|") return { kind: "sequence", parts };
    while (this.#take(separator)) parts.push(this.#particle());
    return { kind: separator === "," ? "sequence" : "choice", parts };
  }

  #particle(): ContentNotation {
    if (this.#take("(")) {
      const list = this.#list();
      this.#expect(")");
      return { ...list, ...this.#occurrence() };
    }
    const term = this.#term();
    return { kind: "term", term, ...this.#occurrence() };
  }

  #term(): TermNotation {
    if (this.#take("<")) return { kind: "wildcard", ...this.#wildcard() };
    if (this.#take("@")) return { kind: "reference", name: this.#next() };
    const name = this.#next();
    this.#expect("=");
    return { kind: "element", name, type: this.#next(), nillable: this.#take("~") };
  }

  #wildcard(): { readonly namespace: string; readonly strict: boolean } {
    const namespace = this.#next();
    const strict = this.#take("strict");
    this.#expect(">");
    return { namespace, strict };
  }

  #occurrence(): Occurrence {
    if (this.#take("?")) return { least: 0, many: false };
    if (this.#take("*")) return { least: 0, many: true };
    return { least: 1, many: this.#take("+") };
  }

  #facets(): Facets {
    if (this.#take("length")) {
      this.#expect("..");
      const longest = Number(this.#next());
      this.#expect("}");
      return { longest };
    }
    if (this.#peek().startsWith('"')) {
      const values = [this.#text()];
      while (this.#take("|")) values.push(this.#text());
      this.#expect("}");
      return { values };
    }
    const least = this.#peek() === ".." ? null : this.#next();
    this.#expect("..");
    const most = this.#peek() === "}" ? null : this.#next();
    this.#expect("}");
    return { ...(least === null ? {} : { least }), ...(most === null ? {} : { most }) };
  }

  #text(): string {
    const value: unknown = JSON.parse(this.#next());
    if (typeof value !== "string") throw this.#mistake();
    return value;
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? "";
  }

  #next(): string {
    const token = this.#peek();
    if (token === "") throw this.#mistake();
    this.#at++;
    return token;
  }

  #take(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#at++;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw this.#mistake();
  }

  #mistake(): FerryError {
    return new FerryError("internal/bug", `the schema table has ${JSON.stringify(this.#source)}`);
  }
}
