import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";
import { createGunzip } from "node:zlib";

/** Bytes that come out at once. */
const CHUNK_BYTES = 256 * 1024;

/**
 * The window that a frame may ask for, as a power of two: 128 MiB, what `zstd --ultra` makes at most. Zstandard's own default for decoders.
 */
const MOST_WINDOW_LOG = 27;
/** `ZSTD_d_windowLogMax` (zstd.h). */
const WINDOW_LOG_MAX = 100;

/** Unpacks what is packed with gzip (RFC 1952), one member after the other. @throws as `unpackThrough` */
export function nodeGunzip(packed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return unpackThrough(createGunzip({ chunkSize: CHUNK_BYTES }), packed);
}

/** The same for Zstandard (RFC 8878), which Node.js has from 22.15 on; `null`: this one has not. */
export function nodeUnzstd(): ((packed: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>) | null {
  const create: ((options: object) => Transform) | undefined =
    "createZstdDecompress" in zlib ? (zlib.createZstdDecompress as (options: object) => Transform) : undefined;
  if (create === undefined) return null;
  const params = { [WINDOW_LOG_MAX]: MOST_WINDOW_LOG };
  return (packed) => unpackThrough(create({ chunkSize: CHUNK_BYTES, params }), packed);
}

/**
 * Leaving it early ends the input too.
 *
 * Not a `DecompressionStream`: on Node.js 20 one that is cancelled while it still has bytes to give throws where nobody can catch it.
 * @throws what the input throws, and zlib's errors for what is damaged or cut off
 */
async function* unpackThrough(unpacking: Transform, packed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
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
