/** What values a property may have, by its `ovf:type` (DSP0243 9.5.1, table of types). */
export type PropertyType =
  | { readonly kind: "string"; readonly lengths: LengthRange | null; readonly choices: readonly string[] | null }
  | { readonly kind: "integer"; readonly min: bigint; readonly max: bigint }
  | { readonly kind: "real"; readonly min: number; readonly max: number }
  | { readonly kind: "boolean" }
  /** An IPv4 or IPv6 address (VMware). */
  | { readonly kind: "ip" }
  /** A value that the platform makes when it deploys (VMware). */
  | { readonly kind: "expression" };

/** Lengths in characters, both inclusive. */
export interface LengthRange {
  readonly min: number;
  readonly max: number;
}

/** A type as it is written. */
export interface WrittenType {
  readonly type: PropertyType;
  /** Whether the standard has it, spelled so. Others are read, and never written. */
  readonly standard: boolean;
}

const REAL32_MAX = 3.4028234663852886e38;

/** The types of the standard. */
const STANDARD: ReadonlyMap<string, PropertyType> = new Map<string, PropertyType>([
  ...[8, 16, 32, 64].flatMap((bits): [string, PropertyType][] => [
    [`uint${bits}`, { kind: "integer", min: 0n, max: 2n ** BigInt(bits) - 1n }],
    [`sint${bits}`, { kind: "integer", min: -(2n ** BigInt(bits - 1)), max: 2n ** BigInt(bits - 1) - 1n }],
  ]),
  ["string", { kind: "string", lengths: null, choices: null }],
  ["boolean", { kind: "boolean" }],
  ["real32", { kind: "real", min: -REAL32_MAX, max: REAL32_MAX }],
  ["real64", { kind: "real", min: -Number.MAX_VALUE, max: Number.MAX_VALUE }],
]);

/** What other writers mean: VMware's own types, and words of programming languages. */
const OTHERS: ReadonlyMap<string, PropertyType> = new Map<string, PropertyType>([
  ["int", { kind: "integer", min: -(2n ** 31n), max: 2n ** 31n - 1n }],
  ["integer", { kind: "integer", min: -(2n ** 63n), max: 2n ** 63n - 1n }],
  ["bool", { kind: "boolean" }],
  ["real", { kind: "real", min: -Number.MAX_VALUE, max: Number.MAX_VALUE }],
  ["password", { kind: "string", lengths: null, choices: null }],
  ["ip", { kind: "ip" }],
  ["expression", { kind: "expression" }],
]);

/**
 * Reads a type. Beside those of the standard: other spellings of them (`String`, `int`), and the types that VMware shows users:
 * `int(1..10)`, `string(..8)`, `string["a", "b"]`, `password(8..)`, `ip:Network`. `null` for what is none.
 */
export function parsePropertyType(text: string): WrittenType | null {
  const written = text.trim();
  const exact = STANDARD.get(written);
  if (exact !== undefined) return { type: exact, standard: true };
  const [, word = "", rest = ""] = /^([A-Za-z0-9]{1,20})\s*(.*)$/s.exec(written) ?? [];
  const lower = word.toLowerCase();
  const plain = STANDARD.get(lower) ?? OTHERS.get(lower);
  if (plain === undefined) return null;
  const type = rest === "" ? plain : limited(plain, rest);
  return type === null ? null : { type, standard: false };
}

function limited(plain: PropertyType, rest: string): PropertyType | null {
  if (plain.kind === "ip") return rest.startsWith(":") ? plain : null;
  if (plain.kind === "string" && rest.startsWith("[") && rest.endsWith("]")) {
    const choices = rest.slice(1, -1).split(",");
    return { ...plain, choices: choices.map((choice) => choice.trim().replace(/^(["'])(.*)\1$/s, "$2")) };
  }
  const [, from, to] = /^\(\s*(-?[0-9.]*?)\s*\.\.\s*(-?[0-9.]*)\s*\)$/.exec(rest) ?? [];
  if (from === undefined || to === undefined) return null;
  if (plain.kind === "real") {
    const [min, max] = [from === "" ? plain.min : Number(from), to === "" ? plain.max : Number(to)];
    return Number.isNaN(min) || Number.isNaN(max) ? null : { ...plain, min, max };
  }
  if (!/^(-?[0-9]{1,20})?$/.test(from) || !/^(-?[0-9]{1,20})?$/.test(to)) return null;
  if (plain.kind === "string") {
    return { ...plain, lengths: { min: Number(from), max: to === "" ? Number.POSITIVE_INFINITY : Number(to) } };
  }
  if (plain.kind !== "integer") return null;
  return { ...plain, min: from === "" ? plain.min : BigInt(from), max: to === "" ? plain.max : BigInt(to) };
}
