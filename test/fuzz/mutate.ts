/** A small, fast generator of numbers (mulberry32): the same seed gives the same numbers everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, but not with, `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

/** A seed for a case of a target: FNV-1a over its name, so that cases do not move when another target is added. */
export function seedOf(name: string, base: number, index: number): number {
  let hash = 0x811c9dc5;
  for (const char of `${name}/${base}/${index}`) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return hash;
}

/** Numbers that break arithmetic: signs, powers of two and their neighbours, and what a header must not claim. */
const edges = [
  0n,
  1n,
  2n,
  511n,
  512n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  2n ** 32n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

type Mutation = (bytes: Uint8Array, random: Random, seed: Seed) => Uint8Array;

/** A valid input, and what stands where in it. */
interface Seed {
  /** Starts of the blocks of 512 bytes that are not all zeros: disk images are mostly holes. */
  readonly filled: readonly number[];
  readonly others: readonly Uint8Array[];
  /** Where something was changed, in order. */
  readonly touched: number[];
}

const blocksOf = new WeakMap<Uint8Array, readonly number[]>();

function filledBlocks(bytes: Uint8Array): readonly number[] {
  const known = blocksOf.get(bytes);
  if (known !== undefined) return known;
  const filled: number[] = [];
  const zeros = Buffer.alloc(512);
  for (let at = 0; at < bytes.length; at += 512) {
    const block = bytes.subarray(at, at + 512);
    if (zeros.compare(block, 0, block.length, 0, block.length) !== 0) filled.push(at);
  }
  if (filled.length === 0) filled.push(0);
  blocksOf.set(bytes, filled);
  return filled;
}

/** Inputs above this keep their size in most mutations, and move bytes within this window: moving the whole takes too long. */
const WINDOW = 65_536;

/** `bytes` with `[at, at + removed)` replaced. */
function splice(bytes: Uint8Array, at: number, removed: number, inserted: Uint8Array, random: Random): Uint8Array {
  if (bytes.length <= 4 * WINDOW || random.below(16) === 0) {
    return join(bytes.subarray(0, at), inserted, bytes.subarray(at + removed));
  }
  const window = bytes.subarray(at, at + WINDOW);
  const after = window.slice(removed);
  window.set(inserted.subarray(0, window.length));
  if (inserted.length < window.length) window.set(after.subarray(0, window.length - inserted.length), inserted.length);
  return bytes;
}

/** A position: structures stand at the ends and where bytes are not zero, so these are tried more often. */
function place(bytes: Uint8Array, random: Random, seed: Seed): number {
  const at = choose(bytes, random, seed);
  seed.touched.push(at);
  return at;
}

function choose(bytes: Uint8Array, random: Random, seed: Seed): number {
  const { length } = bytes;
  switch (random.below(4)) {
    case 0:
      return random.below(Math.min(length, 4096));
    case 1:
      return length - 1 - random.below(Math.min(length, 2048));
    default:
      return Math.min(length - 1, random.pick(seed.filled) + random.below(512));
  }
}

/** A run of bytes of one class around a place: digits, or what stands between quotes. */
function runAround(bytes: Uint8Array, at: number, inside: (byte: number) => boolean): [start: number, end: number] {
  let start = at;
  while (start > 0 && at - start < 256 && inside(bytes[start - 1] ?? 0)) start--;
  let end = at;
  while (end < bytes.length && end - at < 256 && inside(bytes[end] ?? 0)) end++;
  return [start, end];
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isQuote = (byte: number): boolean => byte === 0x22 || byte === 0x27;
/** What a number or a name in a text must not be trusted with. */
const words = [
  "",
  "0",
  "-1",
  "1e9",
  "4294967296",
  "9007199254740993",
  "99999999999999999999",
  "../../x",
  "/etc/passwd",
  "file:///etc/passwd",
  "a".repeat(5000),
  "%00",
  "\u202e",
];

function replaceRun(bytes: Uint8Array, [start, end]: readonly [number, number], random: Random): Uint8Array {
  return splice(bytes, start, end - start, new TextEncoder().encode(random.pick(words)), random);
}

const mutations: readonly Mutation[] = [
  function flipBit(bytes, random, seed) {
    const at = place(bytes, random, seed);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return bytes;
  },
  function setByte(bytes, random, seed) {
    bytes[place(bytes, random, seed)] = random.pick([
      0,
      1,
      0x0a,
      0x20,
      0x22,
      0x2f,
      0x3c,
      0x7f,
      0x80,
      0xff,
      random.below(256),
    ]);
    return bytes;
  },
  function setNumber(bytes, random, seed) {
    const size = random.pick([2, 4, 8]);
    if (bytes.length < size) return bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const at = Math.min(place(bytes, random, seed), bytes.length - size);
    // Structures align their fields; the places between are tried by the other mutations.
    const aligned = at - (at % size);
    const littleEndian = random.below(2) === 0;
    const value = BigInt.asUintN(8 * size, random.pick(edges) + BigInt(random.pick([0, 0, 1, -1])));
    if (size === 2) view.setUint16(aligned, Number(value), littleEndian);
    else if (size === 4) view.setUint32(aligned, Number(value), littleEndian);
    else view.setBigUint64(aligned, value, littleEndian);
    return bytes;
  },
  function nudgeNumber(bytes, random, seed) {
    if (bytes.length < 4) return bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const at = Math.min(place(bytes, random, seed), bytes.length - 4);
    const littleEndian = random.below(2) === 0;
    view.setUint32(at, view.getUint32(at, littleEndian) + random.pick([-1, 1, 2, -512, 512]), littleEndian);
    return bytes;
  },
  function truncate(bytes, random) {
    return bytes.subarray(
      0,
      random.below(2) === 0
        ? random.below(bytes.length)
        : bytes.length - 1 - random.below(Math.min(bytes.length, 1024)),
    );
  },
  function remove(bytes, random, seed) {
    const at = place(bytes, random, seed);
    return splice(bytes, at, 1 + random.below(random.pick([4, 64, 1024])), new Uint8Array(0), random);
  },
  function repeat(bytes, random, seed) {
    const at = place(bytes, random, seed);
    const piece = bytes.subarray(at, at + 1 + random.below(random.pick([4, 64, 1024])));
    const times = Array.from({ length: 1 + random.below(8) }, () => piece);
    return splice(bytes, at, 0, join(...times), random);
  },
  function overwrite(bytes, random, seed) {
    const other = random.pick(seed.others);
    const from = random.below(other.length);
    const piece = other.subarray(from, from + 1 + random.below(random.pick([16, 512])));
    const to = place(bytes, random, seed);
    bytes.set(piece.subarray(0, bytes.length - to), to);
    return bytes;
  },
  function replaceNumberText(bytes, random, seed) {
    const from = place(bytes, random, seed);
    const found = bytes.subarray(from, from + 4096).findIndex(isDigit);
    return found < 0 ? bytes : replaceRun(bytes, runAround(bytes, from + found, isDigit), random);
  },
  function replaceQuoted(bytes, random, seed) {
    const from = place(bytes, random, seed);
    const found = bytes.subarray(from, from + 4096).findIndex(isQuote);
    return found < 0
      ? bytes
      : replaceRun(
          bytes,
          runAround(bytes, from + found + 1, (byte) => !isQuote(byte)),
          random,
        );
  },
  function copyLine(bytes, random, seed) {
    const [start, end] = runAround(bytes, place(bytes, random, seed), (byte) => byte !== 0x0a);
    const at = runAround(bytes, place(bytes, random, seed), (byte) => byte !== 0x0a)[0];
    return splice(bytes, at, 0, bytes.slice(start, end + 1), random);
  },
  function insertText(bytes, random, seed) {
    const at = place(bytes, random, seed);
    const text = random.pick([
      "../",
      "/etc/passwd",
      "\u0000",
      "%n",
      "]]>",
      "<a>",
      "&x;",
      "<!DOCTYPE a [",
      "'",
      '"',
      "99999999999999999999",
      "-1",
      "\r\n",
    ]);
    return splice(bytes, at, 0, new TextEncoder().encode(text), random);
  },
];

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** A copy of a seed that is changed by one case after another. */
interface Copy {
  readonly bytes: Uint8Array;
  touched: readonly number[];
}

/**
 * Makes mutated inputs of one target. An input is valid until the next is made: large images are mended where the last case has
 * changed them, for copying them would be most of the work.
 */
export class Mutator {
  readonly #seeds: readonly Uint8Array[];
  readonly #repair: ((bytes: Uint8Array) => void) | undefined;
  readonly #copies = new Map<Uint8Array, Copy>();

  /** `repair`: as in `FuzzTarget`; it changes nothing but what is filled in a seed, and what stands around changed places. */
  constructor(seeds: readonly Uint8Array[], repair: ((bytes: Uint8Array) => void) | undefined) {
    this.#seeds = seeds;
    this.#repair = repair;
  }

  /** A seed with one to six changes, mended in seven of eight cases. The same numbers give the same bytes. */
  input(random: Random): Uint8Array {
    const original = random.pick(this.#seeds);
    const seed: Seed = { filled: filledBlocks(original), others: this.#seeds, touched: [] };
    const copy = this.#fresh(original);
    copy.touched = seed.touched;
    let bytes = copy.bytes;
    const count = 1 + random.below(random.pick([1, 2, 6]));
    for (let i = 0; i < count && bytes.length > 1; i++) bytes = random.pick(mutations)(bytes, random, seed);
    if (random.below(8) > 0) this.#repair?.(bytes);
    return bytes;
  }

  /** A case of a target: the seeds as they are come first, so that a change which breaks them is seen. */
  case(target: string, base: number, index: number): Uint8Array {
    return this.#seeds[index] ?? this.input(new Random(seedOf(target, base, index)));
  }

  #fresh(original: Uint8Array): Copy {
    const known = this.#copies.get(original);
    if (known === undefined) {
      const copy = { bytes: original.slice(), touched: [] };
      this.#copies.set(original, copy);
      return copy;
    }
    const { bytes, touched } = known;
    for (const at of touched) {
      const [from, to] = [Math.max(0, at - REACH.before), at + REACH.after];
      // A place in an input that had grown lies past the end of the copy.
      if (from < bytes.length) bytes.set(original.subarray(from, to), from);
    }
    for (const at of filledBlocks(original)) bytes.set(original.subarray(at, at + 512), at);
    return known;
  }
}

/** How far a change reaches from the place that was chosen for it. */
const REACH = { before: 512, after: WINDOW + 8192 } as const;

/** One mutated input. The same arguments give the same bytes. */
export function mutate(
  seeds: readonly Uint8Array[],
  random: Random,
  repair: ((bytes: Uint8Array) => void) | undefined,
): Uint8Array {
  return new Mutator(seeds, repair).input(random);
}
