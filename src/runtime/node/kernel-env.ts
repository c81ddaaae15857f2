import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { FerryError } from "../../base/errors.js";
import { defaultLimits, type Limits } from "../../base/limits.js";
import type { Codec } from "../../io/codec.js";
import type { KernelEnv } from "../../io/pool.js";
import type { SourceRef } from "../../io/source.js";
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

/** Shared words between the pool and its threads: whether to stop (0), and a wake-up word (1). */
export function createKernelEnv(options: {
  readonly codec: Codec;
  readonly portable: Codec;
  readonly limits?: Limits;
  readonly stopped: () => boolean;
  readonly advance: (bytes: number) => void;
}): ClosableKernelEnv {
  const sources = new OpenFiles();
  const targets = new OpenFiles();

  function openSource(ref: Extract<SourceRef, { kind: "file" }>): number {
    return sources.get(`${ref.path}\0${ref.stamp.mtimeMs}\0${ref.stamp.size}`, () => {
      let fd: number;
      try {
        fd = openSync(ref.path, "r");
      } catch (cause) {
        throw systemError("read", ref.path, cause);
      }
      if (!sameStamp(stampOf(fstatSync(fd)), ref.stamp)) {
        closeSync(fd);
        throw changedError(ref.path);
      }
      return fd;
    });
  }

  function readInto(ref: SourceRef, offset: number, into: Uint8Array): void {
    switch (ref.kind) {
      case "file": {
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
        return;
      }
      case "slice":
        if (offset + into.length > ref.length) {
          throw new FerryError("io/out-of-bounds", "a read goes past the end of a member");
        }
        readInto(ref.of, ref.offset + offset, into);
        return;
      case "concat": {
        let start = 0;
        for (const [i, size] of ref.sizes.entries()) {
          const from = Math.max(offset, start);
          const to = Math.min(offset + into.length, start + size);
          if (from < to) readInto(ref.of[i] as SourceRef, from - start, into.subarray(from - offset, to - offset));
          start += size;
        }
        return;
      }
      case "shared":
        into.set(new Uint8Array(ref.buffer, offset - ref.at, into.length));
        return;
      case "blob":
        throw new FerryError("internal/bug", "blobs are read by browsers alone");
    }
  }

  function write(ref: TargetRef, offset: number, bytes: Uint8Array): void {
    if (ref.kind === "slice") {
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
    readInto,
    write,
    stopped: options.stopped,
    advance: options.advance,
    close(): void {
      sources.close();
      targets.close();
    },
  };
}
