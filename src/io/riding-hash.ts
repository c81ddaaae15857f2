import { throwIfAborted } from "../base/errors.js";
import type { HashName } from "../base/ids.js";
import type { Context } from "./context.js";
import type { ByteSource } from "./source.js";

/** Bytes out of order that wait for what lies before them. What does not fit is fetched again. */
const MOST_WAITING = 32 * 1024 * 1024;
/** From so many waiting bytes on nobody is about to read what lies before them: more than the readers have under way at once. */
const OVERDUE = 20 * 1024 * 1024;
/** Bytes of what nobody reads that are fetched at a time, while others read. */
const FILL = 1024 * 1024;

/** Digests of a source that others read meanwhile. */
export interface RidingHash {
  /**
   * The digests, in the order of the algorithms. To be called when the others are done: what they did not read is read now.
   * @throws `io/changed`, and what reading throws
   */
  finish(): Promise<readonly Uint8Array[]>;
  /** Gives up. */
  drop(): void;
}

/**
 * Hashes a source from what others read of it, so that each byte is fetched once: readers that go roughly forward are followed in order;
 * the gaps that they leave are fetched. Memory: at most 32 MiB. `null` where the source does not tell what is read of it.
 * @param advanced called with bytes done
 */
export function rideAlong(
  source: ByteSource,
  algorithms: readonly HashName[],
  ctx: Context,
  advanced: (bytes: number) => void,
): RidingHash | null {
  if (source.watch === undefined) return null;
  const hashes = algorithms.map((algorithm) => ctx.runtime.hash(algorithm));
  /** Copies of what came early, by offset. */
  const waiting = new Map<number, Uint8Array>();
  let waitingBytes = 0;
  let position = 0;
  let filling: Promise<unknown> | null = null;
  let riding = true;

  function take(bytes: Uint8Array): void {
    for (const hash of hashes) hash.update(bytes);
    position += bytes.length;
    advanced(bytes.length);
  }

  /** Takes what waits for the position, and forgets what lies before it. Returns where the next waiting bytes start. */
  function drain(): number {
    for (;;) {
      let next = source.size;
      let taken = false;
      for (const [offset, bytes] of waiting) {
        if (offset > position) {
          next = Math.min(next, offset);
          continue;
        }
        waiting.delete(offset);
        waitingBytes -= bytes.length;
        if (offset + bytes.length > position) {
          take(bytes.subarray(position - offset));
          taken = true;
        }
      }
      if (!taken) return next;
    }
  }

  function seen(offset: number, bytes: Uint8Array): void {
    if (offset + bytes.length <= position) return;
    if (offset <= position) {
      take(bytes.subarray(position - offset));
      drain();
    } else if (waitingBytes + bytes.length <= MOST_WAITING && (waiting.get(offset)?.length ?? 0) < bytes.length) {
      waitingBytes += bytes.length - (waiting.get(offset)?.length ?? 0);
      waiting.set(offset, bytes.slice());
    }
    if (waitingBytes > OVERDUE) fill();
  }

  /** Fetches what nobody reads; it is seen like what others read. */
  function fill(): void {
    if (filling !== null || !riding) return;
    const length = Math.min(drain() - position, FILL);
    if (length <= 0) return;
    filling = source
      .read(position, length, ctx.signal)
      // Whoever finishes meets the failure again.
      .catch(() => {
        riding = false;
      })
      .finally(() => {
        filling = null;
        if (waitingBytes > OVERDUE) fill();
      });
  }

  const end = source.watch(seen);
  return {
    async finish(): Promise<readonly Uint8Array[]> {
      riding = false;
      await filling;
      end();
      while (position < source.size) {
        throwIfAborted(ctx.signal);
        const next = drain();
        if (position >= source.size) break;
        for await (const chunk of source.stream({ offset: position, length: next - position }, ctx.signal)) take(chunk);
      }
      waiting.clear();
      await source.checkUnchanged?.();
      return hashes.map((hash) => hash.digest());
    },
    drop(): void {
      riding = false;
      end();
      waiting.clear();
    },
  };
}
