import { MIB, readU64, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { readGuid } from "../../base/guid.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { Change } from "../changed-file.js";
import { checksumHolds, HEADER_SECTION, signatureAt, type VhdxHeader } from "./header.js";

/** Sectors of the log, and of what it changes (MS-VHDX 2.3). */
const LOG_SECTOR = 4096;
const ENTRY_HEADER_BYTES = 64;
const DESCRIPTOR_BYTES = 32;

/** One entry of the log that holds together. */
interface LogEntry {
  /** Offset in the log. */
  readonly at: number;
  /** Sectors, all of one entry; it may run over the log's end to its start. */
  readonly sectors: number;
  readonly sequence: bigint;
  /** Offset in the log of the oldest entry that had to be kept when this one was written. */
  readonly tail: number;
  /** The file was at least this long, for certain, when the entry was written. */
  readonly flushedFileBytes: number;
  /** The file has to be at least this long when the entry has been applied. */
  readonly lastFileBytes: number;
  /** The entry in one piece. */
  readonly bytes: Uint8Array;
  readonly descriptors: number;
}

/** What replaying the log does. */
export interface Replay {
  readonly changes: readonly Change[];
  /** Bytes that the file must have when the changes are made. */
  readonly fileBytes: number;
  readonly entries: number;
}

/**
 * Finds the entries in a VHDX's log that must be applied before anything else in the file counts, and says what they change.
 * @throws `vhdx/bad-log` where the file says that there is a log, and no sequence of entries in it is whole; `io/limit` where it is larger
 *   than `limits.diskLogBytes`
 */
export async function readLog(source: ByteSource, header: VhdxHeader, ctx: Context): Promise<Replay> {
  const { logId, logAt, logBytes } = header;
  const bad = (message: string): FerryError =>
    new FerryError("vhdx/bad-log", message, {
      location: { at: "bytes", file: source.label, offset: logAt, length: logBytes, field: "log" },
      hint: "Start the machine once where it comes from and shut it down, or mount the disk there: that repairs the file. Then copy it again.",
    });
  if (header.logVersion !== 0) throw bad(`the log has version ${header.logVersion}, which is unknown`);
  if (logBytes === 0 || logBytes % MIB !== 0 || logAt % MIB !== 0 || logAt < HEADER_SECTION.end) {
    throw bad(`a log of ${logBytes} bytes at ${logAt} is not made of whole MiB`);
  }
  if (logAt + logBytes > source.size) {
    throw bad(`the log ends past the end of the file (byte ${logAt + logBytes} of ${source.size})`);
  }
  if (logBytes > ctx.limits.diskLogBytes) {
    throw new FerryError("io/limit", `the log would take ${logBytes} bytes`, {
      hint: "Raise the limit diskLogBytes if the disk is trusted.",
    });
  }
  const log = await source.read(logAt, logBytes, ctx.signal);
  const active = activeSequence(log, logId as string);
  const head = active.at(-1);
  if (head === undefined) throw bad("the file was not closed, and there is no whole sequence of entries in its log");
  if (head.flushedFileBytes > source.size) {
    throw bad(`the log belongs to a file of at least ${head.flushedFileBytes} bytes, and this one has ${source.size}`);
  }
  const changes: Change[] = [];
  let fileBytes = Math.max(source.size, head.lastFileBytes);
  for (const entry of active) {
    for (const change of changesOf(entry)) {
      if (change.at < HEADER_SECTION.regionTables[0] && change.at + change.length > HEADER_SECTION.headers[0]) {
        throw bad(`the log overwrites the file's own header at ${change.at}`);
      }
      changes.push(change);
      fileBytes = Math.max(fileBytes, change.at + change.length);
    }
  }
  return { changes, fileBytes, entries: active.length };
}

/**
 * The sequence of entries with the highest number whose head's tail lies within it (MS-VHDX 2.3.3), oldest first; empty where there is
 * none.
 */
function activeSequence(log: Uint8Array, logId: string): readonly LogEntry[] {
  const sectors = log.length / LOG_SECTOR;
  let active: readonly LogEntry[] = [];
  for (let sector = 0; sector < sectors; ) {
    const chain: LogEntry[] = [];
    let taken = 0;
    for (;;) {
      const entry = entryAt(log, ((sector + taken) % sectors) * LOG_SECTOR, logId);
      const last = chain.at(-1);
      if (entry === null || taken + entry.sectors > sectors) break;
      if (last !== undefined && entry.sequence !== last.sequence + 1n) break;
      chain.push(entry);
      taken += entry.sectors;
    }
    const head = chain.at(-1);
    if (head === undefined) {
      sector++;
      continue;
    }
    const from = chain.findIndex((entry) => entry.at === head.tail);
    const best = active.at(-1);
    if (from >= 0 && (best === undefined || head.sequence > best.sequence)) active = chain.slice(from);
    sector += taken;
  }
  return active;
}

/**
 * The entry that starts at an offset of the log; `null` where none does. Its shape is looked at before its checksum: no sector belongs to
 * two entries of the right shape, so that a hostile log cannot make us sum the same bytes again and again.
 */
function entryAt(log: Uint8Array, at: number, logId: string): LogEntry | null {
  if (signatureAt(log, at, 4) !== "loge") return null;
  const view = viewOf(log);
  const length = view.getUint32(at + 8, true);
  const tail = view.getUint32(at + 12, true);
  const sequence = view.getBigUint64(at + 16, true);
  const descriptors = view.getUint32(at + 24, true);
  if (length === 0 || length % LOG_SECTOR !== 0 || length > log.length) return null;
  if (sequence === 0n || tail % LOG_SECTOR !== 0 || tail >= log.length) return null;
  if (readGuid(log, at + 32) !== logId) return null;
  const sectors = length / LOG_SECTOR;
  const headSectors = Math.ceil((ENTRY_HEADER_BYTES + descriptors * DESCRIPTOR_BYTES) / LOG_SECTOR);
  if (headSectors > sectors) return null;
  for (let i = 1; i < sectors; i++) {
    const signature = signatureAt(log, (at + i * LOG_SECTOR) % log.length, 4);
    if (i < headSectors ? signature !== "desc" && signature !== "zero" : signature !== "data") return null;
  }
  const bytes = new Uint8Array(length);
  const first = Math.min(length, log.length - at);
  bytes.set(log.subarray(at, at + first));
  bytes.set(log.subarray(0, length - first), first);
  if (!checksumHolds(bytes) || !descriptorsHold(bytes, descriptors, headSectors, sequence)) return null;
  return {
    at,
    sectors,
    sequence,
    tail,
    flushedFileBytes: readU64(view, at + 48, true),
    lastFileBytes: readU64(view, at + 56, true),
    bytes,
    descriptors,
  };
}

/** Whether descriptors and data sectors belong to the entry that they stand in, and to each other. */
function descriptorsHold(bytes: Uint8Array, count: number, headSectors: number, sequence: bigint): boolean {
  const view = viewOf(bytes);
  let data = headSectors;
  for (let i = 0; i < count; i++) {
    const at = ENTRY_HEADER_BYTES + i * DESCRIPTOR_BYTES;
    const signature = signatureAt(bytes, at, 4);
    if (view.getBigUint64(at + 24, true) !== sequence || readU64(view, at + 16, true) % LOG_SECTOR !== 0) return false;
    if (signature === "zero") {
      if (readU64(view, at + 8, true) % LOG_SECTOR !== 0) return false;
      continue;
    }
    const sector = data * LOG_SECTOR;
    data++;
    if (signature !== "desc" || sector + LOG_SECTOR > bytes.length) return false;
    // A data sector carries the sequence number in two halves, at its start and at its end: a torn one shows.
    const high = BigInt(view.getUint32(sector + 4, true));
    const low = BigInt(view.getUint32(sector + LOG_SECTOR - 4, true));
    if (high * 0x1_0000_0000n + low !== sequence) return false;
  }
  return data * LOG_SECTOR === bytes.length;
}

/** What an entry changes in the file, in order. */
function* changesOf(entry: LogEntry): Iterable<Change> {
  const { bytes } = entry;
  const view = viewOf(bytes);
  let sector = Math.ceil((ENTRY_HEADER_BYTES + entry.descriptors * DESCRIPTOR_BYTES) / LOG_SECTOR) * LOG_SECTOR;
  for (let i = 0; i < entry.descriptors; i++) {
    const at = ENTRY_HEADER_BYTES + i * DESCRIPTOR_BYTES;
    const place = readU64(view, at + 16, true);
    if (signatureAt(bytes, at, 4) === "zero") {
      const length = readU64(view, at + 8, true);
      if (length > 0) yield { at: place, length, bytes: null };
      continue;
    }
    // The data sector's own marks replace 8 bytes in front and 4 at the end; the descriptor keeps those (MS-VHDX 2.3.1.3).
    const changed = bytes.slice(sector, sector + LOG_SECTOR);
    changed.set(bytes.subarray(at + 8, at + 16));
    changed.set(bytes.subarray(at + 4, at + 8), LOG_SECTOR - 4);
    sector += LOG_SECTOR;
    yield { at: place, length: LOG_SECTOR, bytes: changed };
  }
}
