import { MIB } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { ByteSource } from "../../io/source.js";
import { openPagedTable, TABLE_PAGE } from "../paged-table.js";
import type { VhdxRegion } from "./header.js";
import type { VhdxMetadata } from "./metadata.js";

/** Bytes of a table entry. */
export const BAT_ENTRY_BYTES = 8;

/**
 * States of a payload block (MS-VHDX 2.5.1.1), by their number in bits 0 to 2. "Undefined" and "unmapped" promise nothing about the
 * content and never ask the parent: zeros are the honest reading. 5 is "unmapped" in files from before the format was published.
 */
export const STATES: readonly (BlockRun["state"] | null)[] = [
  "absent",
  "zero",
  "zero",
  "zero",
  null,
  "zero",
  "data",
  "partial",
];

/** The number that marks a block of which all is in the file; for a sector bitmap: present. */
export const FULLY_PRESENT = 6;

/** Blocks in a row with one state; those with data lie in the file one behind the other. */
export interface BlockRun {
  readonly blocks: number;
  readonly state: "absent" | "zero" | "data" | "partial";
  /** Where the first block lies in the file; only for data and partial. */
  readonly at: number;
}

/** The block allocation table. */
export interface BlockTable {
  /**
   * The blocks from `block` on that are alike, none at or past `end`; there may be more of them.
   * @throws `vhdx/bad-block` for a state that does not exist
   */
  run(block: number, end: number, signal?: AbortSignal): Promise<BlockRun>;
  /** Where the sector bitmap of a block's chunk lies in the file. @throws `vhdx/bad-block` where it has none */
  bitmap(block: number, signal?: AbortSignal): Promise<number>;
}

/** Where an entry says that its block lies in the file: bits 20 to 63 count MiB. */
export function placeOf(view: DataView, at: number): number {
  return (Math.floor(view.getUint32(at, true) / MIB) + view.getUint32(at + 4, true) * 4096) * MIB;
}

/** Payload blocks that share a sector bitmap (MS-VHDX 2.5). */
export function chunkRatioOf(metadata: Pick<VhdxMetadata, "blockBytes" | "logicalSector">): number {
  return (2 ** 23 * metadata.logicalSector) / metadata.blockBytes;
}

/** The index in the table of a payload block: an entry for a sector bitmap stands behind every chunk, used or not. */
export function batIndex(block: number, chunkRatio: number): number {
  return block + Math.floor(block / chunkRatio);
}

/** Entries of the table of a disk with `blocks` payload blocks. With a parent, the last chunk's sector bitmap counts too. */
export function batEntries(blocks: number, chunkRatio: number, hasParent: boolean): number {
  if (blocks === 0) return 0;
  return hasParent ? Math.ceil(blocks / chunkRatio) * (chunkRatio + 1) : batIndex(blocks - 1, chunkRatio) + 1;
}

/**
 * Opens the table.
 * @throws `vhdx/bad-region` where the region is too small for the disk
 */
export function openBlockTable(source: ByteSource, region: VhdxRegion, metadata: VhdxMetadata): BlockTable {
  const { blockBytes, diskBytes, hasParent } = metadata;
  const ratio = chunkRatioOf(metadata);
  const blocks = Math.ceil(diskBytes / blockBytes);
  const entries = batEntries(blocks, ratio, hasParent);
  if (entries * BAT_ENTRY_BYTES > region.length) {
    throw new FerryError(
      "vhdx/bad-region",
      `the block allocation table has ${region.length} bytes, and a disk of ${diskBytes} bytes needs ${entries * BAT_ENTRY_BYTES}`,
      {
        location: { at: "bytes", file: source.label, offset: region.at, field: "BAT" },
        hint: "The image is damaged: fetch it again.",
      },
    );
  }
  const table = openPagedTable(source, region.at, entries * BAT_ENTRY_BYTES);

  function badEntry(index: number, message: string): FerryError {
    const offset = region.at + index * BAT_ENTRY_BYTES;
    return new FerryError("vhdx/bad-block", message, {
      location: { at: "bytes", file: source.label, offset, length: BAT_ENTRY_BYTES, field: `BAT entry ${index}` },
      hint: "The image is damaged: fetch it again, or compare it with the original.",
    });
  }

  /** Bits 0 to 2 of an entry. */
  function stateOf(view: DataView, at: number, block: number): BlockRun["state"] {
    const number = view.getUint32(at, true) % 8;
    const state = STATES[number];
    if (state === null || state === undefined || (state === "partial" && !hasParent)) {
      throw badEntry(batIndex(block, ratio), `block ${block} is in state ${number}, which it cannot be in`);
    }
    return state;
  }

  return {
    async run(block, end, signal): Promise<BlockRun> {
      const page = await table.page(batIndex(block, ratio) * BAT_ENTRY_BYTES, signal);
      const { view } = page;
      const pageBytes = page.end - page.start;
      let entry = batIndex(block, ratio) * BAT_ENTRY_BYTES - page.start;
      const state = stateOf(view, entry, block);
      const at = placeOf(view, entry);
      let next = block + 1;
      while (next < end && state !== "partial") {
        // One entry on, and over that of the sector bitmap behind a chunk.
        entry += next % ratio === 0 ? 2 * BAT_ENTRY_BYTES : BAT_ENTRY_BYTES;
        if (entry >= pageBytes || stateOf(view, entry, next) !== state) break;
        if (state === "data" && placeOf(view, entry) !== at + (next - block) * blockBytes) break;
        next++;
      }
      return { blocks: next - block, state, at };
    },
    async bitmap(block, signal): Promise<number> {
      const chunk = Math.floor(block / ratio);
      const index = chunk * (ratio + 1) + ratio;
      const page = await table.page(index * BAT_ENTRY_BYTES, signal);
      const at = index * BAT_ENTRY_BYTES - page.start;
      if (page.view.getUint32(at, true) % 8 !== FULLY_PRESENT) {
        throw badEntry(index, `block ${block} is partly in the parent, and its sector bitmap is not in the file`);
      }
      return placeOf(page.view, at);
    },
  };
}

/** Writes the entry of a block that lies at a MiB of the file. */
export function setPresent(view: DataView, at: number, fileOffset: number): void {
  const mib = fileOffset / MIB;
  view.setUint32(at, FULLY_PRESENT + (mib % 4096) * MIB, true);
  view.setUint32(at + 4, Math.floor(mib / 4096), true);
}

/** Bytes of the table that are written at a time: only those that an entry stands in. */
export const BAT_PAGE: number = TABLE_PAGE;
