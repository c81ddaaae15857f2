import type { ByteRange } from "../base/bytes.js";
import type { ByteSource } from "../io/source.js";
import type { Extent, ReadOp } from "./model.js";
import { plainKernel } from "./plain.js";

/** Guest bytes that lie one to one in a part of a source. Ranges are relative to the part. */
export interface FlatPart {
  /** Tiles the range; neighbours may be of one kind. */
  extents(range: ByteRange, signal?: AbortSignal): AsyncIterable<Extent>;
  reads(range: ByteRange, signal?: AbortSignal): Promise<readonly ReadOp[]>;
}

/**
 * The part of a source from `offset` on: a raw disk, a flat extent, a fixed image. Holes that the system knows of are zeros, and so is
 * whatever lies past the end of the source.
 */
export function flatPart(source: ByteSource, offset: number): FlatPart {
  /** Data runs of a range of the part, relative to the part. */
  async function* dataRuns(range: ByteRange, signal?: AbortSignal): AsyncIterable<ByteRange> {
    const at = offset + range.offset;
    const length = Math.min(range.length, source.size - at);
    if (length <= 0) return;
    if (source.dataRuns === undefined) {
      yield { offset: range.offset, length };
      return;
    }
    for await (const run of source.dataRuns({ offset: at, length }, signal)) {
      yield { offset: run.offset - offset, length: run.length };
    }
  }

  return {
    async *extents(range, signal): AsyncIterable<Extent> {
      let at = range.offset;
      for await (const run of dataRuns(range, signal)) {
        if (run.offset > at) yield { offset: at, length: run.offset - at, kind: "zero" };
        yield { offset: run.offset, length: run.length, kind: "data" };
        at = run.offset + run.length;
      }
      const end = range.offset + range.length;
      if (at < end) yield { offset: at, length: end - at, kind: "zero" };
    },
    async reads(range, signal): Promise<readonly ReadOp[]> {
      const ops: ReadOp[] = [];
      for await (const run of dataRuns(range, signal)) {
        ops.push({
          kernel: plainKernel.id,
          source,
          unitBytes: run.length,
          table: Float64Array.of(offset + run.offset, run.length),
          skip: 0,
          outOffset: run.offset,
          length: run.length,
        });
      }
      return ops;
    },
  };
}
