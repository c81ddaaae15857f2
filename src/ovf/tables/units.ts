/** What a quantity is counted in. */
export interface Unit {
  readonly base: "byte" | "bit" | "hertz" | "count" | "percent" | "second";
  /** One unit is `numerator / denominator` of its base. */
  readonly numerator: bigint;
  readonly denominator: bigint;
  /** Whether DSP0004 spells it so. Others are read, and never written. */
  readonly standard: boolean;
}

/** Words that stand for a whole unit. Lower-case singular names are DSP0004's; all others are the powers of 1024 that writers meant. */
const WORDS: ReadonlyMap<string, readonly [base: Unit["base"], factor: bigint]> = new Map<
  string,
  readonly [base: Unit["base"], factor: bigint]
>(
  Object.entries({
    kilobyte: ["byte", 1000n],
    megabyte: ["byte", 1000n ** 2n],
    gigabyte: ["byte", 1000n ** 3n],
    terabyte: ["byte", 1000n ** 4n],
    kibibyte: ["byte", 2n ** 10n],
    mebibyte: ["byte", 2n ** 20n],
    gibibyte: ["byte", 2n ** 30n],
    tebibyte: ["byte", 2n ** 40n],
    kilohertz: ["hertz", 1000n],
    megahertz: ["hertz", 1000n ** 2n],
    gigahertz: ["hertz", 1000n ** 3n],
  }),
);

const LEGACY: ReadonlyMap<string, readonly [base: Unit["base"], factor: bigint]> = new Map<
  string,
  readonly [base: Unit["base"], factor: bigint]
>(
  Object.entries({
    b: ["byte", 1n],
    bytes: ["byte", 1n],
    kb: ["byte", 2n ** 10n],
    kib: ["byte", 2n ** 10n],
    kilobytes: ["byte", 2n ** 10n],
    kibibytes: ["byte", 2n ** 10n],
    mb: ["byte", 2n ** 20n],
    mib: ["byte", 2n ** 20n],
    megabytes: ["byte", 2n ** 20n],
    mebibytes: ["byte", 2n ** 20n],
    gb: ["byte", 2n ** 30n],
    gib: ["byte", 2n ** 30n],
    gigabytes: ["byte", 2n ** 30n],
    gibibytes: ["byte", 2n ** 30n],
    tb: ["byte", 2n ** 40n],
    tib: ["byte", 2n ** 40n],
    terabytes: ["byte", 2n ** 40n],
    tebibytes: ["byte", 2n ** 40n],
    hz: ["hertz", 1n],
    khz: ["hertz", 1000n],
    mhz: ["hertz", 1000n ** 2n],
    ghz: ["hertz", 1000n ** 3n],
  }),
);

const BASES: readonly Unit["base"][] = ["byte", "bit", "hertz", "count", "percent", "second"];

/** Exponents beyond these name no size: 2^63 and 10^18 are the largest in use. */
const MAX_EXPONENT = 128;

/**
 * A programmatic unit (DSP0004, annex C), in every spelling that writers use: `byte * 2^20`, `byte*2 ^ 20`, `byte*1024*1024`,
 * `hertz * 10^6`, `MegaBytes`, `MB`, `bytes`. `null` for what is none.
 */
export function parseUnit(text: string): Unit | null {
  const trimmed = text.trim();
  if (trimmed.length > 200) return null;
  const [head = "", ...rest] = trimmed.split(/\s*([*/])\s*/);
  const word = head.trim();
  const base = unitWord(word);
  if (base === null) return null;
  let { numerator, denominator, standard } = base;
  const powers: string[] = [];
  for (let i = 0; i < rest.length; i += 2) {
    const term = /^([0-9]{1,20})(?:\s*\^\s*([+-]?[0-9]{1,3}))?$/.exec(rest[i + 1]?.trim() ?? "");
    if (term === null) return null;
    const exponent = term[2] === undefined ? 1 : Number(term[2]);
    const value = BigInt(term[1] ?? "1");
    if (value === 0n || Math.abs(exponent) > MAX_EXPONENT || powers.length >= 8) return null;
    const factor = value ** BigInt(Math.abs(exponent));
    if ((rest[i] === "*") === exponent >= 0) numerator *= factor;
    else denominator *= factor;
    powers.push(term[2] === undefined ? "number" : "power");
  }
  // At most one plain and one power modifier, in that order.
  if (!["", "number", "power", "number power"].includes(powers.join(" "))) standard = false;
  return { base: base.base, numerator, denominator, standard };
}

function unitWord(word: string): Unit | null {
  const lower = word.toLowerCase();
  const plain = BASES.find((base) => base === lower);
  if (plain !== undefined) return { base: plain, numerator: 1n, denominator: 1n, standard: word === plain };
  const exact = WORDS.get(word);
  if (exact !== undefined) return { base: exact[0], numerator: exact[1], denominator: 1n, standard: true };
  const legacy = LEGACY.get(lower) ?? LEGACY.get(`${lower}s`) ?? WORDS.get(lower);
  return legacy === undefined ? null : { base: legacy[0], numerator: legacy[1], denominator: 1n, standard: false };
}

/** A quantity in base units. `null`: no whole number, negative, or more than 2^53 - 1. */
export function scaleQuantity(quantity: string, unit: Unit): number | null {
  const digits = /^\+?([0-9]{1,30})(?:\.0*)?$/.exec(quantity.trim())?.[1];
  if (digits === undefined) return null;
  const scaled = BigInt(digits) * unit.numerator;
  if (scaled % unit.denominator !== 0n) return null;
  const value = scaled / unit.denominator;
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(value);
}

/** Plain bytes: what a capacity without a unit is counted in. */
export const BYTE: Unit = { base: "byte", numerator: 1n, denominator: 1n, standard: true };
/** 2^20 bytes. */
export const MEBIBYTE: Unit = { base: "byte", numerator: 2n ** 20n, denominator: 1n, standard: true };
