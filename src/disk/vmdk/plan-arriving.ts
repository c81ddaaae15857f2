import { type ByteRange, SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Limits } from "../../base/limits.js";
import { ArrivalPlaces, plainOps } from "../arrivals.js";
import type { PlanTables, Region, WriteOp } from "../model.js";

/** 64 KiB, as all writers of sparse disks use. */
export const GRAIN: number = 64 * 1024;
/** Entries of a grain table. */
export const TABLE_ENTRIES = 512;
/** Sector numbers have 32 bits. */
const MOST_FILE_BYTES: number = 2 ** 32 * SECTOR;

/** Refuses a sparse extent whose sector numbers would end. @throws `disk/too-large` */
export function checkFileBytes(bytes: number): void {
  if (bytes <= MOST_FILE_BYTES) return;
  throw new FerryError("disk/too-large", `the file would take ${bytes} bytes, and its sector numbers end at 2 TiB`, {
    hint: "Convert to another format or variant, such as monolithicFlat, twoGbMaxExtentSparse, qcow2 or vhdx.",
  });
}

/** A sparse extent, as far as its grains go. */
interface ArrivingExtent {
  readonly file: string;
  /** Guest offset and bytes. */
  readonly start: number;
  readonly bytes: number;
  /** Sector of the first grain. */
  readonly overhead: number;
}

/** The sparse extents of a disk that arrives. */
export interface ArrivingExtents<L extends ArrivingExtent> {
  /** Guest bytes of an extent at most, and of the disk. */
  readonly extentBytes: number;
  readonly size: number;
  readonly count: number;
  layoutOf(index: number): L;
  /** One grain table of an extent, at all its places. */
  tableRegions(layout: L, index: number, table: Uint32Array): Iterable<Region>;
}

/** Grains get their places in the order in which they come, in each extent by itself; all tables are written at the end. */
export function arrivingTables<L extends ArrivingExtent>(extents: ArrivingExtents<L>, limits: Limits): PlanTables {
  const { extentBytes, size, count, layoutOf } = extents;
  const places = new Map<number, ArrivalPlaces>();

  function* place(arrived: readonly ByteRange[]): Iterable<WriteOp> {
    for (const stretch of arrived) {
      const end = Math.min(stretch.offset + stretch.length, size);
      for (let offset = stretch.offset; offset < end; ) {
        const index = Math.floor(offset / extentBytes);
        const layout = layoutOf(index);
        const own = places.get(index) ?? new ArrivalPlaces(GRAIN, limits);
        places.set(index, own);
        const first = layout.start / GRAIN;
        const at = (unit: number): number => layout.overhead * SECTOR + own.of(unit - first) * GRAIN;
        const length = Math.min(end, layout.start + layout.bytes) - offset;
        yield* plainOps([{ offset, length }], { file: layout.file, unit: GRAIN, size, at });
        checkFileBytes(layout.overhead * SECTOR + own.count * GRAIN);
        offset += length;
      }
    }
  }

  function* tablesOf(layout: L, own: ArrivalPlaces): Iterable<Region> {
    let table = new Uint32Array(TABLE_ENTRIES);
    let index = -1;
    for (const { unit, place: grain } of own) {
      if (Math.floor(unit / TABLE_ENTRIES) !== index) {
        if (index >= 0) yield* extents.tableRegions(layout, index, table);
        index = Math.floor(unit / TABLE_ENTRIES);
        table = new Uint32Array(TABLE_ENTRIES);
      }
      table[unit % TABLE_ENTRIES] = layout.overhead + (grain * GRAIN) / SECTOR;
    }
    if (index >= 0) yield* extents.tableRegions(layout, index, table);
  }

  return {
    place,
    add: () => [],
    *end(): Iterable<Region> {
      for (let i = 0; i < count; i++) {
        const layout = layoutOf(i);
        const own = places.get(i);
        if (own !== undefined) yield* tablesOf(layout, own);
        // The last grain counts as a whole, and the place of the first one where there is none.
        const length = (own?.count ?? 0) * GRAIN;
        yield { file: layout.file, at: layout.overhead * SECTOR, length, bytes: () => [] };
      }
    },
  };
}
