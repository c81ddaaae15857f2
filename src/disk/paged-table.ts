import { viewOf } from "../base/bytes.js";
import type { ByteSource } from "../io/source.js";

/** Bytes of a page: a multiple of every entry's size. */
export const TABLE_PAGE: number = 64 * 1024;
/** Pages kept in memory by one table: 4 MiB. */
const PAGES_KEPT = 64;

/** A page of a table in memory. */
export interface TablePage {
  /** Offset in the table of the page's first byte. */
  readonly start: number;
  /** Offset in the table behind its last byte. */
  readonly end: number;
  readonly view: DataView;
}

/** A table of fixed-size entries that is read as it is needed, so that its size does not decide about memory. */
export interface PagedTable {
  /** The page that holds byte `at` of the table. */
  page(at: number, signal?: AbortSignal): Promise<TablePage>;
}

/** A table of `bytes` bytes that starts at `at`. The caller has checked that it lies inside of the source. */
export function openPagedTable(source: ByteSource, at: number, bytes: number): PagedTable {
  const kept = new Map<number, TablePage>();
  return {
    async page(where, signal): Promise<TablePage> {
      const index = Math.floor(where / TABLE_PAGE);
      const known = kept.get(index);
      if (known !== undefined) return known;
      const start = index * TABLE_PAGE;
      const end = Math.min(start + TABLE_PAGE, bytes);
      const page = { start, end, view: viewOf(await source.read(at + start, end - start, signal)) };
      if (kept.size >= PAGES_KEPT) kept.delete(kept.keys().next().value as number);
      kept.set(index, page);
      return page;
    },
  };
}
