import type { ByteRange } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { ByteSource, SourceRef } from "../source.js";

/** Throws `io/out-of-bounds` unless `[offset, offset + length)` lies inside of a source of `size` bytes. */
export function checkRange(label: string, size: number, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
    throw new FerryError(
      "io/out-of-bounds",
      `a read of ${length} bytes at ${offset} does not lie inside of the file (${size} bytes)`,
      {
        location: { at: "bytes", file: label, offset, length },
        hint: "The file may be cut off: compare its size with the manifest or the original.",
      },
    );
  }
}

/** A source over bytes in memory. They must not change while it is open. */
export function memorySource(bytes: Uint8Array, label: string): ByteSource {
  return {
    label,
    size: bytes.length,
    async read(offset, length): Promise<Uint8Array> {
      checkRange(label, bytes.length, offset, length);
      return bytes.subarray(offset, offset + length);
    },
    async *stream(range: ByteRange = { offset: 0, length: bytes.length }): AsyncIterable<Uint8Array> {
      checkRange(label, bytes.length, range.offset, range.length);
      if (range.length > 0) yield bytes.subarray(range.offset, range.offset + range.length);
    },
    ref: (): SourceRef => ({
      kind: "slice",
      of: { kind: "shared", buffer: bytes.buffer as ArrayBuffer | SharedArrayBuffer, at: 0 },
      offset: bytes.byteOffset,
      length: bytes.length,
    }),
    async close(): Promise<void> {},
  };
}
