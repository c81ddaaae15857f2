import type { ByteRange } from "../../base/bytes.js";
import { alignUp, MIB, SECTOR } from "../../base/bytes.js";
import type { Context } from "../../io/context.js";
import type { ChunkSet } from "../../io/source.js";
import type { DiskInfo, VirtualDisk } from "../model.js";
import { extentsOfPieces, type Piece, readsOfPieces } from "../pieces.js";

/** Bytes of a chunk as every known writer makes them. */
const CHUNK = MIB;

/** Facts of a disk in chunks. @param bytes its size; what is missing of the last sector are zeros */
export function xvaInfo(bytes: number): DiskInfo {
  return {
    format: "xva",
    variant: "chunks",
    size: alignUp(bytes, SECTOR),
    logicalSectorSize: 512,
    blockSize: CHUNK,
    parent: null,
    identity: null,
    properties: {},
  };
}

/** The disk whose chunks lie in an archive. Gaps, and what is missing of the last sector, are zeros. */
export function openXva(chunks: ChunkSet, ctx: Context): VirtualDisk {
  for (const note of chunks.notes ?? []) ctx.report(note);
  const size = alignUp(chunks.size, SECTOR);

  /** What tiles a range, in order. */
  async function* pieces(range: ByteRange): AsyncIterable<Piece> {
    const { source } = chunks;
    const end = range.offset + range.length;
    const stored = Math.min(end, chunks.size) - range.offset;
    const runs = stored > 0 ? chunks.runs({ offset: range.offset, length: stored }) : new Float64Array(0);
    let position = range.offset;
    for (let i = 0; i < runs.length; i += 3) {
      const [offset = 0, at = 0, length = 0] = runs.subarray(i, i + 3);
      if (offset > position) yield { kind: "zero", offset: position, length: offset - position };
      yield { kind: "data", offset, length, source, at };
      position = offset + length;
    }
    if (position < end) yield { kind: "zero", offset: position, length: end - position };
  }

  return {
    info: xvaInfo(size),
    extents: (range = { offset: 0, length: size }) => extentsOfPieces(pieces(range)),
    reads: (range) => readsOfPieces(pieces(range)),
    units: () => null,
    close: async () => {},
  };
}
