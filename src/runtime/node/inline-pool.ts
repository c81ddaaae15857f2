import { setImmediate } from "node:timers/promises";
import { canceled, FerryError } from "../../base/errors.js";
import type { Codec } from "../../io/codec.js";
import type { Kernel, PoolRunOptions } from "../../io/pool.js";
import { createKernelEnv } from "./kernel-env.js";
import type { ClosablePool } from "./pool.js";

/** A pool without threads: one kernel at a time, on this thread. For hosts without threads, and for looking into what a kernel does. */
export function createInlinePool(options: { readonly codec: Codec; readonly portable: Codec }): ClosablePool {
  let current: PoolRunOptions = {};
  let closed = false;
  const env = createKernelEnv({
    ...options,
    stopped: () => current.signal?.aborted ?? false,
    advance: (bytes) => current.advanced?.(bytes),
  });
  return {
    size: 0,
    start(): void {},
    async run<J, R>(kernel: Kernel<J, R>, job: J, run: PoolRunOptions = {}): Promise<R> {
      // Kernels hold up the thread: between two of them signals and timers have their turn.
      await setImmediate();
      if (closed || run.signal?.aborted) throw canceled(run.signal?.reason);
      current = run;
      try {
        return kernel.run(job, env);
      } catch (cause) {
        throw cause instanceof FerryError
          ? cause
          : new FerryError("run/worker-failed", `the kernel ${kernel.id} failed`, { cause });
      } finally {
        current = {};
      }
    },
    async release(): Promise<void> {
      env.close();
    },
    async close(): Promise<void> {
      closed = true;
      env.close();
    },
  };
}
