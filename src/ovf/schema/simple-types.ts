import { type BuiltinType, compareWhole, normalizeSpace } from "./builtin-types.js";
import type { Facets } from "./notation-reader.js";

/** A type of text: built in, narrowed by facets, or one of several. */
export interface SimpleType {
  readonly kind: "simple";
  /** As documents name it: `xs:byte`; `null` for one that only an element or attribute has. */
  readonly name: string | null;
  readonly base: SimpleType | null;
  readonly builtin: BuiltinType;
  readonly facets: Facets | null;
  /** A union's. */
  readonly members: readonly SimpleType[] | null;
  /** Every text is a value, so that it need not be read. */
  readonly free: boolean;
}

/** Whether a text is a value of a type. */
export function isValue(type: SimpleType, text: string): boolean {
  if (type.free) return true;
  if (type.members !== null) return type.members.some((member) => isValue(member, text));
  const value = normalizeSpace(text, type.builtin.space);
  if (!type.builtin.accepts(value)) return false;
  for (let at: SimpleType | null = type; at !== null; at = at.base) {
    if (at.members !== null && !isValue(at, text)) return false;
    if (at.facets !== null && !meets(at.facets, value, at.builtin)) return false;
  }
  return true;
}

function meets({ least, most, longest, values }: Facets, value: string, builtin: BuiltinType): boolean {
  if (least !== undefined && compareWhole(value, least) < 0) return false;
  if (most !== undefined && compareWhole(value, most) > 0) return false;
  if (longest !== undefined && value.length > longest && [...value].length > longest) return false;
  if (values === undefined) return true;
  return values.some((listed) => (builtin.whole ? compareWhole(value, listed) === 0 : value === listed));
}

/** What a type takes, in words: `a whole number from 0 to 65535`, `true or false`. */
export function describeSimpleType(type: SimpleType): string {
  const ranges = wholeRanges(type);
  if (ranges !== null) return `a whole number ${joinWords(mergeRanges(ranges).map(describeRange))}`;
  if (type.members !== null) return joinWords(type.members.map(describeSimpleType));
  for (let at: SimpleType | null = type; at !== null; at = at.base) {
    if (at.facets?.values !== undefined)
      return joinWords(at.facets.values.map((value) => (value === "" ? "nothing" : value)));
    if (at.facets?.longest !== undefined) return `at most ${at.facets.longest} characters`;
  }
  return type.builtin.words;
}

/** `a, b or c` */
export function joinWords(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

type Range = readonly [least: number, most: number];

/** A type of small whole numbers as ranges; `null` for every other one. */
function wholeRanges(type: SimpleType): Range[] | null {
  if (type.members !== null) {
    const all = type.members.map(wholeRanges);
    return all.every((ranges) => ranges !== null) ? all.flat() : null;
  }
  if (!type.builtin.whole || type.facets === null) return null;
  const { least, most, values } = type.facets;
  if (values !== undefined) return values.map((value) => [Number(value), Number(value)]);
  const limits: Readonly<Record<string, number>> = { unsignedShort: 65535, unsignedByte: 255 };
  const end = most === undefined ? limits[type.builtin.name] : Number(most);
  return end === undefined ? null : [[Number(least ?? 0), end]];
}

function mergeRanges(ranges: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && range[0] <= last[1] + 1)
      merged[merged.length - 1] = [last[0], Math.max(last[1], range[1])];
    else merged.push(range);
  }
  return merged;
}

function describeRange([least, most]: Range): string {
  return least === most ? `${least}` : `from ${least} to ${most}`;
}
