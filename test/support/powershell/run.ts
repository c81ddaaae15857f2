// Long: one evaluator, whose methods call each other.
/** Runs what `parse.ts` reads, against cmdlets that a host offers. Strict: an unknown cmdlet, parameter or property ends the script. */
import type { Argument, Command, Expr, Param, Script, Stmt } from "./parse.js";

/** An object of .NET: properties that may be computed. */
export class PsObject {
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly methods: Readonly<Record<string, (...args: unknown[]) => unknown>>;

  constructor(
    type: string,
    properties: Readonly<Record<string, unknown>>,
    methods: Readonly<Record<string, (...args: unknown[]) => unknown>> = {},
  ) {
    this.type = type;
    this.properties = properties;
    this.methods = methods;
  }

  /** A property, whatever its letters' case; `undefined`: there is none. */
  get(name: string): unknown {
    const key = Object.keys(this.properties).find((known) => known.toLowerCase() === name.toLowerCase());
    if (key === undefined) return undefined;
    const value = this.properties[key];
    return typeof value === "function" ? value() : value;
  }
}

/** A word of an enumeration: JSON has its number, text its name. */
export class PsEnum {
  readonly name: string;
  readonly number: number;

  constructor(name: string, number: number) {
    this.name = name;
    this.number = number;
  }
}

/** `@{}` and `[ordered]@{}`. */
export class PsTable {
  readonly entries: Map<string, unknown> = new Map();
  get(name: string): unknown {
    const key = [...this.entries.keys()].find((known) => known.toLowerCase() === name.toLowerCase());
    return key === undefined ? undefined : this.entries.get(key);
  }
}

/** What a cmdlet is called with: values by parameter, switches are `true`; names as the cmdlet has them. */
export type Bound = Readonly<Record<string, unknown>>;

/** A cmdlet: its documented parameters, and what it does. Gives what it writes to the pipeline. */
export interface Cmdlet {
  /** Parameters with values. The one that takes what comes down the pipeline is `pipe`. */
  readonly values: readonly string[];
  readonly switches?: readonly string[];
  readonly pipe?: string;
  run(bound: Bound, shell: Shell): unknown[];
}

/** What a script is run with. */
export interface Shell {
  readonly cmdlets: Readonly<Record<string, Cmdlet>>;
  readonly types: Readonly<Record<string, Readonly<Record<string, (...args: unknown[]) => unknown>>>>;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly warnings: string[];
  /** What ShouldProcess was asked. */
  readonly asked: string[];
  readonly whatIf: boolean;
  /** Reads a script of the host that is called by `&`. Left out: there are none. */
  readonly script?: (path: string) => Script;
}

class Returned {
  readonly output: unknown[];

  constructor(output: unknown[]) {
    this.output = output;
  }
}

/** Runs a script with arguments. @throws Error for what it throws */
export function runPowerShell(script: Script, args: Readonly<Record<string, unknown>>, shell: Shell): unknown[] {
  const scope = new Scope(shell, null);
  const should = script.attributes.some((text) => /SupportsShouldProcess/.test(text));
  if (shell.whatIf && !should) throw new Error("A parameter cannot be found that matches parameter name 'WhatIf'.");
  scope.set("WhatIfPreference", shell.whatIf);
  scope.set(
    "PSCmdlet",
    new PsObject(
      "PSCmdlet",
      {},
      {
        ShouldProcess: (target, action) => {
          shell.asked.push(`${textOf(action)}: ${textOf(target)}`);
          return !shell.whatIf;
        },
      },
    ),
  );
  scope.bind(script.params, args);
  try {
    return scope.run(script.body);
  } catch (thrown) {
    if (thrown instanceof Returned) return thrown.output;
    throw thrown;
  }
}

/** A value as text, as a cast and `-f` make it. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof PsEnum) return value.name;
  if (value instanceof Error) return value.message;
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw new Error(`text of ${JSON.stringify(value)} is not asked for`);
}

class Scope {
  readonly #variables = new Map<string, unknown>();
  readonly #functions = new Map<string, Extract<Stmt, { kind: "function" }>>();

  readonly shell: Shell;
  readonly parent: Scope | null;

  constructor(shell: Shell, parent: Scope | null) {
    this.shell = shell;
    this.parent = parent;
  }

  set(name: string, value: unknown): void {
    this.#variables.set(name.toLowerCase(), value);
  }

  get(name: string): unknown {
    const key = name.toLowerCase();
    if (key === "true" || key === "false") return key === "true";
    if (key === "null") return null;
    if (this.#variables.has(key)) return this.#variables.get(key);
    if (this.parent !== null) return this.parent.get(name);
    const given = Object.entries(this.shell.variables).find(([known]) => known.toLowerCase() === key);
    if (given === undefined)
      throw new Error(`The variable '$${name}' cannot be retrieved because it has not been set.`);
    return given[1];
  }

  bind(params: readonly Param[], args: Readonly<Record<string, unknown>>): void {
    for (const name of Object.keys(args)) {
      if (!params.some((param) => param.name.toLowerCase() === name.toLowerCase())) {
        throw new Error(`A parameter cannot be found that matches parameter name '${name}'.`);
      }
    }
    for (const { name, type, value, mandatory } of params) {
      const key = Object.keys(args).find((known) => known.toLowerCase() === name.toLowerCase());
      if (key === undefined && mandatory) throw new Error(`the parameter ${name} is missing`);
      const given = key === undefined ? (value === null ? null : this.#value(value)) : args[key];
      // Nothing becomes an empty text where the type is one.
      this.set(name, type === "[string]" ? textOf(given) : type === "[switch]" ? given === true : given);
    }
  }

  run(body: readonly Stmt[]): unknown[] {
    const output: unknown[] = [];
    for (const statement of body) {
      try {
        output.push(...this.#statement(statement));
      } catch (thrown) {
        if (thrown instanceof Returned) throw new Returned([...output, ...thrown.output]);
        throw thrown;
      }
    }
    return output;
  }

  #statement(statement: Stmt): unknown[] {
    switch (statement.kind) {
      case "pipeline":
        return this.#pipeline(statement.parts);
      case "assign": {
        const value = this.#one(statement.value);
        if (!statement.add) this.set(statement.name, value);
        else {
          const before = this.get(statement.name);
          if (!Array.isArray(before)) throw new Error("+= is for arrays here");
          this.set(statement.name, [...before, ...(Array.isArray(value) ? value : [value])]);
        }
        return [];
      }
      case "if": {
        const taken = statement.cases.find(([condition]) => truth(this.#one(condition)));
        return this.run(taken?.[1] ?? statement.otherwise);
      }
      case "while":
      case "for": {
        const output: unknown[] = [];
        if (statement.kind === "for") this.#statement(statement.first);
        for (let i = 0; truth(this.#one(statement.condition)); i++) {
          if (i > 10_000) throw new Error("a loop does not end");
          output.push(...this.run(statement.body));
          if (statement.kind === "for") this.#statement(statement.next);
        }
        return output;
      }
      case "foreach": {
        const output: unknown[] = [];
        const over = this.#one(statement.over);
        for (const item of Array.isArray(over) ? over : over === null ? [] : [over]) {
          this.set(statement.name, item);
          output.push(...this.run(statement.body));
        }
        return output;
      }
      case "try":
        try {
          return this.run(statement.body);
        } catch (thrown) {
          if (!(thrown instanceof Error)) throw thrown;
          this.set("_", thrown);
          return this.run(statement.caught);
        }
      case "throw":
        throw new Error(textOf(this.#one(statement.value)));
      case "return":
        throw new Returned(statement.value === null ? [] : unrolled(this.#one(statement.value)));
      case "function":
        this.#functions.set(statement.name.toLowerCase(), statement);
        return [];
    }
  }

  /** What a statement gives as one value: nothing, a thing, or an array of several. */
  #one(statement: Stmt): unknown {
    if (statement.kind === "pipeline" && statement.parts.length === 1) {
      const [part] = statement.parts;
      // An expression keeps its array as it is; what a command writes comes one by one.
      if (part !== undefined && part.kind !== "command") return this.#value(part);
    }
    return single(this.#statement(statement));
  }

  #pipeline(parts: readonly (Command | Expr)[]): unknown[] {
    let stream: unknown[] | null = null;
    for (const part of parts) {
      if (part.kind === "command") stream = this.#command(part, stream);
      else stream = unrolled(this.#value(part));
    }
    return stream ?? [];
  }

  #command(command: Command, piped: unknown[] | null): unknown[] {
    if (typeof command.name !== "string") return this.#script(command, textOf(this.#value(command.name)));
    const called = command.name;
    const own = this.#functionNamed(called);
    if (own !== null) {
      if (piped !== null) throw new Error(`${called} takes nothing from the pipeline`);
      const inner = new Scope(this.shell, this);
      inner.bind(
        own.params,
        this.#arguments(
          command,
          own.params.map(({ name }) => name),
          [],
        ),
      );
      try {
        return inner.run(own.body);
      } catch (thrown) {
        if (thrown instanceof Returned) return thrown.output;
        throw thrown;
      }
    }
    const cmdlet = this.shell.cmdlets[called];
    if (cmdlet === undefined) throw new Error(`The term '${called}' is not recognized as a name of a cmdlet.`);
    const common = ["ErrorAction"];
    const bound = this.#arguments(command, [...cmdlet.values, ...common], cmdlet.switches ?? []);
    if (piped === null) return cmdlet.run(bound, this.shell);
    const { pipe } = cmdlet;
    if (pipe === undefined) throw new Error(`${called} takes nothing from the pipeline`);
    // Those that look at all that comes are given all of it.
    if (pipe === "InputObject") return cmdlet.run({ ...bound, InputObject: piped }, this.shell);
    return piped.flatMap((item) => cmdlet.run({ ...bound, [pipe]: item }, this.shell));
  }

  /** Runs a script with named arguments, in a scope of its own. */
  #script(command: Command, path: string): unknown[] {
    const read = this.shell.script;
    if (read === undefined) throw new Error(`The term '${path}' is not recognized as a name of a script.`);
    const script = read(path);
    const values = script.params.flatMap(({ name, type }) => (type === "[switch]" ? [] : [name]));
    const switches = script.params.flatMap(({ name, type }) => (type === "[switch]" ? [name] : []));
    return runPowerShell(script, this.#arguments(command, values, switches), this.shell);
  }

  #functionNamed(name: string): Extract<Stmt, { kind: "function" }> | null {
    return this.#functions.get(name.toLowerCase()) ?? (this.parent === null ? null : this.parent.#functionNamed(name));
  }

  #arguments(command: Command, values: readonly string[], switches: readonly string[]): Record<string, unknown> {
    const called = typeof command.name === "string" ? command.name : "the script";
    const bound: Record<string, unknown> = {};
    const args: Argument[] = [...command.args];
    for (let arg = args.shift(); arg !== undefined; arg = args.shift()) {
      if (arg.kind === "value") throw new Error(`${called}: a value without its parameter`);
      const wanted = arg.name.toLowerCase();
      const flag = switches.find((known) => known.toLowerCase() === wanted);
      const name = flag ?? values.find((known) => known.toLowerCase() === wanted);
      if (name === undefined) {
        throw new Error(`${called}: A parameter cannot be found that matches parameter name '${arg.name}'.`);
      }
      if (Object.hasOwn(bound, name)) throw new Error(`${called}: ${name} is given twice`);
      if (flag !== undefined) bound[flag] = true;
      else {
        const value = args.shift();
        if (value?.kind !== "value") throw new Error(`${called}: Missing an argument for parameter '${name}'.`);
        bound[name] = this.#value(value.value);
      }
    }
    return bound;
  }

  #value(expr: Expr): unknown {
    switch (expr.kind) {
      case "literal":
        return expr.value;
      case "variable":
        return this.get(expr.name);
      case "type":
        throw new Error(`${expr.name} is no value`);
      case "sub":
        return single(this.run(expr.body));
      case "array":
        return this.run(expr.body);
      case "list":
        return expr.items.map((item) => this.#value(item));
      case "table": {
        const table = new PsTable();
        for (const [key, value] of expr.entries) {
          table.entries.set(typeof key === "string" ? key : textOf(this.#value(key)), this.#one(value));
        }
        return table;
      }
      case "cast":
        return cast(expr.type, this.#value(expr.of));
      case "not":
        return !truth(this.#value(expr.of));
      case "increment":
        this.set(expr.name, Number(this.get(expr.name)) + 1);
        return null;
      case "member":
        return member(this.#value(expr.of), expr.name);
      case "index":
        return index(this.#value(expr.of), this.#value(expr.by));
      case "call": {
        const args = expr.args.map((arg) => this.#value(arg));
        if (expr.of.kind === "type") {
          const method = this.shell.types[expr.of.name]?.[expr.name];
          if (method === undefined) throw new Error(`[${expr.of.name}] has no ${expr.name}`);
          return method(...args) ?? null;
        }
        return call(this.#value(expr.of), expr.name, args);
      }
      case "binary":
        return binary(expr.operator, this.#value(expr.left), () => this.#value(expr.right));
    }
  }
}

function single(stream: readonly unknown[]): unknown {
  return stream.length > 1 ? [...stream] : (stream[0] ?? null);
}

function unrolled(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

function truth(value: unknown): boolean {
  if (Array.isArray(value)) throw new Error("an array is no condition");
  if (value instanceof PsEnum) return value.number !== 0;
  return Boolean(value);
}

function cast(type: string, value: unknown): unknown {
  if (type === "string") return textOf(value);
  if (type === "bool") return truth(value);
  throw new Error(`no cast to ${type}`);
}

function member(of: unknown, name: string): unknown {
  if (Array.isArray(of)) {
    if (name === "Count") return of.length;
    throw new Error(`an array has no ${name}: members of its items are not asked for`);
  }
  if (of instanceof PsTable) return name === "Count" ? of.entries.size : (of.get(name) ?? missing(name));
  if (!(of instanceof PsObject)) return missing(name);
  if (name === "PSObject") {
    const found = (key: unknown): unknown => {
      const value = of.get(textOf(key));
      return value === undefined ? null : new PsObject("PSProperty", { Value: value });
    };
    return new PsObject("PSObject", { Properties: new PsObject("Properties", {}, { item: found }) });
  }
  const value = of.get(name);
  return value === undefined ? missing(name) : value;
}

function missing(name: string): never {
  throw new Error(`The property '${name}' cannot be found on this object.`);
}

function index(of: unknown, by: unknown): unknown {
  if (of instanceof PsTable) return of.get(textOf(by)) ?? null;
  if (of instanceof PsObject && of.methods.item !== undefined) return of.methods.item(by);
  if (Array.isArray(of) && typeof by === "number" && by < of.length) return of[by];
  throw new Error(`no index ${textOf(by)}`);
}

function call(of: unknown, name: string, args: readonly unknown[]): unknown {
  if (of instanceof PsTable && name === "ContainsKey") return of.get(textOf(args[0])) !== undefined;
  const method = of instanceof PsObject ? of.methods[name] : undefined;
  if (method === undefined) throw new Error(`there is no method ${name}`);
  return method(...args);
}

function binary(operator: string, left: unknown, right: () => unknown): unknown {
  switch (operator) {
    case "-and":
      return truth(left) && truth(right());
    case "-or":
      return truth(left) || truth(right());
    case "-eq":
      return same(left, right());
    case "-ne":
      return !same(left, right());
    case "-lt":
    case "-gt": {
      const other = right();
      if (typeof left !== "number" || typeof other !== "number") throw new Error(`${operator} is for numbers here`);
      return operator === "-lt" ? left < other : left > other;
    }
    case "-like":
    case "-notlike": {
      const parts = textOf(right())
        .split("*")
        .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      return new RegExp(`^${parts.join(".*")}$`, "is").test(textOf(left)) === (operator === "-like");
    }
    case "-replace": {
      const [pattern, by] = right() as unknown[];
      return textOf(left).replace(new RegExp(textOf(pattern), "gi"), textOf(by));
    }
    case "-f": {
      const values = unrolled(right());
      return textOf(left).replace(/\{(\d+)\}/g, (_, n) => {
        if (Number(n) >= values.length) throw new Error("-f has too few values");
        return textOf(values[Number(n)]);
      });
    }
    case "+":
      if (!Array.isArray(left)) throw new Error("+ is for arrays here");
      return [...left, ...unrolled(right())];
    default:
      throw new Error(`no operator ${operator}`);
  }
}

/** The right side becomes what the left side is; texts are compared without their letters' case. */
export function same(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) || Array.isArray(right)) throw new Error("arrays are not compared");
  if (left === null || right === null) return left === right;
  if (left instanceof PsEnum || right instanceof PsEnum || typeof left === "string") {
    return textOf(left).toLowerCase() === textOf(right).toLowerCase();
  }
  if (typeof left === "boolean") return left === truth(right);
  if (typeof left === "number") return left === Number(textOf(right));
  return left === right;
}
