import { readU64, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { JsonValue } from "../../base/ids.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { Qcow2Header } from "./header.js";

/** Bytes of a snapshot's entry before its extra data. */
const ENTRY_BYTES = 40;
/** Id, name and extra data of one entry at most: two lengths of 16 bits, and what QEMU takes as extra data. */
const MOST_ENTRY_BYTES = ENTRY_BYTES + 2 * 0xffff + 1024;
/** QEMU's own bounds: as many snapshots, and as many bytes of them. */
const MOST_SNAPSHOTS = 65_536;
const MOST_TABLE_BYTES = 64 * 1024 * 1024;
/** Snapshots that a hint names. */
const MOST_NAMED = 8;

/** An internal snapshot (interop document, "Snapshots"). Sizes in bytes. */
export interface Qcow2Snapshot {
  readonly id: string;
  readonly name: string;
  /** Since 1970. */
  readonly seconds: number;
  /** Of the machine's saved state. */
  readonly stateBytes: number;
  readonly l1Offset: number;
  readonly l1Entries: number;
  /** Capacity at that time; `null` where the entry does not say: as now. */
  readonly diskBytes: number | null;
  /** Of the entry in the table, padding included. */
  readonly entryBytes: number;
}

/** A snapshot as a property of the disk. */
export function snapshotProperty({ id, name, seconds, stateBytes }: Qcow2Snapshot): JsonValue {
  return { id, name, seconds, stateBytes };
}

/**
 * The snapshot that a word means: its id, else its name, as in qemu-img.
 * @throws `disk/unknown-snapshot`
 */
export function snapshotCalled(word: string, snapshots: readonly Qcow2Snapshot[], label: string): Qcow2Snapshot {
  const found = snapshots.find(({ id }) => id === word) ?? snapshots.find(({ name }) => name === word);
  if (found !== undefined) return found;
  const known = snapshots.slice(0, MOST_NAMED).map(({ id, name }) => `${id} (${name})`);
  throw new FerryError("disk/unknown-snapshot", `${label} has no snapshot called ${word}`, {
    hint:
      known.length === 0
        ? "It has no snapshots: leave out --snapshot."
        : `Choose one of: ${known.join(", ")}${known.length < snapshots.length ? ", ..." : ""}.`,
  });
}

/**
 * The internal snapshots of an image.
 * @throws `qcow2/bad-snapshots` where the table is cut off or larger than QEMU's own bounds
 */
export async function readSnapshots(
  source: ByteSource,
  header: Qcow2Header,
  ctx: Context,
): Promise<readonly Qcow2Snapshot[]> {
  const bad = (message: string): FerryError =>
    new FerryError("qcow2/bad-snapshots", message, {
      location: { at: "bytes", file: source.label, offset: header.snapshotsOffset, field: "snapshot table" },
      hint: "The image is damaged: fetch it again, or convert it with qemu-img.",
    });
  if (header.snapshotCount > MOST_SNAPSHOTS) throw bad(`${header.snapshotCount} snapshots are not possible`);
  const snapshots: Qcow2Snapshot[] = [];
  let window = new Uint8Array(0);
  let windowAt = header.snapshotsOffset;
  let at = header.snapshotsOffset;
  const end = Math.min(source.size, header.snapshotsOffset + MOST_TABLE_BYTES);

  /** The bytes of the table from `at` on, at least `length` of them. */
  async function take(length: number): Promise<Uint8Array> {
    if (at + length > end) throw bad(`snapshot ${snapshots.length + 1} of ${header.snapshotCount} is cut off`);
    if (at + length > windowAt + window.length) {
      window = new Uint8Array(await source.read(at, Math.min(MOST_ENTRY_BYTES, end - at), ctx.signal));
      windowAt = at;
      if (length > window.length) throw bad(`snapshot ${snapshots.length + 1} has an entry of ${length} bytes`);
    }
    return window.subarray(at - windowAt);
  }

  for (let i = 0; i < header.snapshotCount; i++) {
    const view = viewOf((await take(ENTRY_BYTES)).slice(0, ENTRY_BYTES));
    const idBytes = view.getUint16(12);
    const nameBytes = view.getUint16(14);
    const extraBytes = view.getUint32(36);
    const length = ENTRY_BYTES + extraBytes + idBytes + nameBytes;
    const entry = await take(length);
    const text = (from: number, count: number): string => new TextDecoder().decode(entry.subarray(from, from + count));
    const idAt = ENTRY_BYTES + extraBytes;
    // The 64-bit size in the extra data replaces the old field; it is shown, not used.
    const stateBytes = extraBytes >= 8 ? Number(viewOf(entry).getBigUint64(40)) : view.getUint32(32);
    snapshots.push({
      id: text(idAt, idBytes),
      name: text(idAt + idBytes, nameBytes),
      seconds: view.getUint32(16),
      stateBytes,
      l1Offset: readU64(view, 0, false),
      l1Entries: view.getUint32(8),
      entryBytes: Math.ceil(length / 8) * 8,
      diskBytes: extraBytes >= 16 ? readU64(viewOf(entry), 48, false) : null,
    });
    at += Math.ceil(length / 8) * 8;
  }
  return snapshots;
}
