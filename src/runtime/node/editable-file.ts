import { realpath, stat } from "node:fs/promises";
import * as path from "node:path";
import type { ByteRange } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { EditableFile } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { FileEdit } from "../../io/target.js";
import { type EditDoor, type EditHandle, fileSystemDoor } from "./edit-door.js";
import { journalPath, undoJournal, writeJournal } from "./edit-journal.js";
import { type EditLock, lockForEdit } from "./edit-lock.js";
import { systemError } from "./errors.js";
import { changedError, openFileSource } from "./file-source.js";
import type { Native } from "./native.js";

/** Bytes that are moved or filled at a time. */
const CHUNK: number = 1024 * 1024;

/** How a file is opened for changes. */
export interface EditOptions {
  readonly native: Native;
  /** How messages name it; the path by default. */
  readonly label?: string;
  /** The system calls; tests lend others. */
  readonly door?: EditDoor;
}

/** Whether a change of a file was interrupted, and its undo journal lies beside it. */
export async function hasUndoJournal(file: string): Promise<boolean> {
  const real = await realpath(file).catch(() => file);
  return (await stat(journalPath(real)).catch(() => null)) !== null;
}

/**
 * Opens a file for changes where it lies. A change that was interrupted is undone first, with a finding.
 * @throws `io/not-found`, `io/read-failed`, `io/write-failed`, `io/busy`, `io/foreign-journal`
 */
export async function openEditableFile(file: string, options: EditOptions): Promise<EditableFile> {
  const door = options.door ?? fileSystemDoor;
  const label = options.label ?? file;
  let place: string;
  let found: { readonly dev: number; readonly ino: number; isFile(): boolean };
  try {
    // A link's journal lies beside what it leads to, where every other name of it finds it too.
    place = await realpath(file);
    found = await stat(place);
  } catch (cause) {
    throw systemError("read", file, cause);
  }
  if (!found.isFile()) {
    throw new FerryError("io/read-failed", `${file} is no regular file`, { hint: "Give the disk's file." });
  }
  const lock = await lockForEdit(found, label);
  let handle: EditHandle | null = null;
  try {
    handle = await door.open(place, "r+");
    const findings = await recover(door, place, label, found.ino, handle);
    return editableOf({ door, place, label, inode: found.ino, handle, lock, findings, native: options.native });
  } catch (cause) {
    await handle?.close().catch(() => {});
    await lock.release();
    throw systemError("write", file, cause);
  }
}

/** Undoes what a journal beside the file tells of, and removes it. */
async function recover(
  door: EditDoor,
  place: string,
  label: string,
  inode: number,
  handle: EditHandle,
): Promise<readonly Diagnostic[]> {
  const journal = journalPath(place);
  if ((await stat(journal).catch(() => null)) === null) return [];
  const what = await undoJournal(door, journal, inode, handle);
  await dropJournal(door, journal);
  const location = { at: "bytes", file: label, offset: 0 } as const;
  if (what === "incomplete") {
    return [
      {
        code: "io/journal-dropped",
        severity: "info",
        message: `a change of ${label} was interrupted before it began; its journal was removed`,
        hint: "Nothing needs to be done.",
        location,
      },
    ];
  }
  return [
    {
      code: "io/change-undone",
      severity: "warning",
      message: `a change of ${label} was interrupted; it was undone, and the file is as it was before`,
      hint: "Run the change again if it is still wanted.",
      location,
    },
  ];
}

async function dropJournal(door: EditDoor, journal: string): Promise<void> {
  await door.remove(journal);
  await door.syncFolder(path.dirname(journal));
}

interface OpenEditable {
  readonly door: EditDoor;
  readonly place: string;
  readonly label: string;
  readonly inode: number;
  readonly handle: EditHandle;
  readonly lock: EditLock;
  readonly findings: readonly Diagnostic[];
  readonly native: Native;
}

async function editableOf(open: OpenEditable): Promise<EditableFile> {
  const { door, place, label, inode, handle } = open;
  const journal = journalPath(place);
  let source: ByteSource = await openFileSource(place, open.native, label);

  async function apply(edit: FileEdit, signal?: AbortSignal): Promise<void> {
    // What the edit was planned on must still be there.
    await source.checkUnchanged?.();
    const size = await handle.size();
    if (size !== source.size) throw changedError(label);
    const { old, newSize } = layOut(edit, size);
    const check = (): void => throwIfAborted(signal);
    try {
      await writeJournal(door, journal, { size, inode }, handle, old, check);
    } catch (cause) {
      await door.remove(journal).catch(() => {});
      throw systemError("write", label, cause);
    }
    try {
      await writeEdit(handle, edit, size, newSize, check);
      await handle.sync();
    } catch (cause) {
      await putBack(cause);
    }
    // From here on the change stands: a journal that cannot be removed would undo it later, and says so now.
    await dropJournal(door, journal).catch((cause) => {
      throw systemError("write", journal, cause);
    });
    const next = await openFileSource(place, open.native, label);
    await source.close();
    source = next;
  }

  /** Undoes a change that failed, and throws why it did. */
  async function putBack(cause: unknown): Promise<never> {
    try {
      await undoJournal(door, journal, inode, handle);
      await dropJournal(door, journal);
    } catch (second) {
      throw new FerryError("io/unfinished-change", `a change of ${label} failed, and so did undoing it`, {
        cause: second,
        hint: `The old bytes are in ${journal}: make the file writable, and open it for a change again.`,
      });
    }
    throw systemError("write", label, cause);
  }

  return {
    get source(): ByteSource {
      return source;
    },
    findings: open.findings,
    apply,
    async close(): Promise<void> {
      await source.close();
      await handle.close();
      await open.lock.release();
    },
  };
}

/** The ranges whose old bytes have to be kept, and the file's size afterwards. Throws `internal/bug` where ranges overlap. */
function layOut(edit: FileEdit, size: number): { readonly old: readonly ByteRange[]; readonly newSize: number } {
  const written: ByteRange[] = [
    ...(edit.moves ?? []).map(({ to, length }) => ({ offset: to, length })),
    ...(edit.fills ?? []).map(({ at, length }) => ({ offset: at, length })),
    ...edit.patches.map(({ at, bytes }) => ({ offset: at, length: bytes.length })),
  ]
    .filter(({ length }) => length > 0)
    .sort((a, b) => a.offset - b.offset);
  let end = 0;
  for (const range of written) {
    if (range.offset < end) throw new FerryError("internal/bug", `a change writes byte ${range.offset} twice`);
    end = range.offset + range.length;
  }
  const newSize = edit.fileBytes ?? Math.max(size, end);
  if (end > newSize) throw new FerryError("internal/bug", `a change writes past the end of its file, at ${end}`);
  const kept = written
    .filter(({ offset }) => offset < size)
    .map(({ offset, length }) => ({ offset, length: Math.min(length, size - offset) }));
  return { old: newSize < size ? [...kept, { offset: newSize, length: size - newSize }] : kept, newSize };
}

async function writeEdit(
  handle: EditHandle,
  { moves = [], fills = [], patches }: FileEdit,
  size: number,
  newSize: number,
  check: () => void,
): Promise<void> {
  if (newSize > size) await handle.truncate(newSize);
  for (const { from, to, length } of moves) {
    for (let done = 0; done < length; done += CHUNK) {
      check();
      const bytes = new Uint8Array(Math.min(CHUNK, length - done));
      await handle.read(bytes, from + done);
      await handle.write(bytes, to + done);
    }
  }
  for (const { at, length, byte } of fills) {
    // What the file grew by is zeros already, and stays a hole.
    const needed = byte === 0 ? Math.min(length, Math.max(0, size - at)) : length;
    for (let done = 0; done < needed; done += CHUNK) {
      check();
      await handle.write(new Uint8Array(Math.min(CHUNK, needed - done)).fill(byte), at + done);
    }
  }
  for (const { at, bytes } of patches) {
    check();
    await handle.write(bytes, at);
  }
  if (newSize < size) await handle.truncate(newSize);
}
