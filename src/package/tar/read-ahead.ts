import type { ByteSource } from "../../io/source.js";

const FIRST = 64 * 1024;
const LEAST = 4 * 1024;

/**
 * Reads small pieces of a source in rising order with few requests: each read takes some bytes more than was asked
 * for. Where members are small the next headers are among them; where they are large that is wasted, so the extra
 * halves with every piece that was not, and doubles again with every one that was.
 */
export function readAhead(
  source: ByteSource,
): (offset: number, length: number, signal: AbortSignal) => Promise<Uint8Array> {
  let start = 0;
  let held = new Uint8Array();
  let amount = FIRST;
  let used = false;
  return async (offset, length, signal) => {
    if (offset >= start && offset + length <= start + held.length) {
      used = true;
      return held.subarray(offset - start, offset - start + length);
    }
    if (held.length > 0) amount = used ? Math.min(FIRST, amount * 2) : Math.max(LEAST, amount / 2);
    used = false;
    start = offset;
    held = (await source.read(offset, Math.max(length, Math.min(amount, source.size - offset)), signal)) as typeof held;
    return held.subarray(0, length);
  };
}
