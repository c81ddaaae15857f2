import { FerryError, throwIfAborted } from "../base/errors.js";
import type { HashName } from "../base/ids.js";
import type { Context } from "./context.js";
import type { Kernel, Pool } from "./pool.js";
import { isReopenable } from "./refs.js";
import type { ByteSource, SourceRef } from "./source.js";

/** Bytes that the lane reads at a time. */
const CHUNK = 1024 * 1024;

/** How a source is hashed. */
export interface HashOptions {
  readonly advanced?: (bytes: number) => void;
  readonly thread?: "own" | "this";
}

/** Hashes one source from front to back. */
export interface HashJob {
  readonly source: SourceRef;
  readonly size: number;
  readonly algorithms: readonly HashName[];
}

/** The kernel of the hash lane: a job as long as a file, on a thread of its own. */
export const hashLaneKernel: Kernel<HashJob, readonly Uint8Array[]> = {
  id: "io/hash",
  run(job, env): readonly Uint8Array[] {
    const hashes = job.algorithms.map((algorithm) => env.hash(algorithm));
    const buffer = new Uint8Array(CHUNK);
    for (let at = 0; at < job.size; ) {
      if (env.stopped()) throw new FerryError("run/canceled", "hashing was interrupted");
      const chunk = buffer.subarray(0, Math.min(CHUNK, job.size - at));
      env.readInto(job.source, at, chunk);
      for (const hash of hashes) hash.update(chunk);
      at += chunk.length;
      env.advance(chunk.length);
    }
    return hashes.map((hash) => hash.digest());
  },
};

/**
 * The digests of a whole source, in the order of `algorithms`.
 * @param how `advanced`: called with bytes done. `thread`: `own` (default) where others work beside it and the source can be opened there;
 *   `this` where nothing else is to be done, which needs no thread to start
 * @throws `io/changed` where the source changed meanwhile, and what reading throws
 */
export async function hashSource(
  source: ByteSource,
  algorithms: readonly HashName[],
  ctx: Context,
  how: HashOptions = {},
): Promise<readonly Uint8Array[]> {
  const digests = await digestsOf(source, algorithms, ctx, how);
  await source.checkUnchanged?.();
  return digests;
}

async function digestsOf(
  source: ByteSource,
  algorithms: readonly HashName[],
  ctx: Context,
  { advanced, thread = "own" }: HashOptions,
): Promise<readonly Uint8Array[]> {
  const ref = source.ref();
  const pool: Pool = ctx.runtime.pool;
  if (thread === "own" && ref !== null && isReopenable(ref) && pool.size > 0) {
    return pool.run(
      hashLaneKernel,
      { source: ref, size: source.size, algorithms },
      { lane: "own", signal: ctx.signal, ...(advanced === undefined ? {} : { advanced }) },
    );
  }
  const hashes = algorithms.map((algorithm) => ctx.runtime.hash(algorithm));
  for await (const chunk of chunksOf(source, ctx.signal)) {
    throwIfAborted(ctx.signal);
    for (const hash of hashes) hash.update(chunk);
    advanced?.(chunk.length);
  }
  return hashes.map((hash) => hash.digest());
}

/** All bytes in order; those of holes, which are zeros, without reading them. */
async function* chunksOf(source: ByteSource, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const whole = { offset: 0, length: source.size };
  if (source.dataRuns === undefined) {
    yield* source.stream(whole, signal);
    return;
  }
  const zeros = new Uint8Array(CHUNK);
  let at = 0;
  for await (const run of source.dataRuns(whole, signal)) {
    yield* gap(at, run.offset);
    yield* source.stream(run, signal);
    at = run.offset + run.length;
  }
  yield* gap(at, source.size);

  function* gap(from: number, to: number): Iterable<Uint8Array> {
    for (let next = from; next < to; next += CHUNK) yield zeros.subarray(0, Math.min(CHUNK, to - next));
  }
}
