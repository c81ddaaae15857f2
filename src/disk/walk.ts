import type { ByteRange } from "../base/bytes.js";
import { throwIfAborted } from "../base/errors.js";
import type { Context } from "../io/context.js";
import { SEGMENT_BYTES } from "./copy.js";
import type { VirtualDisk } from "./model.js";

/** Segments under way for each thread. */
const PER_THREAD = 2;

/**
 * Segments of at most 4 MiB that hold data in at least one of some disks, in ascending order. Stretches without data cost nothing.
 */
export async function* dataSegments(
  disks: readonly VirtualDisk[],
  size: number,
  ctx: Context,
): AsyncIterable<ByteRange> {
  const cursors = await Promise.all(disks.map((disk) => startCursor(disk, ctx)));
  let at = 0;
  while (at < size) {
    throwIfAborted(ctx.signal);
    let start = size;
    for (const cursor of cursors) start = Math.min(start, await cursor.next(at));
    if (start >= size) return;
    const cellEnd = (Math.floor(start / SEGMENT_BYTES) + 1) * SEGMENT_BYTES;
    const end = Math.min(cellEnd, size);
    yield { offset: start, length: end - start };
    at = end;
  }
}

/** Finds the next byte of data at or after a place, in ascending order of places. */
async function startCursor(disk: VirtualDisk, ctx: Context): Promise<{ next(at: number): Promise<number> }> {
  const extents = disk.extents(undefined, ctx.signal)[Symbol.asyncIterator]();
  let current = await extents.next();
  return {
    async next(at): Promise<number> {
      while (!current.done) {
        const extent = current.value;
        if (extent.kind === "data" && extent.offset + extent.length > at) return Math.max(at, extent.offset);
        current = await extents.next();
      }
      return Number.POSITIVE_INFINITY;
    },
  };
}

/**
 * Runs a job for each range, several at a time, and takes results in order.
 * @param take returns `false` to end early
 */
export async function walk<R>(
  ranges: AsyncIterable<ByteRange>,
  start: (range: ByteRange) => Promise<R>,
  take: (range: ByteRange, result: R) => Promise<boolean> | boolean,
  ctx: Context,
): Promise<void> {
  const most = Math.max(1, ctx.runtime.pool.size * PER_THREAD);
  const underWay: { readonly range: ByteRange; readonly result: Promise<R> }[] = [];
  const takeOldest = async (): Promise<boolean> => {
    const oldest = underWay.shift();
    return oldest === undefined ? true : await take(oldest.range, await oldest.result);
  };
  try {
    for await (const range of ranges) {
      if (underWay.length >= most && !(await takeOldest())) return;
      const result = start(range);
      // Met when it is taken; until then it must not count as unhandled.
      result.catch(() => {});
      underWay.push({ range, result });
    }
    while (underWay.length > 0) if (!(await takeOldest())) return;
  } finally {
    await Promise.allSettled(underWay.map(({ result }) => result));
  }
}
