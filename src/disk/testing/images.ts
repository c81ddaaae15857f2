import { type ByteRange, SECTOR } from "../../base/bytes.js";
import type { Context } from "../../io/context.js";
import { SparseBytes } from "../../io/testing/sparse-bytes.js";
import type { VirtualDisk } from "../model.js";
import { readGuest } from "../read.js";

/** A stretch of a guest's disk. `text` packs well, `noise` does not, `zeros` are written like data. */
export interface ImageRun {
  /** First sector. */
  readonly sector: number;
  readonly sectors: number;
  readonly content: "text" | "noise" | "zeros";
}

/** A guest's disk by description: holes everywhere but in its runs, later ones over earlier ones. */
export interface ImageShape {
  readonly sectors: number;
  readonly runs: readonly ImageRun[];
}

/** The bytes of a described disk. Runs are cut at its end. The same shape gives the same bytes. */
export function imageOf(shape: ImageShape): SparseBytes {
  const image = new SparseBytes(shape.sectors * SECTOR);
  for (const run of shape.runs) {
    const sectors = Math.min(run.sectors, shape.sectors - run.sector);
    if (sectors > 0) image.write(run.sector * SECTOR, contentOf(run, sectors * SECTOR));
  }
  return image;
}

function contentOf(run: ImageRun, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  if (run.content === "zeros") return bytes;
  if (run.content === "text") {
    const line = new TextEncoder().encode(`sector ${run.sector} of a test image, one of ${run.sectors}\n`);
    for (let at = 0; at < length; at += line.length) bytes.set(line.subarray(0, length - at), at);
    return bytes;
  }
  // A linear congruential generator: the same numbers everywhere.
  let state = (run.sector + 1) % 0x7fffffff;
  for (let i = 0; i < length; i++) {
    state = (state * 48271) % 0x7fffffff;
    bytes[i] = state % 256;
  }
  return bytes;
}

const CHUNK = 1024 * 1024;

/**
 * Finds the first guest byte in which a disk differs from an image: `null` where there is none. Looks wherever either of them holds data,
 * so that a wrong hole is found as well as a wrong byte. Past the image's end the disk must read as zeros.
 */
export async function differenceFrom(image: SparseBytes, disk: VirtualDisk, ctx: Context): Promise<number | null> {
  const ranges: ByteRange[] = [...image.runs({ offset: 0, length: Math.min(image.size, disk.info.size) })];
  for await (const extent of disk.extents()) if (extent.kind === "data") ranges.push(extent);
  let first: number | null = null;
  for (const range of ranges) {
    const end = range.offset + range.length;
    for (let at = range.offset; at < end; at += CHUNK) {
      const length = Math.min(CHUNK, end - at);
      const got = await readGuest(disk, { offset: at, length }, ctx);
      const wanted = image.read(at, length);
      const where = got.findIndex((byte, i) => byte !== wanted[i]);
      if (where >= 0) first = Math.min(first ?? Number.POSITIVE_INFINITY, at + where);
    }
  }
  return first;
}
