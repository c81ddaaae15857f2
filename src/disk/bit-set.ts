import { FerryError } from "../base/errors.js";
import type { Limits } from "../base/limits.js";

/** A set of numbers from 0 up to a size, a bit each. */
export interface BitSet {
  has(index: number): boolean;
  add(index: number): void;
}

/**
 * A set for `size` numbers, for marking parts of a file.
 * @param what what is marked, for the message
 * @throws `io/limit` where it would take more than `limits.tableBytes`
 */
export function bitSet(size: number, what: string, limits: Limits): BitSet {
  const bytes = Math.ceil(size / 8);
  if (bytes > limits.tableBytes) {
    throw new FerryError("io/limit", `marking ${size} ${what} would take ${bytes} bytes`, {
      hint: "The image is damaged or hostile; raise the limit tableBytes if it is trusted.",
    });
  }
  const bits = new Uint8Array(bytes);
  return {
    // The index within a byte fits 32 bits: operators on bits are right here.
    has: (index) => ((bits[Math.floor(index / 8)] as number) & (1 << (index % 8))) !== 0,
    add(index): void {
      const at = Math.floor(index / 8);
      bits[at] = (bits[at] as number) | (1 << (index % 8));
    },
  };
}
