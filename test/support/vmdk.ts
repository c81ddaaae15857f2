import { SECTOR, viewOf } from "../../src/base/bytes.js";
import { type SparseHeader, serializeSparseHeader } from "../../src/disk/vmdk/header.js";
import { SparseBytes } from "../../src/io/testing/sparse-bytes.js";

/** Bytes of a grain in crafted disks. */
export const GRAIN: number = 64 * 1024;
/** Guest bytes that one table of a crafted disk stands for. */
export const TABLE_SPAN: number = 512 * GRAIN;

/** Sectors of a crafted monolithic disk: two tables, kept twice. */
export const PLACES = { redundantDirectory: 21, redundantTables: 22, directory: 30, tables: 31, grains: 128 } as const;

const HEADER: SparseHeader = {
  version: 1,
  flags: { redundantDirectory: true, zeroedGrains: false, compressed: false, markers: false },
  capacitySectors: (2 * TABLE_SPAN) / SECTOR,
  grainSectors: GRAIN / SECTOR,
  descriptorSector: 1,
  descriptorSectors: 20,
  tableEntries: 512,
  redundantDirectorySector: PLACES.redundantDirectory,
  directorySector: PLACES.directory,
  overheadSectors: PLACES.grains,
  unclean: false,
};

/** A descriptor text with given extent lines. */
export function descriptorText(extents: readonly string[], settings: readonly string[] = []): string {
  const lines = ["# Disk DescriptorFile", "version=1", "CID=12345678", ...settings];
  if (!settings.some((line) => line.startsWith("parentCID"))) lines.push("parentCID=ffffffff");
  if (!settings.some((line) => line.startsWith("createType"))) lines.push('createType="monolithicSparse"');
  return [...lines, "", ...extents, "", 'ddb.adapterType = "lsilogic"', ""].join("\n");
}

/** A hand-made monolithic sparse disk. */
export interface CraftedSparse {
  readonly header?: Partial<SparseHeader>;
  /** Embedded; `null`: none. */
  readonly descriptor?: string | null;
  /** Table entries by number of the grain, written to both tables. */
  readonly grains?: Readonly<Record<number, number>>;
  /** Sectors of the two tables in the primary directory. */
  readonly directory?: readonly [number, number];
}

/** Makes the file. Grains at `PLACES.grains` and behind can be written by the caller. */
export function craftSparse(how: CraftedSparse = {}): SparseBytes {
  const { tables, redundantTables } = PLACES;
  const header = { ...HEADER, ...how.header };
  const file = new SparseBytes(PLACES.grains * SECTOR + 16 * GRAIN);
  const embedded =
    how.descriptor === undefined ? descriptorText([`RW ${header.capacitySectors} SPARSE "disk.vmdk"`]) : how.descriptor;
  file.write(
    0,
    serializeSparseHeader(embedded === null ? { ...header, descriptorSector: 0, descriptorSectors: 0 } : header),
  );
  if (embedded !== null) file.write(SECTOR, new TextEncoder().encode(embedded));
  file.write(PLACES.redundantDirectory * SECTOR, wordsOf([redundantTables, redundantTables + 4]));
  file.write(PLACES.directory * SECTOR, wordsOf(how.directory ?? [tables, tables + 4]));
  for (const [grain, sector] of Object.entries(how.grains ?? {})) {
    for (const first of [tables, redundantTables]) {
      file.write(first * SECTOR + 4 * Number(grain), wordsOf([sector]));
    }
  }
  return file;
}

/** Little-endian words. */
export function wordsOf(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = viewOf(bytes);
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value, true);
  return bytes;
}

/** One piece of a stream, as its markers tell. */
export type StreamPart =
  | { readonly part: "grain"; readonly at: number; readonly guest: number; readonly payload: Uint8Array }
  | { readonly part: "table" | "directory" | "footer" | "end"; readonly at: number; readonly bytes: Uint8Array };

const METADATA = ["end", "table", "directory", "footer"] as const;

/**
 * Walks a stream as one-pass readers do: by its markers alone, from the first sector after the header's overhead to the end-of-stream
 * marker. Throws where something stands that is no marker.
 */
export function walkStream(file: Uint8Array): StreamPart[] {
  const view = viewOf(file);
  const parts: StreamPart[] = [];
  let at = Number(view.getBigUint64(64, true)) * SECTOR;
  for (;;) {
    const value = Number(view.getBigUint64(at, true));
    const size = view.getUint32(at + 8, true);
    if (size > 0) {
      parts.push({ part: "grain", at, guest: value * SECTOR, payload: file.subarray(at + 12, at + 12 + size) });
      at += Math.ceil((12 + size) / SECTOR) * SECTOR;
      continue;
    }
    const part = METADATA[view.getUint32(at + 12, true)];
    if (part === undefined) throw new Error(`no marker at ${at}`);
    const end = at + (1 + value) * SECTOR;
    parts.push({ part, at, bytes: file.subarray(at + SECTOR, end) });
    if (part === "end") return parts;
    at = end;
  }
}

/** A hand-made seSparse extent: what `grains` say of each grain of 4 KiB, by its number. */
export type CraftedSeGrain = "unmapped" | "zero" | Uint8Array;

/** Sectors of a crafted seSparse extent. */
export const SE_PLACES = { volatile: 1, directory: 8, tables: 64 } as const;

/**
 * Makes the extent: constant header, volatile header, directory, tables that are needed, in reverse, and grains. Layout: NOTES.md of the
 * format.
 * @param firstGrain number of the first grain's place: beyond 4095 the number needs both of its parts
 */
export function craftSeSparse(
  capacitySectors: number,
  grains: Readonly<Record<number, CraftedSeGrain>>,
  firstGrain = 0,
): SparseBytes {
  const count = Math.ceil(capacitySectors / 32_768);
  const used = [...new Set(Object.keys(grains).map((grain) => Math.floor(Number(grain) / 4096)))].sort((a, b) => b - a);
  const grainsAt = SE_PLACES.tables + 64 * used.length;
  const file = new SparseBytes();
  const word = (at: number, low: number, high = 0): void => file.write(at, wordsOf([low, high]));
  const header = [capacitySectors, 8, 64, 0, 0, 0, 0, 0, SE_PLACES.volatile, 1, 2, 2, 4, 1];
  const places = [SE_PLACES.directory, Math.ceil((count * 8) / SECTOR), SE_PLACES.tables, 64 * used.length];
  file.truncate(grainsAt * SECTOR);
  word(0, 0xcafebabe);
  word(8, 1, 2);
  for (const [i, value] of [...header, ...places, 5, 1, 6, 1, grainsAt, 8 * Object.keys(grains).length].entries()) {
    word(16 + 8 * i, value);
  }
  word(SE_PLACES.volatile * SECTOR, 0xcafecafe);
  for (const [number, table] of used.entries()) word(SE_PLACES.directory * SECTOR + 8 * table, number, 0x10000000);
  let next = firstGrain;
  for (const [grain, what] of Object.entries(grains)) {
    const table = used.indexOf(Math.floor(Number(grain) / 4096));
    const at = (SE_PLACES.tables + 64 * table) * SECTOR + 8 * (Number(grain) % 4096);
    if (what === "unmapped") word(at, 0, 0x10000000);
    else if (what === "zero") word(at, 0, 0x20000000);
    else {
      word(at, Math.floor(next / 4096), 0x30000000 + (next % 4096) * 65_536);
      file.write((grainsAt + 8 * next) * SECTOR, what);
      next++;
    }
  }
  return file;
}
