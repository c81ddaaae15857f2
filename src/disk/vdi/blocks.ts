import { FerryError } from "../../base/errors.js";
import type { Limits } from "../../base/limits.js";
import type { ByteSource } from "../../io/source.js";
import { openPagedTable, TABLE_PAGE } from "../paged-table.js";
import type { VdiHeader } from "./header.js";

/** Map entries that are no index of a block. */
export const BLOCK_FREE = 0xffffffff;
export const BLOCK_ZERO = 0xfffffffe;

const ENTRY_BYTES = 4;
const PAGE_ENTRIES: number = TABLE_PAGE / ENTRY_BYTES;

/** Blocks in a row with one state. Those with data lie in the file one behind the other. */
export interface BlockRun {
  readonly blocks: number;
  /** `free`: never written; `zero`: written with zeros, or discarded. */
  readonly state: "free" | "zero" | "data";
  /** Index in the data area of the first block; 0 without data. */
  readonly index: number;
}

/** The block map of an image, read page by page. */
export interface BlockMap {
  /** The blocks from `block` on that are alike, none at or past `end`. */
  run(block: number, end: number, signal?: AbortSignal): Promise<BlockRun>;
}

function stateOf(entry: number): BlockRun["state"] {
  if (entry === BLOCK_FREE) return "free";
  return entry === BLOCK_ZERO ? "zero" : "data";
}

/**
 * Opens the map.
 * @throws `vdi/bad-map` where it goes past the end of the file, `io/limit` where it is larger than `limits.tableBytes`
 */
export function openBlockMap(source: ByteSource, header: VdiHeader, limits: Limits): BlockMap {
  const bytes = header.blocks * ENTRY_BYTES;
  const location = { at: "bytes", file: source.label, offset: header.mapAt, field: "block map" } as const;
  if (bytes > limits.tableBytes) {
    throw new FerryError("io/limit", `the block map takes ${bytes} bytes`, {
      location,
      hint: "The header is damaged or hostile; raise the limit tableBytes if the disk is trusted.",
    });
  }
  if (header.mapAt + bytes > source.size) {
    throw new FerryError(
      "vdi/bad-map",
      `the block map ends past the end of the file (byte ${header.mapAt + bytes} of ${source.size})`,
      { location, hint: "The download may be incomplete: compare its size with the manifest." },
    );
  }
  const table = openPagedTable(source, header.mapAt, bytes);
  /** Whole pages that are one run: huge disks are walked again and again. */
  const uniform = new Map<number, Omit<BlockRun, "blocks">>();
  /** With bytes between them, blocks do not lie one behind the other. */
  const contiguous = header.extraBytes === 0;

  return {
    async run(block, end, signal): Promise<BlockRun> {
      let state: BlockRun["state"] | null = null;
      let index = 0;
      let at = block;
      while (at < end) {
        const page = Math.floor(at / PAGE_ENTRIES);
        const pageEnd = Math.min(end, (page + 1) * PAGE_ENTRIES);
        const known = uniform.get(page);
        if (known !== undefined) {
          const skipped = at - page * PAGE_ENTRIES;
          const place = known.state === "data" ? known.index + skipped : 0;
          if (state === null) {
            state = known.state;
            index = place;
          } else if (state !== known.state || (state === "data" && place !== index + at - block)) {
            break;
          }
          at = pageEnd;
          continue;
        }
        const { view, start } = await table.page(at * ENTRY_BYTES, signal);
        const entryAt = (i: number): number => view.getUint32(i * ENTRY_BYTES - start, true);
        if (state === null) {
          const first = entryAt(at);
          state = stateOf(first);
          index = state === "data" ? first : 0;
        }
        const from = at;
        if (state === "data") {
          if (at === block) at++;
          while (contiguous && at < pageEnd && entryAt(at) === index + at - block) at++;
        } else {
          const entry = state === "free" ? BLOCK_FREE : BLOCK_ZERO;
          while (at < pageEnd && entryAt(at) === entry) at++;
        }
        if (from === page * PAGE_ENTRIES && at === from + PAGE_ENTRIES) {
          uniform.set(page, { state, index: state === "data" ? index + from - block : 0 });
        }
        if (at < pageEnd) break;
      }
      return { blocks: at - block, state: state ?? "free", index };
    },
  };
}
