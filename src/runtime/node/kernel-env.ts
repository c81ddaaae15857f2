import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { FerryError } from "../../base/errors.js";
import { defaultLimits, type Limits } from "../../base/limits.js";
import type { Codec } from "../../io/codec.js";
import type { KernelEnv } from "../../io/pool.js";
import { type OpaqueRef, readRef } from "../../io/refs.js";
import type { SourceRef } from "../../io/source.js";
import { checkRange } from "../../io/sources/memory.js";
import type { TargetRef } from "../../io/target.js";
import { systemError } from "./errors.js";
import { changedError, sameStamp, stampOf } from "./file-source.js";
import { nodeHash } from "./hash.js";

/** Files that one thread keeps open. */
const OPEN_FILES = 64;

/** Files kept open by one thread, closed in the order of their last use when there are too many. */
class OpenFiles {
  readonly #files = new Map<string, number>();

  get(key: string, open: () => number): number {
    const known = this.#files.get(key);
    if (known !== undefined) {
      this.#files.delete(key);
      this.#files.set(key, known);
      return known;
    }
    if (this.#files.size >= OPEN_FILES) {
      const [oldest, fd] = this.#files.entries().next().value as [string, number];
      this.#files.delete(oldest);
      closeSync(fd);
    }
    const fd = open();
    this.#files.set(key, fd);
    return fd;
  }

  close(): void {
    for (const fd of this.#files.values()) closeSync(fd);
    this.#files.clear();
  }
}

/** What a thread needs to run kernels, and a way to let go of its files. */
export interface ClosableKernelEnv extends KernelEnv {
  close(): void;
}

/** What kernels of one thread run in. Files stay open from job to job, until `close`; after that they are opened again. */
export function createKernelEnv(options: {
  readonly codec: Codec;
  readonly portable: Codec;
  readonly limits?: Limits;
  readonly stopped: () => boolean;
  readonly advance: (bytes: number) => void;
}): ClosableKernelEnv {
  const sources = new OpenFiles();
  const targets = new OpenFiles();

  function openSource({ path, stamp }: Extract<SourceRef, { kind: "file" }>): number {
    const key = [path, stamp.device, stamp.inode, stamp.size, stamp.mtimeMs].join("\0");
    return sources.get(key, () => {
      let fd: number;
      try {
        fd = openSync(path, "r");
      } catch (cause) {
        throw systemError("read", path, cause);
      }
      if (!sameStamp(stampOf(fstatSync(fd)), stamp)) {
        closeSync(fd);
        throw changedError(path);
      }
      return fd;
    });
  }

  function readFile(ref: OpaqueRef, offset: number, into: Uint8Array): void {
    if (ref.kind === "blob") throw new FerryError("internal/bug", "blobs are read by browsers alone");
    checkRange(ref.path, ref.stamp.size, offset, into.length);
    const fd = openSource(ref);
    let done = 0;
    while (done < into.length) {
      let count: number;
      try {
        count = readSync(fd, into, done, into.length - done, offset + done);
      } catch (cause) {
        throw systemError("read", ref.path, cause);
      }
      if (count === 0) throw changedError(ref.path);
      done += count;
    }
  }

  function write(ref: TargetRef, offset: number, bytes: Uint8Array): void {
    if (ref.kind === "slice") {
      if (offset < 0 || offset + bytes.length > ref.length) {
        throw new FerryError("internal/bug", `${bytes.length} bytes at ${offset} are past the end of a part`);
      }
      write(ref.of, ref.offset + offset, bytes);
      return;
    }
    const fd = targets.get(ref.path, () => {
      try {
        return openSync(ref.path, "r+");
      } catch (cause) {
        throw systemError("write", ref.path, cause);
      }
    });
    let done = 0;
    while (done < bytes.length) {
      try {
        done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
      } catch (cause) {
        throw systemError("write", ref.path, cause);
      }
    }
  }

  return {
    codec: options.codec,
    portable: options.portable,
    limits: options.limits ?? defaultLimits,
    hash: nodeHash,
    readInto: (source, offset, into) => readRef(source, offset, into, readFile),
    write,
    stopped: options.stopped,
    advance: options.advance,
    close(): void {
      sources.close();
      targets.close();
    },
  };
}
