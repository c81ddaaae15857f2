import type { ByteRange } from "../../base/bytes.js";
import { MIB } from "../../base/bytes.js";
import type { ByteSource, ChunkSet } from "../source.js";
import { checkRange } from "./memory.js";

/** Bytes of a piece of a stream. */
const PIECE = MIB;

/**
 * The bytes of a disk that is scattered over a source, front to back as its guest sees them: what lies in no chunk are zeros. Closing it closes
 * nothing: the whole belongs to whoever opened it.
 */
export function chunkedSource(chunks: ChunkSet): ByteSource {
  const { label, size, source } = chunks;
  const read = async (offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> => {
    checkRange(label, size, offset, length);
    const bytes = new Uint8Array(length);
    const runs = chunks.runs({ offset, length });
    for (let i = 0; i < runs.length; i += 3) {
      const [guest = 0, at = 0, count = 0] = runs.subarray(i, i + 3);
      bytes.set(await source.read(at, count, signal), guest - offset);
    }
    return bytes;
  };
  const narrow: ByteSource = {
    label,
    size,
    read,
    async *stream(range: ByteRange = { offset: 0, length: size }, signal): AsyncIterable<Uint8Array> {
      checkRange(label, size, range.offset, range.length);
      const end = range.offset + range.length;
      for (let at = range.offset; at < end; at += PIECE) yield await read(at, Math.min(PIECE, end - at), signal);
    },
    ref: () => null,
    close: async () => {},
  };
  if (source.checkUnchanged !== undefined) narrow.checkUnchanged = source.checkUnchanged.bind(source);
  return narrow;
}
