import type { ByteRange } from "../base/bytes.js";
import type { Context } from "../io/context.js";
import { differences } from "./difference.js";
import type { VirtualDisk } from "./model.js";

/** Ranges that are listed; of more the rest is counted. */
const LISTED = 1000;

/** Where two disks differ, by what the guest reads. */
export interface ChangedRanges {
  /** Capacities. */
  readonly sizes: readonly [a: number, b: number];
  /** Guest bytes in blocks of 4096 that differ; the last block of a disk may be shorter. */
  readonly changedBytes: number;
  /** How many ranges those are. */
  readonly count: number;
  /** The first thousand of them, in order, with room between them. */
  readonly ranges: readonly ByteRange[];
  /** Guest bytes that were read on one side at least; holes are not. */
  readonly comparedBytes: number;
}

/**
 * Compares two disks all through. What neither holds data for is not read, packed units that are stored alike are not unpacked, and past its end a
 * disk is zeros. Memory does not grow with the number of changes.
 * @throws `io/changed` where a source changed meanwhile, and what reading throws
 */
export async function changedRanges(a: VirtualDisk, b: VirtualDisk, ctx: Context): Promise<ChangedRanges> {
  const ranges: ByteRange[] = [];
  let open: ByteRange | null = null;
  let [changedBytes, count, comparedBytes] = [0, 0, 0];
  const size = Math.max(a.info.size, b.info.size);
  await differences(a, b, size, ctx, {
    compared(length) {
      comparedBytes += length;
    },
    unit(offset, length) {
      changedBytes += length;
      if (open !== null && open.offset + open.length === offset) {
        open = { offset: open.offset, length: open.length + length };
        if (count <= LISTED) ranges[ranges.length - 1] = open;
        return;
      }
      open = { offset, length };
      count++;
      if (count <= LISTED) ranges.push(open);
    },
  });
  return { sizes: [a.info.size, b.info.size], changedBytes, count, ranges, comparedBytes };
}
