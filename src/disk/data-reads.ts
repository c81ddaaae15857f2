import { isZero } from "../base/bytes.js";
import { memorySource } from "../io/sources/memory.js";
import type { ReadOp } from "./model.js";
import { plainRead } from "./pieces.js";
import { PLAIN_UNIT } from "./plain.js";

/**
 * Reads of plain guest bytes that have arrived: of everything but zeros, 64 KiB at a time.
 * @param offset where they lie in the guest's disk
 */
export function* dataReads(bytes: Uint8Array, offset: number, label: string): Iterable<ReadOp> {
  const source = memorySource(bytes, label);
  let start = -1;
  for (let at = 0; at < bytes.length; at += PLAIN_UNIT) {
    const zero = isZero(bytes.subarray(at, at + PLAIN_UNIT));
    if (!zero && start < 0) start = at;
    if (zero && start >= 0) {
      yield plainRead(source, start, offset + start, at - start);
      start = -1;
    }
  }
  if (start >= 0) yield plainRead(source, start, offset + start, bytes.length - start);
}
