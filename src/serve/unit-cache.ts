/** Pieces of a guest's disk as they were unpacked last: whoever serves a disk is asked for the same units again and again. */
import type { ByteRange } from "../base/bytes.js";
import type { VirtualDisk } from "../disk/model.js";
import { readGuest } from "../disk/read.js";
import type { Context } from "../io/context.js";

/** How much is kept. */
export interface UnitCacheOptions {
  /** Guest bytes of one piece; a power of two. At least the disk's unit, so that nothing is unpacked twice for one piece. */
  readonly pieceBytes?: number;
  /** The most that is kept. */
  readonly mostBytes?: number;
}

/** A disk behind a cache. Reads of the same piece at the same time share one reading. */
export interface UnitCache {
  readonly size: number;
  /** Guest bytes. Past the end of the disk nothing is read: the range has to lie inside. */
  read(range: ByteRange): Promise<Uint8Array>;
  /** Pieces that were read from the disk so far. */
  readonly misses: number;
}

const PIECE = 128 * 1024;
const LARGEST_PIECE = 2 * 1024 * 1024;
const MOST = 64 * 1024 * 1024;

/** Puts a cache before a disk, which stays its owner's. */
export function createUnitCache(disk: VirtualDisk, ctx: Context, options: UnitCacheOptions = {}): UnitCache {
  const { size, blockSize } = disk.info;
  const piece = options.pieceBytes ?? Math.min(LARGEST_PIECE, Math.max(PIECE, blockSize));
  const most = Math.max(1, Math.floor((options.mostBytes ?? MOST) / piece));
  // In the order of their last use: a Map keeps that of insertion.
  const kept = new Map<number, Promise<Uint8Array>>();
  let misses = 0;

  function pieceAt(index: number): Promise<Uint8Array> {
    const known = kept.get(index);
    if (known !== undefined) {
      kept.delete(index);
      kept.set(index, known);
      return known;
    }
    misses++;
    const offset = index * piece;
    const reading = readGuest(disk, { offset, length: Math.min(piece, size - offset) }, ctx);
    kept.set(index, reading);
    // What failed is tried again.
    reading.catch(() => {
      if (kept.get(index) === reading) kept.delete(index);
    });
    for (const old of kept.keys()) {
      if (kept.size <= most) break;
      kept.delete(old);
    }
    return reading;
  }

  return {
    size,
    get misses(): number {
      return misses;
    },
    async read({ offset, length }): Promise<Uint8Array> {
      const first = Math.floor(offset / piece);
      const last = Math.floor((offset + Math.max(1, length) - 1) / piece);
      if (first === last) {
        const whole = await pieceAt(first);
        return whole.subarray(offset - first * piece, offset - first * piece + length);
      }
      const into = new Uint8Array(length);
      for (let index = first; index <= last; index++) {
        const start = Math.max(offset, index * piece);
        const end = Math.min(offset + length, (index + 1) * piece);
        const whole = await pieceAt(index);
        into.set(whole.subarray(start - index * piece, end - index * piece), start - offset);
      }
      return into;
    },
  };
}
