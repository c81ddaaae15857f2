import { MIB, viewOf } from "../../src/base/bytes.js";
import { guidBytes } from "../../src/base/guid.js";
import { REGION, serializeHeader, serializeIdentifier, serializeRegionTable } from "../../src/disk/vhdx/header.js";
import { crc32c } from "../../src/io/checksums/crc32c.js";
import { SparseBytes } from "../../src/io/testing/sparse-bytes.js";

/** Where a crafted file has its parts. */
export const CRAFTED = {
  logAt: 0x100000,
  logBytes: 0x100000,
  metadataAt: 0x200000,
  batAt: 0x300000,
  logId: "11111111-2222-3333-4444-555555555555",
  dataWriteId: "99999999-8888-7777-6666-555555555555",
} as const;

/** A metadata item. Flags: 1 user, 2 virtual disk, 4 required. */
export interface CraftedItem {
  readonly id: string;
  readonly flags: number;
  readonly bytes: Uint8Array;
}

/** An entry of the block table by its index there, and not by its block. */
export interface CraftedEntry {
  readonly index: number;
  readonly state: number;
  readonly mib: number;
}

/** What a crafted file says. */
export interface CraftedVhdx {
  readonly diskBytes: number;
  readonly blockBytes: number;
  readonly sector?: number;
  /** Keys and values of the parent locator; without: no parent. */
  readonly parent?: Readonly<Record<string, string>>;
  readonly entries: readonly CraftedEntry[];
  readonly logId?: string;
  readonly batBytes?: number;
  /** Replaces the items that the other fields would make. */
  readonly items?: readonly CraftedItem[];
  readonly fileBytes?: number;
}

function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  for (const [i, value] of values.entries()) viewOf(bytes).setUint32(4 * i, value, true);
  return bytes;
}

/** A parent locator of the one known type, with UTF-16 texts. */
export function locatorBytes(entries: Readonly<Record<string, string>>): Uint8Array {
  const pairs = Object.entries(entries);
  const bytes = new Uint8Array(4096);
  const view = viewOf(bytes);
  bytes.set(guidBytes("b04aefb7-d19e-4a81-b789-25b8e9445913"));
  view.setUint16(18, pairs.length, true);
  let at = 20 + 12 * pairs.length;
  const put = (text: string): number => {
    const start = at;
    for (const unit of text) {
      view.setUint16(at, unit.charCodeAt(0), true);
      at += 2;
    }
    return start;
  };
  for (const [i, [key, value]] of pairs.entries()) {
    const entry = 20 + 12 * i;
    view.setUint32(entry, put(key), true);
    view.setUint32(entry + 4, put(value), true);
    view.setUint16(entry + 8, 2 * key.length, true);
    view.setUint16(entry + 10, 2 * value.length, true);
  }
  return bytes.slice(0, at);
}

/** The items that a file of a shape needs. */
export function craftedItems(shape: CraftedVhdx): readonly CraftedItem[] {
  const sector = shape.sector ?? 512;
  const items: CraftedItem[] = [
    {
      id: "caa16737-fa36-4d43-b3b6-33f0aa44e76b",
      flags: 4,
      bytes: words(shape.blockBytes, shape.parent === undefined ? 0 : 2),
    },
    {
      id: "2fa54224-cd1b-4876-b211-5dbed83bf4b8",
      flags: 6,
      bytes: words(shape.diskBytes % 2 ** 32, Math.floor(shape.diskBytes / 2 ** 32)),
    },
    { id: "8141bf1d-a96f-4709-ba47-f233a8faab5f", flags: 6, bytes: words(sector) },
    { id: "cda348c7-445d-4471-9cc9-e9885251c556", flags: 6, bytes: words(4096) },
    {
      id: "beca12ab-b2e6-4523-93ef-c309e000c746",
      flags: 6,
      bytes: guidBytes("01234567-89ab-cdef-0123-456789abcdef"),
    },
  ];
  if (shape.parent !== undefined) {
    items.push({ id: "a8d35f2d-b30b-454d-abf7-d3d84834ab0c", flags: 4, bytes: locatorBytes(shape.parent) });
  }
  return items;
}

function metadataBytes(items: readonly CraftedItem[]): Uint8Array {
  const bytes = new Uint8Array(MIB);
  const view = viewOf(bytes);
  bytes.set(new TextEncoder().encode("metadata"));
  view.setUint16(10, items.length, true);
  let at = 64 * 1024;
  for (const [i, item] of items.entries()) {
    bytes.set(guidBytes(item.id), 32 + 32 * i);
    view.setUint32(48 + 32 * i, at, true);
    view.setUint32(52 + 32 * i, item.bytes.length, true);
    view.setUint32(56 + 32 * i, item.flags, true);
    bytes.set(item.bytes, at);
    at += item.bytes.length;
  }
  return bytes;
}

/** The eight bytes of a table entry. */
export function entryBytes(state: number, mib: number): Uint8Array {
  return words(state + (mib % 4096) * MIB, Math.floor(mib / 4096));
}

/** A VHDX put together by hand: log, metadata and table at fixed places, then whatever the test writes. */
export function craftVhdx(shape: CraftedVhdx): SparseBytes {
  const file = new SparseBytes(shape.fileBytes ?? 8 * MIB);
  file.write(0, serializeIdentifier("crafted by hand"));
  const header = {
    sequence: 7n,
    fileWriteId: "22222222-2222-2222-2222-222222222222",
    dataWriteId: CRAFTED.dataWriteId,
    logId: shape.logId ?? null,
    logVersion: 0,
    logAt: CRAFTED.logAt,
    logBytes: CRAFTED.logBytes,
  };
  file.write(0x10000, serializeHeader(header));
  // An older header that is whole and wrong in everything that counts.
  file.write(0x20000, serializeHeader({ ...header, sequence: 6n, dataWriteId: CRAFTED.logId, logId: null }));
  const regions = serializeRegionTable([
    { id: REGION.bat, at: CRAFTED.batAt, length: shape.batBytes ?? MIB, required: true },
    { id: REGION.metadata, at: CRAFTED.metadataAt, length: MIB, required: true },
  ]);
  file.write(0x30000, regions);
  file.write(0x40000, regions);
  file.write(CRAFTED.metadataAt, metadataBytes(shape.items ?? craftedItems(shape)));
  for (const { index, state, mib } of shape.entries) file.write(CRAFTED.batAt + 8 * index, entryBytes(state, mib));
  return file;
}

/** What one entry of a log changes: 4 KiB of data, or zeros. */
export type CraftedChange =
  | { readonly at: number; readonly data: Uint8Array }
  | { readonly at: number; readonly zeros: number };

/** A log entry. */
export interface CraftedLogEntry {
  readonly sequence: number;
  /** Offset in the log. */
  readonly tail: number;
  readonly changes: readonly CraftedChange[];
  readonly flushed?: number;
  readonly last?: number;
  readonly logId?: string;
}

/** The bytes of a log entry (MS-VHDX 2.3.1), checksum and all. */
export function logEntryBytes(entry: CraftedLogEntry): Uint8Array {
  const headSectors = Math.ceil((64 + 32 * entry.changes.length) / 4096);
  const data = entry.changes.filter((change) => "data" in change);
  const bytes = new Uint8Array(4096 * (headSectors + data.length));
  const view = viewOf(bytes);
  const encoder = new TextEncoder();
  const sequence = BigInt(entry.sequence);
  bytes.set(encoder.encode("loge"));
  view.setUint32(8, bytes.length, true);
  view.setUint32(12, entry.tail, true);
  view.setBigUint64(16, sequence, true);
  view.setUint32(24, entry.changes.length, true);
  bytes.set(guidBytes(entry.logId ?? CRAFTED.logId), 32);
  view.setBigUint64(48, BigInt(entry.flushed ?? 8 * MIB), true);
  view.setBigUint64(56, BigInt(entry.last ?? 8 * MIB), true);
  let sector = headSectors * 4096;
  for (const [i, change] of entry.changes.entries()) {
    const at = 64 + 32 * i;
    view.setBigUint64(at + 16, BigInt(change.at), true);
    view.setBigUint64(at + 24, sequence, true);
    if ("zeros" in change) {
      bytes.set(encoder.encode("zero"), at);
      view.setBigUint64(at + 8, BigInt(change.zeros), true);
      continue;
    }
    bytes.set(encoder.encode("desc"), at);
    bytes.set(change.data.subarray(4092, 4096), at + 4);
    bytes.set(change.data.subarray(0, 8), at + 8);
    bytes.set(encoder.encode("data"), sector);
    bytes.set(change.data.subarray(8, 4092), sector + 8);
    view.setUint32(sector + 4, Math.floor(entry.sequence / 2 ** 32), true);
    view.setUint32(sector + 4092, entry.sequence % 2 ** 32, true);
    sector += 4096;
  }
  view.setUint32(4, crc32c(bytes), true);
  return bytes;
}
