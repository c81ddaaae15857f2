import { throwIfAborted } from "../base/errors.js";
import type { ByteStream } from "./source.js";

/** Reads a stream piece by piece. Bytes handed out belong to the stream's chunks: they are not to be changed. */
export interface ByteReader {
  /** Bytes read or skipped so far. */
  readonly position: number;
  /** The next bytes: fewer than asked for only where the stream ends. */
  read(length: number): Promise<Uint8Array>;
  /** Passes over bytes without keeping them. Returns how many there were. */
  skip(length: number): Promise<number>;
  /** The next bytes as they come, at most `most` of them; empty at the end. */
  some(most: number): Promise<Uint8Array>;
  /** Ends the stream early. */
  cancel(reason?: unknown): Promise<void>;
}

/** Bytes that are made room for at first, where a piece comes in several chunks. */
const FIRST_BYTES = 64 * 1024;

const NOTHING = new Uint8Array(0);

/**
 * A reader over a stream, however it is cut into chunks. An interruption ends the wait for a chunk too.
 * @throws what the stream throws, `run/canceled`
 */
export function byteReader(stream: ByteStream, signal: AbortSignal): ByteReader {
  const chunks = stream[Symbol.asyncIterator]();
  let current: Uint8Array = NOTHING;
  let position = 0;
  let ended = false;

  /** Makes sure that there is something to take, unless the stream is at its end. */
  async function fill(): Promise<void> {
    while (current.length === 0 && !ended) {
      throwIfAborted(signal);
      const interrupted = (): void => void stream.cancel(signal.reason).catch(() => {});
      signal.addEventListener("abort", interrupted, { once: true });
      try {
        const next = await chunks.next();
        if (next.done === true) ended = true;
        else current = next.value;
      } catch (cause) {
        throwIfAborted(signal);
        throw cause;
      } finally {
        signal.removeEventListener("abort", interrupted);
      }
    }
    throwIfAborted(signal);
  }

  async function some(most: number): Promise<Uint8Array> {
    await fill();
    const bytes = current.subarray(0, most);
    current = current.subarray(bytes.length);
    position += bytes.length;
    return bytes;
  }

  return {
    get position(): number {
      return position;
    },
    some,
    async read(length): Promise<Uint8Array> {
      const first = length === 0 ? NOTHING : await some(length);
      if (first.length === length) return first;
      // Grows with what comes: a stream may announce much, and bring little, a byte at a time.
      let bytes = new Uint8Array(Math.min(length, Math.max(FIRST_BYTES, 2 * first.length)));
      bytes.set(first);
      let filled = first.length;
      while (filled < length) {
        const part = await some(length - filled);
        if (part.length === 0) break;
        if (filled + part.length > bytes.length) {
          const wider = new Uint8Array(Math.min(length, Math.max(2 * bytes.length, filled + part.length)));
          wider.set(bytes.subarray(0, filled));
          bytes = wider;
        }
        bytes.set(part, filled);
        filled += part.length;
      }
      return bytes.subarray(0, filled);
    },
    async skip(length): Promise<number> {
      let left = length;
      while (left > 0) {
        const part = await some(left);
        if (part.length === 0) break;
        left -= part.length;
      }
      return length - left;
    },
    async cancel(reason): Promise<void> {
      ended = true;
      current = NOTHING;
      await stream.cancel(reason);
    },
  };
}
