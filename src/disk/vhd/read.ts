import { type ByteRange, SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { NIL_GUID } from "../../base/guid.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { bitRuns } from "../bits.js";
import type { DiskInfo, VirtualDisk } from "../model.js";
import { extentsOfPieces, type Piece, readsOfPieces, withHoles } from "../pieces.js";
import { type BlockTable, bitmapBytesOf, openBlockTable } from "./bat.js";
import { readFooter } from "./footers.js";
import { geometryBytes } from "./geometry.js";
import { DYNAMIC_HEADER_BYTES, parseDynamicHeader, sizeOf, type VhdDynamicHeader, type VhdFooter } from "./header.js";
import { parentNameOf } from "./parent.js";

const DAMAGED = "The download may be incomplete: compare its size with the original.";

/**
 * Opens a VHD: fixed, dynamic, or one layer of a differencing chain.
 * @throws `vhd/no-footer`, `vhd/bad-footer`, `vhd/bad-header`, `vhd/bad-table`, `vhd/cut-off`
 */
export async function openVhd(source: ByteSource, ctx: Context): Promise<VirtualDisk> {
  const { footer, dataEnd } = await readFooter(source, ctx);
  const size = sizeOf(footer);
  if (size.by === "geometry" && size.bytes !== footer.currentBytes) {
    ctx.report({
      code: "vhd/size-by-geometry",
      severity: "info",
      message: `the disk has ${size.bytes} bytes by its geometry, which its maker ${JSON.stringify(footer.creator.trim())} goes by, and ${footer.currentBytes} by its footer`,
      hint: "Hyper-V shows the larger size. What lies between the two is not part of the disk that Virtual PC showed.",
      location: { at: "bytes", file: source.label, offset: dataEnd, field: "geometry" },
      data: { byGeometry: size.bytes, byFooter: footer.currentBytes },
    });
  }
  return footer.type === "fixed"
    ? openFixed(source, footer, size.bytes, dataEnd)
    : await openDynamic(source, footer, footer.headerAt ?? 0, size.bytes, ctx);
}

function infoOf(footer: VhdFooter, size: number, blockSize: number, parent: DiskInfo["parent"]): DiskInfo {
  const { cylinders, heads, sectors } = footer.geometry;
  return {
    format: "vhd",
    variant: footer.type,
    size,
    logicalSectorSize: 512,
    blockSize,
    parent,
    identity: footer.id === NIL_GUID ? null : footer.id,
    properties: {
      creator: footer.creator.replace(/[\0 ]+$/, ""),
      currentSize: footer.currentBytes,
      geometry: `${cylinders}/${heads}/${sectors}`,
      geometrySize: geometryBytes(footer.geometry),
      savedState: footer.savedState,
    },
  };
}

function diskOf(info: DiskInfo, pieces: (range: ByteRange, signal?: AbortSignal) => AsyncIterable<Piece>): VirtualDisk {
  return {
    info,
    extents: (range = { offset: 0, length: info.size }, signal) => extentsOfPieces(pieces(range, signal)),
    reads: (range, signal) => readsOfPieces(pieces(range, signal)),
    units: () => null,
    close: async () => {},
  };
}

/** The guest's bytes as they are, then the footer. */
function openFixed(source: ByteSource, footer: VhdFooter, size: number, dataEnd: number): VirtualDisk {
  if (size > dataEnd) {
    throw new FerryError("vhd/cut-off", `the disk has ${size} bytes, and there are ${dataEnd} in front of its footer`, {
      location: { at: "bytes", file: source.label, offset: dataEnd, field: "footer" },
      hint: "A part of the file is missing: fetch it again.",
    });
  }
  return diskOf(infoOf(footer, size, SECTOR, null), ({ offset, length }, signal) =>
    withHoles({ kind: "data", offset, length, source, at: offset }, signal),
  );
}

async function openDynamic(
  source: ByteSource,
  footer: VhdFooter,
  headerAt: number,
  size: number,
  ctx: Context,
): Promise<VirtualDisk> {
  if (headerAt + DYNAMIC_HEADER_BYTES > source.size) {
    throw new FerryError("vhd/bad-header", `the dynamic disk header at ${headerAt} lies past the end of the file`, {
      location: { at: "bytes", file: source.label, offset: headerAt, length: DYNAMIC_HEADER_BYTES },
      hint: DAMAGED,
    });
  }
  const bytes = await source.read(headerAt, DYNAMIC_HEADER_BYTES, ctx.signal);
  const header = parseDynamicHeader(bytes, source.label, headerAt, ctx.limits);
  const table = openBlockTable(source, header, size);
  const parent =
    footer.type === "differencing"
      ? { name: await parentNameOf(source, header, ctx), identity: header.parentId }
      : null;
  const pieces = parent === null ? dynamicPieces(source, header, table) : differencingPieces(source, header, table);
  return diskOf(infoOf(footer, size, header.blockBytes, parent), pieces);
}

/** Bytes of a block that lie in the file. @throws `vhd/bad-block` where they do not */
function stored(
  source: ByteSource,
  header: VhdDynamicHeader,
  block: number,
  blockAt: number,
  range: ByteRange,
): Extract<Piece, { kind: "data" }> {
  const at = blockAt + bitmapBytesOf(header.blockBytes) + range.offset - block * header.blockBytes;
  if (at + range.length > source.size) {
    throw new FerryError(
      "vhd/bad-block",
      `block ${block} lies past the end of the file (sector ${blockAt / SECTOR} of ${Math.ceil(source.size / SECTOR)})`,
      {
        location: { at: "bytes", file: source.label, offset: header.tableAt + 4 * block, field: `BAT entry ${block}` },
        hint: DAMAGED,
      },
    );
  }
  return { kind: "data", ...range, source, at };
}

type Pieces = (range: ByteRange, signal?: AbortSignal) => AsyncIterable<Piece>;

/**
 * A dynamic disk's bytes. The sector bitmaps are not looked at: a block that is here is here as a whole, as qemu reads it. A sector that
 * the bitmap leaves out was never written by the guest and holds the zeros that the block was made of.
 */
function dynamicPieces(source: ByteSource, header: VhdDynamicHeader, table: BlockTable): Pieces {
  return blockPieces(header, table, async function* (block, blockAt, range) {
    yield stored(source, header, block, blockAt, range);
  });
}

/** A differencing disk's bytes: the bitmap says sector by sector what is here. */
function differencingPieces(source: ByteSource, header: VhdDynamicHeader, table: BlockTable): Pieces {
  const bitmapBytes = header.blockBytes / SECTOR / 8;
  return blockPieces(
    header,
    table,
    async function* (block, blockAt, range, signal) {
      // The bitmap stands in front of the data: if that is in the file, so is the bitmap.
      stored(source, header, block, blockAt, { offset: range.offset, length: 0 });
      const bitmap = await source.read(blockAt, Math.ceil(bitmapBytes), signal);
      const start = block * header.blockBytes;
      const end = range.offset + range.length;
      const first = Math.floor((range.offset - start) / SECTOR);
      for (const run of bitRuns(bitmap, first, Math.ceil((end - start) / SECTOR), "highest")) {
        const offset = Math.max(range.offset, start + run.from * SECTOR);
        const length = Math.min(end, start + run.to * SECTOR) - offset;
        if (run.set) yield stored(source, header, block, blockAt, { offset, length });
        else yield { kind: "absent", offset, length };
      }
    },
    "absent",
  );
}

/** Walks the blocks of a range. */
function blockPieces(
  { blockBytes }: VhdDynamicHeader,
  table: BlockTable,
  present: (block: number, blockAt: number, range: ByteRange, signal?: AbortSignal) => AsyncIterable<Piece>,
  otherwise: "zero" | "absent" = "zero",
): Pieces {
  return async function* (range, signal): AsyncIterable<Piece> {
    const end = range.offset + range.length;
    const lastBlock = Math.ceil(end / blockBytes);
    for (let offset = range.offset; offset < end; ) {
      const block = Math.floor(offset / blockBytes);
      const found = await table.find(block, lastBlock, signal);
      const length = Math.min(end, (block + found.blocks) * blockBytes) - offset;
      if (found.at === null) yield { kind: otherwise, offset, length };
      else yield* present(block, found.at, { offset, length }, signal);
      offset += length;
    }
  };
}
