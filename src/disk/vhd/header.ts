import { alignUp, isPowerOfTwo, readU64, SECTOR, toHex, viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { readUuid, uuidBytes } from "../../base/guid.js";
import type { Limits } from "../../base/limits.js";
import { type Geometry, geometryBytes, MOST_GEOMETRY_SECTORS } from "./geometry.js";

/** Bytes of a footer. Virtual PC before 2004 wrote one byte less. */
export const FOOTER_BYTES = 512;
/** Bytes of a dynamic disk's header. */
export const DYNAMIC_HEADER_BYTES = 1024;

const FOOTER_COOKIE = "conectix";
const DYNAMIC_COOKIE = "cxsparse";
/** "Nowhere" in 64-bit places. */
const NOWHERE = 0xffffffffffffffffn;
const LOCATORS = 8;
const LOCATOR_BYTES = 24;

/** Kinds of disks by their number in the footer. */
const TYPES: ReadonlyMap<number, VhdFooter["type"]> = new Map([
  [2, "fixed"],
  [3, "dynamic"],
  [4, "differencing"],
]);

/** The footer: the last 512 bytes of the file, and a copy at the start of all but fixed disks. All numbers are big-endian. */
export interface VhdFooter {
  readonly type: "fixed" | "dynamic" | "differencing";
  /** Where the dynamic header stands; `null` for fixed disks. */
  readonly headerAt: number | null;
  /** Seconds since 2000-01-01 UTC. */
  readonly time: number;
  /** Four characters that tell the program that made the file. */
  readonly creator: string;
  /** As stored: major and minor, sixteen bits each. */
  readonly creatorVersion: number;
  readonly originalBytes: number;
  readonly currentBytes: number;
  readonly geometry: Geometry;
  readonly id: string;
  /** The machine was suspended. */
  readonly savedState: boolean;
}

/** A place where the parent's name is kept. */
export interface ParentLocator {
  /** `W2ru`, `W2ku`, `MacX` and the like. */
  readonly platform: string;
  readonly length: number;
  readonly at: number;
}

/** The header of dynamic and differencing disks. */
export interface VhdDynamicHeader {
  readonly tableAt: number;
  readonly tableEntries: number;
  readonly blockBytes: number;
  /** Only of meaning in differencing disks. */
  readonly parentId: string;
  /** The parent's name without a path. */
  readonly parentName: string;
  readonly locators: readonly ParentLocator[];
}

function text(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

/** Whether a footer, or its copy, may begin at a place. */
export function hasFooterCookie(bytes: Uint8Array, at: number): boolean {
  return at >= 0 && text(bytes, at, 8) === FOOTER_COOKIE;
}

/** The one's complement of the sum of all bytes but those of the field itself. */
function checksumOf(bytes: Uint8Array, field: number): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) if (i < field || i >= field + 4) sum += bytes[i] as number;
  return 2 ** 32 - 1 - (sum % 2 ** 32);
}

/** Whether the checksum of a footer holds. */
export function footerHolds(bytes: Uint8Array): boolean {
  return viewOf(bytes).getUint32(64) === checksumOf(bytes, 64);
}

/** A copy of a footer with the checksum that its other bytes ask for. */
export function sealedFooter(bytes: Uint8Array): Uint8Array {
  return sealed(bytes, 64);
}

/** A copy of a dynamic header with the checksum that its other bytes ask for. */
export function sealedDynamicHeader(bytes: Uint8Array): Uint8Array {
  return sealed(bytes, 36);
}

function sealed(bytes: Uint8Array, field: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  viewOf(copy).setUint32(field, checksumOf(copy, field));
  return copy;
}

/**
 * Parses a footer whose cookie and checksum have been looked at. A footer of 511 bytes lacks one reserved byte at its end.
 * @throws `vhd/bad-footer` where a field is out of range
 */
export function parseFooter(bytes: Uint8Array, label: string, at: number): VhdFooter {
  const bad = (field: string, offset: number, message: string): FerryError =>
    new FerryError("vhd/bad-footer", message, {
      location: { at: "bytes", file: label, offset: at + offset, field },
      hint: "The image is damaged, or of a kind that came after this version of vmferry: convert it where it comes from.",
    });
  const view = viewOf(bytes);
  const version = view.getUint32(12);
  if (Math.floor(version / 0x10000) !== 1)
    throw bad("version", 12, `a VHD of version 0x${version.toString(16)} is unknown`);
  const number = view.getUint32(60);
  const type = TYPES.get(number);
  if (type === undefined) throw bad("diskType", 60, `a VHD of type ${number} is unknown`);
  const currentBytes = readU64(view, 48, false);
  if (currentBytes % SECTOR !== 0)
    throw bad("currentSize", 48, `a disk of ${currentBytes} bytes is not made of whole sectors`);
  return {
    type,
    headerAt: type === "fixed" ? null : readU64(view, 16, false),
    time: view.getUint32(24),
    creator: text(bytes, 28, 4),
    creatorVersion: view.getUint32(32),
    originalBytes: view.getBigUint64(40) > 2n ** 53n ? currentBytes : readU64(view, 40, false),
    currentBytes,
    geometry: { cylinders: view.getUint16(56), heads: view.getUint8(58), sectors: view.getUint8(59) },
    id: readUuid(bytes, 68),
    savedState: bytes[84] !== 0,
  };
}

/** The 512 bytes of a footer. The creator's system is always "Windows": readers know no other but the Macintosh. */
export function serializeFooter(footer: VhdFooter): Uint8Array {
  const bytes = new Uint8Array(FOOTER_BYTES);
  const view = viewOf(bytes);
  const encoder = new TextEncoder();
  bytes.set(encoder.encode(FOOTER_COOKIE));
  // Features: bit 1 is reserved and always set.
  view.setUint32(8, 2);
  view.setUint32(12, 0x10000);
  if (footer.headerAt === null) view.setBigUint64(16, NOWHERE);
  else writeU64(view, 16, footer.headerAt, false);
  view.setUint32(24, footer.time);
  bytes.set(encoder.encode(footer.creator).subarray(0, 4), 28);
  view.setUint32(32, footer.creatorVersion);
  bytes.set(encoder.encode("Wi2k"), 36);
  writeU64(view, 40, footer.originalBytes, false);
  writeU64(view, 48, footer.currentBytes, false);
  view.setUint16(56, footer.geometry.cylinders);
  view.setUint8(58, footer.geometry.heads);
  view.setUint8(59, footer.geometry.sectors);
  for (const [number, type] of TYPES) if (type === footer.type) view.setUint32(60, number);
  bytes.set(uuidBytes(footer.id), 68);
  view.setUint8(84, footer.savedState ? 1 : 0);
  view.setUint32(64, checksumOf(bytes, 64));
  return bytes;
}

/** Makers that mean the geometry when they speak of a disk's size: Virtual PC, Virtual Server, and qemu before it had `qem2`. */
const SIZE_BY_GEOMETRY: ReadonlySet<string> = new Set(["vpc ", "vs  ", "qemu"]);

/** The guest's bytes, and what the other way of counting would have said, where it differs and its maker may have meant it. */
export interface VhdSize {
  readonly bytes: number;
  readonly by: "current-size" | "geometry";
}

/**
 * The size of the guest's disk. The footer states it twice: in bytes, and as a geometry, which rounds down. Virtual PC goes by the geometry,
 * everybody since by the bytes. A geometry that cannot grow means that the disk is larger than a geometry can say.
 */
export function sizeOf(footer: VhdFooter): VhdSize {
  const byGeometry = geometryBytes(footer.geometry);
  const saysAll = byGeometry > 0 && byGeometry < MOST_GEOMETRY_SECTORS * SECTOR;
  return saysAll && SIZE_BY_GEOMETRY.has(footer.creator)
    ? { bytes: byGeometry, by: "geometry" }
    : { bytes: footer.currentBytes, by: "current-size" };
}

/**
 * Parses and checks a dynamic header.
 * @throws `vhd/bad-header`, and `io/limit` for a block larger than `limits.unitBytes`
 */
export function parseDynamicHeader(bytes: Uint8Array, label: string, at: number, limits: Limits): VhdDynamicHeader {
  const bad = (field: string, offset: number, message: string): FerryError =>
    new FerryError("vhd/bad-header", message, {
      location: { at: "bytes", file: label, offset: at + offset, field },
      hint: "The image is damaged: fetch it again.",
    });
  const view = viewOf(bytes);
  if (text(bytes, 0, 8) !== DYNAMIC_COOKIE)
    throw bad("cookie", 0, "there is no dynamic disk header where the footer says");
  const stored = view.getUint32(36);
  const computed = checksumOf(bytes, 36);
  if (stored !== computed) {
    throw bad(
      "checksum",
      36,
      `the checksum of the dynamic disk header is 0x${toHex(bytes.subarray(36, 40))}, and should be another`,
    );
  }
  const version = view.getUint32(24);
  if (Math.floor(version / 0x10000) !== 1)
    throw bad("headerVersion", 24, `a header of version 0x${version.toString(16)} is unknown`);
  const blockBytes = view.getUint32(32);
  if (!isPowerOfTwo(blockBytes) || blockBytes < SECTOR)
    throw bad("blockSize", 32, `a block of ${blockBytes} bytes is not possible`);
  if (blockBytes > limits.unitBytes) {
    throw new FerryError("io/limit", `a block would take ${blockBytes} bytes`, {
      location: { at: "bytes", file: label, offset: at + 32, field: "blockSize" },
      hint: "The header is damaged or hostile; raise the limit unitBytes if the disk is trusted.",
    });
  }
  const name = new TextDecoder("utf-16be").decode(bytes.subarray(64, 576));
  const locators: ParentLocator[] = [];
  for (let i = 0; i < LOCATORS; i++) {
    const entry = 576 + i * LOCATOR_BYTES;
    const platform = text(bytes, entry, 4);
    if (view.getUint32(entry) === 0) continue;
    // "Data space" at 4 counts sectors in the specification and bytes in many files; the length is in bytes everywhere.
    locators.push({ platform, length: view.getUint32(entry + 8), at: readU64(view, entry + 16, false) });
  }
  return {
    tableAt: readU64(view, 16, false),
    tableEntries: view.getUint32(28),
    blockBytes,
    parentId: readUuid(bytes, 40),
    parentName: name.includes("\0") ? name.slice(0, name.indexOf("\0")) : name,
    locators,
  };
}

/** A differencing disk's parent, as it is written. */
export interface WrittenParent {
  readonly id: string;
  /** File name, without a path. */
  readonly name: string;
  readonly locators: readonly ParentLocator[];
}

/** The 1024 bytes of a dynamic disk's header. The parent's time is zero, as in the footers that are written. */
export function serializeDynamicHeader(header: {
  readonly tableAt: number;
  readonly tableEntries: number;
  readonly blockBytes: number;
  /** `null`: not a differencing disk. */
  readonly parent: WrittenParent | null;
}): Uint8Array {
  const bytes = new Uint8Array(DYNAMIC_HEADER_BYTES);
  const view = viewOf(bytes);
  bytes.set(new TextEncoder().encode(DYNAMIC_COOKIE));
  view.setBigUint64(8, NOWHERE);
  writeU64(view, 16, header.tableAt, false);
  view.setUint32(24, 0x10000);
  view.setUint32(28, header.tableEntries);
  view.setUint32(32, header.blockBytes);
  if (header.parent !== null) putParent(bytes, header.parent);
  view.setUint32(36, checksumOf(bytes, 36));
  return bytes;
}

/** Fills the fields of a parent: id, name, locators (Virtual Hard Disk Image Format Specification, "Dynamic Disk Header Format"). */
function putParent(bytes: Uint8Array, parent: WrittenParent): void {
  const view = viewOf(bytes);
  bytes.set(uuidBytes(parent.id), 40);
  for (let i = 0; i < Math.min(parent.name.length, 256); i++) view.setUint16(64 + 2 * i, parent.name.charCodeAt(i));
  for (const [i, { platform, length, at }] of parent.locators.entries()) {
    const entry = 576 + i * LOCATOR_BYTES;
    bytes.set(new TextEncoder().encode(platform), entry);
    // The specification counts sectors here; Windows and VirtualBox write bytes, and readers go by the length.
    view.setUint32(entry + 4, alignUp(length, SECTOR));
    view.setUint32(entry + 8, length);
    writeU64(view, entry + 16, at, false);
  }
}
