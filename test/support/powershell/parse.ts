// Long: one parser, whose methods call each other.
/**
 * A parser for the part of PowerShell that our scripts use, written from about_Parsing, about_Quoting_Rules and about_Operator_Precedence. What it
 * does not know is an error: it must not take for granted what a real PowerShell would refuse.
 */

export type Expr =
  | { readonly kind: "literal"; readonly value: string | number }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "type"; readonly name: string }
  | { readonly kind: "member"; readonly of: Expr; readonly name: string }
  | { readonly kind: "call"; readonly of: Expr; readonly name: string; readonly args: readonly Expr[] }
  | { readonly kind: "index"; readonly of: Expr; readonly by: Expr }
  | { readonly kind: "sub"; readonly body: readonly Stmt[] }
  | { readonly kind: "array"; readonly body: readonly Stmt[] }
  | { readonly kind: "list"; readonly items: readonly Expr[] }
  | { readonly kind: "table"; readonly ordered: boolean; readonly entries: readonly (readonly [string | Expr, Stmt])[] }
  | { readonly kind: "cast"; readonly type: string; readonly of: Expr }
  | { readonly kind: "not"; readonly of: Expr }
  | { readonly kind: "increment"; readonly name: string }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expr; readonly right: Expr };

export type Argument =
  | { readonly kind: "parameter"; readonly name: string }
  | { readonly kind: "value"; readonly value: Expr };

export interface Command {
  readonly kind: "command";
  /** A cmdlet or a function; with `&`, what gives the path of a script. */
  readonly name: string | Expr;
  readonly args: readonly Argument[];
}

export interface Param {
  readonly name: string;
  readonly type: string | null;
  readonly value: Expr | null;
  readonly mandatory: boolean;
}

export type Stmt =
  | { readonly kind: "pipeline"; readonly parts: readonly (Command | Expr)[] }
  | { readonly kind: "assign"; readonly name: string; readonly add: boolean; readonly value: Stmt }
  | {
      readonly kind: "if";
      readonly cases: readonly (readonly [Stmt, readonly Stmt[]])[];
      readonly otherwise: readonly Stmt[];
    }
  | { readonly kind: "while"; readonly condition: Stmt; readonly body: readonly Stmt[] }
  | {
      readonly kind: "for";
      readonly first: Stmt;
      readonly condition: Stmt;
      readonly next: Stmt;
      readonly body: readonly Stmt[];
    }
  | { readonly kind: "foreach"; readonly name: string; readonly over: Stmt; readonly body: readonly Stmt[] }
  | { readonly kind: "try"; readonly body: readonly Stmt[]; readonly caught: readonly Stmt[] }
  | { readonly kind: "throw"; readonly value: Stmt }
  | { readonly kind: "return"; readonly value: Stmt | null }
  | {
      readonly kind: "function";
      readonly name: string;
      readonly params: readonly Param[];
      readonly body: readonly Stmt[];
    };

export interface Script {
  /** Attributes of the script: `CmdletBinding(SupportsShouldProcess)`. */
  readonly attributes: readonly string[];
  readonly params: readonly Param[];
  readonly body: readonly Stmt[];
}

const QUOTES = "'\u2018\u2019\u201a\u201b";
const BINARY: readonly (readonly string[])[] = [
  ["-and", "-or"],
  ["-eq", "-ne", "-lt", "-gt", "-like", "-notlike", "-replace"],
  ["+"],
  ["-f"],
];
const KEYWORDS = [
  "if",
  "while",
  "for",
  "foreach",
  "try",
  "throw",
  "return",
  "function",
  "param",
  "else",
  "elseif",
  "catch",
  "switch",
  "do",
  "finally",
];

/** Parses a script. @throws Error with the line */
export function parsePowerShell(source: string): Script {
  return new Parser(source.replace(/^\ufeff/, "")).script();
}

class Parser {
  #at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  script(): Script {
    const attributes: string[] = [];
    this.#lines();
    while (/^\[CmdletBinding/.test(this.#rest())) {
      attributes.push(this.#need(/^\[[A-Za-z]+\([^\])]*\)\]/));
      this.#lines();
    }
    const params = this.#params();
    const body = this.#statements(null);
    return { attributes, params, body };
  }

  #fail(what: string): never {
    const line = this.#text.slice(0, this.#at).split("\n").length;
    throw new Error(`line ${line}: ${what}: ${JSON.stringify(this.#rest().slice(0, 40))}`);
  }

  #rest(): string {
    return this.#text.slice(this.#at, this.#at + 400);
  }

  #need(pattern: RegExp): string {
    const match = pattern.exec(this.#rest());
    if (match === null) return this.#fail(`expected ${pattern}`);
    this.#at += match[0].length;
    return match[0];
  }

  #if(pattern: RegExp): string | null {
    const match = pattern.exec(this.#rest());
    if (match === null) return null;
    this.#at += match[0].length;
    return match[0];
  }

  /** Blanks and comments on a line. */
  #blanks(): void {
    for (;;) {
      if (this.#if(/^[ \t\r]+/) !== null) continue;
      if (this.#text.startsWith("<#", this.#at)) {
        const end = this.#text.indexOf("#>", this.#at);
        if (end < 0) this.#fail("a comment does not end");
        this.#at = end + 2;
      } else if (this.#text[this.#at] === "#") {
        const end = this.#text.indexOf("\n", this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      } else return;
    }
  }

  #lines(): void {
    do this.#blanks();
    while (this.#if(/^[\n;]+/) !== null);
  }

  #params(): Param[] {
    if (this.#if(/^param\s*\(/i) === null) return [];
    const params: Param[] = [];
    this.#lines();
    while (this.#if(/^\)/) === null) {
      const attribute = this.#if(/^\[Parameter\([^\])]*\)\]/);
      this.#lines();
      const type = this.#if(/^\[[A-Za-z]+(?:\[\])?\]/);
      this.#blanks();
      const name = this.#need(/^\$[A-Za-z]+/).slice(1);
      this.#blanks();
      let value: Expr | null = null;
      if (this.#if(/^=/) !== null) {
        this.#blanks();
        value = this.#unary();
      }
      params.push({ name, type, value, mandatory: /Mandatory/.test(attribute ?? "") });
      this.#lines();
      if (this.#if(/^,/) !== null) this.#lines();
      else if (this.#text[this.#at] !== ")") this.#fail("a comma is missing");
    }
    return params;
  }

  #block(): Stmt[] {
    this.#lines();
    this.#need(/^\{/);
    return this.#statements("}");
  }

  #statements(end: string | null): Stmt[] {
    const list: Stmt[] = [];
    for (;;) {
      this.#lines();
      if (this.#at >= this.#text.length) {
        if (end !== null) this.#fail(`${end} is missing`);
        return list;
      }
      if (this.#text[this.#at] === end) {
        this.#at++;
        return list;
      }
      list.push(this.#statement());
      this.#blanks();
      const next = this.#text[this.#at];
      // A block ends its statement; all others end with the line.
      if (
        next !== undefined &&
        next !== "\r" &&
        next !== "\n" &&
        next !== ";" &&
        next !== end &&
        this.#text[this.#at - 1] !== "}"
      ) {
        this.#fail("a statement goes on");
      }
    }
  }

  #condition(): Stmt {
    this.#blanks();
    this.#need(/^\(/);
    this.#blanks();
    const condition = this.#statement();
    this.#blanks();
    this.#need(/^\)/);
    return condition;
  }

  #statement(): Stmt {
    const keyword = /^[a-z]+(?![\w-])/i.exec(this.#rest())?.[0]?.toLowerCase() ?? "";
    if (KEYWORDS.includes(keyword)) {
      this.#at += keyword.length;
      return this.#keyword(keyword);
    }
    const assigned = /^\$([A-Za-z]\w*)[ \t]*(\+?=)[ \t]*/.exec(this.#rest());
    if (assigned !== null) {
      this.#at += assigned[0].length;
      return { kind: "assign", name: assigned[1] ?? "", add: assigned[2] === "+=", value: this.#statement() };
    }
    const parts: (Command | Expr)[] = [this.#part(true)];
    for (;;) {
      this.#blanks();
      if (this.#if(/^\|(?!\|)/) === null) break;
      this.#blanks();
      parts.push(this.#part(false));
    }
    return { kind: "pipeline", parts };
  }

  #keyword(keyword: string): Stmt {
    switch (keyword) {
      case "if": {
        const cases: (readonly [Stmt, Stmt[]])[] = [[this.#condition(), this.#block()]];
        while (this.#if(/^\s*elseif\b/i) !== null) cases.push([this.#condition(), this.#block()]);
        return { kind: "if", cases, otherwise: this.#if(/^\s*else\b/i) === null ? [] : this.#block() };
      }
      case "while":
        return { kind: "while", condition: this.#condition(), body: this.#block() };
      case "for": {
        this.#blanks();
        this.#need(/^\(/);
        const first = this.#statement();
        this.#need(/^;\s*/);
        const condition = this.#statement();
        this.#need(/^;\s*/);
        const next = this.#statement();
        this.#need(/^\)/);
        return { kind: "for", first, condition, next, body: this.#block() };
      }
      case "foreach": {
        const name = this.#need(/^\s*\(\$[A-Za-z]\w* in /).replace(/^\s*\(\$| in $/g, "");
        const over = this.#statement();
        this.#blanks();
        this.#need(/^\)/);
        return { kind: "foreach", name, over, body: this.#block() };
      }
      case "try": {
        const body = this.#block();
        this.#need(/^\s*catch\b/i);
        return { kind: "try", body, caught: this.#block() };
      }
      case "throw":
        this.#blanks();
        return { kind: "throw", value: this.#statement() };
      case "return":
        this.#blanks();
        return { kind: "return", value: /^[\r\n}]/.test(this.#rest()) ? null : this.#statement() };
      case "function": {
        const name = this.#need(/^\s+[A-Za-z]+-[A-Za-z]+/).trim();
        this.#blanks();
        this.#need(/^\{/);
        this.#lines();
        const params = this.#params();
        return { kind: "function", name, params, body: this.#statements("}") };
      }
      default:
        return this.#fail(`${keyword} is not expected here`);
    }
  }

  #part(first: boolean): Command | Expr {
    if (first && /^[$(@'"\d[\u2018\u2019\u201a\u201b]|^-not\b/i.test(this.#rest())) return this.#expression();
    const name = this.#if(/^&[ \t]*/) === null ? this.#need(/^[A-Za-z]+-[A-Za-z]+/) : this.#argumentItem();
    const args: Argument[] = [];
    for (;;) {
      this.#blanks();
      const parameter = this.#if(/^-[A-Za-z]+/);
      if (parameter !== null) {
        args.push({ kind: "parameter", name: parameter.slice(1) });
        continue;
      }
      if (this.#at >= this.#text.length || /^[\r\n;|)}]/.test(this.#rest())) return { kind: "command", name, args };
      args.push({ kind: "value", value: this.#argument() });
    }
  }

  /** In an argument words are texts, and operators mean nothing. */
  #argument(): Expr {
    const items = [this.#argumentItem()];
    while (this.#if(/^[ \t]*,[ \t]*/) !== null) items.push(this.#argumentItem());
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { kind: "list", items };
  }

  #argumentItem(): Expr {
    const word = this.#if(/^[A-Za-z][\w-]*/);
    if (word !== null) return { kind: "literal", value: word };
    const value = this.#postfix();
    if (!/^[ \t\r\n;|)},]/.test(`${this.#rest()}\n`)) this.#fail("an argument goes on");
    return value;
  }

  #expression(level = 0): Expr {
    const operators = BINARY[level];
    if (operators === undefined) return this.#comma();
    let left = this.#expression(level + 1);
    for (;;) {
      this.#blanks();
      const operator = operators.find((known) =>
        known === "+" ? /^\+[^=+]/.test(this.#rest()) : new RegExp(`^${known}(?![\\w])`, "i").test(this.#rest()),
      );
      if (operator === undefined) return left;
      this.#at += operator.length;
      this.#blanks();
      left = { kind: "binary", operator, left, right: this.#expression(level + 1) };
    }
  }

  #comma(): Expr {
    const items = [this.#unary()];
    while (this.#if(/^[ \t]*,[ \t]*/) !== null) items.push(this.#unary());
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { kind: "list", items };
  }

  #unary(): Expr {
    this.#blanks();
    if (this.#if(/^-not(?!\w)/i) !== null) return { kind: "not", of: this.#unary() };
    const cast = this.#if(/^\[[A-Za-z]+\](?!::)[ \t]*/);
    if (cast === null) return this.#postfix();
    const type = cast.trim().slice(1, -1).toLowerCase();
    const of = this.#unary();
    if (type === "ordered") return of.kind === "table" ? { ...of, ordered: true } : this.#fail("ordered needs a table");
    return { kind: "cast", type, of };
  }

  #postfix(): Expr {
    let of = this.#primary();
    for (;;) {
      const member = /^(?:\.|::)([A-Za-z]\w*)(\()?/.exec(this.#rest());
      if (member !== null) {
        this.#at += member[0].length;
        const name = member[1] ?? "";
        of =
          member[2] === undefined
            ? { kind: "member", of, name }
            : { kind: "call", of, name, args: this.#callArguments() };
      } else if (this.#if(/^\[/) !== null) {
        of = { kind: "index", of, by: this.#expression() };
        this.#need(/^\]/);
      } else if (this.#if(/^\+\+/) !== null) {
        return of.kind === "variable" ? { kind: "increment", name: of.name } : this.#fail("++ needs a variable");
      } else return of;
    }
  }

  #callArguments(): Expr[] {
    const args: Expr[] = [];
    if (this.#if(/^\)/) !== null) return args;
    // Commas part arguments here; they make no list.
    do {
      this.#blanks();
      args.push(this.#unary());
      this.#blanks();
    } while (this.#if(/^,/) !== null);
    this.#need(/^\)/);
    return args;
  }

  #primary(): Expr {
    const character = this.#text[this.#at] ?? "";
    if (character === "$") return { kind: "variable", name: this.#need(/^\$(?:[A-Za-z]\w*|_)/).slice(1) };
    if (/\d/.test(character)) return { kind: "literal", value: Number(this.#need(/^\d+/)) };
    if (QUOTES.includes(character)) return { kind: "literal", value: this.#quoted() };
    if (character === '"') {
      const text = this.#need(/^"[^"`$]*"/);
      return { kind: "literal", value: text.slice(1, -1) };
    }
    if (character === "[") return { kind: "type", name: this.#need(/^\[[A-Za-z.]+\](?=::)/).slice(1, -1) };
    if (this.#if(/^@\(/) !== null) return { kind: "array", body: this.#statements(")") };
    if (this.#if(/^@\{/) !== null) return this.#table();
    if (this.#if(/^\(/) !== null) {
      this.#blanks();
      const body = [this.#statement()];
      this.#blanks();
      this.#need(/^\)/);
      return { kind: "sub", body };
    }
    return this.#fail("a value is expected");
  }

  #quoted(): string {
    let value = "";
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const c = this.#text.charAt(this.#at);
      if (!QUOTES.includes(c)) value += c;
      else if (QUOTES.includes(this.#text.charAt(this.#at + 1)) && this.#at + 1 < this.#text.length) {
        value += this.#text.charAt(++this.#at);
      } else {
        this.#at++;
        return value;
      }
    }
    return this.#fail("a text does not end");
  }

  #table(): Expr {
    const entries: (readonly [string | Expr, Stmt])[] = [];
    this.#lines();
    while (this.#if(/^\}/) === null) {
      const key = this.#if(/^[A-Za-z]\w*/) ?? this.#postfix();
      if (typeof key === "string" && KEYWORDS.includes(key.toLowerCase())) this.#fail("a keyword is no key");
      this.#need(/^[ \t]*=[ \t]*/);
      entries.push([key, this.#statement()]);
      this.#blanks();
      if (this.#text[this.#at] !== "}" && !/^[\r\n;]/.test(this.#rest())) this.#fail("an entry goes on");
      this.#lines();
    }
    return { kind: "table", ordered: false, entries };
  }
}
