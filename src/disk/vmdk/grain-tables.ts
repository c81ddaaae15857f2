import { alignUp, type ByteRange, SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";

/** Bytes of grain tables that one read fetches at most, where they lie one after the other. */
const READ_BYTES = 256 * 1024;
/** Bytes of grain tables kept in memory for each extent. */
const KEPT_BYTES = 2 * 1024 * 1024;
/** Tables from which on it pays to ask the system which of them are holes: 1 GiB with usual grains. */
const MANY_TABLES = 32;
/** Data runs that are asked for at most: a file in more pieces than that has no large holes. */
const MOST_RUNS = 65_536;

/** A grain table in memory: sectors of 32 bits, or wider ones. */
export type GrainEntries = Uint32Array | Float64Array;

/** The grain directory of a sparse extent in memory, its grain tables on demand. */
export interface GrainTables<T extends GrainEntries = Uint32Array> {
  /** Number of grain tables: entries of the directory. */
  readonly count: number;
  /** Grains of one table. */
  readonly entries: number;
  /** Whether a table exists. Without one all its grains are unallocated. */
  exists(index: number): boolean;
  /** The entries of an existing table: sectors of grains, 0 unallocated. @throws `vmdk/bad-table` */
  table(index: number, signal?: AbortSignal): Promise<T>;
}

/** Where the tables of an extent are. */
export interface TablePlaces {
  /** Sector of the grain directory. */
  readonly directory: number;
  /** Sector of a second directory with tables of its own, for files whose first one is damaged; `null`: there is none. */
  readonly redundant: number | null;
  /** Grain tables. */
  readonly count: number;
  /** Grains of one table. */
  readonly entries: number;
  /** Whether tables without a grain lie in the file too, so that a hole in it may stand for many of them. */
  readonly preallocated: boolean;
}

function littleEndianWords(bytes: Uint8Array): Uint32Array {
  const view = viewOf(bytes);
  const words = new Uint32Array(bytes.length / 4);
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(4 * i, true);
  return words;
}

/** A table or directory as it is stored: little-endian words, zeros up to a whole sector. */
export function serializeTable(table: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(alignUp(table.length * 4, SECTOR));
  const view = viewOf(bytes);
  for (const [i, value] of table.entries()) view.setUint32(4 * i, value, true);
  return bytes;
}

/**
 * Reads a grain directory. Where it, or a table that it names, lies outside of the file, the redundant one is taken and a finding
 * reported.
 * @throws `vmdk/bad-table` where neither lies in the file, `io/limit` where the directory is larger than `limits.tableBytes`
 */
export async function openGrainTables(source: ByteSource, places: TablePlaces, ctx: Context): Promise<GrainTables> {
  const { count, entries } = places;
  const tableBytes = entries * 4;
  if (count * 4 > ctx.limits.tableBytes) {
    throw new FerryError("io/limit", `the grain directory would take ${count * 4} bytes`, {
      location: { at: "bytes", file: source.label, offset: 12, field: "capacity" },
      hint: "The header is damaged or hostile; raise the limit tableBytes if the disk is trusted.",
    });
  }

  let second: Uint32Array | null = null;
  let reported = false;
  /** The second directory, in place of what is damaged. */
  async function fallBack(damage: FerryError): Promise<Uint32Array> {
    if (places.redundant === null) throw damage;
    try {
      second ??= await readDirectory(source, places.redundant, count, "rgdOffset", ctx.signal);
    } catch {
      throw damage;
    }
    if (!reported) {
      reported = true;
      ctx.report({
        code: "vmdk/redundant-tables",
        severity: "warning",
        message: `${source.label}: ${damage.message}; the redundant tables are read instead`,
        ...(damage.location === undefined ? {} : { location: damage.location }),
        hint: "The image is damaged, and what is read may be older than the damage. Compare it with its manifest.",
      });
    }
    return second;
  }

  let directory: Uint32Array;
  try {
    directory = await readDirectory(source, places.directory, count, "gdOffset", ctx.signal);
  } catch (cause) {
    if (!(cause instanceof FerryError) || cause.code !== "vmdk/bad-table") throw cause;
    directory = await fallBack(cause);
  }
  if (places.preallocated && count >= MANY_TABLES) await dropHoles(source, directory, tableBytes, ctx);

  const inFile = (sector: number): boolean => sector * SECTOR + tableBytes <= source.size;
  const kept = new Map<number, Uint32Array>();
  const mostKept = Math.max(1, Math.floor(KEPT_BYTES / tableBytes));
  const mostRead = Math.max(1, Math.min(mostKept, Math.floor(READ_BYTES / tableBytes)));

  /** The sector of a table that lies in the file. */
  async function place(index: number): Promise<number> {
    const sector = directory[index] as number;
    if (inFile(sector)) return sector;
    const damage = badTable(
      source,
      places.directory * SECTOR + 4 * index,
      `grain directory entry ${index}`,
      `grain table ${index} lies past the end of the file (sector ${sector} of ${Math.ceil(source.size / SECTOR)})`,
    );
    const other = (await fallBack(damage))[index] as number;
    if (other === 0 || !inFile(other)) throw damage;
    return other;
  }

  return {
    count,
    entries,
    exists: (index) => index < count && directory[index] !== 0,
    async table(index, signal): Promise<Uint32Array> {
      const known = kept.get(index);
      if (known !== undefined) return known;
      const first = await place(index);
      let tables = 1;
      // Files with all tables in front hold them in order: one read for many.
      while (
        tables < mostRead &&
        index + tables < count &&
        (directory[index + tables] as number) * SECTOR === first * SECTOR + tables * tableBytes &&
        first * SECTOR + (tables + 1) * tableBytes <= source.size
      ) {
        tables++;
      }
      const words = littleEndianWords(await source.read(first * SECTOR, tables * tableBytes, signal));
      while (kept.size > 0 && kept.size + tables > mostKept) kept.delete(kept.keys().next().value as number);
      for (let i = tables - 1; i > 0; i--) kept.set(index + i, words.subarray(i * entries, (i + 1) * entries));
      const wanted = words.subarray(0, entries);
      kept.set(index, wanted);
      return wanted;
    },
  };
}

function badTable(source: ByteSource, at: number, field: string, message: string): FerryError {
  return new FerryError("vmdk/bad-table", message, {
    location: { at: "bytes", file: source.label, offset: at, field },
    hint: "The download may be incomplete: compare its size with the manifest.",
  });
}

async function readDirectory(
  source: ByteSource,
  sector: number,
  count: number,
  field: "gdOffset" | "rgdOffset",
  signal: AbortSignal,
): Promise<Uint32Array> {
  const at = sector * SECTOR;
  if (sector === 0 && count > 0) throw badTable(source, 0, field, "the header names no grain directory");
  if (at + count * 4 > source.size) {
    throw badTable(
      source,
      at,
      field,
      `the grain directory ends past the end of the file (byte ${at + count * 4} of ${source.size})`,
    );
  }
  return count === 0 ? new Uint32Array(0) : littleEndianWords(await source.read(at, count * 4, signal));
}

/**
 * Takes tables that are holes in the file out of a directory: they hold no grain. A disk of 60 TB has 4 GiB of tables, nearly all of
 * them holes, and reading those would take longer than everything else.
 */
async function dropHoles(source: ByteSource, directory: Uint32Array, tableBytes: number, ctx: Context): Promise<void> {
  if (source.dataRuns === undefined) return;
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const sector of directory) {
    if (sector === 0) continue;
    if (sector < first) first = sector;
    if (sector > last) last = sector;
  }
  const start = first * SECTOR;
  const end = Math.min(last * SECTOR + tableBytes, source.size);
  if (!(start < end)) return;
  const runs: ByteRange[] = [];
  for await (const run of source.dataRuns({ offset: start, length: end - start }, ctx.signal)) {
    throwIfAborted(ctx.signal);
    runs.push(run);
    if (runs.length >= MOST_RUNS) return;
  }
  for (const [i, sector] of directory.entries()) {
    const at = sector * SECTOR;
    // Whatever is not wholly among the tables that were looked at stays, for `place` to judge.
    if (sector !== 0 && at + tableBytes <= end && !touches(runs, at, tableBytes)) directory[i] = 0;
  }
}

/** Whether a range shares a byte with one of some sorted runs. */
function touches(runs: readonly ByteRange[], offset: number, length: number): boolean {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const run = runs[middle] as ByteRange;
    if (run.offset + run.length <= offset) low = middle + 1;
    else high = middle;
  }
  const run = runs[low];
  return run !== undefined && run.offset < offset + length;
}
