import { type FileHandle, open } from "node:fs/promises";
import type { RandomTarget, TargetRef } from "../../io/target.js";
import { systemError } from "./errors.js";

/**
 * Creates a new file and writes it, sparse where zeros are skipped.
 * @param path where the bytes lie until the file set's commit gives them their name
 * @throws `io/write-failed`, `io/no-space`
 */
export async function createFileTarget(path: string, label: string): Promise<RandomTarget> {
  let handle: FileHandle;
  try {
    handle = await open(path, "wx");
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
    async truncate(size): Promise<void> {
      try {
        await handle.truncate(size);
      } catch (cause) {
        throw systemError("write", path, cause);
      }
      extent = size;
    },
    ref: (): TargetRef => ({ kind: "file", path }),
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
