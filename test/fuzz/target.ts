import type { Context } from "../../src/io/context.js";

/** A parser under fuzzing. */
export interface FuzzTarget {
  readonly name: string;
  /** Valid inputs that mutations start from. Small ones find more in the same time. */
  seeds(): Promise<readonly Uint8Array[]>;
  /** Mends what would keep most mutated inputs from getting past the first check: sums over headers. Changes the bytes. */
  repair?(bytes: Uint8Array): void;
  /** Does what the program does with such input. Ends in a value or a `FerryError` of a kind that blames the input. */
  run(bytes: Uint8Array, ctx: Context): Promise<void>;
}

/** What a case may take. */
export const caseLimits: {
  /** A case that takes longer, twice in a row, hangs. Mutated inputs are small: a millisecond is usual. */
  readonly timeoutMs: number;
  /** The heap of the thread. */
  readonly heapMiB: number;
  /** One typed array. The limits that parsers get in fuzzing are all below it. */
  readonly allocationBytes: number;
  /** All typed arrays of a case together, let go or not. */
  readonly totalBytes: number;
} = Object.freeze({ timeoutMs: 2000, heapMiB: 512, allocationBytes: 64 * 2 ** 20, totalBytes: 512 * 2 ** 20 });
