import type { ByteStream } from "../source.js";

/** A stream of some bytes in pieces, and what became of it. */
export interface ChoppedStream extends ByteStream {
  /** Bytes that were taken. */
  readonly taken: number;
  readonly cancelled: boolean;
}

/** How a stream is cut. */
export interface ChopOptions {
  readonly label?: string;
  /** What the stream says of its size; nothing by default. */
  readonly size?: number;
  /** Lengths of the pieces, again from the start when they are used up; all in one piece by default. */
  readonly pieces?: readonly number[];
  /** Fails in place of the byte at this offset. */
  readonly failsAt?: number;
}

/** Bytes as a stream, cut anywhere. A failing one throws a plain error, as a socket would. */
export function choppedStream(bytes: Uint8Array, options: ChopOptions = {}): ChoppedStream {
  const { label = "stream", size, pieces = [bytes.length], failsAt = Number.POSITIVE_INFINITY } = options;
  let taken = 0;
  let cancelled = false;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let i = 0; taken < Math.min(bytes.length, failsAt) && !cancelled; i++) {
      const end = Math.min(taken + Math.max(1, pieces[i % pieces.length] ?? 1), bytes.length, failsAt);
      const piece = bytes.slice(taken, end);
      taken = end;
      yield piece;
    }
    if (taken >= failsAt) throw new Error("the stream broke");
  }
  const iterator = chunks();
  return {
    label,
    ...(size === undefined ? {} : { size }),
    get taken(): number {
      return taken;
    },
    get cancelled(): boolean {
      return cancelled;
    },
    [Symbol.asyncIterator]: () => iterator,
    async cancel(): Promise<void> {
      cancelled = true;
    },
  };
}
