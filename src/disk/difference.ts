import { alignDown, type ByteRange, isZero } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import type { Context } from "../io/context.js";
import type { Kernel } from "../io/pool.js";
import { mergeExtents, UnitRuns } from "./extents.js";
import { jobReads } from "./fetch.js";
import { unitKernels } from "./kernels.js";
import type { DiskShape, Extent, UnitKernel, VirtualDisk } from "./model.js";
import { equalBytes, sameUnits } from "./same-units.js";
import { kernelTable, readSegment, Scratch, type SegmentRead } from "./segment.js";
import { UsedSources } from "./used-sources.js";
import { dataSegments, walk } from "./walk.js";

/** What is told apart. A block of most file systems; formats widen it to their own unit. */
const UNIT = 4096;

/** What a unit of the disk is over the other one. */
const STATE = { same: 0, data: 1, zero: 2 } as const;

interface DifferenceJob {
  readonly offset: number;
  readonly length: number;
  readonly over: readonly SegmentRead[];
  readonly base: readonly SegmentRead[];
}

/** Decodes a segment of two disks and tells for each unit whether the first differs from the second there, and whether it is zeros. */
export function createDifferenceKernel(unitKernelList: Iterable<UnitKernel>): Kernel<DifferenceJob, Uint8Array> {
  const kernels = kernelTable(unitKernelList);
  const buffers = { over: new Scratch(), base: new Scratch(), stored: new Scratch(), unit: new Scratch() };
  return {
    id: "disk/difference",
    run(job, env): Uint8Array {
      const { stored, unit } = buffers;
      if (sameUnits(job.over, job.base, kernels, env, { a: stored, b: unit })) {
        return new Uint8Array(Math.ceil(job.length / UNIT));
      }
      const over = buffers.over.take(job.length);
      const base = buffers.base.take(job.length);
      readSegment(job.offset, job.over, kernels, env, { guest: over, stored, unit });
      readSegment(job.offset, job.base, kernels, env, { guest: base, stored, unit });
      const states = new Uint8Array(Math.ceil(job.length / UNIT));
      for (let i = 0; i < states.length; i++) {
        const bytes = over.subarray(i * UNIT, (i + 1) * UNIT);
        if (equalBytes(bytes, base.subarray(i * UNIT, (i + 1) * UNIT))) continue;
        states[i] = isZero(bytes) ? STATE.zero : STATE.data;
      }
      return states;
    },
  };
}

const differenceKernel = createDifferenceKernel(unitKernels);

/**
 * The shape of a disk as changes to another one: what is the same is absent. Both are read where one of them holds data; past its end a
 * disk is zeros.
 * @param size capacity of the shape, at least the disk's own. Bytes
 * @throws `io/limit` where the changes lie in more runs than `limits.tableBytes` hold, `io/changed`, and what reading throws
 */
export async function differenceShape(
  over: VirtualDisk,
  base: VirtualDisk,
  size: number,
  ctx: Context,
): Promise<DiskShape> {
  const runs = { data: new UnitRuns(UNIT), zeros: new UnitRuns(UNIT) };
  await differences(over, base, size, ctx, {
    unit(offset, length, zero) {
      (zero ? runs.zeros : runs.data).add(offset, length);
    },
    compared() {
      if ((runs.data.count + runs.zeros.count) * 16 > ctx.limits.tableBytes) {
        throw new FerryError("io/limit", `the disks differ in more than ${runs.data.count + runs.zeros.count} runs`, {
          hint: "Raise the limit tableBytes if the disks are trusted, or write the disk without a base.",
        });
      }
    },
  });
  return {
    info: size === over.info.size ? over.info : { ...over.info, size },
    extents: () => mergeExtents(extentsOf(runs.data, runs.zeros, size)),
  };
}

/** What is told of two disks, in ascending order. */
export interface DifferenceVisitor {
  /** A unit of 4096 bytes that differs, the last of a disk may be shorter. @param zero whether it is zeros in the first disk */
  unit(offset: number, length: number, zero: boolean): void;
  /** A segment of so many bytes was compared; its units were told. */
  compared(length: number): void;
}

/**
 * Tells every unit in which two disks differ. Both are read where one of them holds data.
 * @param size how far they are compared: past its end a disk is zeros. Bytes
 * @throws `io/changed` where a source changed meanwhile, and what reading throws
 */
export async function differences(
  over: VirtualDisk,
  base: VirtualDisk,
  size: number,
  ctx: Context,
  visitor: DifferenceVisitor,
): Promise<void> {
  const progress = ctx.progress.child("compare", over.info.format, size);
  const used = new UsedSources();
  let position = 0;
  await walk(
    wholeUnits(dataSegments([over, base], size, ctx)),
    async (range) => {
      const transfer: ArrayBuffer[] = [];
      const job: DifferenceJob = {
        ...range,
        over: await jobReads(over, range, { used, transfer }, ctx.signal),
        base: await jobReads(base, range, { used, transfer }, ctx.signal),
      };
      return ctx.runtime.pool.run(differenceKernel, job, { transfer, signal: ctx.signal });
    },
    (range, states) => {
      for (const [i, state] of states.entries()) {
        if (state === STATE.same) continue;
        const offset = range.offset + i * UNIT;
        visitor.unit(offset, Math.min(UNIT, range.offset + range.length - offset), state === STATE.zero);
      }
      visitor.compared(range.length);
      progress.advance(range.offset + range.length - position);
      position = range.offset + range.length;
      return true;
    },
    ctx,
  );
  await used.checkUnchanged();
  progress.advance(size - position);
  progress.done();
}

/** Ranges that start with a unit. None of them comes before the end of the last one, which is a multiple of units. */
async function* wholeUnits(ranges: AsyncIterable<ByteRange>): AsyncIterable<ByteRange> {
  for await (const { offset, length } of ranges) {
    const from = alignDown(offset, UNIT);
    yield { offset: from, length: offset + length - from };
  }
}

/** Extents of sorted runs that do not overlap, what lies between them absent. */
function* extentsOf(data: UnitRuns, zeros: UnitRuns, size: number): Iterable<Extent> {
  const rest = {
    data: { kind: "data", runs: data[Symbol.iterator]() },
    zeros: { kind: "zero", runs: zeros[Symbol.iterator]() },
  } as const;
  let nextData = rest.data.runs.next();
  let nextZeros = rest.zeros.runs.next();
  let at = 0;
  while (nextData.done !== true || nextZeros.done !== true) {
    const isData =
      nextZeros.done === true || (nextData.done !== true && nextData.value.offset < nextZeros.value.offset);
    const { offset, length } = (isData ? nextData : nextZeros).value;
    const end = Math.min(offset + length, size);
    if (offset > at) yield { offset: at, length: offset - at, kind: "absent" };
    yield { offset, length: end - offset, kind: isData ? rest.data.kind : rest.zeros.kind };
    at = end;
    if (isData) nextData = rest.data.runs.next();
    else nextZeros = rest.zeros.runs.next();
  }
  if (at < size) yield { offset: at, length: size - at, kind: "absent" };
}
