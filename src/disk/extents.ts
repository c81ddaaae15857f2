import { alignDown, alignUp, type ByteRange } from "../base/bytes.js";
import { FerryError, throwIfAborted } from "../base/errors.js";
import type { Context } from "../io/context.js";
import type { DiskShape, Extent, VirtualDisk } from "./model.js";

/** Extents of the same kind that touch become one. Input and output are sorted. */
export async function* mergeExtents(extents: AsyncIterable<Extent> | Iterable<Extent>): AsyncIterable<Extent> {
  let last: Extent | null = null;
  for await (const extent of extents) {
    if (extent.length === 0) continue;
    if (last !== null && last.kind === extent.kind && last.offset + last.length === extent.offset) {
      last = { offset: last.offset, length: last.length + extent.length, kind: last.kind };
      continue;
    }
    if (last !== null) yield last;
    last = extent;
  }
  if (last !== null) yield last;
}

/**
 * Sorted, merged runs `[offset, end)` of units that may hold data: what a layout is made from. Sixteen bytes a run, and no object.
 */
export class UnitRuns {
  /** Bytes of a unit. */
  readonly unit: number;
  #pairs = new Float64Array(256);
  #count = 0;
  #bytes = 0;

  constructor(unit: number) {
    this.unit = unit;
  }

  /** Number of runs. */
  get count(): number {
    return this.#count;
  }

  /** Bytes in all runs: whole units. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds `[offset, offset + length)`, widened to whole units. Must come in ascending order. */
  add(offset: number, length: number): void {
    let from = alignDown(offset, this.unit);
    const to = alignUp(offset + length, this.unit);
    const lastEnd = this.#count === 0 ? -1 : (this.#pairs[2 * this.#count - 1] as number);
    if (from <= lastEnd) {
      from = lastEnd;
      if (to <= from) return;
      this.#pairs[2 * this.#count - 1] = to;
    } else {
      if (2 * this.#count === this.#pairs.length) {
        const wider = new Float64Array(this.#pairs.length * 2);
        wider.set(this.#pairs);
        this.#pairs = wider;
      }
      this.#pairs[2 * this.#count] = from;
      this.#pairs[2 * this.#count + 1] = to;
      this.#count++;
    }
    this.#bytes += to - from;
  }

  /** The runs in ascending order, as whole units. */
  *[Symbol.iterator](): Iterator<ByteRange> {
    for (let i = 0; i < this.#count; i++) {
      const offset = this.#pairs[2 * i] as number;
      yield { offset, length: (this.#pairs[2 * i + 1] as number) - offset };
    }
  }

  /** Every unit in ascending order, by its guest offset. */
  *units(): Iterable<number> {
    for (const run of this) {
      for (let at = run.offset; at < run.offset + run.length; at += this.unit) yield at;
    }
  }
}

/**
 * The units of a shape that may hold data. Of a pipe nothing is known: there are none.
 * @throws `io/limit` where the disk is so fragmented that its runs take more than `limits.tableBytes`
 */
export async function collectRuns(shape: DiskShape, unit: number, ctx: Context): Promise<UnitRuns> {
  const runs = new UnitRuns(unit);
  if (shape.extents === null) return runs;
  for await (const extent of shape.extents()) {
    throwIfAborted(ctx.signal);
    if (extent.kind !== "data") continue;
    runs.add(extent.offset, extent.length);
    if (runs.count * 16 > ctx.limits.tableBytes) {
      throw new FerryError("io/limit", `the disk's data lies in more than ${runs.count} runs`, {
        hint: "Raise the limit tableBytes if the disk is trusted.",
      });
    }
  }
  return runs;
}

/** The shape of an open disk, for planning a copy of it. `size` overrides the capacity, where a descriptor counts. */
export function shapeOf(disk: VirtualDisk, size: number = disk.info.size): DiskShape {
  return {
    info: size === disk.info.size ? disk.info : { ...disk.info, size },
    extents: () => disk.extents({ offset: 0, length: Math.min(size, disk.info.size) }),
  };
}

/** A shape of which everything counts as data: nothing of the result is going to be a hole. */
export function fullShape(shape: DiskShape): DiskShape {
  const { size } = shape.info;
  return {
    info: shape.info,
    extents: async function* (): AsyncIterable<Extent> {
      if (size > 0) yield { offset: 0, length: size, kind: "data" };
    },
  };
}
