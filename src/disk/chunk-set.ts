/** Disks whose bytes lie scattered over an archive, as they are: XVA and VMA. */
import type { ByteRange } from "../base/bytes.js";
import { alignUp, GIB, SECTOR } from "../base/bytes.js";
import type { Context } from "../io/context.js";
import type { ChunkSet } from "../io/source.js";
import type { DiskInfo, VirtualDisk } from "./model.js";
import { extentsOfPieces, type Piece, readsOfPieces } from "./pieces.js";

/** Guest bytes whose pieces are looked up at once: a bound for what is in memory. */
const WINDOW = GIB;

/** Facts of a disk in pieces. @param bytes its size; what is missing of the last sector are zeros */
export function chunkSetInfo(bytes: number, facts: Pick<DiskInfo, "format" | "variant" | "blockSize">): DiskInfo {
  return {
    ...facts,
    size: alignUp(bytes, SECTOR),
    logicalSectorSize: 512,
    parent: null,
    identity: null,
    properties: {},
  };
}

/** The disk whose pieces lie in an archive. Gaps, and what is missing of the last sector, are zeros. */
export function openChunkSet(
  chunks: ChunkSet,
  facts: Pick<DiskInfo, "format" | "variant" | "blockSize">,
  ctx: Context,
): VirtualDisk {
  for (const note of chunks.notes ?? []) ctx.report(note);
  const info = chunkSetInfo(chunks.size, facts);

  /** What tiles a range, in order. */
  async function* pieces(range: ByteRange): AsyncIterable<Piece> {
    const { source } = chunks;
    const end = range.offset + range.length;
    const stored = Math.min(end, chunks.size);
    let position = range.offset;
    for (let from = range.offset; from < stored; from += WINDOW) {
      const runs = chunks.runs({ offset: from, length: Math.min(WINDOW, stored - from) });
      for (let i = 0; i < runs.length; i += 3) {
        const [offset = 0, at = 0, length = 0] = runs.subarray(i, i + 3);
        if (offset > position) yield { kind: "zero", offset: position, length: offset - position };
        yield { kind: "data", offset, length, source, at };
        position = offset + length;
      }
    }
    if (position < end) yield { kind: "zero", offset: position, length: end - position };
  }

  return {
    info,
    extents: (range = { offset: 0, length: info.size }) => extentsOfPieces(pieces(range)),
    reads: (range) => readsOfPieces(pieces(range)),
    units: () => null,
    close: async () => {},
  };
}
