/** A codec that packs to the same bytes wherever it runs: the zlib of one Node.js is not that of the next, nor on another processor. */
import { deflateSync, zlibSync } from "fflate";
import type { Codec } from "../../io/codec.js";

/** zlib's own default. */
const DEFAULT_LEVEL = 6;
/** Size of the table of matches, which fflate otherwise takes from a logarithm of the input's size: 2^16 entries. */
const MEMORY = 4;

/** Packs by fflate, in JavaScript with whole numbers alone. Whatever is unpacked is the same by every codec: `fallback` does it. */
export function samePackingCodec(fallback: Codec): Codec {
  const { zstdInto: _, ...rest } = fallback;
  return {
    ...rest,
    id: "fflate",
    deflateInto(src, dst, wrapper, level): number {
      const own = Math.max(0, Math.min(9, level < 0 ? DEFAULT_LEVEL : level)) as 0 | 6;
      const packed = (wrapper === "zlib" ? zlibSync : deflateSync)(src, { level: own, mem: MEMORY });
      if (packed.length > dst.length) return 0;
      dst.set(packed);
      return packed.length;
    },
  };
}
