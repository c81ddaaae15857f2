import { type FileHandle, open } from "node:fs/promises";
import type { SourceRef, Stamp } from "../../io/source.js";
import type { RandomTarget, TargetRef } from "../../io/target.js";
import { systemError } from "./errors.js";
import { sameStamp, stampOf } from "./file-source.js";
import { type Native, NO_NATIVE } from "./native.js";

/** Bytes taken at once: progress is told, and interruptions are heard, between two of these. */
const MOST_TAKEN = 64 * 1024 * 1024;

/** A file that is written. */
export interface FileTarget extends RandomTarget {
  /** Resolves when all that was written, by workers too, would survive a loss of power. */
  sync(): Promise<void>;
}

/** Where bytes of a source lie in one file; `null`: in none, or in several. */
function fileOf(
  source: SourceRef,
  offset: number,
  length: number,
): { readonly path: string; readonly stamp: Stamp; readonly offset: number } | null {
  if (source.kind === "file") return { path: source.path, stamp: source.stamp, offset };
  if (source.kind !== "slice" || offset + length > source.length) return null;
  return fileOf(source.of, source.offset + offset, length);
}

/**
 * Creates a new file and writes it, sparse where zeros are skipped.
 * @param existing what becomes of a file of that name: an earlier run of the same work may have left one
 * @param native lets bytes be taken from other files within the system
 * @param path where the bytes lie until the file set's commit gives them their name
 * @throws `io/write-failed`, `io/no-space`
 */
export async function createFileTarget(
  path: string,
  label: string,
  native: Native = NO_NATIVE,
  existing: "refuse" | "keep" | "empty" = "refuse",
): Promise<FileTarget> {
  let handle: FileHandle;
  try {
    // "r+" does not make a file, and "a+" would write at its end alone.
    if (existing === "keep") await (await open(path, "a")).close();
    handle = await open(path, existing === "refuse" ? "wx" : existing === "keep" ? "r+" : "w");
  } catch (cause) {
    throw systemError("write", path, cause);
  }
  let position = 0;
  /** The size that the file must have at the end, where its last bytes may be zeros that were skipped. */
  let extent = 0;
  let open_ = true;

  async function put(offset: number, chunk: Uint8Array): Promise<void> {
    let done = 0;
    while (done < chunk.length) {
      try {
        done += (await handle.write(chunk, done, chunk.length - done, offset + done)).bytesWritten;
      } catch (cause) {
        throw systemError("write", path, cause);
      }
    }
    extent = Math.max(extent, offset + chunk.length);
  }

  function takerWith(copyRange: NonNullable<Native["copyRange"]>): NonNullable<RandomTarget["takeAt"]> {
    return async (at, source, offset, length) => {
      const file = fileOf(source, offset, length);
      if (file === null || length === 0) return 0;
      const from = await open(file.path, "r").catch(() => null);
      if (from === null) return 0;
      try {
        if (!sameStamp(stampOf(await from.stat()), file.stamp)) return 0;
        const places = [
          { fd: from.fd, offset: file.offset },
          { fd: handle.fd, offset: at },
        ] as const;
        const copied = (await copyRange(...places, Math.min(length, MOST_TAKEN))) ?? 0;
        extent = Math.max(extent, at + copied);
        return copied;
      } finally {
        await from.close();
      }
    };
  }

  const takeAt = native.copyRange === null ? null : takerWith(native.copyRange);
  return {
    label,
    get position(): number {
      return position;
    },
    async write(chunk): Promise<void> {
      await put(position, chunk);
      position += chunk.length;
    },
    async zeros(length): Promise<void> {
      position += length;
      extent = Math.max(extent, position);
    },
    writeAt: put,
    ...(takeAt === null
      ? {}
      : {
          takeAt,
          async take(source: SourceRef, offset: number, length: number): Promise<number> {
            const taken = await takeAt(position, source, offset, length);
            position += taken;
            return taken;
          },
        }),
    async truncate(size): Promise<void> {
      try {
        await handle.truncate(size);
      } catch (cause) {
        throw systemError("write", path, cause);
      }
      extent = size;
    },
    ref: (): TargetRef => ({ kind: "file", path }),
    async sync(): Promise<void> {
      try {
        await handle.datasync();
      } catch (cause) {
        throw systemError("write", path, cause);
      }
    },
    async close(): Promise<void> {
      if (!open_) return;
      open_ = false;
      try {
        // Workers may have written past what this handle wrote: never shorten.
        const { size } = await handle.stat();
        if (size < extent) await handle.truncate(extent);
      } catch (cause) {
        throw systemError("write", path, cause);
      } finally {
        await handle.close();
      }
    },
    async abort(): Promise<void> {
      if (!open_) return;
      open_ = false;
      await handle.close();
    },
  };
}
