import { FerryError, throwIfAborted } from "../base/errors.js";
import { formatBytes } from "../base/text.js";
import type { ByteSource } from "./source.js";

/** How a source is unpacked. */
export interface GunzipOptions {
  /** Bytes that may come out: a few kilobytes can unpack to terabytes. */
  readonly most: number;
  readonly signal?: AbortSignal;
  /** Called with the stored bytes that were read. */
  readonly advanced?: (bytes: number) => void;
}

/**
 * The plain bytes of a source that is packed with gzip as a whole (RFC 1952), in order.
 * @throws `io/codec-failed` where it is damaged or cut off, `io/limit` where more than `most` bytes come out, and what reading throws
 */
export async function* gunzip(source: ByteSource, options: GunzipOptions): AsyncIterable<Uint8Array> {
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  const reader = readable.getReader();
  const feeding = feed(source, writer, options);
  // Met below; until then it must not count as unhandled.
  feeding.catch(() => {});
  let made = 0;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      throwIfAborted(options.signal);
      made += value.length;
      if (made > options.most) {
        throw new FerryError("io/limit", `${source.label} unpacks to more than ${formatBytes(options.most)}`, {
          hint: "Raise the limit unpackedBytes if the package is trusted, or correct the capacity in its descriptor.",
        });
      }
      yield value;
    }
    await feeding;
    await source.checkUnchanged?.();
  } catch (cause) {
    throw await reasonOf(cause, feeding, source);
  } finally {
    await reader.cancel().catch(() => {});
    await writer.abort().catch(() => {});
    await feeding.catch(() => {});
  }
}

async function feed(
  source: ByteSource,
  writer: WritableStreamDefaultWriter<BufferSource>,
  { signal, advanced }: GunzipOptions,
): Promise<void> {
  try {
    for await (const chunk of source.stream(undefined, signal)) {
      throwIfAborted(signal);
      await writer.write(chunk as BufferSource);
      advanced?.(chunk.length);
    }
    await writer.close();
  } catch (cause) {
    // Whoever waits for bytes is told.
    await writer.abort(cause).catch(() => {});
    throw cause;
  }
}

/** What went wrong first: reading, or unpacking what was read. */
async function reasonOf(cause: unknown, feeding: Promise<void>, source: ByteSource): Promise<FerryError> {
  if (cause instanceof FerryError) return cause;
  const fed = await feeding.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (fed instanceof FerryError) return fed;
  return new FerryError("io/codec-failed", `${source.label} is no gzip file, or is damaged or cut off`, {
    cause,
    hint: "Verify the package; fetch it again.",
  });
}
