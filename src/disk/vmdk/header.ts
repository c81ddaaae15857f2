import { isPowerOfTwo, readU64, SECTOR, viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";

/** Bytes of a sparse extent's header (VMware Virtual Disk Format 5.0, "Hosted Sparse Extent Header"). */
export const SPARSE_HEADER_BYTES = 512;
/** "KDMV", read as little-endian. */
export const SPARSE_MAGIC = 0x564d444b;
/** `gdOffset` of a stream whose grain directory is named by its footer. */
export const GD_AT_END = "at-end" as const;

/** Header flags. Kept as numbers below 2^32. */
const FLAG_NEWLINE_TEST = 1;
const FLAG_REDUNDANT_GD = 2;
const FLAG_ZEROED_GRAIN = 4;
const FLAG_COMPRESSED = 0x10000;
const FLAG_MARKERS = 0x20000;

/** A hosted sparse extent's header. Places and sizes are in sectors of 512 bytes, as stored. */
export interface SparseHeader {
  /** 1 to 3. 2: zeroed-grain entries; 3: streams exported by vSphere. */
  readonly version: number;
  readonly flags: {
    /** A second directory with tables of its own is there. */
    readonly redundantDirectory: boolean;
    /** A grain table entry of 1 means a grain of zeros. */
    readonly zeroedGrains: boolean;
    readonly compressed: boolean;
    readonly markers: boolean;
  };
  readonly capacitySectors: number;
  readonly grainSectors: number;
  readonly descriptorSector: number;
  readonly descriptorSectors: number;
  /** Entries of a grain table: 512. */
  readonly tableEntries: number;
  readonly redundantDirectorySector: number;
  readonly directorySector: number | typeof GD_AT_END;
  /** Sectors before the first grain. */
  readonly overheadSectors: number;
  readonly unclean: boolean;
}

/** singleEndLineChar, nonEndLineChar, doubleEndLineChar1, doubleEndLineChar2: a transfer in text mode would change them. */
const NEWLINE_TEST = [0x0a, 0x20, 0x0d, 0x0a] as const;

const GD_AT_END_VALUE = 0xffffffffffffffffn;

function has(flags: number, flag: number): boolean {
  return Math.floor(flags / flag) % 2 === 1;
}

/**
 * Parses and checks a header.
 * @param label file name for messages
 * @param at offset of the header in the file, for messages
 * @throws `vmdk/bad-header` where a field is out of the range that the format allows
 */
export function parseSparseHeader(bytes: Uint8Array, label: string, at: number): SparseHeader {
  const bad = (field: string, offset: number, message: string): FerryError =>
    new FerryError("vmdk/bad-header", message, {
      location: { at: "bytes", file: label, offset: at + offset, field },
      hint: "The image is damaged or no sparse VMDK: fetch it again, or compare it with its manifest.",
    });
  if (bytes.length < SPARSE_HEADER_BYTES) throw bad("header", 0, `the header has ${bytes.length} of 512 bytes`);
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== SPARSE_MAGIC)
    throw bad("magicNumber", 0, "there is no VMDK header where one is needed");
  const version = view.getUint32(4, true);
  if (version < 1 || version > 3) throw bad("version", 4, `sparse extent version ${version} is unknown`);
  const flags = view.getUint32(8, true);
  if (has(flags, FLAG_NEWLINE_TEST) && NEWLINE_TEST.some((byte, i) => bytes[73 + i] !== byte)) {
    throw bad("newline test", 73, "line ends were changed: the file went through a transfer in text mode");
  }
  const capacitySectors = readU64(view, 12, true);
  if (!Number.isSafeInteger(capacitySectors * SECTOR)) {
    throw bad("capacity", 12, `a capacity of ${capacitySectors} sectors is not possible`);
  }
  const grainSectors = readU64(view, 20, true);
  // The format asks for a power of two above 8 sectors (4 KiB); smaller ones have been seen and do no harm. 64 MiB is beyond any writer.
  if (!isPowerOfTwo(grainSectors) || grainSectors > 131_072) {
    throw bad("grainSize", 20, `a grain of ${grainSectors} sectors is not possible`);
  }
  const tableEntries = view.getUint32(44, true);
  if (tableEntries === 0 || tableEntries > 65_536) {
    throw bad("numGTEsPerGT", 44, `grain tables of ${tableEntries} entries are not possible`);
  }
  const compressAlgorithm = view.getUint16(77, true);
  const compressed = has(flags, FLAG_COMPRESSED);
  if (compressed && compressAlgorithm > 1) {
    throw bad("compressAlgorithm", 77, `compression method ${compressAlgorithm} is unknown`);
  }
  if (compressed && !has(flags, FLAG_MARKERS)) {
    throw bad("flags", 8, "grains are compressed and have no markers, which nobody writes");
  }
  return {
    version,
    flags: {
      redundantDirectory: has(flags, FLAG_REDUNDANT_GD),
      zeroedGrains: has(flags, FLAG_ZEROED_GRAIN),
      compressed,
      markers: has(flags, FLAG_MARKERS),
    },
    capacitySectors,
    grainSectors,
    descriptorSector: readU64(view, 28, true),
    descriptorSectors: readU64(view, 36, true),
    tableEntries,
    redundantDirectorySector: readU64(view, 48, true),
    directorySector: view.getBigUint64(56, true) === GD_AT_END_VALUE ? GD_AT_END : readU64(view, 56, true),
    overheadSectors: readU64(view, 64, true),
    unclean: bytes[72] !== 0,
  };
}

/** The 512 bytes of a header. */
export function serializeSparseHeader(header: SparseHeader): Uint8Array {
  const bytes = new Uint8Array(SPARSE_HEADER_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, SPARSE_MAGIC, true);
  view.setUint32(4, header.version, true);
  view.setUint32(
    8,
    FLAG_NEWLINE_TEST +
      (header.flags.redundantDirectory ? FLAG_REDUNDANT_GD : 0) +
      (header.flags.zeroedGrains ? FLAG_ZEROED_GRAIN : 0) +
      (header.flags.compressed ? FLAG_COMPRESSED : 0) +
      (header.flags.markers ? FLAG_MARKERS : 0),
    true,
  );
  writeU64(view, 12, header.capacitySectors, true);
  writeU64(view, 20, header.grainSectors, true);
  writeU64(view, 28, header.descriptorSector, true);
  writeU64(view, 36, header.descriptorSectors, true);
  view.setUint32(44, header.tableEntries, true);
  writeU64(view, 48, header.redundantDirectorySector, true);
  if (header.directorySector === GD_AT_END) view.setBigUint64(56, GD_AT_END_VALUE, true);
  else writeU64(view, 56, header.directorySector, true);
  writeU64(view, 64, header.overheadSectors, true);
  bytes[72] = header.unclean ? 1 : 0;
  bytes.set(NEWLINE_TEST, 73);
  view.setUint16(77, header.flags.compressed ? 1 : 0, true);
  return bytes;
}

/** Bytes of a grain: what one table entry stands for. */
export function grainBytes(header: SparseHeader): number {
  return header.grainSectors * SECTOR;
}
