import { assertNever, FerryError } from "../../base/errors.js";

/*
 * A small tree of PowerShell, and its text. Values enter as literals alone: a string stands in single quotes, inside of which nothing is
 * special but the quotes themselves. PowerShell takes four typographic quotes for single quotes too (about_Quoting_Rules; CharTraits.cs,
 * IsSingleQuote), so all five are doubled. Names of variables, commands, parameters and members are ours and are checked.
 */

/** A value. */
export type PsExpression =
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "constant"; readonly name: "true" | "false" | "null" }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "member"; readonly of: PsExpression; readonly name: string }
  | { readonly kind: "index"; readonly of: PsExpression; readonly by: PsExpression }
  | {
      readonly kind: "method";
      readonly of: PsExpression;
      readonly name: string;
      readonly arguments: readonly PsExpression[];
    }
  | { readonly kind: "array"; readonly items: readonly PsExpression[] }
  | { readonly kind: "table"; readonly entries: readonly (readonly [PsExpression, PsExpression])[] }
  | { readonly kind: "count"; readonly of: PsCommand }
  | { readonly kind: "pipeline"; readonly commands: readonly PsCommand[] }
  | {
      readonly kind: "binary";
      readonly left: PsExpression;
      readonly operator: PsOperator;
      readonly right: PsExpression;
    }
  | { readonly kind: "not"; readonly of: PsExpression };

/** Operators in use. */
export type PsOperator = "-eq" | "-ne" | "-lt" | "-and" | "-or" | "-f";

/** A command with named parameters; a parameter without a value is a switch. */
export interface PsCommand {
  readonly command: string;
  readonly parameters: readonly (readonly [name: string, value: PsExpression | null])[];
}

/** One step of a script. */
export type PsStatement =
  | { readonly kind: "comment"; readonly text: string }
  | { readonly kind: "blank" }
  | { readonly kind: "assign"; readonly variable: string; readonly value: PsExpression }
  | { readonly kind: "run"; readonly commands: readonly PsCommand[] }
  | { readonly kind: "throw"; readonly message: PsExpression }
  | { readonly kind: "return" }
  | {
      readonly kind: "if";
      readonly condition: PsExpression;
      readonly then: readonly PsStatement[];
      readonly otherwise: readonly PsStatement[];
    }
  | { readonly kind: "while"; readonly condition: PsExpression; readonly body: readonly PsStatement[] };

/** A parameter of a script. */
export interface PsParameter {
  readonly name: string;
  readonly type: "string" | "hashtable" | "switch";
  /** `null`: a switch, which is off. */
  readonly value: PsExpression | null;
  readonly help: string;
}

/** A whole script. */
export interface PsScript {
  /** For the help comment: our own words, one line. */
  readonly synopsis: string;
  readonly description: readonly string[];
  readonly parameters: readonly PsParameter[];
  readonly body: readonly PsStatement[];
}

/** A string literal. */
export const str = (value: string): PsExpression => ({ kind: "string", value });
/** A number literal. */
export const num = (value: number): PsExpression => ({ kind: "number", value });
/** `$true` or `$false`. */
export const bool = (value: boolean): PsExpression => ({ kind: "constant", name: value ? "true" : "false" });
/** `$null`. */
export const nil: PsExpression = { kind: "constant", name: "null" };
/** `$name`. */
export const ref = (name: string): PsExpression => ({ kind: "variable", name });
/** `$of.name`. */
export const member = (of: PsExpression, name: string): PsExpression => ({ kind: "member", of, name });
/** A comparison, or another operator. */
export const op = (left: PsExpression, operator: PsOperator, right: PsExpression): PsExpression => ({
  kind: "binary",
  left,
  operator,
  right,
});
/** A command. `null` makes a parameter a switch; `undefined` leaves it out. */
export function cmd(
  command: string,
  parameters: Readonly<Record<string, PsExpression | null | undefined>> = {},
): PsCommand {
  const kept: [string, PsExpression | null][] = [];
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) kept.push([name, value]);
  return { command, parameters: kept };
}
/** What commands return, each fed by the one before it. */
export const pipe = (...commands: readonly PsCommand[]): PsExpression => ({ kind: "pipeline", commands });
/** Runs commands for what they do. */
export const run = (...commands: readonly PsCommand[]): PsStatement => ({ kind: "run", commands });
/** `$of.name(arguments)`. */
export const method = (of: PsExpression, name: string, ...args: readonly PsExpression[]): PsExpression => ({
  kind: "method",
  of,
  name,
  arguments: args,
});
/** `-not (value)`. */
export const not = (of: PsExpression): PsExpression => ({ kind: "not", of });
/** `$variable = value`. */
export const assign = (variable: string, value: PsExpression): PsStatement => ({ kind: "assign", variable, value });
/** `if (condition) { then } else { otherwise }`. */
export const when = (
  condition: PsExpression,
  then: readonly PsStatement[],
  otherwise: readonly PsStatement[] = [],
): PsStatement => ({ kind: "if", condition, then, otherwise });
/** A comment of our own words. */
export const remark = (text: string): PsStatement => ({ kind: "comment", text });

/** Ends the script with an error. */
export function fail(text: string, value: PsExpression): PsStatement {
  return { kind: "throw", message: op(str(text), "-f", value) };
}
/** The first of what a command returns whose property has a value. Hyper-V's own -Name takes wildcards. */
export function firstWhere(command: PsCommand, property: string, value: PsExpression): PsExpression {
  return pipe(
    command,
    cmd("Where-Object", { Property: str(property), EQ: null, Value: value }),
    cmd("Select-Object", { First: num(1) }),
  );
}

/** The text of a script, with Windows line ends and no byte order mark. */
export function renderScript(script: PsScript): string {
  const lines = [
    "#Requires -Version 5.1",
    "#Requires -Modules Hyper-V",
    "<#",
    ".SYNOPSIS",
    `    ${helpText(script.synopsis)}`,
    ".DESCRIPTION",
    ...script.description.map((line) => `    ${helpText(line)}`),
    ...script.parameters.flatMap((p) => [`.PARAMETER ${p.name}`, `    ${helpText(p.help)}`]),
    "#>",
    "[CmdletBinding(SupportsShouldProcess = $true)]",
    "param(",
    script.parameters.map(renderParameter).join(",\n"),
    ")",
    "",
    "Set-StrictMode -Version Latest",
    "$ErrorActionPreference = 'Stop'",
    "",
  ];
  for (const statement of script.body) renderStatement(statement, "", lines);
  return `${lines.join("\n")}\n`.replace(/\r\n|\r|\n/g, "\r\n");
}

function renderParameter({ type, name, value }: PsParameter): string {
  return `    [${type}] $${identifier(name)}${value === null ? "" : ` = ${renderExpression(value)}`}`;
}

/** A string literal's text. */
export function quotePs(value: string): string {
  return `'${value.replace(/['\u2018\u2019\u201a\u201b]/g, "$&$&")}'`;
}

function helpText(text: string): string {
  return text.replace(/[\r\n]+/g, " ").replaceAll("#>", "# >");
}

function identifier(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*$/.test(name)) {
    throw new FerryError("internal/bug", `${JSON.stringify(name)} is no name in PowerShell`);
  }
  return name;
}

function renderStatement(statement: PsStatement, indent: string, lines: string[]): void {
  const inner = `${indent}    `;
  switch (statement.kind) {
    case "comment":
      lines.push(`${indent}# ${statement.text.replace(/[\r\n]+/g, " ")}`);
      return;
    case "blank":
      lines.push("");
      return;
    case "assign":
      lines.push(`${indent}$${identifier(statement.variable)} = ${renderExpression(statement.value)}`);
      return;
    case "run":
      lines.push(indent + statement.commands.map(renderCommand).join(" | "));
      return;
    case "throw":
      lines.push(`${indent}throw ${renderExpression(statement.message)}`);
      return;
    case "return":
      lines.push(`${indent}return`);
      return;
    case "if":
      lines.push(`${indent}if (${renderExpression(statement.condition)}) {`);
      for (const s of statement.then) renderStatement(s, inner, lines);
      if (statement.otherwise.length > 0) {
        lines.push(`${indent}} else {`);
        for (const s of statement.otherwise) renderStatement(s, inner, lines);
      }
      lines.push(`${indent}}`);
      return;
    case "while":
      lines.push(`${indent}while (${renderExpression(statement.condition)}) {`);
      for (const s of statement.body) renderStatement(s, inner, lines);
      lines.push(`${indent}}`);
      return;
    default:
      assertNever(statement);
  }
}

function renderCommand(command: PsCommand): string {
  const parts = [identifier(command.command)];
  for (const [name, value] of command.parameters) {
    parts.push(value === null ? `-${identifier(name)}` : `-${identifier(name)} ${renderArgument(value)}`);
  }
  return parts.join(" ");
}

/** A value as an argument of a command: operators need parentheses, which other values have or do without. */
function renderArgument(value: PsExpression): string {
  const text = renderExpression(value);
  return value.kind === "binary" || value.kind === "not" || value.kind === "method" ? `(${text})` : text;
}

/** The text of a value. */
export function renderExpression(value: PsExpression): string {
  switch (value.kind) {
    case "string":
      return quotePs(value.value);
    case "number":
      if (!Number.isSafeInteger(value.value)) throw new FerryError("internal/bug", `${value.value} is no whole number`);
      return String(value.value);
    case "constant":
      return `$${value.name}`;
    case "variable":
      return `$${identifier(value.name)}`;
    case "member":
      return `${renderOperand(value.of)}.${identifier(value.name)}`;
    case "index":
      return `${renderOperand(value.of)}[${renderExpression(value.by)}]`;
    case "method":
      return `${renderOperand(value.of)}.${identifier(value.name)}(${value.arguments.map(renderExpression).join(", ")})`;
    case "array":
      return `@(${value.items.map(renderExpression).join(", ")})`;
    case "table":
      return `@{ ${value.entries.map(([k, v]) => `${renderExpression(k)} = ${renderExpression(v)}`).join("; ")} }`;
    case "count":
      return `@(${renderCommand(value.of)}).Count`;
    case "pipeline":
      return `(${value.commands.map(renderCommand).join(" | ")})`;
    case "binary":
      return `${renderOperand(value.left)} ${value.operator} ${renderOperand(value.right)}`;
    case "not":
      return `-not ${renderOperand(value.of)}`;
    default:
      return assertNever(value);
  }
}

function renderOperand(value: PsExpression): string {
  const text = renderExpression(value);
  return value.kind === "binary" || value.kind === "not" ? `(${text})` : text;
}
