import { randomBytes } from "node:crypto";
import { availableParallelism, tmpdir } from "node:os";
import type { Diagnostic } from "../../base/diagnostics.js";
import { defaultLimits, type Limits } from "../../base/limits.js";
import { type Context, type ProgressScope, type Runtime, silentProgress } from "../../io/context.js";
import { zlibCodec } from "./codec.js";
import { type CodecChoice, codecFor } from "./codec-choice.js";
import { nodeGunzip, nodeUnzstd } from "./gunzip.js";
import { nodeHash } from "./hash.js";
import { createInlinePool } from "./inline-pool.js";
import { disabledParts, loadNative, type Native } from "./native.js";
import { type ClosablePool, createPool } from "./pool.js";
import { createScratch } from "./scratch.js";
import { nodeKeys } from "./signatures.js";

/** How a runtime is made. */
export interface NodeRuntimeOptions {
  /** The worker's entry file. */
  readonly worker: URL;
  /** Threads; as many as processors by default. 0: all work is done on this thread. */
  readonly workers?: number;
  /** `same-everywhere`: what is packed is the same bytes in every Node.js, on every processor, at a third of the speed. `fastest` by default. */
  readonly codec?: CodecChoice;
  /** Where temporary files go: the folder, or the nearest one above it that exists. The system's folder for them by default. */
  readonly scratch?: string;
}

/** A runtime for Node.js. Close it to end its threads. */
export interface NodeRuntime extends Runtime {
  readonly native: Native;
  readonly pool: ClosablePool;
  close(): Promise<void>;
}

/** Makes a runtime. Threads start when they are first needed. */
export function createNodeRuntime(options: NodeRuntimeOptions): NodeRuntime {
  const disabled = disabledParts(process.env);
  const native = loadNative(disabled);
  const zlib = zlibCodec();
  const choice = options.codec ?? "fastest";
  const codec = codecFor(choice, native, zlib);
  const unzstd = nodeUnzstd();
  const size = options.workers ?? availableParallelism();
  const pool =
    size === 0
      ? createInlinePool({ codec, portable: zlib })
      : createPool({ entry: options.worker, size, codec: choice, disabled });
  return {
    native,
    pool,
    codec,
    hash: nodeHash,
    keys: nodeKeys,
    gunzip: nodeGunzip,
    ...(unzstd === null ? {} : { unzstd }),
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    now: () => new Date(),
    scratch: (label) => createScratch(options.scratch ?? tmpdir(), label, native),
    close: () => pool.close(),
  };
}

/** What a caller may set of a context. */
export interface NodeContextOptions {
  readonly signal?: AbortSignal;
  readonly progress?: ProgressScope;
  readonly limits?: Partial<Limits>;
  readonly report?: (diagnostic: Diagnostic) => void;
}

/** A context over a runtime. Findings are dropped unless `report` takes them. */
export function createContext(runtime: Runtime, options: NodeContextOptions = {}): Context {
  return {
    signal: options.signal ?? new AbortController().signal,
    progress: options.progress ?? silentProgress,
    limits: { ...defaultLimits, ...options.limits },
    runtime,
    report: options.report ?? (() => {}),
  };
}
