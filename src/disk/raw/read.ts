import { alignUp, type ByteRange, SECTOR } from "../../base/bytes.js";
import type { ByteSource } from "../../io/source.js";
import { mergeExtents } from "../extents.js";
import type { Extent, ReadOp, VirtualDisk } from "../model.js";
import { plainKernel } from "../plain.js";

/**
 * The guest's disk as it lies in a source. A size that is no multiple of a sector is rounded up; the bytes past the end read as zeros.
 */
export function openRaw(source: ByteSource): VirtualDisk {
  const size = alignUp(source.size, SECTOR);

  async function* dataRuns(range: ByteRange, signal?: AbortSignal): AsyncIterable<ByteRange> {
    const stored = { offset: range.offset, length: Math.max(0, Math.min(range.length, source.size - range.offset)) };
    if (stored.length === 0) return;
    if (source.dataRuns === undefined) yield stored;
    else yield* source.dataRuns(stored, signal);
  }

  async function* extents(range: ByteRange, signal?: AbortSignal): AsyncIterable<Extent> {
    let at = range.offset;
    for await (const run of dataRuns(range, signal)) {
      if (run.offset > at) yield { offset: at, length: run.offset - at, kind: "zero" };
      yield { offset: run.offset, length: run.length, kind: "data" };
      at = run.offset + run.length;
    }
    const end = range.offset + range.length;
    if (at < end) yield { offset: at, length: end - at, kind: "zero" };
  }

  return {
    info: {
      format: "raw",
      variant: "raw",
      size,
      logicalSectorSize: 512,
      blockSize: SECTOR,
      parent: null,
      identity: null,
      properties: {},
    },
    extents: (range = { offset: 0, length: size }, signal) => mergeExtents(extents(range, signal)),
    async reads(range, signal): Promise<readonly ReadOp[]> {
      const ops: ReadOp[] = [];
      for await (const run of dataRuns(range, signal)) {
        ops.push({
          kernel: plainKernel.id,
          source,
          unitBytes: run.length,
          table: Float64Array.of(run.offset, run.length),
          skip: 0,
          outOffset: run.offset,
          length: run.length,
        });
      }
      return ops;
    },
    units: () => null,
    close: async () => {},
  };
}
