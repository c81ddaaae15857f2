/** How a deflate stream is wrapped: RFC 1950 (`zlib`) or bare RFC 1951 (`raw`). */
export type DeflateWrapper = "zlib" | "raw";

/** Synchronous codecs that write into the caller's buffer; no promise and no allocation per unit. */
export interface Codec {
  /** `zlib`, `libdeflate`, `fflate`. Results name it. */
  readonly id: string;
  /** Returns the bytes made. Bytes after the stream's end are ignored. @throws `io/codec-failed` where input is damaged or `dst` would overflow */
  inflateInto(src: Uint8Array, dst: Uint8Array, wrapper: DeflateWrapper): number;
  /**
   * Unpacks a stream that fills `dst` exactly, and returns the bytes of `src` that the stream takes: others may follow it.
   * @throws `io/codec-failed` where input is damaged, or makes fewer or more bytes
   */
  inflateWhole(src: Uint8Array, dst: Uint8Array, wrapper: DeflateWrapper): number;
  /**
   * Returns the bytes made, or 0 where they do not fit into `dst`.
   * @param level 0 to 9 (libdeflate: to 12), or -1 for the best trade that this codec offers at zlib's default size
   */
  deflateInto(src: Uint8Array, dst: Uint8Array, wrapper: DeflateWrapper, level: number): number;
  /** The Adler-32 of some bytes, where the codec has a faster way than `checksums/adler32.ts`. */
  adler32?(bytes: Uint8Array): number;
  /** Returns the bytes made. @throws `io/codec-failed` where input is damaged or `dst` would overflow */
  unzstdInto(src: Uint8Array, dst: Uint8Array): number;
  /**
   * Packs `src` into one Zstandard frame (RFC 8878). Returns the bytes made, or 0 where they do not fit into `dst`. Left out where the
   * runtime cannot.
   * @param level 1 to 22, or -1 for Zstandard's own default
   */
  zstdInto?(src: Uint8Array, dst: Uint8Array, level: number): number;
}

/** A digest fed piece by piece. */
export interface IncrementalHash {
  update(bytes: Uint8Array): void;
  /** Ends it. */
  digest(): Uint8Array;
}
