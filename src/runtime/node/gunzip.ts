import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

/** Bytes that come out at once. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Unpacks what is packed with gzip (RFC 1952), one member after the other. Leaving it early ends the input too.
 *
 * Not a `DecompressionStream`: on Node.js 20 one that is cancelled while it still has bytes to give throws where nobody can catch it.
 * @throws what the input throws, and zlib's errors for what is damaged or cut off
 */
export async function* nodeGunzip(packed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const unpacking = createGunzip({ chunkSize: CHUNK_BYTES });
  const feeding = pipeline(Readable.from(packed, { objectMode: true }), unpacking);
  // Met below, and by whoever reads; until then it must not count as unhandled.
  feeding.catch(() => {});
  try {
    for await (const chunk of unpacking) yield chunk as Uint8Array;
    await feeding;
  } finally {
    unpacking.destroy();
    await feeding.catch(() => {});
  }
}
