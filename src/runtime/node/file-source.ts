import { type FileHandle, open } from "node:fs/promises";
import type { ByteRange } from "../../base/bytes.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { ByteSource, SourceRef, Stamp } from "../../io/source.js";
import { checkRange } from "../../io/sources/memory.js";
import { systemError } from "./errors.js";
import type { Native } from "./native.js";

/** Bytes read at a time by `stream`. */
const STREAM_CHUNK = 1024 * 1024;

/** What identifies the state of an open file. */
export function stampOf(stat: { dev: number; ino: number; size: number; mtimeMs: number }): Stamp {
  return { device: stat.dev, inode: stat.ino, size: stat.size, mtimeMs: stat.mtimeMs };
}

/** Whether two stamps are of the same state of the same file. */
export function sameStamp(a: Stamp, b: Stamp): boolean {
  return a.device === b.device && a.inode === b.inode && a.size === b.size && a.mtimeMs === b.mtimeMs;
}

/** The error for a file that changed while it was read. */
export function changedError(path: string): FerryError {
  return new FerryError("io/changed", `${path} was changed while it was read`, {
    hint: "Stop whatever writes to it and run again.",
  });
}

/**
 * Opens a file for random access.
 * @param label how messages name it; the path by default
 * @throws `io/not-found`, `io/read-failed`
 */
export async function openFileSource(path: string, native: Native, label: string = path): Promise<ByteSource> {
  let handle: FileHandle;
  let stamp: Stamp;
  try {
    handle = await open(path, "r");
  } catch (cause) {
    throw systemError("read", path, cause);
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) {
      // A block device has no size by stat; reading one is a later room.
      throw new FerryError("io/read-failed", `${path} is no regular file`, {
        hint: "Give a file, or a folder where a package is expected.",
      });
    }
    stamp = stampOf(stat);
  } catch (cause) {
    await handle.close();
    throw systemError("read", path, cause);
  }
  const { size } = stamp;

  async function readInto(offset: number, into: Uint8Array): Promise<void> {
    let done = 0;
    while (done < into.length) {
      let bytesRead: number;
      try {
        ({ bytesRead } = await handle.read(into, done, into.length - done, offset + done));
      } catch (cause) {
        throw systemError("read", path, cause);
      }
      if (bytesRead === 0) throw changedError(path);
      done += bytesRead;
    }
  }

  /** Starts to read the next chunk of a stream. */
  function readAhead(at: number, end: number): Promise<Uint8Array> {
    // Filled to its end, so nothing of what lay there before is seen.
    const { buffer } = Buffer.allocUnsafeSlow(Math.min(STREAM_CHUNK, end - at));
    const chunk = new Uint8Array(buffer);
    const reading = readInto(at, chunk).then(() => chunk);
    // Met when it is awaited; until then it must not count as unhandled.
    reading.catch(() => {});
    return reading;
  }

  const { seek } = native;
  return {
    label,
    size,
    async read(offset, length, signal): Promise<Uint8Array> {
      throwIfAborted(signal);
      checkRange(label, size, offset, length);
      const bytes = new Uint8Array(length);
      await readInto(offset, bytes);
      return bytes;
    },
    async *stream(range: ByteRange = { offset: 0, length: size }, signal?: AbortSignal): AsyncIterable<Uint8Array> {
      checkRange(label, size, range.offset, range.length);
      const end = range.offset + range.length;
      let next = range.length === 0 ? null : readAhead(range.offset, end);
      try {
        for (let at = range.offset; next !== null; ) {
          throwIfAborted(signal);
          const chunk: Uint8Array = await next;
          at += chunk.length;
          // Read while the receiver works on what it has.
          next = at < end ? readAhead(at, end) : null;
          yield chunk;
        }
      } finally {
        // Nobody may close the file while it is read.
        await next?.catch(() => {});
      }
    },
    ...(seek === null ? {} : { dataRuns: (range: ByteRange) => dataRuns(handle.fd, seek, range) }),
    ref: (): SourceRef => ({ kind: "file", path, stamp }),
    async checkUnchanged(): Promise<void> {
      let now: Stamp;
      try {
        now = stampOf(await handle.stat());
      } catch (cause) {
        throw systemError("read", path, cause);
      }
      if (!sameStamp(now, stamp)) throw changedError(path);
    },
    close: () => handle.close(),
  };
}

async function* dataRuns(fd: number, seek: NonNullable<Native["seek"]>, range: ByteRange): AsyncIterable<ByteRange> {
  const end = range.offset + range.length;
  let at = range.offset;
  while (at < end) {
    const data = seek(fd, at, "data");
    // `null`: no more data.
    if (data === null || data >= end) return;
    const hole = seek(fd, data, "hole");
    const stop = hole === null || hole <= data ? end : Math.min(hole, end);
    yield { offset: data, length: stop - data };
    at = stop;
  }
}
