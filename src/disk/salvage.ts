import { FerryError, throwIfAborted } from "../base/errors.js";
import type { Context } from "../io/context.js";
import type { ByteSource } from "../io/source.js";
import { toSegmentReads } from "./fetch.js";
import { readKernel } from "./hash.js";
import { unitKernels } from "./kernels.js";
import type { DiskFormat, ReadOp, VirtualDisk } from "./model.js";
import { kernelTable } from "./segment.js";
import { dataSegments, walk } from "./walk.js";

const kernels = kernelTable(unitKernels);

/**
 * Opens what is whole of an image that is cut off or damaged. Every unit that is found is unpacked once, on all threads, which takes as long
 * as reading the disk. What is lost reads as zeros; `disk/data-lost` is reported then, with its guest ranges.
 * @throws `disk/cannot-salvage`, and what reading throws that is not about the image
 */
export async function salvageDisk(format: DiskFormat, source: ByteSource, ctx: Context): Promise<VirtualDisk> {
  if (format.salvage === undefined) throw cannotSalvage(format);
  const { disk, settle } = await format.salvage(source, ctx);
  await settle(await brokenUnits(disk, ctx));
  return disk;
}

/** The error where a format has no way to tell what is whole. */
export function cannotSalvage({ id }: DiskFormat): FerryError {
  return new FerryError("disk/cannot-salvage", `a damaged ${id} disk cannot be read in parts`, {
    hint: "Only stream-optimized VMDKs say with each piece of the guest's disk where it belongs.",
  });
}

/** Unpacks every unit on all threads. Returns guest offsets of those that are damaged. */
async function brokenUnits(disk: VirtualDisk, ctx: Context): Promise<readonly number[]> {
  const { size } = disk.info;
  const progress = ctx.progress.child("salvage", disk.info.format, size);
  let position = 0;
  const broken: number[] = [];
  await walk(
    dataSegments([disk], size, ctx),
    async (range): Promise<readonly number[]> => {
      const ops = await disk.reads(range, ctx.signal);
      const transfer: ArrayBuffer[] = [];
      try {
        const reads = await toSegmentReads(ops, transfer, ctx.signal);
        await ctx.runtime.pool.run(readKernel, { ...range, reads }, { transfer, signal: ctx.signal });
        return [];
      } catch (cause) {
        if (!isDamage(cause)) throw cause;
        return brokenAmong(ops, ctx);
      }
    },
    (range, units) => {
      broken.push(...units);
      progress.advance(range.offset + range.length - position);
      position = range.offset + range.length;
      return true;
    },
    ctx,
  );
  progress.advance(size - position);
  progress.done();
  return broken;
}

function isDamage(cause: unknown): boolean {
  return cause instanceof FerryError && (cause.kind === "corrupt" || cause.kind === "out-of-bounds");
}

/** The units of some reads that do not unpack, one by one. */
async function brokenAmong(ops: readonly ReadOp[], ctx: Context): Promise<readonly number[]> {
  const broken: number[] = [];
  for (const { source, table, skip, outOffset, unitBytes, kernel } of ops) {
    const { payload, packing } = kernels.get(kernel) ?? {};
    if (payload === undefined || (packing !== "zlib" && packing !== "raw")) continue;
    const into = new Uint8Array(unitBytes);
    for (let i = 0; i < table.length / 2; i++) {
      throwIfAborted(ctx.signal);
      const stored = await source.read(table[2 * i] as number, table[2 * i + 1] as number, ctx.signal);
      try {
        ctx.runtime.codec.inflateInto(payload(stored), into, packing);
      } catch (cause) {
        if (!isDamage(cause)) throw cause;
        broken.push(outOffset - skip + i * unitBytes);
      }
    }
  }
  return broken;
}
