/** The largest prime below 2^16 (RFC 1950, section 9). */
const BASE = 65_521;
/** Bytes after which the sums are reduced: both stay below 2^31 until then. */
const BLOCK = 3840;

/** The Adler-32 of some bytes, which ends a zlib stream. */
export function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  const { length } = bytes;
  for (let from = 0; from < length; from += BLOCK) {
    const end = Math.min(from + BLOCK, length);
    let i = from;
    for (; i + 8 <= end; i += 8) {
      a += bytes[i] as number;
      b += a;
      a += bytes[i + 1] as number;
      b += a;
      a += bytes[i + 2] as number;
      b += a;
      a += bytes[i + 3] as number;
      b += a;
      a += bytes[i + 4] as number;
      b += a;
      a += bytes[i + 5] as number;
      b += a;
      a += bytes[i + 6] as number;
      b += a;
      a += bytes[i + 7] as number;
      b += a;
    }
    for (; i < end; i++) {
      a += bytes[i] as number;
      b += a;
    }
    a %= BASE;
    b %= BASE;
  }
  return b * 65_536 + a;
}
