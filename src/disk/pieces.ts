import type { ByteSource } from "../io/source.js";
import { mergeExtents } from "./extents.js";
import type { Extent, ReadOp } from "./model.js";
import { plainKernel } from "./plain.js";

/**
 * A stretch of guest bytes that lie in a source as they are, or nowhere. Formats without packing say where their bytes are once, as
 * pieces in ascending order; extents and reads both follow from them.
 */
export type Piece =
  | { readonly kind: "zero" | "absent"; readonly offset: number; readonly length: number }
  | {
      readonly kind: "data";
      readonly offset: number;
      readonly length: number;
      readonly source: ByteSource;
      /** Where the first byte lies in the source. */
      readonly at: number;
    };

/** A piece with the holes of its file told apart, where the system knows them: a fixed disk on a sparse file is mostly holes. */
export async function* withHoles(piece: Piece, signal?: AbortSignal): AsyncIterable<Piece> {
  const dataRuns = piece.kind === "data" ? piece.source.dataRuns : undefined;
  if (piece.kind !== "data" || dataRuns === undefined) {
    yield piece;
    return;
  }
  const { source, offset, length, at } = piece;
  const guest = offset - at;
  let position = at;
  for await (const run of dataRuns.call(source, { offset: at, length }, signal)) {
    if (run.offset > position) yield { kind: "zero", offset: guest + position, length: run.offset - position };
    yield { kind: "data", offset: guest + run.offset, length: run.length, source, at: run.offset };
    position = run.offset + run.length;
  }
  if (position < at + length) yield { kind: "zero", offset: guest + position, length: at + length - position };
}

/** The extents that pieces make up, merged. */
export function extentsOfPieces(pieces: AsyncIterable<Piece>): AsyncIterable<Extent> {
  async function* extents(): AsyncIterable<Extent> {
    for await (const { offset, length, kind } of pieces) yield { offset, length, kind };
  }
  return mergeExtents(extents());
}

/** The reads that pieces need: one for each stretch that lies in a source without a gap. */
export async function readsOfPieces(pieces: AsyncIterable<Piece>): Promise<readonly ReadOp[]> {
  const ops: ReadOp[] = [];
  let open: { source: ByteSource; at: number; offset: number; length: number } | null = null;
  const flush = (): void => {
    if (open !== null) ops.push(plainRead(open.source, open.at, open.offset, open.length));
    open = null;
  };
  for await (const piece of pieces) {
    if (piece.kind !== "data" || piece.length === 0) continue;
    const last: typeof open = open;
    if (
      last !== null &&
      last.source === piece.source &&
      last.offset + last.length === piece.offset &&
      last.at + last.length === piece.at
    ) {
      last.length += piece.length;
      continue;
    }
    flush();
    open = { source: piece.source, at: piece.at, offset: piece.offset, length: piece.length };
  }
  flush();
  return ops;
}

/** A read of bytes that lie in one place as they are. */
export function plainRead(source: ByteSource, at: number, offset: number, length: number): ReadOp {
  return {
    kernel: plainKernel.id,
    source,
    unitBytes: length,
    table: Float64Array.of(at, length),
    skip: 0,
    outOffset: offset,
    length,
  };
}
