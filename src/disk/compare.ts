import type { Context } from "../io/context.js";
import type { Kernel } from "../io/pool.js";
import { jobReads } from "./fetch.js";
import { unitKernels } from "./kernels.js";
import type { UnitKernel, VirtualDisk } from "./model.js";
import { kernelTable, readSegment, Scratch, type SegmentRead } from "./segment.js";
import { UsedSources } from "./used-sources.js";
import { dataSegments, walk } from "./walk.js";

/** What a comparison found. */
export interface DiskDifference {
  /** Guest offset of the first byte that differs; `null`: the same content, zeros past the end of the shorter one. */
  readonly firstDifference: number | null;
  readonly sizes: readonly [number, number];
}

interface CompareJob {
  readonly offset: number;
  readonly length: number;
  readonly a: readonly SegmentRead[];
  readonly b: readonly SegmentRead[];
}

/** Decodes a segment of two disks and finds where they differ first: an offset in the segment, or -1. */
export function createCompareKernel(unitKernels: Iterable<UnitKernel>): Kernel<CompareJob, number> {
  const kernels = kernelTable(unitKernels);
  const buffers = { a: new Scratch(), b: new Scratch(), stored: new Scratch(), unit: new Scratch() };
  return {
    id: "disk/compare",
    run(job, env): number {
      const { stored, unit } = buffers;
      const a = buffers.a.take(job.length);
      const b = buffers.b.take(job.length);
      readSegment(job.offset, job.a, kernels, env, { guest: a, stored, unit });
      readSegment(job.offset, job.b, kernels, env, { guest: b, stored, unit });
      return firstDifference(a, b);
    },
  };
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  // Both start at multiples of 8 in buffers of their own.
  const words = Math.floor(a.length / 8);
  const wordsA = new BigUint64Array(a.buffer, a.byteOffset, words);
  const wordsB = new BigUint64Array(b.buffer, b.byteOffset, words);
  let at = 0;
  while (at < words && wordsA[at] === wordsB[at]) at++;
  for (let i = at * 8; i < a.length; i++) if (a[i] !== b[i]) return i;
  return -1;
}

const compareKernel = createCompareKernel(unitKernels);

/**
 * Compares the guest content of two disks. Where one is longer, what it has more must be zeros.
 * @throws `io/changed` where a source changed meanwhile, and what reading throws
 */
export async function compareDisks(a: VirtualDisk, b: VirtualDisk, ctx: Context): Promise<DiskDifference> {
  const size = Math.max(a.info.size, b.info.size);
  const progress = ctx.progress.child("compare", a.info.format, size);
  let found: number | null = null;
  let position = 0;
  const used = new UsedSources();

  await walk(
    dataSegments([a, b], size, ctx),
    async (range) => {
      const transfer: ArrayBuffer[] = [];
      const job: CompareJob = {
        ...range,
        a: await jobReads(a, range, { used, transfer }, ctx.signal),
        b: await jobReads(b, range, { used, transfer }, ctx.signal),
      };
      if (job.a.length === 0 && job.b.length === 0) return -1;
      return ctx.runtime.pool.run(compareKernel, job, { transfer, signal: ctx.signal });
    },
    (range, at) => {
      progress.advance(range.offset + range.length - position);
      position = range.offset + range.length;
      if (at < 0) return true;
      found = range.offset + at;
      return false;
    },
    ctx,
  );
  await used.checkUnchanged();
  if (found === null) progress.advance(size - position);
  progress.done();
  return { firstDifference: found, sizes: [a.info.size, b.info.size] };
}
