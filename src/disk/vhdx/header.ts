import { MIB, readU64, viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { guidBytes, NIL_GUID, readGuid } from "../../base/guid.js";
import { crc32c } from "../../io/checksums/crc32c.js";

/** Places of the header section's structures (MS-VHDX 2.2). Each has 64 KiB to itself, in the first MiB of the file. */
export const HEADER_SECTION = {
  identifier: 0,
  headers: [0x10000, 0x20000],
  regionTables: [0x30000, 0x40000],
  end: 0x100000,
} as const;

/** Bytes of a header that count: the rest of its 64 KiB is reserved. */
export const HEADER_BYTES = 4096;
/** Bytes of a region table, all under its checksum. */
export const REGION_TABLE_BYTES: number = 64 * 1024;

const IDENTIFIER = "vhdxfile";
const CREATOR_BYTES = 512;
const REGION_ENTRY_BYTES = 32;
const MOST_REGIONS = 2047;

/** Regions that we know (MS-VHDX 2.2.3.2). */
export const REGION = {
  bat: "2dc27766-f623-4200-9d64-115e9bfd4a08",
  metadata: "8b7ca206-4790-4b9a-b8fe-575f050f886e",
} as const;

/** A header: the one of the two with the higher sequence number rules (MS-VHDX 2.2.2). */
export interface VhdxHeader {
  readonly sequence: bigint;
  /** Changes whenever the file is written. */
  readonly fileWriteId: string;
  /** Changes whenever what the guest sees is written; a child names its parent by it. */
  readonly dataWriteId: string;
  /** `null`: there is nothing in the log. */
  readonly logId: string | null;
  readonly logVersion: number;
  readonly logAt: number;
  readonly logBytes: number;
}

/** A part of the file with a purpose (MS-VHDX 2.2.3.2). */
export interface VhdxRegion {
  readonly id: string;
  readonly at: number;
  readonly length: number;
  readonly required: boolean;
}

/** ASCII text of four or eight bytes. */
export function signatureAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

/** Whether some bytes begin as a VHDX file does. */
export function isVhdx(head: Uint8Array): boolean {
  return signatureAt(head, 0, IDENTIFIER.length) === IDENTIFIER;
}

/** The name of the program that made the file, from the file type identifier; empty where it says nothing. */
export function creatorOf(head: Uint8Array): string {
  const text = new TextDecoder("utf-16le").decode(head.subarray(8, 8 + CREATOR_BYTES));
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

/** The file type identifier (MS-VHDX 2.2.1): signature, then the creator in UTF-16 LE. */
export function serializeIdentifier(creator: string): Uint8Array {
  const bytes = new Uint8Array(8 + CREATOR_BYTES);
  bytes.set(new TextEncoder().encode(IDENTIFIER));
  const view = viewOf(bytes);
  for (let i = 0; i < Math.min(creator.length, CREATOR_BYTES / 2 - 1); i++) {
    view.setUint16(8 + 2 * i, creator.charCodeAt(i), true);
  }
  return bytes;
}

/** Whether the CRC-32C at offset 4 of a structure is that of its bytes with the field taken as zero. */
export function checksumHolds(bytes: Uint8Array): boolean {
  // Not `slice`: given one of Node's buffers it would not copy.
  const copy = new Uint8Array(bytes);
  const view = viewOf(copy);
  const stored = view.getUint32(4, true);
  view.setUint32(4, 0, true);
  return crc32c(copy) === stored;
}

function seal(bytes: Uint8Array): Uint8Array {
  const view = viewOf(bytes);
  view.setUint32(4, 0, true);
  view.setUint32(4, crc32c(bytes), true);
  return bytes;
}

/** What a header says, or in words why it does not count. */
export function parseHeader(bytes: Uint8Array): VhdxHeader | string {
  if (signatureAt(bytes, 0, 4) !== "head") return "it has no signature";
  if (!checksumHolds(bytes)) return "its checksum is wrong";
  const view = viewOf(bytes);
  // Offset 66, u16: version. Readers must refuse what they do not know.
  const version = view.getUint16(66, true);
  if (version !== 1) return `its version is ${version}`;
  const logId = readGuid(bytes, 48);
  return {
    sequence: view.getBigUint64(8, true),
    fileWriteId: readGuid(bytes, 16),
    dataWriteId: readGuid(bytes, 32),
    logId: logId === NIL_GUID ? null : logId,
    logVersion: view.getUint16(64, true),
    logBytes: view.getUint32(68, true),
    logAt: readU64(view, 72, true),
  };
}

/** The 4 KiB of a header. */
export function serializeHeader(header: VhdxHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = viewOf(bytes);
  bytes.set(new TextEncoder().encode("head"));
  view.setBigUint64(8, header.sequence, true);
  bytes.set(guidBytes(header.fileWriteId), 16);
  bytes.set(guidBytes(header.dataWriteId), 32);
  bytes.set(guidBytes(header.logId ?? NIL_GUID), 48);
  view.setUint16(64, header.logVersion, true);
  view.setUint16(66, 1, true);
  view.setUint32(68, header.logBytes, true);
  writeU64(view, 72, header.logAt, true);
  return seal(bytes);
}

/** The regions that a table lists, or in words why it does not count. */
export function parseRegionTable(bytes: Uint8Array): readonly VhdxRegion[] | string {
  if (signatureAt(bytes, 0, 4) !== "regi") return "it has no signature";
  if (!checksumHolds(bytes)) return "its checksum is wrong";
  const view = viewOf(bytes);
  const count = view.getUint32(8, true);
  if (count > MOST_REGIONS) return `it lists ${count} regions`;
  return Array.from({ length: count }, (_, i) => {
    const at = 16 + i * REGION_ENTRY_BYTES;
    return {
      id: readGuid(bytes, at),
      at: readU64(view, at + 16, true),
      length: view.getUint32(at + 24, true),
      // Bit 0 of the flags.
      required: view.getUint32(at + 28, true) % 2 === 1,
    };
  });
}

/** The 64 KiB of a region table. */
export function serializeRegionTable(regions: readonly VhdxRegion[]): Uint8Array {
  const bytes = new Uint8Array(REGION_TABLE_BYTES);
  const view = viewOf(bytes);
  bytes.set(new TextEncoder().encode("regi"));
  view.setUint32(8, regions.length, true);
  for (const [i, region] of regions.entries()) {
    const at = 16 + i * REGION_ENTRY_BYTES;
    bytes.set(guidBytes(region.id), at);
    writeU64(view, at + 16, region.at, true);
    view.setUint32(at + 24, region.length, true);
    view.setUint32(at + 28, region.required ? 1 : 0, true);
  }
  return seal(bytes);
}

/**
 * The two regions that every VHDX needs, after a look at all of them.
 * @throws `vhdx/unknown-region` where a region is required and unknown, `vhdx/bad-region` where one is missing, listed twice or out of
 *   place
 */
export function findRegions(
  regions: readonly VhdxRegion[],
  fileBytes: number,
  label: string,
): { readonly bat: VhdxRegion; readonly metadata: VhdxRegion } {
  const bad = (message: string): FerryError =>
    new FerryError("vhdx/bad-region", message, {
      location: { at: "bytes", file: label, offset: HEADER_SECTION.regionTables[0], field: "region table" },
      hint: "The download may be incomplete: compare its size with the original.",
    });
  const known = new Map<string, VhdxRegion>();
  for (const region of regions) {
    if (region.id !== REGION.bat && region.id !== REGION.metadata) {
      if (!region.required) continue;
      throw new FerryError("vhdx/unknown-region", `the region ${region.id} is required to read the disk, and unknown`, {
        hint: "The disk uses a feature that came after this version of vmferry: convert it to a plain VHDX where it comes from.",
      });
    }
    if (known.has(region.id)) throw bad(`the region ${region.id} is listed twice`);
    if (region.at < HEADER_SECTION.end || region.at % MIB !== 0 || region.length === 0 || region.length % MIB !== 0) {
      throw bad(`the region ${region.id} of ${region.length} bytes at ${region.at} is not made of whole MiB`);
    }
    if (region.at + region.length > fileBytes) {
      throw bad(
        `the region ${region.id} ends past the end of the file (byte ${region.at + region.length} of ${fileBytes})`,
      );
    }
    known.set(region.id, region);
  }
  const bat = known.get(REGION.bat);
  const metadata = known.get(REGION.metadata);
  if (bat === undefined || metadata === undefined) {
    throw bad(`the file lists no ${bat === undefined ? "block allocation table" : "metadata"}`);
  }
  return { bat, metadata };
}
