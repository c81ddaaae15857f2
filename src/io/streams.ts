import type { ByteSource, ByteStream } from "./source.js";

/** A source from front to back. Ending the stream leaves the source open: it belongs to whoever opened it. */
export function streamOf(source: ByteSource, signal?: AbortSignal): ByteStream {
  return iterableStream(source.label, source.stream(undefined, signal), source.size);
}

/** A stream over chunks. Cancelling it ends the iteration. */
export function iterableStream(label: string, chunks: AsyncIterable<Uint8Array>, size?: number): ByteStream {
  const iterator = chunks[Symbol.asyncIterator]();
  return {
    label,
    ...(size === undefined ? {} : { size }),
    [Symbol.asyncIterator]: () => iterator,
    async cancel(): Promise<void> {
      await iterator.return?.();
    },
  };
}
