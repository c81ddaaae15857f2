import { throwIfAborted } from "../base/errors.js";
import type { HashName } from "../base/ids.js";
import type { Context } from "../io/context.js";
import type { Kernel } from "../io/pool.js";
import { toSegmentReads } from "./fetch.js";
import { unitKernels } from "./kernels.js";
import type { UnitKernel, VirtualDisk } from "./model.js";
import { kernelTable, readSegment, Scratch, type SegmentRead } from "./segment.js";
import { UsedSources } from "./used-sources.js";
import { dataSegments, walk } from "./walk.js";

/** Zeros that are hashed at a time. */
const ZEROS = new Uint8Array(1024 * 1024);
/** Zeros that are hashed before others have their turn on this thread: a tenth of a second, so that an interruption is heard. */
const TURN = 128 * 1024 * 1024;

/** A segment to be decoded. */
export interface ReadJob {
  readonly offset: number;
  readonly length: number;
  readonly reads: readonly SegmentRead[];
}

/** Decodes a segment and hands its guest bytes back. */
export function createReadKernel(unitKernels: Iterable<UnitKernel>): Kernel<ReadJob, ArrayBuffer> {
  const kernels = kernelTable(unitKernels);
  const stored = new Scratch();
  const unit = new Scratch();
  return {
    id: "disk/read",
    run(job, env): ArrayBuffer {
      const guest = new Uint8Array(job.length);
      readSegment(job.offset, job.reads, kernels, env, { guest, stored, unit });
      return guest.buffer;
    },
    transfers: (buffer) => [buffer],
  };
}

/** For whoever reads a whole disk segment by segment. */
export const readKernel: Kernel<ReadJob, ArrayBuffer> = createReadKernel(unitKernels);

/**
 * Digest of a disk's guest content: of the bytes that a raw image of it would have. Holes are hashed without being read.
 * @throws `io/changed` where a source changed meanwhile, and what reading throws
 */
export async function hashDisk(disk: VirtualDisk, algorithm: HashName, ctx: Context): Promise<Uint8Array> {
  const { size } = disk.info;
  const hash = ctx.runtime.hash(algorithm);
  const progress = ctx.progress.child("hash", disk.info.format, size);
  let position = 0;

  const used = new UsedSources();

  async function zeros(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      throwIfAborted(ctx.signal);
      const turn = Math.min(left, TURN);
      for (let at = 0; at < turn; at += ZEROS.length) hash.update(ZEROS.subarray(0, Math.min(turn - at, ZEROS.length)));
      left -= turn;
      position += turn;
      progress.advance(turn);
      if (left > 0) await new Promise<void>((resolve) => setTimeout(resolve, 0));
    }
  }

  await walk(
    dataSegments([disk], size, ctx),
    async (range) => {
      const transfer: ArrayBuffer[] = [];
      const ops = await disk.reads(range, ctx.signal);
      used.add(ops);
      const reads = await toSegmentReads(ops, transfer, ctx.signal);
      return ctx.runtime.pool.run(readKernel, { ...range, reads }, { transfer, signal: ctx.signal });
    },
    async (range, bytes) => {
      await zeros(range.offset - position);
      hash.update(new Uint8Array(bytes));
      progress.advance(range.length);
      position = range.offset + range.length;
      return true;
    },
    ctx,
  );
  await zeros(size - position);
  await used.checkUnchanged();
  progress.done();
  return hash.digest();
}
