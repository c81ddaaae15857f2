import { alignUp, SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { ByteSource } from "../../io/source.js";
import { openPagedTable } from "../paged-table.js";
import type { VhdDynamicHeader } from "./header.js";

/** An entry of a block that is not in the file. */
export const ABSENT_BLOCK = 0xffffffff;
const ENTRY_BYTES = 4;

/** Bytes of the sector bitmap in front of a block's data: a bit for each sector, in whole sectors. */
export function bitmapBytesOf(blockBytes: number): number {
  return alignUp(blockBytes / SECTOR / 8, SECTOR);
}

/** The block allocation table. */
export interface BlockTable {
  /**
   * Where the sector bitmap of `block` begins; `null`: the block is not in the file. Then `blocks` says how many in a row are not, none of
   * them at or past `end`; there may be more.
   */
  find(
    block: number,
    end: number,
    signal?: AbortSignal,
  ): Promise<{ readonly at: number | null; readonly blocks: number }>;
}

/**
 * Opens the table of a dynamic or differencing disk.
 * @throws `vhd/bad-table` where it lies outside of the file, or is too short for the disk
 */
export function openBlockTable(source: ByteSource, header: VhdDynamicHeader, diskBytes: number): BlockTable {
  const { tableAt, tableEntries, blockBytes } = header;
  const blocks = Math.ceil(diskBytes / blockBytes);
  const bytes = blocks * ENTRY_BYTES;
  const bad = (message: string): FerryError =>
    new FerryError("vhd/bad-table", message, {
      location: { at: "bytes", file: source.label, offset: tableAt, field: "block allocation table" },
      hint: "The download may be incomplete: compare its size with the original.",
    });
  if (blocks > tableEntries) {
    throw bad(`the block table has ${tableEntries} entries, and a disk of ${diskBytes} bytes needs ${blocks}`);
  }
  if (tableAt + bytes > source.size) {
    throw bad(`the block table ends past the end of the file (byte ${tableAt + bytes} of ${source.size})`);
  }
  const table = openPagedTable(source, tableAt, bytes);
  return {
    async find(block, end, signal) {
      const page = await table.page(block * ENTRY_BYTES, signal);
      const entryOf = (b: number): number => page.view.getUint32(b * ENTRY_BYTES - page.start);
      const entry = entryOf(block);
      if (entry !== ABSENT_BLOCK) return { at: entry * SECTOR, blocks: 1 };
      const stop = Math.min(end, page.end / ENTRY_BYTES);
      let next = block + 1;
      while (next < stop && entryOf(next) === ABSENT_BLOCK) next++;
      return { at: null, blocks: next - block };
    },
  };
}
