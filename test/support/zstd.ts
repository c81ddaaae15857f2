import { isZero, viewOf } from "../../src/base/bytes.js";
import type { Codec } from "../../src/io/codec.js";

/** Bytes that become one block: repeated where they are all the same, else as they are. */
const BLOCK = 4096;
const BLOCK_TYPE = { raw: 0, repeated: 1 } as const;

/**
 * A codec that packs Zstandard frames on every Node.js: frames of raw and repeated blocks alone (RFC 8878, section 3.1.1.2.2), which every
 * decoder reads. For what an image of such clusters looks like; not for how small it is.
 */
export function withPlainZstd(codec: Codec): Codec {
  return {
    id: codec.id,
    inflateInto: codec.inflateInto.bind(codec),
    inflateWhole: codec.inflateWhole.bind(codec),
    deflateInto: codec.deflateInto.bind(codec),
    unzstdInto: codec.unzstdInto.bind(codec),
    zstdInto: packPlainly,
  };
}

function packPlainly(src: Uint8Array, dst: Uint8Array): number {
  // A frame of one segment, which tells its content's size in four bytes (section 3.1.1.1).
  const parts: Uint8Array[] = [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xa0), littleEndian(src.length, 4)];
  for (let at = 0; at < src.length; at += BLOCK) {
    const bytes = src.subarray(at, at + BLOCK);
    const first = bytes[0] as number;
    const repeated = isZero(bytes.map((byte) => byte - first));
    const last = at + BLOCK >= src.length ? 1 : 0;
    const type = repeated ? BLOCK_TYPE.repeated : BLOCK_TYPE.raw;
    parts.push(littleEndian(bytes.length * 8 + type * 2 + last, 3), repeated ? bytes.subarray(0, 1) : bytes);
  }
  let end = 0;
  for (const part of parts) {
    if (end + part.length > dst.length) return 0;
    dst.set(part, end);
    end += part.length;
  }
  return end;
}

function littleEndian(value: number, bytes: number): Uint8Array {
  const all = new Uint8Array(4);
  viewOf(all).setUint32(0, value, true);
  return all.subarray(0, bytes);
}
