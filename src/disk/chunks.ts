/** A disk as numbered chunks with sums: what exports for XenServer are made of. */

import { alignDown, type ByteRange, isZero, MIB } from "../base/bytes.js";
import { xxh64 } from "../io/checksums/xxh64.js";
import type { Context } from "../io/context.js";
import type { Kernel } from "../io/pool.js";
import { SEGMENT_BYTES } from "./copy.js";
import { toSegmentReads } from "./fetch.js";
import { unitKernels } from "./kernels.js";
import type { UnitKernel, VirtualDisk } from "./model.js";
import { kernelTable, readSegment, Scratch, type SegmentRead } from "./segment.js";
import { UsedSources } from "./used-sources.js";
import { dataSegments, walk } from "./walk.js";

/** Bytes of a chunk: a part of a segment. */
export const CHUNK_BYTES: number = MIB;

/** How chunks are summed. */
export type ChunkSum = "xxh64" | "sha1";

/** How a disk is cut into chunks. */
export interface ChunkOptions {
  readonly sum: ChunkSum;
  /** `skipped`: chunks that are all zeros are left out, but for the first and the last one. */
  readonly zeros: "skipped" | "stored";
}

/** A chunk of a disk. The last one ends with the disk. */
export interface GuestChunk {
  /** Its offset in the disk, in chunks. */
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly sum: Uint8Array;
}

interface ChunkJob extends ChunkOptions {
  readonly offset: number;
  readonly length: number;
  readonly reads: readonly SegmentRead[];
  /** Bytes of the disk. */
  readonly size: number;
}

interface ChunkOutput {
  readonly guest: ArrayBuffer;
  /** For each chunk of the segment; `null`: it is left out. */
  readonly sums: readonly (Uint8Array | null)[];
}

/** Decodes a segment, finds its zeros and sums the rest. */
export function createChunkKernel(kernels: Iterable<UnitKernel>): Kernel<ChunkJob, ChunkOutput> {
  const table = kernelTable(kernels);
  const stored = new Scratch();
  const unit = new Scratch();
  return {
    id: "disk/chunks",
    run({ offset, length, reads, size, sum, zeros }, env): ChunkOutput {
      const guest = new Uint8Array(length);
      readSegment(offset, reads, table, env, { guest, stored, unit });
      const sums: (Uint8Array | null)[] = [];
      for (let at = 0; at < length; at += CHUNK_BYTES) {
        const bytes = guest.subarray(at, at + CHUNK_BYTES);
        const kept = zeros === "stored" || offset + at === 0 || offset + at + bytes.length === size || !isZero(bytes);
        if (!kept) sums.push(null);
        else if (sum === "xxh64") sums.push(xxh64(bytes));
        else {
          const hash = env.hash("sha1");
          hash.update(bytes);
          sums.push(hash.digest());
        }
      }
      return { guest: guest.buffer, sums };
    },
    transfers: ({ guest }) => [guest],
  };
}

const chunkKernel = createChunkKernel(unitKernels);

/**
 * Gives the chunks of a disk in ascending order. They are read and summed by all threads; a few segments of 4 MiB are in memory. A disk
 * without bytes has none.
 * @param take the bytes are its own; the next chunk comes when it has resolved
 * @throws `io/changed` where a source changed meanwhile, and what reading throws
 */
export async function takeChunks(
  disk: VirtualDisk,
  options: ChunkOptions,
  take: (chunk: GuestChunk) => Promise<void>,
  ctx: Context,
): Promise<void> {
  const { size } = disk.info;
  const used = new UsedSources();
  const progress = ctx.progress.child("chunks", disk.info.format, size);
  await walk(
    options.zeros === "stored" ? allSegments(size) : keptSegments(disk, ctx),
    async (range) => {
      const transfer: ArrayBuffer[] = [];
      const ops = await disk.reads(range, ctx.signal);
      used.add(ops);
      const reads = await toSegmentReads(ops, transfer, ctx.signal);
      return ctx.runtime.pool.run(chunkKernel, { ...options, ...range, reads, size }, { transfer, signal: ctx.signal });
    },
    async (range, { guest, sums }) => {
      for (const [i, sum] of sums.entries()) {
        if (sum === null) continue;
        const at = i * CHUNK_BYTES;
        const bytes = new Uint8Array(guest, at, Math.min(CHUNK_BYTES, range.length - at));
        await take({ number: (range.offset + at) / CHUNK_BYTES, bytes, sum });
      }
      progress.advance(range.length);
      return true;
    },
    ctx,
  );
  await used.checkUnchanged();
  progress.done();
}

async function* allSegments(size: number): AsyncIterable<ByteRange> {
  for (let offset = 0; offset < size; offset += SEGMENT_BYTES) {
    yield { offset, length: Math.min(SEGMENT_BYTES, size - offset) };
  }
}

/** Whole chunks where data may be, in segments; the first and the last chunk in any case. */
async function* keptSegments(disk: VirtualDisk, ctx: Context): AsyncIterable<ByteRange> {
  const { size } = disk.info;
  if (size === 0) return;
  const last = alignDown(size - 1, CHUNK_BYTES);
  let end = 0;
  for await (const range of dataSegments([disk], size, ctx)) {
    const offset = alignDown(range.offset, CHUNK_BYTES);
    if (end === 0 && offset > 0) yield { offset: 0, length: CHUNK_BYTES };
    end = range.offset + range.length;
    yield { offset, length: end - offset };
  }
  if (end === 0) {
    end = Math.min(CHUNK_BYTES, size);
    yield { offset: 0, length: end };
  }
  if (end <= last) yield { offset: last, length: size - last };
}
