import type { ByteRange } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import type { Context } from "../io/context.js";
import { checkRange } from "../io/sources/memory.js";
import { fetchReads } from "./fetch.js";
import { unitKernels } from "./kernels.js";
import type { VirtualDisk } from "./model.js";
import { kernelTable, type ReadEnv, readSegment, Scratch } from "./segment.js";

const kernels = kernelTable(unitKernels);

/** The most that one call reads: it is for headers and file systems, not for copying. */
const MOST = 64 * 1024 * 1024;

/**
 * Guest bytes here and now, on this thread: partition tables, file systems, small pieces. What a chain's layers leave open reads as zeros.
 * @throws `io/out-of-bounds` past the end of the disk, `io/limit` above 64 MiB
 */
export async function readGuest(disk: VirtualDisk, range: ByteRange, ctx: Context): Promise<Uint8Array> {
  checkRange(disk.info.format, disk.info.size, range.offset, range.length);
  if (range.length > MOST) throw new FerryError("io/limit", `${range.length} bytes are too many for one read`);
  const ops = await disk.reads(range, ctx.signal);
  const reads = await fetchReads(ops, ctx.signal);
  const env: ReadEnv = {
    codec: ctx.runtime.codec,
    readInto(source, offset, into): void {
      if (source.kind !== "shared") throw new FerryError("internal/bug", "fetched bytes are in memory");
      into.set(new Uint8Array(source.buffer, offset - source.at, into.length));
    },
  };
  const guest = new Uint8Array(range.length);
  readSegment(range.offset, reads, kernels, env, { guest, stored: new Scratch(), unit: new Scratch() });
  return guest;
}
