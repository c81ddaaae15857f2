import { canceled, FerryError } from "../../base/errors.js";
import { defaultLimits } from "../../base/limits.js";
import type { Codec } from "../codec.js";
import type { Kernel, KernelEnv, Pool, PoolRunOptions } from "../pool.js";
import type { SourceRef } from "../source.js";
import { checkRange } from "../sources/memory.js";

/** A pool without threads: kernels run here, over bytes in memory. Files are not opened. */
export function inlinePool(codec: Codec): Pool {
  const env: KernelEnv = {
    codec,
    portable: codec,
    limits: defaultLimits,
    hash: () => {
      throw new FerryError("internal/bug", "the inline pool has no digests");
    },
    readInto,
    write: () => {
      throw new FerryError("internal/bug", "the inline pool opens no files");
    },
    stopped: () => false,
    advance: () => {},
  };
  return {
    size: 0,
    async run<J, R>(kernel: Kernel<J, R>, job: J, options: PoolRunOptions = {}): Promise<R> {
      if (options.signal?.aborted) throw canceled(options.signal.reason);
      return kernel.run(job, env);
    },
  };
}

function readInto(ref: SourceRef, offset: number, into: Uint8Array): void {
  switch (ref.kind) {
    case "shared":
      checkRange("shared", ref.buffer.byteLength, offset - ref.at, into.length);
      into.set(new Uint8Array(ref.buffer, offset - ref.at, into.length));
      return;
    case "slice":
      checkRange("slice", ref.length, offset, into.length);
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
    case "file":
    case "blob":
      throw new FerryError("internal/bug", `the inline pool opens no ${ref.kind}`);
  }
}
