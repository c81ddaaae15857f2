import { createHash } from "node:crypto";
import * as path from "node:path";
import { type ByteRange, readU64, viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { EditDoor, EditHandle } from "./edit-door.js";

/*
 * An undo journal: what a file held before it was changed. Little-endian.
 *   0  8  "VMFUNDO1"
 *   8  8  bytes of the file before
 *  16  8  its inode
 *  24  8  zeros
 *  32     records: 8 bytes place in the file, 4 bytes length, the old bytes
 *         the end: 8 bytes of ones, 4 bytes 32, SHA-256 of all before the end
 * A journal without its end was torn while it was written, before the file was touched.
 */
const MAGIC = "VMFUNDO1";
const HEAD_BYTES = 32;
const RECORD_HEAD = 12;
const SUM_BYTES = 32;
const END_MARK = 0xffffffffffffffffn;
/** Old bytes of one record at most. */
const RECORD_BYTES: number = 1024 * 1024;
/** Bytes of a file's name from which on the journal is named by a digest of it. */
const LONG_NAME = 200;

/** What a journal is of. */
export interface JournalOf {
  readonly size: number;
  readonly inode: number;
}

/** The place of a file's journal: hidden, beside it. */
export function journalPath(file: string): string {
  const name = path.basename(file);
  const short = Buffer.byteLength(name) <= LONG_NAME ? name : createHash("sha256").update(name).digest("hex");
  return path.join(path.dirname(file), `.${short}.vmferry-undo`);
}

/** Writes the old bytes of some ranges, and makes them last. @param check called before each piece; throws to end it */
export async function writeJournal(
  door: EditDoor,
  place: string,
  of: JournalOf,
  file: EditHandle,
  ranges: readonly ByteRange[],
  check: () => void,
): Promise<void> {
  const journal = await door.open(place, "wx");
  try {
    const sum = createHash("sha256");
    let at = 0;
    const put = async (bytes: Uint8Array): Promise<void> => {
      sum.update(bytes);
      await journal.write(bytes, at);
      at += bytes.length;
    };
    const head = new Uint8Array(HEAD_BYTES);
    head.set(new TextEncoder().encode(MAGIC));
    writeU64(viewOf(head), 8, of.size, true);
    writeU64(viewOf(head), 16, of.inode, true);
    await put(head);
    for (const { offset, length } of ranges) {
      for (let done = 0; done < length; done += RECORD_BYTES) {
        check();
        const bytes = new Uint8Array(RECORD_HEAD + Math.min(RECORD_BYTES, length - done));
        writeU64(viewOf(bytes), 0, offset + done, true);
        viewOf(bytes).setUint32(8, bytes.length - RECORD_HEAD, true);
        await file.read(bytes.subarray(RECORD_HEAD), offset + done);
        await put(bytes);
      }
    }
    const end = new Uint8Array(RECORD_HEAD + SUM_BYTES);
    viewOf(end).setBigUint64(0, END_MARK, true);
    viewOf(end).setUint32(8, SUM_BYTES, true);
    end.set(sum.digest(), RECORD_HEAD);
    await journal.write(end, at);
    await journal.sync();
  } finally {
    await journal.close();
  }
  await door.syncFolder(path.dirname(place));
}

/** One record: where its old bytes stand in the journal, and in the file. */
interface JournalRecord {
  readonly from: number;
  readonly at: number;
  readonly length: number;
}

/**
 * Puts the bytes of a journal back, and makes them last. May be repeated as often as it is interrupted.
 * @returns `incomplete` where the journal has no end: nothing was done, and nothing has to be
 * @throws `io/foreign-journal` where it is of another file
 */
export async function undoJournal(
  door: EditDoor,
  place: string,
  inode: number,
  file: EditHandle,
): Promise<"undone" | "incomplete"> {
  const journal = await door.open(place, "r");
  try {
    const found = await readJournal(journal);
    if (found === null) return "incomplete";
    if (found.of.inode !== inode) {
      throw new FerryError("io/foreign-journal", `the undo journal ${place} is not of this file`, {
        hint: "The file was replaced after a change of it was interrupted. Remove the journal if the file is known to be good.",
      });
    }
    for (const { from, at, length } of found.records) {
      const bytes = new Uint8Array(length);
      await journal.read(bytes, from);
      await file.write(bytes, at);
    }
    await file.truncate(found.of.size);
    await file.sync();
    return "undone";
  } finally {
    await journal.close();
  }
}

/** What a journal says; `null` where it was torn. */
async function readJournal(
  journal: EditHandle,
): Promise<{ readonly of: JournalOf; readonly records: readonly JournalRecord[] } | null> {
  const size = await journal.size();
  if (size < HEAD_BYTES + RECORD_HEAD + SUM_BYTES) return null;
  const sum = createHash("sha256");
  const take = async (at: number, length: number): Promise<DataView> => {
    const bytes = new Uint8Array(length);
    await journal.read(bytes, at);
    return viewOf(bytes);
  };
  const head = await take(0, HEAD_BYTES);
  if (new TextDecoder("latin1").decode(new Uint8Array(head.buffer, 0, 8)) !== MAGIC) return null;
  sum.update(head);
  const records: JournalRecord[] = [];
  for (let at = HEAD_BYTES; at + RECORD_HEAD <= size; ) {
    const record = await take(at, RECORD_HEAD);
    const length = record.getUint32(8, true);
    if (length > RECORD_BYTES || at + RECORD_HEAD + length > size) return null;
    const bytes = await take(at + RECORD_HEAD, length);
    if (record.getBigUint64(0, true) === END_MARK) {
      const computed = sum.digest("hex");
      const stored = Buffer.from(bytes.buffer).toString("hex");
      if (computed !== stored) return null;
      return { of: { size: readU64(head, 8, true), inode: readU64(head, 16, true) }, records };
    }
    if (record.getBigUint64(0, true) > BigInt(Number.MAX_SAFE_INTEGER)) return null;
    records.push({ from: at + RECORD_HEAD, at: readU64(record, 0, true), length });
    sum.update(record).update(bytes);
    at += RECORD_HEAD + length;
  }
  return null;
}
