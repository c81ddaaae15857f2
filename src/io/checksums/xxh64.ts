/**
 * XXH64 (xxHash specification 0.1.1, "XXH64 Algorithm Description"), seed 0. Numbers of 64 bits are kept as two halves of 32 in typed
 * arrays: BigInt would make an object of each step.
 */

/** The five primes, low and high halves. */
const P1L = 0x85ebca87 | 0;
const P1H = 0x9e3779b1 | 0;
const P2L = 0x27d4eb4f | 0;
const P2H = 0xc2b2ae3d | 0;
const P3L = 0x9e3779f9 | 0;
const P3H = 0x165667b1 | 0;
const P4L = 0xc2b2ae63 | 0;
const P4H = 0x85ebca77 | 0;
const P5L = 0x165667c5 | 0;
const P5H = 0x27d4eb2f | 0;

/** One 64-bit number. */
interface Word {
  low: number;
  high: number;
}

/** The high half of the product of two unsigned numbers of 32 bits. Everything stays within 32 bits, so that no step becomes a double. */
function mulHigh(a: number, b: number): number {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const middle = (Math.imul(ah, bl) + (Math.imul(al, bl) >>> 16)) | 0;
  const other = (Math.imul(al, bh) + (middle & 0xffff)) | 0;
  return (Math.imul(ah, bh) + (middle >>> 16) + (other >>> 16)) | 0;
}

function multiply(word: Word, low: number, high: number): void {
  const a = word.low;
  word.high = (mulHigh(a, low) + Math.imul(a, high) + Math.imul(word.high, low)) | 0;
  word.low = Math.imul(a, low);
}

function add(word: Word, low: number, high: number): void {
  const sum = (word.low >>> 0) + (low >>> 0);
  word.high = (word.high + high + (sum > 0xffffffff ? 1 : 0)) | 0;
  word.low = sum | 0;
}

function rotate(word: Word, by: number): void {
  const { low, high } = by < 32 ? word : { low: word.high, high: word.low };
  const bits = by % 32;
  if (bits === 0) {
    word.low = low;
    word.high = high;
    return;
  }
  word.low = (low << bits) | (high >>> (32 - bits));
  word.high = (high << bits) | (low >>> (32 - bits));
}

/** One lane: `word = rotl(word + input * P2, 31) * P1`. */
function round(word: Word, low: number, high: number): void {
  add(word, Math.imul(low, P2L), (mulHigh(low, P2L) + Math.imul(low, P2H) + Math.imul(high, P2L)) | 0);
  rotate(word, 31);
  multiply(word, P1L, P1H);
}

/** All rounds of one lane, written out: every 32 bytes from `first` on. One lane after the other keeps its numbers in registers. */
function runLane(word: Word, view: DataView, first: number, end: number): void {
  let { low, high } = word;
  for (let at = first; at < end; at += 32) {
    const inLow = view.getInt32(at, true);
    const inHigh = view.getInt32(at + 4, true);
    const productLow = Math.imul(inLow, P2L);
    const sum = (low + productLow) | 0;
    const carry = sum >>> 0 < productLow >>> 0 ? 1 : 0;
    const top = (high + mulHigh(inLow, P2L) + Math.imul(inLow, P2H) + Math.imul(inHigh, P2L) + carry) | 0;
    const turnedLow = (sum << 31) | (top >>> 1);
    const turnedHigh = (top << 31) | (sum >>> 1);
    low = Math.imul(turnedLow, P1L);
    high = (mulHigh(turnedLow, P1L) + Math.imul(turnedLow, P1H) + Math.imul(turnedHigh, P1L)) | 0;
  }
  word.low = low;
  word.high = high;
}

function mergeRound(hash: Word, lane: Word): void {
  const word = { low: 0, high: 0 };
  round(word, lane.low, lane.high);
  hash.low ^= word.low;
  hash.high ^= word.high;
  multiply(hash, P1L, P1H);
  add(hash, P4L, P4H);
}

function shiftXor(word: Word, by: number): void {
  if (by < 32) {
    word.low ^= (word.low >>> by) | (word.high << (32 - by));
    word.high ^= word.high >>> by;
  } else {
    word.low ^= word.high >>> (by - 32);
  }
}

/** XXH64 of some bytes with seed 0, as the eight bytes of the number, the highest first: what `toHex` prints as one number. */
export function xxh64(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { length } = bytes;
  const hash: Word = { low: P5L, high: P5H };
  let at = 0;
  if (length >= 32) {
    const lanes: readonly [Word, Word, Word, Word] = [
      { low: P1L, high: P1H },
      { low: P2L, high: P2H },
      { low: 0, high: 0 },
      { low: 0, high: 0 },
    ];
    const [a, , , d] = lanes;
    add(a, P2L, P2H);
    add(d, ~P1L, ~P1H);
    add(d, 1, 0);
    at = length - (length % 32);
    for (const [i, lane] of lanes.entries()) runLane(lane, view, 8 * i, at);
    hash.low = 0;
    hash.high = 0;
    for (const [i, by] of [1, 7, 12, 18].entries()) {
      const turned = { ...(lanes[i] as Word) };
      rotate(turned, by);
      add(hash, turned.low, turned.high);
    }
    for (const lane of lanes) mergeRound(hash, lane);
  }
  add(hash, length | 0, Math.floor(length / 2 ** 32));
  for (; at + 8 <= length; at += 8) {
    const word = { low: 0, high: 0 };
    round(word, view.getInt32(at, true), view.getInt32(at + 4, true));
    hash.low ^= word.low;
    hash.high ^= word.high;
    rotate(hash, 27);
    multiply(hash, P1L, P1H);
    add(hash, P4L, P4H);
  }
  if (at + 4 <= length) {
    const word = { low: view.getInt32(at, true), high: 0 };
    multiply(word, P1L, P1H);
    hash.low ^= word.low;
    hash.high ^= word.high;
    rotate(hash, 23);
    multiply(hash, P2L, P2H);
    add(hash, P3L, P3H);
    at += 4;
  }
  for (; at < length; at++) {
    const word = { low: bytes[at] as number, high: 0 };
    multiply(word, P5L, P5H);
    hash.low ^= word.low;
    hash.high ^= word.high;
    rotate(hash, 11);
    multiply(hash, P1L, P1H);
  }
  shiftXor(hash, 33);
  multiply(hash, P2L, P2H);
  shiftXor(hash, 29);
  multiply(hash, P3L, P3H);
  shiftXor(hash, 32);
  const out = new Uint8Array(8);
  const result = new DataView(out.buffer);
  result.setInt32(0, hash.high);
  result.setInt32(4, hash.low);
  return out;
}
