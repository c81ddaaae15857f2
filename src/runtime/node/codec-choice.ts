import type { Codec } from "../../io/codec.js";
import { libdeflateCodec } from "./codec.js";
import type { Native } from "./native.js";
import { samePackingCodec } from "./same-codec.js";

/** Which codec packs. */
export type CodecChoice = "fastest" | "same-everywhere";

/** The codec of a choice. @param portable that of Node.js, which is always there */
export function codecFor(choice: CodecChoice, native: Native, portable: Codec): Codec {
  const fastest = native.libdeflate === null ? portable : libdeflateCodec(native.libdeflate, portable);
  return choice === "fastest" ? fastest : samePackingCodec(fastest);
}
