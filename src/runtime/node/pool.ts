import { Worker } from "node:worker_threads";
import { canceled, FerryError } from "../../base/errors.js";
import type { JsonValue } from "../../base/ids.js";
import type { Kernel, Pool, PoolRunOptions } from "../../io/pool.js";
import type { CodecChoice } from "./codec-choice.js";

/** Messages to a worker. */
export type WorkerRequest =
  | {
      readonly id: number;
      readonly kernel: string;
      readonly job: unknown;
      /** One word: 1 means that the job was interrupted. `null`: it cannot be. */
      readonly stop: SharedArrayBuffer | null;
    }
  /** Close the files that are kept open. Answered with a result of `null`. */
  | { readonly id: number; readonly release: true }
  /** End. Answered by the thread's exit. */
  | { readonly end: true };

/** Messages that are answered. */
type AnsweredRequest = Extract<WorkerRequest, { readonly id: number }>;

/** Messages from a worker. */
export type WorkerReply =
  /** The thread has loaded what it needs. Sent once, before any other. */
  | { readonly ready: true }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: JsonValue }
  | { readonly id: number; readonly advanced: number };

/** What a worker is started with. */
export interface WorkerSettings {
  readonly codec: CodecChoice;
  readonly disabled: readonly string[];
  /** One word: 1 means that the thread is to end, whatever it does. */
  readonly ended: SharedArrayBuffer;
}

/** A pool whose threads can be ended. */
export interface ClosablePool extends Pool {
  /**
   * Starts threads now, beside other work: a command that is going to need them need not wait for them later. `shared`: those of short jobs;
   * `own`: the one for jobs as long as a file.
   */
  start(...lanes: readonly ("shared" | "own")[]): void;
  release(): Promise<void>;
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
  readonly ended: Int32Array;
  /** Settles when the thread is gone. */
  readonly exit: Promise<void>;
}

/** Milliseconds that a thread has to end by itself before it is ended by force. */
const END_LIMIT = 10_000;

/** How a pool is made. */
export interface PoolOptions {
  /** The worker's entry file: it alone knows both this runtime and the kernels of all formats. */
  readonly entry: URL;
  /** Threads, at least one. */
  readonly size: number;
  /** `fastest` by default. */
  readonly codec?: CodecChoice;
  readonly disabled: ReadonlySet<string>;
}

/**
 * Threads for kernels, started when first needed. Jobs with `lane` get a thread of their own beside the pool's, so that work
 * as long as a file (hashing) does not hold up short jobs.
 */
export function createPool(options: PoolOptions): ClosablePool {
  const { size } = options;
  const threads: Thread[] = [];
  let lane: Thread | null = null;
  let nextId = 1;
  let closed = false;
  const stops = new StopWords();

  function startThread(): Thread {
    const ended = new SharedArrayBuffer(4);
    const settings: WorkerSettings = { codec: options.codec ?? "fastest", disabled: [...options.disabled], ended };
    const worker = new Worker(options.entry, { workerData: settings });
    const exit = new Promise<void>((resolve) => {
      worker.once("exit", () => resolve());
    });
    const thread: Thread = { worker, pending: new Map(), ended: new Int32Array(ended), exit };
    const fail = (cause: unknown): void => {
      for (const pending of thread.pending.values()) pending.reject(closed ? canceled() : lostThread(cause));
      thread.pending.clear();
      const at = threads.indexOf(thread);
      if (at >= 0) threads.splice(at, 1);
      if (lane === thread) lane = null;
    };
    thread.worker.on("message", (reply: WorkerReply) => {
      if ("ready" in reply) {
        // Until now the process waits for it: Node.js aborts where a thread is ended while it loads a native module.
        if (thread.pending.size === 0) thread.worker.unref();
        return;
      }
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
    thread.worker.on("exit", (code) => fail(new Error(`it exited with ${code}`)));
    return thread;
  }

  function choose(own: boolean): Thread {
    if (own) {
      lane ??= startThread();
      return lane;
    }
    let best: Thread | undefined;
    for (const thread of threads) {
      if (best === undefined || thread.pending.size < best.pending.size) best = thread;
    }
    if (best === undefined || (best.pending.size > 0 && threads.length < size)) {
      best = startThread();
      threads.push(best);
    }
    return best;
  }

  /** Sends a request and waits for its answer. */
  function ask(
    thread: Thread,
    request: AnsweredRequest,
    transfer: readonly ArrayBuffer[],
    advanced?: (bytes: number) => void,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      thread.worker.postMessage(request, [...transfer]);
      thread.worker.ref();
      thread.pending.set(request.id, { resolve, reject, advanced });
    });
  }

  return {
    size,
    start(...lanes): void {
      if (closed) return;
      if (lanes.includes("own")) lane ??= startThread();
      while (lanes.includes("shared") && threads.length < size) threads.push(startThread());
    },
    async run<J, R>(kernel: Kernel<J, R>, job: J, run: PoolRunOptions = {}): Promise<R> {
      const { signal, transfer = [], advanced } = run;
      if (closed || signal?.aborted) throw canceled(signal?.reason);
      // The thread looks at the word before it starts, and between the pieces of a long job; then it answers.
      const stop = signal === undefined ? null : stops.add(signal);
      try {
        const request: AnsweredRequest = { id: nextId++, kernel: kernel.id, job, stop };
        const result = await ask(choose(run.lane === "own"), request, transfer, advanced);
        // What a job made after it was told to stop may be half of it.
        if (closed || signal?.aborted) throw canceled(signal?.reason);
        return result as R;
      } catch (cause) {
        if (signal?.aborted) throw canceled(signal.reason);
        throw cause;
      } finally {
        if (signal !== undefined && stop !== null) stops.remove(signal, stop);
      }
    },
    async release(): Promise<void> {
      await Promise.all(threads.map((thread) => ask(thread, { id: nextId++, release: true }, [])));
    },
    async close(): Promise<void> {
      closed = true;
      const all = lane === null ? threads.splice(0) : [...threads.splice(0), lane];
      lane = null;
      await Promise.all(all.map(end));
    },
  };
}

/**
 * Has a thread end by itself, between the pieces of its job. Ending it from outside while it is in a native module, or loads one, would
 * abort the process.
 */
async function end(thread: Thread): Promise<void> {
  Atomics.store(thread.ended, 0, 1);
  const request: WorkerRequest = { end: true };
  thread.worker.ref();
  thread.worker.postMessage(request);
  const limit = setTimeout(() => void thread.worker.terminate(), END_LIMIT);
  await thread.exit;
  clearTimeout(limit);
}

/**
 * The words that tell threads to stop, by the signal of their run. One listener serves all jobs of a run: Node.js warns on the terminal
 * where there are more than ten.
 */
class StopWords {
  readonly #words = new Map<AbortSignal, Set<SharedArrayBuffer>>();

  add(signal: AbortSignal): SharedArrayBuffer {
    const word = new SharedArrayBuffer(4);
    const known = this.#words.get(signal);
    if (known === undefined) {
      this.#words.set(signal, new Set([word]));
      signal.addEventListener("abort", this.#stop);
    } else {
      known.add(word);
    }
    return word;
  }

  remove(signal: AbortSignal, word: SharedArrayBuffer): void {
    const known = this.#words.get(signal);
    known?.delete(word);
    if (known?.size !== 0) return;
    this.#words.delete(signal);
    signal.removeEventListener("abort", this.#stop);
  }

  readonly #stop = (event: Event): void => {
    for (const word of this.#words.get(event.target as AbortSignal) ?? []) Atomics.store(new Int32Array(word), 0, 1);
  };
}

function lostThread(cause: unknown): FerryError {
  if (cause instanceof FerryError) return cause;
  return new FerryError("run/worker-failed", "a worker thread ended", {
    cause,
    hint: "It may have run out of memory: run again with fewer workers (--workers 1).",
  });
}
