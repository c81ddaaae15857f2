import { isPowerOfTwo, MIB, readU64, TIB, viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { guidBytes, parseGuid, readGuid } from "../../base/guid.js";
import type { ByteSource } from "../../io/source.js";
import { portablePath } from "../windows-path.js";
import { signatureAt, type VhdxRegion } from "./header.js";

/** Bytes of the table at the start of the metadata region. Items stand behind it. */
export const TABLE_BYTES: number = 64 * 1024;
const ENTRY_BYTES = 32;
const MOST_ENTRIES = 2047;
/** The largest item that the format allows. */
const MOST_ITEM_BYTES = MIB;

/** Items that we know (MS-VHDX 2.6.2). */
const ITEM = {
  fileParameters: "caa16737-fa36-4d43-b3b6-33f0aa44e76b",
  virtualDiskSize: "2fa54224-cd1b-4876-b211-5dbed83bf4b8",
  logicalSectorSize: "8141bf1d-a96f-4709-ba47-f233a8faab5f",
  physicalSectorSize: "cda348c7-445d-4471-9cc9-e9885251c556",
  virtualDiskId: "beca12ab-b2e6-4523-93ef-c309e000c746",
  parentLocator: "a8d35f2d-b30b-454d-abf7-d3d84834ab0c",
} as const;

const KNOWN_ITEMS: ReadonlySet<string> = new Set(Object.values(ITEM));

/** The only type of parent locator that is defined: another VHDX. */
const VHDX_PARENT = "b04aefb7-d19e-4a81-b789-25b8e9445913";

/** The largest disk (MS-VHDX 2.6.2.2). */
export const MOST_DISK_BYTES: number = 64 * TIB;

/** Facts about the disk that the file holds. */
export interface VhdxMetadata {
  /** Bytes of a payload block: 1 to 256 MiB, a power of two. */
  readonly blockBytes: number;
  /** Every block has its place and keeps it: a fixed disk. */
  readonly leaveAllocated: boolean;
  readonly hasParent: boolean;
  readonly diskBytes: number;
  readonly logicalSector: 512 | 4096;
  readonly physicalSector: number;
  readonly diskId: string | null;
  /** Keys and values of the parent locator; empty without a parent. */
  readonly parent: ReadonlyMap<string, string>;
}

/**
 * Reads the metadata region.
 * @throws `vhdx/bad-metadata`, and `vhdx/unknown-metadata` for an item that is required and unknown
 */
export async function readMetadata(
  source: ByteSource,
  region: VhdxRegion,
  signal?: AbortSignal,
): Promise<VhdxMetadata> {
  const bad = (field: string, offset: number, message: string): FerryError =>
    new FerryError("vhdx/bad-metadata", message, {
      location: { at: "bytes", file: source.label, offset, field },
      hint: "The image is damaged: fetch it again.",
    });
  const table = await source.read(region.at, TABLE_BYTES, signal);
  const view = viewOf(table);
  if (signatureAt(table, 0, 8) !== "metadata") {
    throw bad("metadata", region.at, "there is no metadata table where the file says");
  }
  const count = view.getUint16(10, true);
  if (count > MOST_ENTRIES) throw bad("metadata", region.at + 10, `the metadata table lists ${count} items`);
  const items = new Map<string, { readonly at: number; readonly bytes: Uint8Array }>();
  for (let i = 0; i < count; i++) {
    const entry = 32 + i * ENTRY_BYTES;
    const id = readGuid(table, entry);
    const offset = view.getUint32(entry + 16, true);
    const length = view.getUint32(entry + 20, true);
    const flags = view.getUint32(entry + 24, true);
    const isUser = flags % 2 === 1;
    const isRequired = Math.floor(flags / 4) % 2 === 1;
    if (isUser || !KNOWN_ITEMS.has(id)) {
      if (!isRequired) continue;
      throw new FerryError(
        "vhdx/unknown-metadata",
        `the metadata item ${id} is required to read the disk, and unknown`,
        {
          hint: "The disk uses a feature that came after this version of vmferry: convert it to a plain VHDX where it comes from.",
        },
      );
    }
    if (items.has(id)) throw bad("metadata", region.at + entry, `the metadata item ${id} is listed twice`);
    if (offset < TABLE_BYTES || length > MOST_ITEM_BYTES || offset + length > region.length) {
      throw bad("metadata", region.at + entry, `the metadata item ${id} of ${length} bytes lies outside of its region`);
    }
    const at = region.at + offset;
    items.set(id, { at, bytes: await source.read(at, length, signal) });
  }
  const item = (id: string, field: string, length: number): { at: number; bytes: Uint8Array; view: DataView } => {
    const found = items.get(id);
    if (found === undefined) throw bad(field, region.at, `the metadata item ${field} is missing`);
    if (found.bytes.length < length) throw bad(field, found.at, `the metadata item ${field} is cut short`);
    return { ...found, view: viewOf(found.bytes) };
  };

  const parameters = item(ITEM.fileParameters, "FileParameters", 8);
  const blockBytes = parameters.view.getUint32(0, true);
  if (!isPowerOfTwo(blockBytes) || blockBytes < MIB || blockBytes > 256 * MIB) {
    throw bad("BlockSize", parameters.at, `a block of ${blockBytes} bytes is not possible`);
  }
  const flags = parameters.view.getUint32(4, true);
  const sector = item(ITEM.logicalSectorSize, "LogicalSectorSize", 4);
  const logicalSector = sector.view.getUint32(0, true);
  if (logicalSector !== 512 && logicalSector !== 4096) {
    throw bad("LogicalSectorSize", sector.at, `a logical sector of ${logicalSector} bytes is not possible`);
  }
  const size = item(ITEM.virtualDiskSize, "VirtualDiskSize", 8);
  const diskBytes = readU64(size.view, 0, true);
  if (diskBytes > MOST_DISK_BYTES || diskBytes % logicalSector !== 0) {
    throw bad(
      "VirtualDiskSize",
      size.at,
      `a disk of ${diskBytes} bytes with sectors of ${logicalSector} is not possible`,
    );
  }
  const hasParent = Math.floor(flags / 2) % 2 === 1;
  const locator = hasParent ? item(ITEM.parentLocator, "ParentLocator", 20) : null;
  const diskId = items.get(ITEM.virtualDiskId)?.bytes ?? null;
  const physical = items.get(ITEM.physicalSectorSize)?.bytes ?? null;
  return {
    blockBytes,
    leaveAllocated: flags % 2 === 1,
    hasParent,
    diskBytes,
    logicalSector,
    physicalSector: physical !== null && physical.length >= 4 ? viewOf(physical).getUint32(0, true) : logicalSector,
    diskId: diskId !== null && diskId.length >= 16 ? readGuid(diskId, 0) : null,
    parent:
      locator === null
        ? new Map()
        : parseLocator(locator.bytes, (message) => bad("ParentLocator", locator.at, message)),
  };
}

/** Where the size of the disk stands in a metadata table that was read before; `null` where it has none. Counts from the region's start. */
export function diskSizeAt(table: Uint8Array): number | null {
  const view = viewOf(table);
  const count = Math.min(view.getUint16(10, true), MOST_ENTRIES);
  for (let entry = 32; entry < 32 + count * ENTRY_BYTES; entry += ENTRY_BYTES) {
    if (readGuid(table, entry) === ITEM.virtualDiskSize) return view.getUint32(entry + 16, true);
  }
  return null;
}

/** Keys and values of a parent locator (MS-VHDX 2.6.2.6). */
function parseLocator(bytes: Uint8Array, bad: (message: string) => FerryError): ReadonlyMap<string, string> {
  const type = readGuid(bytes, 0);
  if (type !== VHDX_PARENT) throw bad(`a parent locator of type ${type} is unknown`);
  const view = viewOf(bytes);
  const count = view.getUint16(18, true);
  if (20 + 12 * count > bytes.length)
    throw bad(`the parent locator is cut short: ${count} entries in ${bytes.length} bytes`);
  const decoder = new TextDecoder("utf-16le");
  const text = (at: number, length: number): string => {
    if (at + length > bytes.length) throw bad("a text of the parent locator lies outside of it");
    return decoder.decode(bytes.subarray(at, at + length));
  };
  const entries = new Map<string, string>();
  for (let i = 0; i < count; i++) {
    const at = 20 + 12 * i;
    const key = text(view.getUint32(at, true), view.getUint16(at + 8, true));
    entries.set(key, text(view.getUint32(at + 4, true), view.getUint16(at + 10, true)));
  }
  return entries;
}

/** The file name of the parent, and the data write id that it must have. */
export function parentOf(locator: ReadonlyMap<string, string>): { name: string | null; identity: string | null } {
  const path = locator.get("relative_path") ?? locator.get("absolute_win32_path") ?? locator.get("volume_path");
  return {
    name: path === undefined ? null : portablePath(path),
    identity: parseGuid(locator.get("parent_linkage") ?? ""),
  };
}

/** What the metadata of a new disk says. */
export interface NewMetadata {
  readonly blockBytes: number;
  readonly leaveAllocated: boolean;
  readonly diskBytes: number;
  readonly logicalSector: 512 | 4096;
  readonly physicalSector: 512 | 4096;
  readonly diskId: string;
}

/** The start of a metadata region: the table and its items, 64 KiB and a little. */
export function serializeMetadata(metadata: NewMetadata): Uint8Array {
  const word = (value: number): Uint8Array => {
    const bytes = new Uint8Array(4);
    viewOf(bytes).setUint32(0, value, true);
    return bytes;
  };
  const size = new Uint8Array(8);
  writeU64(viewOf(size), 0, metadata.diskBytes, true);
  const parameters = new Uint8Array(8);
  viewOf(parameters).setUint32(0, metadata.blockBytes, true);
  viewOf(parameters).setUint32(4, metadata.leaveAllocated ? 1 : 0, true);
  // Flags of MS-VHDX 2.6.1.2: 2 speaks of the virtual disk, 4 is required.
  const items: readonly (readonly [id: string, flags: number, bytes: Uint8Array])[] = [
    [ITEM.fileParameters, 4, parameters],
    [ITEM.virtualDiskSize, 6, size],
    [ITEM.virtualDiskId, 6, guidBytes(metadata.diskId)],
    [ITEM.logicalSectorSize, 6, word(metadata.logicalSector)],
    [ITEM.physicalSectorSize, 6, word(metadata.physicalSector)],
  ];
  const bytes = new Uint8Array(TABLE_BYTES + 4096);
  const view = viewOf(bytes);
  bytes.set(new TextEncoder().encode("metadata"));
  view.setUint16(10, items.length, true);
  let at = TABLE_BYTES;
  for (const [i, [id, flags, item]] of items.entries()) {
    const entry = 32 + i * ENTRY_BYTES;
    bytes.set(guidBytes(id), entry);
    view.setUint32(entry + 16, at, true);
    view.setUint32(entry + 20, item.length, true);
    view.setUint32(entry + 24, flags, true);
    bytes.set(item, at);
    at += item.length;
  }
  return bytes;
}
