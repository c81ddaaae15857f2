import { alignUp, type ByteRange, SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { NIL_GUID } from "../../base/guid.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { VirtualDisk } from "../model.js";
import { extentsOfPieces, type Piece, readsOfPieces, withHoles } from "../pieces.js";
import { type BlockMap, openBlockMap } from "./blocks.js";
import { hasParent, parseVdiHeader, VDI_HEADER_BYTES, type VdiHeader } from "./header.js";

/** Opens an image as one layer; what a differencing image does not hold is absent. */
export async function openVdi(source: ByteSource, ctx: Context): Promise<VirtualDisk> {
  const head = await source.read(0, Math.min(VDI_HEADER_BYTES, source.size), ctx.signal);
  const header = parseVdiHeader(head, source.label);
  if (header.blockBytes > ctx.limits.unitBytes) {
    throw new FerryError("io/limit", `a block would take ${header.blockBytes} bytes`, {
      location: { at: "bytes", file: source.label, offset: 376, field: "block size" },
      hint: "The header is damaged or hostile; raise the limit unitBytes if the disk is trusted.",
    });
  }
  const map = openBlockMap(source, header, ctx.limits);
  const size = alignUp(header.size, SECTOR);
  const { ids } = header;
  const pieces = (range: ByteRange, signal?: AbortSignal): AsyncIterable<Piece> =>
    piecesOf(source, header, map, range, signal);
  return {
    info: {
      format: "vdi",
      variant: header.variant,
      size,
      logicalSectorSize: 512,
      blockSize: header.blockBytes,
      // VirtualBox knows parents by their id alone.
      parent: hasParent(header) ? { name: null, identity: ids.link } : null,
      identity: ids.create === NIL_GUID ? null : ids.create,
      properties: {
        comment: header.comment,
        blocksAllocated: header.allocated,
        modifyId: ids.modify,
        parentModifyId: ids.parentModify,
      },
    },
    extents: (range = { offset: 0, length: size }, signal) => extentsOfPieces(pieces(range, signal)),
    reads: (range, signal) => readsOfPieces(pieces(range, signal)),
    units: () => null,
    close: async () => {},
  };
}

/** Where the bytes of a range lie. */
async function* piecesOf(
  source: ByteSource,
  header: VdiHeader,
  map: BlockMap,
  range: ByteRange,
  signal?: AbortSignal,
): AsyncIterable<Piece> {
  const { blockBytes, extraBytes, dataAt } = header;
  const unallocated = hasParent(header) ? "absent" : "zero";
  const end = range.offset + range.length;
  const endBlock = Math.ceil(end / blockBytes);
  for (let offset = range.offset; offset < end; ) {
    const block = Math.floor(offset / blockBytes);
    const run = await map.run(block, endBlock, signal);
    const length = Math.min(end, (block + run.blocks) * blockBytes) - offset;
    if (run.state !== "data") {
      yield { kind: run.state === "free" ? unallocated : "zero", offset, length };
    } else {
      const at = dataAt + run.index * (blockBytes + extraBytes) + extraBytes + (offset - block * blockBytes);
      if (at + length > source.size) throw outside(source, block, at, length);
      const piece: Piece = { kind: "data", offset, length, source, at };
      if (header.variant === "static") yield* withHoles(piece, signal);
      else yield piece;
    }
    offset += length;
  }
}

function outside(source: ByteSource, block: number, at: number, length: number): FerryError {
  return new FerryError(
    "vdi/bad-block",
    `block ${block} or one behind it lies past the end of the file (byte ${at + length} of ${source.size})`,
    {
      location: { at: "bytes", file: source.label, offset: at, length },
      hint: "The download may be incomplete: compare its size with the manifest.",
    },
  );
}
