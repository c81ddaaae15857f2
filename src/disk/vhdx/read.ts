import type { ByteRange } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { bitRuns } from "../bits.js";
import { bareOverlay, type Overlay, overlay } from "../changed-file.js";
import type { DiskInfo, VirtualDisk } from "../model.js";
import { extentsOfPieces, type Piece, readsOfPieces, withHoles } from "../pieces.js";
import { type BlockTable, chunkRatioOf, openBlockTable } from "./bat.js";
import {
  creatorOf,
  findRegions,
  HEADER_BYTES,
  HEADER_SECTION,
  isVhdx,
  parseHeader,
  parseRegionTable,
  REGION_TABLE_BYTES,
  type VhdxHeader,
  type VhdxRegion,
} from "./header.js";
import { readLog } from "./log.js";
import { parentOf, readMetadata, type VhdxMetadata } from "./metadata.js";

/** Bytes of the file type identifier that say something. */
const IDENTIFIER_BYTES = 520;

/**
 * Opens a VHDX: dynamic, fixed, or one layer of a differencing chain. A log that was not applied is applied in memory; the file itself is
 * never changed.
 * @throws `vhdx/bad-header`, `vhdx/bad-region`, `vhdx/unknown-region`, `vhdx/bad-metadata`, `vhdx/unknown-metadata`, `vhdx/bad-log`
 */
export async function openVhdx(source: ByteSource, ctx: Context): Promise<VirtualDisk> {
  if (source.size < HEADER_SECTION.end) {
    throw new FerryError("vhdx/bad-header", `the file ends within its headers (${source.size} bytes)`, {
      location: { at: "bytes", file: source.label, offset: source.size },
      hint: "The download may be incomplete: compare its size with the original.",
    });
  }
  const identifier = await source.read(0, IDENTIFIER_BYTES, ctx.signal);
  if (!isVhdx(identifier)) {
    throw new FerryError("vhdx/bad-header", "the file does not begin as a VHDX does", {
      location: { at: "bytes", file: source.label, offset: 0, field: "file type identifier" },
      hint: "Name the format that the disk has, or leave it out.",
    });
  }
  const header = await readHeader(source, ctx);
  const file = await applyLog(source, header, ctx);
  const { bat, metadata: metadataRegion } = findRegions(
    await readRegions(file.source, ctx),
    file.source.size,
    source.label,
  );
  const metadata = await readMetadata(file.source, metadataRegion, ctx.signal);
  const table = openBlockTable(file.source, bat, metadata);
  const parent = metadata.hasParent ? parentOf(metadata.parent) : null;
  const info: DiskInfo = {
    format: "vhdx",
    variant: metadata.hasParent ? "differencing" : metadata.leaveAllocated ? "fixed" : "dynamic",
    size: metadata.diskBytes,
    logicalSectorSize: metadata.logicalSector,
    blockSize: metadata.blockBytes,
    parent,
    identity: header.dataWriteId,
    properties: {
      creator: creatorOf(identifier),
      diskId: metadata.diskId,
      physicalSectorSize: metadata.physicalSector,
      logPending: header.logId !== null,
    },
  };
  const pieces = blockPieces(file, table, metadata);
  return {
    info,
    extents: (range = { offset: 0, length: info.size }, signal) => extentsOfPieces(pieces(range, signal)),
    reads: (range, signal) => readsOfPieces(pieces(range, signal)),
    units: () => null,
    close: async () => {},
  };
}

/**
 * The header that rules. One of the two may be damaged: that is what the other is for.
 * @throws `vhdx/bad-header` where neither counts
 */
export async function readHeader(source: ByteSource, ctx: Context): Promise<VhdxHeader> {
  const valid: VhdxHeader[] = [];
  const reasons: string[] = [];
  for (const at of HEADER_SECTION.headers) {
    const parsed = parseHeader(await source.read(at, HEADER_BYTES, ctx.signal));
    if (typeof parsed === "string") reasons.push(`the one at ${at}: ${parsed}`);
    else valid.push(parsed);
  }
  const [first, second] = valid;
  if (first === undefined) {
    throw new FerryError("vhdx/bad-header", `neither header counts (${reasons.join("; ")})`, {
      location: { at: "bytes", file: source.label, offset: HEADER_SECTION.headers[0], field: "header" },
      hint: "The image is damaged: fetch it again.",
    });
  }
  if (second === undefined) {
    ctx.report({
      code: "vhdx/copy-damaged",
      severity: "warning",
      message: `one of the two headers does not count (${reasons.join("; ")}); the other is used`,
      hint: "The file was being written when it was copied, or its medium is failing: compare it with the original.",
      location: { at: "bytes", file: source.label, offset: HEADER_SECTION.headers[0], field: "header" },
    });
    return first;
  }
  return second.sequence > first.sequence ? second : first;
}

/** The file with its log applied, if there is something in it. */
export async function applyLog(source: ByteSource, header: VhdxHeader, ctx: Context): Promise<Overlay> {
  if (header.logId === null) return bareOverlay(source);
  const replay = await readLog(source, header, ctx);
  ctx.report({
    code: "vhdx/log-replayed",
    severity: "warning",
    message: `the disk was not closed: its log of ${replay.entries === 1 ? "1 entry" : `${replay.entries} entries`} was applied in memory`,
    hint: "The machine ran or its host failed when the disk was copied: what the guest had not written yet is not in it.",
    location: { at: "bytes", file: source.label, offset: header.logAt, length: header.logBytes, field: "log" },
    data: { entries: replay.entries, changes: replay.changes.length },
  });
  return overlay(source, replay.changes, replay.fileBytes);
}

/** The regions, from the first table that counts. @throws `vhdx/bad-region` where neither does */
export async function readRegions(source: ByteSource, ctx: Context): Promise<readonly VhdxRegion[]> {
  const reasons: string[] = [];
  let regions: readonly VhdxRegion[] | null = null;
  for (const at of HEADER_SECTION.regionTables) {
    const parsed = parseRegionTable(await source.read(at, REGION_TABLE_BYTES, ctx.signal));
    if (typeof parsed === "string") reasons.push(`the one at ${at}: ${parsed}`);
    else regions ??= parsed;
  }
  const location = {
    at: "bytes",
    file: source.label,
    offset: HEADER_SECTION.regionTables[0],
    field: "region table",
  } as const;
  if (regions === null) {
    throw new FerryError("vhdx/bad-region", `neither region table counts (${reasons.join("; ")})`, {
      location,
      hint: "The image is damaged: fetch it again.",
    });
  }
  if (reasons.length > 0) {
    ctx.report({
      code: "vhdx/copy-damaged",
      severity: "warning",
      message: `one of the two region tables does not count (${reasons.join("; ")}); the other is used`,
      hint: "The medium may be failing: compare the file with the original.",
      location,
    });
  }
  return regions;
}

/** Where the guest's bytes are, from the block table, the sector bitmaps and the overlay. */
function blockPieces(
  file: Overlay,
  table: BlockTable,
  metadata: VhdxMetadata,
): (range: ByteRange, signal?: AbortSignal) => AsyncIterable<Piece> {
  const { blockBytes, logicalSector } = metadata;
  const ratio = chunkRatioOf(metadata);
  const bitmapBytes = blockBytes / logicalSector / 8;

  /** Stored guest bytes, checked against the file's end. */
  function* stored(block: number, blockAt: number, offset: number, length: number): Iterable<Piece> {
    const at = blockAt + offset - block * blockBytes;
    if (blockAt < HEADER_SECTION.end || at + length > file.source.size) {
      throw new FerryError(
        "vhdx/bad-block",
        `block ${block} is said to lie at ${blockAt}, and the file ends at ${file.source.size}`,
        {
          location: { at: "bytes", file: file.source.label, offset: blockAt, length: blockBytes },
          hint: "The download may be incomplete: compare its size with the original.",
        },
      );
    }
    yield* file.pieces(at, length, offset);
  }

  /** A block of which the sector bitmap says sector by sector whether it is here. */
  async function* partial(
    block: number,
    blockAt: number,
    range: ByteRange,
    signal?: AbortSignal,
  ): AsyncIterable<Piece> {
    const bitmapAt = (await table.bitmap(block, signal)) + (block % ratio) * bitmapBytes;
    if (bitmapAt + bitmapBytes > file.source.size) {
      throw new FerryError("vhdx/bad-block", `the sector bitmap of block ${block} lies past the end of the file`, {
        location: { at: "bytes", file: file.source.label, offset: bitmapAt, length: bitmapBytes },
        hint: "The download may be incomplete: compare its size with the original.",
      });
    }
    const bitmap = await file.source.read(bitmapAt, bitmapBytes, signal);
    const start = block * blockBytes;
    const end = range.offset + range.length;
    const first = Math.floor((range.offset - start) / logicalSector);
    for (const run of bitRuns(bitmap, first, Math.ceil((end - start) / logicalSector), "lowest")) {
      const from = Math.max(range.offset, start + run.from * logicalSector);
      const length = Math.min(end, start + run.to * logicalSector) - from;
      if (run.set) yield* stored(block, blockAt, from, length);
      else yield { kind: "absent", offset: from, length };
    }
  }

  return async function* pieces(range, signal): AsyncIterable<Piece> {
    const end = range.offset + range.length;
    const lastBlock = Math.ceil(end / blockBytes);
    for (let offset = range.offset; offset < end; ) {
      const block = Math.floor(offset / blockBytes);
      const run = await table.run(block, lastBlock, signal);
      const length = Math.min(end, (block + run.blocks) * blockBytes) - offset;
      if (run.state === "data") {
        for (const piece of stored(block, run.at, offset, length)) {
          if (metadata.leaveAllocated) yield* withHoles(piece, signal);
          else yield piece;
        }
      } else if (run.state === "partial") yield* partial(block, run.at, { offset, length }, signal);
      else yield { kind: run.state === "absent" && metadata.hasParent ? "absent" : "zero", offset, length };
      offset += length;
    }
  };
}
