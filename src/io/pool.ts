import type { HashName } from "../base/ids.js";
import type { Limits } from "../base/limits.js";
import type { Codec, IncrementalHash } from "./codec.js";
import type { SourceRef } from "./source.js";
import type { TargetRef } from "./target.js";

/** All that a kernel sees: no `Context`, no promises. */
export interface KernelEnv {
  readonly codec: Codec;
  /** The codec whose output is the same on every machine. */
  readonly portable: Codec;
  readonly limits: Limits;
  hash(algorithm: HashName): IncrementalHash;
  /** Fills `into` from `offset`. @throws `io/out-of-bounds`, `io/read-failed`, `io/changed` */
  readInto(source: SourceRef, offset: number, into: Uint8Array): void;
  /** @throws `io/write-failed`, `io/no-space`; `internal/bug` outside of a slice */
  write(target: TargetRef, offset: number, bytes: Uint8Array): void;
  /** Whether the job was interrupted: asked from time to time by jobs as long as a file. */
  stopped(): boolean;
  /** One shared counter, for jobs as long as a file. */
  advance(bytes: number): void;
}

/** A pure, synchronous job for a worker. Job and result are cloneable; findings and progress come in results. */
export interface Kernel<J, R> {
  readonly id: string;
  run(job: J, env: KernelEnv): R;
  /** Buffers of the result that are handed over instead of copied. */
  transfers?(result: R): ArrayBuffer[];
}

/** Runs kernels on threads. */
export interface Pool {
  /** Threads. 0: jobs run inline. */
  readonly size: number;
  /**
   * Runs a kernel. Settles when the job has ended, also where it was interrupted: nobody writes or reads afterwards.
   * @throws what the kernel throws, `run/canceled`, `run/worker-failed`
   */
  run<J, R>(kernel: Kernel<J, R>, job: J, options?: PoolRunOptions): Promise<R>;
  /** Threads close the files that they keep open between jobs, so that results can be renamed and removed on every system. */
  release?(): Promise<void>;
}

/** How one job runs. */
export interface PoolRunOptions {
  readonly transfer?: readonly ArrayBuffer[];
  readonly signal?: AbortSignal;
  /** `own`: a thread beside the pool's, for jobs as long as a file. `shared` by default. */
  readonly lane?: "shared" | "own";
  /** Called with bytes done, from time to time, for jobs that call `env.advance`. */
  readonly advanced?: (bytes: number) => void;
}
