import { parseQualifiers, type Qualifier } from "./qualifiers.js";
import { type PropertyType, parsePropertyType } from "./types.js";

/** What is wrong with a value. */
export type ValueProblem =
  | { readonly problem: "type"; readonly why: string }
  | { readonly problem: "qualifier"; readonly qualifier: string; readonly why: string };

/**
 * Whether a value fits the type and the qualifiers of its property (DSP0243 9.5.1). Types and qualifiers that are not known, or cannot be
 * read, are not held against the value. Expressions that a platform works out (`${...}`) fit.
 */
export function checkValue(type: string, qualifiers: string | null, value: string): readonly ValueProblem[] {
  if (/^\s*\$\{[^}]*\}\s*$/.test(value)) return [];
  const written = parsePropertyType(type);
  const problems: ValueProblem[] = [];
  const why = written === null ? null : typeProblem(written.type, value);
  if (why !== null) problems.push({ problem: "type", why });
  for (const qualifier of (qualifiers === null ? null : parseQualifiers(qualifiers)) ?? []) {
    const broken = qualifierProblem(qualifier, value);
    if (broken !== null) problems.push({ problem: "qualifier", qualifier: qualifier.name, why: broken });
  }
  return problems;
}

function typeProblem(type: PropertyType, value: string): string | null {
  switch (type.kind) {
    case "string": {
      const { lengths, choices } = type;
      const length = characters(value);
      if (lengths !== null && (length < lengths.min || length > lengths.max)) return `it has ${length} characters`;
      return choices === null || choices.includes(value) ? null : "it is none of the values of its type";
    }
    case "integer": {
      const number = integer(value);
      if (number === null) return "it is no whole number";
      return number < type.min || number > type.max ? `it is not from ${type.min} to ${type.max}` : null;
    }
    case "real": {
      const number = real(value);
      if (number === null) return "it is no number";
      return number < type.min || number > type.max ? "it is out of the range of its type" : null;
    }
    case "boolean":
      // MOF writes TRUE, scripting languages True, XML true or 1.
      return /^(true|false|1|0)$/i.test(value.trim()) ? null : "it is neither true nor false";
    case "ip":
      return isAddress(value.trim()) ? null : "it is no IP address";
    case "expression":
      return null;
  }
}

function qualifierProblem({ name, values }: Qualifier, value: string): string | null {
  const [argument = ""] = values ?? [];
  switch (name.toLowerCase()) {
    case "minlen":
      return characters(value) < Number(argument) ? `it has ${characters(value)} characters` : null;
    case "maxlen":
      return characters(value) > Number(argument) ? `it has ${characters(value)} characters` : null;
    case "minvalue": {
      const [limit, number] = [real(argument), real(value)];
      return limit !== null && number !== null && number < limit ? `it is less than ${argument}` : null;
    }
    case "maxvalue": {
      const [limit, number] = [real(argument), real(value)];
      return limit !== null && number !== null && number > limit ? `it is more than ${argument}` : null;
    }
    case "valuemap":
      return (values ?? []).some((allowed) => allows(allowed, value)) ? null : "it is none of the values of its map";
    default:
      return null;
  }
}

/** A value of a map, or for numbers a range of them: `1..5`, `..5`, `5..` (DSP0004 5.6.3.57). */
function allows(allowed: string, value: string): boolean {
  if (allowed === value) return true;
  const number = integer(value);
  if (number === null) return false;
  const [, from, to] = /^(-?[0-9]{1,20})?\.\.(-?[0-9]{1,20})?$/.exec(allowed) ?? [];
  if (from === undefined && to === undefined) return integer(allowed) === number;
  return (from === undefined || number >= BigInt(from)) && (to === undefined || number <= BigInt(to));
}

/** Characters as people count them, near enough: code points. */
function characters(value: string): number {
  let count = 0;
  for (const _ of value) count++;
  return count;
}

function integer(text: string): bigint | null {
  const trimmed = text.trim();
  if (/^[+-]?[0-9]{1,30}$/.test(trimmed)) return BigInt(trimmed.replace(/^\+/, ""));
  return /^0x[0-9a-f]{1,16}$/i.test(trimmed) ? BigInt(trimmed) : null;
}

function real(text: string): number | null {
  return /^\s*[+-]?([0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(e[+-]?[0-9]{1,4})?\s*$/i.test(text)
    ? Number(text)
    : null;
}

function isAddress(text: string): boolean {
  const parts = text.split(".");
  if (parts.length === 4) return parts.every((part) => /^[0-9]{1,3}$/.test(part) && Number(part) <= 255);
  if (!/^[0-9a-f:]{2,39}$/i.test(text)) return false;
  const groups = text.split(":");
  const filled = groups.filter((group) => group !== "").length;
  const double = text.includes("::");
  if (groups.some((group) => group.length > 4) || text.indexOf("::") !== text.lastIndexOf("::")) return false;
  return double ? filled <= 7 : groups.length === 8 && filled === 8;
}
