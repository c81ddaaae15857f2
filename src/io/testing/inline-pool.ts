import { canceled, FerryError } from "../../base/errors.js";
import type { HashName } from "../../base/ids.js";
import { defaultLimits } from "../../base/limits.js";
import type { Codec, IncrementalHash } from "../codec.js";
import type { Kernel, KernelEnv, Pool, PoolRunOptions } from "../pool.js";
import { readRef } from "../refs.js";

/** A pool without threads: kernels run here, over bytes in memory. Files are not opened. It has digests where a test gives them. */
export function inlinePool(codec: Codec, digests?: (algorithm: HashName) => IncrementalHash): Pool {
  const bug = (what: string): never => {
    throw new FerryError("internal/bug", what);
  };
  const env: KernelEnv = {
    codec,
    portable: codec,
    limits: defaultLimits,
    hash: digests ?? (() => bug("the inline pool has no digests")),
    readInto: (source, offset, into) =>
      readRef(source, offset, into, (ref) => bug(`the inline pool opens no ${ref.kind}`)),
    write: () => bug("the inline pool opens no files"),
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
