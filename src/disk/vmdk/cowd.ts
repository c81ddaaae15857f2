import { isPowerOfTwo, SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { openGrainTables } from "./grain-tables.js";
import { type ExtentReader, openSparseExtent } from "./sparse.js";

/** "COWD", read as little-endian. */
export const COWD_MAGIC = 0x44574f43;

/** Bytes of the header that are looked at. */
const HEADER_BYTES = 32;
/** Bytes of the whole header. */
export const COWD_HEADER_BYTES = 2048;
/** Grains of a grain table; a table takes 32 sectors. */
export const COWD_TABLE_ENTRIES = 4096;

/** The header of an ESX copy-on-write extent (VMware Virtual Disk Format 5.0, "ESX Server Sparse Extents"). Places in sectors. */
export interface CowdHeader {
  readonly capacitySectors: number;
  /** Usually 1. */
  readonly grainSectors: number;
  readonly directorySector: number;
  readonly directoryEntries: number;
}

/** Parses and checks a header. @throws `vmdk/bad-header` */
export function parseCowdHeader(bytes: Uint8Array, label: string): CowdHeader {
  const bad = (field: string, offset: number, message: string): FerryError =>
    new FerryError("vmdk/bad-header", message, {
      location: { at: "bytes", file: label, offset, field },
      hint: "The image is damaged, or no extent of an ESX snapshot: copy it again.",
    });
  if (bytes.length < HEADER_BYTES) throw bad("header", 0, `the header has ${bytes.length} of ${HEADER_BYTES} bytes`);
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== COWD_MAGIC)
    throw bad("magicNumber", 0, "there is no COWD header where one is needed");
  const version = view.getUint32(4, true);
  if (version !== 1) throw bad("version", 4, `COWD version ${version} is unknown`);
  const capacitySectors = view.getUint32(12, true);
  const grainSectors = view.getUint32(16, true);
  const directorySector = view.getUint32(20, true);
  const directoryEntries = view.getUint32(24, true);
  if (!isPowerOfTwo(grainSectors) || grainSectors > 131_072) {
    throw bad("granularity", 16, `a grain of ${grainSectors} sectors is not possible`);
  }
  const needed = Math.ceil(capacitySectors / (grainSectors * COWD_TABLE_ENTRIES));
  if (directoryEntries < needed) {
    throw bad("numGDEntries", 24, `${directoryEntries} grain tables are too few for ${capacitySectors} sectors`);
  }
  return { capacitySectors, grainSectors, directorySector, directoryEntries: needed };
}

/** Opens an ESX copy-on-write extent: a snapshot's delta, or a disk of ESX 2. */
export async function openCowdExtent(
  source: ByteSource,
  bytes: number,
  unallocated: "zero" | "absent",
  ctx: Context,
): Promise<{ readonly reader: ExtentReader; readonly grain: number }> {
  const header = parseCowdHeader(await source.read(0, Math.min(HEADER_BYTES, source.size), ctx.signal), source.label);
  const grain = header.grainSectors * SECTOR;
  const tables = await openGrainTables(
    source,
    {
      directory: header.directorySector,
      redundant: null,
      count: header.directoryEntries,
      entries: COWD_TABLE_ENTRIES,
      preallocated: false,
    },
    ctx,
  );
  const layout = { grain, compressed: false, zeroedGrains: false, unallocated };
  return { reader: openSparseExtent(source, layout, tables, bytes), grain };
}
