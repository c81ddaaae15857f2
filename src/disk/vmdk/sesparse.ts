import { readU64, SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { GrainEntries, GrainTables } from "./grain-tables.js";
import { type ExtentReader, openSparseExtent } from "./sparse.js";

/** The first eight bytes of an extent, read as a little-endian number: "cafebabe". */
const MAGIC = 0xcafebabe;
/** Of the volatile header. */
const VOLATILE_MAGIC = 0xcafecafe;
/** 2.1, the only version seen. */
const VERSION = { high: 2, low: 1 } as const;
const HEADER_BYTES = 512;
/** Sectors of a grain, and of a grain table: the only sizes that ESXi makes. */
const GRAIN_SECTORS = 8;
const TABLE_SECTORS = 64;
const ENTRY_BYTES = 8;
/** Grains of a table: 16 MiB of the guest. */
const TABLE_ENTRIES: number = (TABLE_SECTORS * SECTOR) / ENTRY_BYTES;
/** Tables kept in memory: 2 MiB. */
const TABLES_KEPT = 64;
/** What stands for zeros in the tables that are handed on. */
const ZEROED = 1;

/** The constant header of a space-efficient sparse extent. Places in sectors; facts and their sources: NOTES.md. */
export interface SeSparseHeader {
  readonly capacitySectors: number;
  readonly volatileSector: number;
  readonly directorySector: number;
  readonly directorySectors: number;
  readonly tablesSector: number;
  readonly tablesSectors: number;
  readonly grainsSector: number;
}

function bad(label: string, field: string, offset: number, message: string): FerryError {
  return new FerryError("vmdk/bad-header", message, {
    location: { at: "bytes", file: label, offset, field },
    hint: "The image is damaged, or of a kind that came after this version of vmferry: clone it on the host (vmkfstools -i).",
  });
}

/** Parses and checks a constant header. @throws `vmdk/bad-header` */
export function parseSeSparseHeader(bytes: Uint8Array, label: string): SeSparseHeader {
  if (bytes.length < HEADER_BYTES) throw bad(label, "header", 0, `the header has ${bytes.length} of 512 bytes`);
  const view = viewOf(bytes);
  const word = (at: number): number => readU64(view, at, true);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== 0) {
    throw bad(label, "magic", 0, "there is no seSparse header where one is needed");
  }
  const [low, high] = [view.getUint32(8, true), view.getUint32(12, true)];
  if (low !== VERSION.low || high !== VERSION.high) {
    throw bad(label, "version", 8, `seSparse version ${high}.${low} is unknown`);
  }
  const grainSectors = word(24);
  if (grainSectors !== GRAIN_SECTORS)
    throw bad(label, "grain_size", 24, `a grain of ${grainSectors} sectors is unknown`);
  const tableSectors = word(32);
  if (tableSectors !== TABLE_SECTORS) {
    throw bad(label, "grain_table_size", 32, `grain tables of ${tableSectors} sectors are unknown`);
  }
  const flags = view.getBigUint64(40, true);
  if (flags !== 0n) throw bad(label, "flags", 40, `the flags 0x${flags.toString(16)} are unknown`);
  const header = {
    capacitySectors: word(16),
    volatileSector: word(80),
    directorySector: word(128),
    directorySectors: word(136),
    tablesSector: word(144),
    tablesSectors: word(152),
    grainsSector: word(192),
  };
  if (!Number.isSafeInteger(header.capacitySectors * SECTOR)) {
    throw bad(label, "capacity", 16, `a capacity of ${header.capacitySectors} sectors is not possible`);
  }
  const entries = Math.ceil(header.capacitySectors / (TABLE_ENTRIES * GRAIN_SECTORS));
  if (entries * ENTRY_BYTES > header.directorySectors * SECTOR) {
    throw bad(
      label,
      "grain_dir_size",
      136,
      `a grain directory of ${header.directorySectors} sectors is too small for ${entries} tables`,
    );
  }
  return header;
}

/**
 * Opens a space-efficient sparse extent: a snapshot's delta on VMFS 6, or on large disks of VMFS 5.
 * @throws `vmdk/bad-header`, `vmdk/bad-table`, `vmdk/journal` where the host has not finished writing
 */
export async function openSeSparseExtent(
  source: ByteSource,
  bytes: number,
  unallocated: "zero" | "absent",
  ctx: Context,
): Promise<{ readonly reader: ExtentReader; readonly grain: number; readonly capacitySectors: number }> {
  const head = await source.read(0, Math.min(HEADER_BYTES, source.size), ctx.signal);
  const header = parseSeSparseHeader(head, source.label);
  await checkVolatile(source, header, ctx);
  const tables = await openTables(source, header, ctx);
  const grain = GRAIN_SECTORS * SECTOR;
  const layout = { grain, compressed: false, zeroedGrains: true, unallocated };
  return { reader: openSparseExtent(source, layout, tables, bytes), grain, capacitySectors: header.capacitySectors };
}

/** Looks whether the journal has to be replayed: then the tables are not what they say. */
async function checkVolatile(source: ByteSource, { volatileSector }: SeSparseHeader, ctx: Context): Promise<void> {
  const at = volatileSector * SECTOR;
  if (at + HEADER_BYTES > source.size) {
    throw bad(source.label, "volatile_header_offset", 80, "the volatile header lies past the end of the file");
  }
  const view = viewOf(await source.read(at, HEADER_BYTES, ctx.signal));
  if (view.getUint32(0, true) !== VOLATILE_MAGIC || view.getUint32(4, true) !== 0) {
    throw bad(source.label, "volatile header", at, "there is no volatile header where the header says");
  }
  if (view.getUint32(24, true) === 0 && view.getUint32(28, true) === 0) return;
  throw new FerryError("vmdk/journal", `${source.label} has a journal that was not replayed`, {
    location: { at: "bytes", file: source.label, offset: at + 24, field: "replay_journal" },
    hint: "Shut the machine down where it runs, or open and close the disk there (vmkfstools), and copy it again.",
  });
}

function badTable(source: ByteSource, at: number, field: string, message: string): FerryError {
  return new FerryError("vmdk/bad-table", message, {
    location: { at: "bytes", file: source.label, offset: at, field },
    hint: "The image is damaged or cut off: copy it again.",
  });
}

/** The directory in memory, as sectors of tables; 0: no table. */
async function openTables(
  source: ByteSource,
  header: SeSparseHeader,
  ctx: Context,
): Promise<GrainTables<GrainEntries>> {
  const count = Math.ceil(header.capacitySectors / (TABLE_ENTRIES * GRAIN_SECTORS));
  const directoryBytes = count * ENTRY_BYTES;
  const directoryAt = header.directorySector * SECTOR;
  if (directoryBytes > ctx.limits.tableBytes) {
    throw new FerryError("io/limit", `the grain directory would take ${directoryBytes} bytes`, {
      location: { at: "bytes", file: source.label, offset: 16, field: "capacity" },
      hint: "The header is damaged or hostile; raise the limit tableBytes if the disk is trusted.",
    });
  }
  if (directoryAt + directoryBytes > source.size) {
    throw badTable(source, 128, "grain_dir_offset", "the grain directory lies past the end of the file");
  }
  const directory = new Float64Array(count);
  const view = viewOf(await source.read(directoryAt, directoryBytes, ctx.signal));
  for (let i = 0; i < count; i++) directory[i] = tableSector(source, header, i, view);
  const tableBytes = TABLE_SECTORS * SECTOR;
  const kept = new Map<number, Float64Array>();
  return {
    count,
    entries: TABLE_ENTRIES,
    exists: (index) => index < count && directory[index] !== 0,
    async table(index, signal): Promise<Float64Array> {
      const known = kept.get(index);
      if (known !== undefined) return known;
      const at = (directory[index] as number) * SECTOR;
      const table = parseTable(source, header, at, viewOf(await source.read(at, tableBytes, signal)));
      if (kept.size >= TABLES_KEPT) kept.delete(kept.keys().next().value as number);
      kept.set(index, table);
      return table;
    },
  };
}

/** Sector of the table that a directory entry names: the highest nibble is 1 where there is one, the low half its number. */
function tableSector(source: ByteSource, header: SeSparseHeader, index: number, view: DataView): number {
  const number = view.getUint32(index * ENTRY_BYTES, true);
  const high = view.getUint32(index * ENTRY_BYTES + 4, true);
  if (number === 0 && high === 0) return 0;
  const field = `grain directory entry ${index}`;
  const at = header.directorySector * SECTOR + index * ENTRY_BYTES;
  if (high !== 0x10000000) throw badTable(source, at, field, `${field} is of an unknown kind (0x${high.toString(16)})`);
  const sector = header.tablesSector + number * TABLE_SECTORS;
  const isInside = (number + 1) * TABLE_SECTORS <= header.tablesSectors;
  if (!isInside || (sector + TABLE_SECTORS) * SECTOR > source.size) {
    throw badTable(source, at, field, `grain table ${index} lies past the end of the tables (number ${number})`);
  }
  return sector;
}

/**
 * Sectors of grains. The highest nibble of an entry says what it is: 0 not here, 1 unmapped by the guest, which reads as zeros, 2 zeros,
 * 3 a grain, whose number is stored with its lowest twelve bits above the other 48.
 */
function parseTable(source: ByteSource, header: SeSparseHeader, tableAt: number, view: DataView): Float64Array {
  const sectors = new Float64Array(TABLE_ENTRIES);
  for (let i = 0; i < TABLE_ENTRIES; i++) {
    const low = view.getUint32(ENTRY_BYTES * i, true);
    const high = view.getUint32(ENTRY_BYTES * i + 4, true);
    if (low === 0 && high === 0) continue;
    const kind = Math.floor(high / 2 ** 28);
    if (kind === 1 || kind === 2) {
      sectors[i] = ZEROED;
    } else if (kind === 3) {
      const lowest = Math.floor(high / 2 ** 16) % 2 ** 12;
      const others = (high % 2 ** 16) * 2 ** 32 + low;
      // A number above 2^53 is rounded, and lies past the end of any file.
      sectors[i] = header.grainsSector + (others * 2 ** 12 + lowest) * GRAIN_SECTORS;
    } else {
      const field = `grain table entry ${i}`;
      throw badTable(source, tableAt + ENTRY_BYTES * i, field, `${field} is of an unknown kind (${kind})`);
    }
  }
  return sectors;
}
