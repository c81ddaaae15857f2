import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { canceled, FerryError } from "../../base/errors.js";
import type { JsonValue } from "../../base/ids.js";
import type { Kernel, Pool, PoolRunOptions } from "../../io/pool.js";

/** Messages to a worker. */
export interface WorkerRequest {
  readonly id: number;
  readonly kernel: string;
  readonly job: unknown;
}

/** Messages from a worker. */
export type WorkerReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: JsonValue }
  | { readonly id: number; readonly advanced: number };

/** What a worker is started with. */
export interface WorkerSettings {
  /** One word: 1 means stop. */
  readonly stop: SharedArrayBuffer;
  readonly disabled: readonly string[];
}

/** A pool whose threads can be ended. */
export interface ClosablePool extends Pool {
  close(): Promise<void>;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  readonly advanced: ((bytes: number) => void) | undefined;
}

interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
  readonly stop: Int32Array;
}

/** How a pool is made. */
export interface PoolOptions {
  /** The worker's entry file: it alone knows both this runtime and the kernels of all formats. */
  readonly entry: URL;
  /** Threads; the machine's processors by default. */
  readonly size?: number;
  readonly disabled: ReadonlySet<string>;
}

/**
 * Threads for kernels, started when first needed. Jobs with `lane` get a thread of their own beside the pool's, so that work
 * as long as a file (hashing) does not hold up short jobs.
 */
export function createPool(options: PoolOptions): ClosablePool {
  const size = options.size ?? availableParallelism();
  const threads: Thread[] = [];
  let lane: Thread | null = null;
  let nextId = 1;
  let closed = false;

  function start(): Thread {
    const stop = new SharedArrayBuffer(4);
    const settings: WorkerSettings = { stop, disabled: [...options.disabled] };
    const thread: Thread = {
      worker: new Worker(options.entry, { workerData: settings }),
      pending: new Map(),
      stop: new Int32Array(stop),
    };
    const fail = (cause: unknown): void => {
      const error =
        cause instanceof FerryError ? cause : new FerryError("run/worker-failed", "a worker thread ended", { cause });
      for (const pending of thread.pending.values()) pending.reject(error);
      thread.pending.clear();
      const at = threads.indexOf(thread);
      if (at >= 0) threads.splice(at, 1);
      if (lane === thread) lane = null;
    };
    thread.worker.on("message", (reply: WorkerReply) => {
      const pending = thread.pending.get(reply.id);
      if (pending === undefined) return;
      if ("advanced" in reply) {
        pending.advanced?.(reply.advanced);
        return;
      }
      thread.pending.delete(reply.id);
      if (thread.pending.size === 0) thread.worker.unref();
      if ("error" in reply) pending.reject(FerryError.fromJSON(reply.error));
      else pending.resolve(reply.result);
    });
    thread.worker.on("error", fail);
    thread.worker.on("exit", () => fail(new Error("exit")));
    thread.worker.unref();
    return thread;
  }

  function choose(own: boolean): Thread {
    if (own) {
      lane ??= start();
      return lane;
    }
    let best: Thread | undefined;
    for (const thread of threads) {
      if (best === undefined || thread.pending.size < best.pending.size) best = thread;
    }
    if (best === undefined || (best.pending.size > 0 && threads.length < size)) {
      best = start();
      threads.push(best);
    }
    return best;
  }

  return {
    size,
    run<J, R>(kernel: Kernel<J, R>, job: J, run: PoolRunOptions = {}): Promise<R> {
      const { signal } = run;
      if (closed || signal?.aborted) return Promise.reject(canceled(signal?.reason));
      const thread = choose(run.lane === "own");
      const id = nextId++;
      return new Promise<R>((resolve, reject) => {
        const onAbort = (): void => {
          // The thread looks at its flag between units; the reply that comes then is dropped.
          Atomics.store(thread.stop, 0, 1);
          thread.pending.delete(id);
          reject(canceled(signal?.reason));
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        const settle = (): void => signal?.removeEventListener("abort", onAbort);
        thread.pending.set(id, {
          resolve: (value) => {
            settle();
            resolve(value as R);
          },
          reject: (reason) => {
            settle();
            reject(reason);
          },
          advanced: run.advanced,
        });
        const request: WorkerRequest = { id, kernel: kernel.id, job };
        thread.worker.ref();
        thread.worker.postMessage(request, (run.transfer ?? []) as ArrayBuffer[]);
      });
    },
    async close(): Promise<void> {
      closed = true;
      const all = lane === null ? threads.splice(0) : [...threads.splice(0), lane];
      lane = null;
      for (const thread of all) Atomics.store(thread.stop, 0, 1);
      await Promise.all(all.map((thread) => thread.worker.terminate()));
    },
  };
}
