import { SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Limits } from "../../base/limits.js";
import type { ByteSource } from "../../io/source.js";
import type { SparseHeader } from "./header.js";

/** Grain tables fetched by one read, where they lie one after the other. */
const TABLES_PER_READ = 128;
/** Grain tables kept in memory: 2 KiB each. */
const TABLES_KEPT = 1024;

/** The grain directory of a sparse extent in memory, its grain tables on demand. */
export interface GrainTables {
  /** Number of grain tables: entries of the directory. */
  readonly count: number;
  /** Grains of one table. */
  readonly entries: number;
  /** Whether a table exists. Without one all its grains are unallocated. */
  exists(index: number): boolean;
  /** The entries of an existing table: sectors of grains, 0 unallocated. */
  table(index: number, signal?: AbortSignal): Promise<Uint32Array>;
}

function corrupt(source: ByteSource, at: number, field: string, message: string): FerryError {
  return new FerryError("vmdk/bad-table", message, {
    location: { at: "bytes", file: source.label, offset: at, field },
    hint: "The download may be incomplete: compare its size with the manifest.",
  });
}

function littleEndianWords(bytes: Uint8Array): Uint32Array {
  const view = viewOf(bytes);
  const words = new Uint32Array(bytes.length / 4);
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(4 * i, true);
  return words;
}

/**
 * Reads the grain directory that starts at a sector.
 * @throws `vmdk/bad-table` where it lies outside of the file, `io/limit` where it is larger than `limits.tableBytes`
 */
export async function openGrainTables(
  source: ByteSource,
  header: SparseHeader,
  directorySector: number,
  limits: Limits,
  signal?: AbortSignal,
): Promise<GrainTables> {
  const { tableEntries } = header;
  const count = Math.ceil(header.capacitySectors / (tableEntries * header.grainSectors));
  const directoryBytes = count * 4;
  if (directoryBytes > limits.tableBytes) {
    throw new FerryError("io/limit", `the grain directory would take ${directoryBytes} bytes`, {
      location: { at: "bytes", file: source.label, offset: 12, field: "capacity" },
      hint: "The header is damaged or hostile; raise the limit tableBytes if the disk is trusted.",
    });
  }
  const at = directorySector * SECTOR;
  if (at + directoryBytes > source.size) {
    throw corrupt(
      source,
      at,
      "gdOffset",
      `the grain directory ends past the end of the file (byte ${at + directoryBytes} of ${source.size})`,
    );
  }
  const directory = littleEndianWords(await source.read(at, directoryBytes, signal));
  const tableBytes = tableEntries * 4;
  const kept = new Map<number, Uint32Array>();

  function place(index: number): number {
    const tableAt = (directory[index] as number) * SECTOR;
    if (tableAt + tableBytes > source.size) {
      throw corrupt(
        source,
        at + 4 * index,
        `grain directory entry ${index}`,
        `grain table ${index} lies past the end of the file (sector ${directory[index]} of ${Math.ceil(source.size / SECTOR)})`,
      );
    }
    return tableAt;
  }

  return {
    count,
    entries: tableEntries,
    exists: (index) => directory[index] !== 0,
    async table(index, signal): Promise<Uint32Array> {
      const known = kept.get(index);
      if (known !== undefined) return known;
      const first = place(index);
      let tables = 1;
      // Files with all tables in front hold them in order: one read for many.
      while (
        tables < TABLES_PER_READ &&
        index + tables < count &&
        (directory[index + tables] as number) * SECTOR === first + tables * tableBytes &&
        first + (tables + 1) * tableBytes <= source.size
      ) {
        tables++;
      }
      const words = littleEndianWords(await source.read(first, tables * tableBytes, signal));
      while (kept.size + tables > TABLES_KEPT) kept.delete(kept.keys().next().value as number);
      for (let i = 0; i < tables; i++) kept.set(index + i, words.subarray(i * tableEntries, (i + 1) * tableEntries));
      return kept.get(index) as Uint32Array;
    },
  };
}
