import * as zlib from "node:zlib";
import { FerryError } from "../../base/errors.js";
import type { Codec, DeflateWrapper } from "../../io/codec.js";
import type { Libdeflate } from "./native.js";

/**
 * The levels that a caller's default stands for. Measured on an ext4 image of Debian's /usr in 64 KiB units:
 * zlib 5 is 0.4 % larger than zlib 6 and a third faster; libdeflate 4 is smaller than zlib 6 and more than twice as fast.
 */
const DEFAULT_LEVEL = { zlib: 5, libdeflate: 4 } as const;

function damaged(cause: unknown): FerryError {
  return new FerryError("io/codec-failed", "a compressed unit is damaged or unpacks to more than it may", { cause });
}

function zstdMissing(): never {
  throw new FerryError("io/unsupported-codec", `Node.js ${process.versions.node} has no Zstandard codec`, {
    hint: "Run vmferry on Node.js 22.15 or later.",
  });
}

/** The synchronous write call of a zlib stream's binding, and the state that it leaves: bytes left over in out and in. */
interface ZlibHandle {
  onerror: (...details: readonly unknown[]) => void;
  reset(): void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputLength: number,
    output: Uint8Array,
    outputAt: number,
    outputLength: number,
  ): void;
}
interface ReusableStream {
  readonly _handle?: ZlibHandle;
  readonly _writeState?: Uint32Array;
}

/**
 * A zlib stream used again and again without its stream machinery: `inflateSync` allocates and frees 40 KiB and a handle for
 * each call, which halves its speed on 64 KiB units. The binding is not public API, so `reusable` proves that it works
 * before it is trusted, and everything falls back to the public calls.
 */
function reusable(stream: ReusableStream): ((src: Uint8Array, dst: Uint8Array) => number) | null {
  const { _handle: handle, _writeState: state } = stream;
  if (typeof handle?.reset !== "function" || typeof handle.writeSync !== "function" || state?.length !== 2) return null;
  let failed = false;
  // Called within writeSync, for damaged data, a wrong checksum and a stream that does not end.
  handle.onerror = () => {
    failed = true;
  };
  return (src, dst) => {
    failed = false;
    handle.reset();
    handle.writeSync(zlib.constants.Z_FINISH, src, 0, src.length, dst, 0, dst.length);
    return failed ? -1 : dst.length - (state[0] as number);
  };
}

function provenInflate(wrapper: DeflateWrapper): ((src: Uint8Array, dst: Uint8Array) => number) | null {
  try {
    const plain = new Uint8Array(3000).map((_, i) => i % 251);
    const packed = wrapper === "zlib" ? zlib.deflateSync(plain) : zlib.deflateRawSync(plain);
    const call = reusable(
      (wrapper === "zlib" ? zlib.createInflate() : zlib.createInflateRaw()) as unknown as ReusableStream,
    );
    if (call === null) return null;
    const out = new Uint8Array(4000);
    const torn = Uint8Array.from(packed);
    torn.fill(0xff, packed.length - 40);
    for (let i = 0; i < 2; i++) {
      if (call(torn, out) !== -1) return null;
      if (call(packed, out) !== plain.length || Buffer.compare(out.subarray(0, plain.length), plain) !== 0) return null;
      if (call(packed, out.subarray(0, plain.length)) !== plain.length) return null;
    }
    return call;
  } catch {
    return null;
  }
}

/** The codec of Node's own zlib. */
export function zlibCodec(): Codec {
  const inflaters = new Map<DeflateWrapper, ((src: Uint8Array, dst: Uint8Array) => number) | null>();
  const zstd = zlib as unknown as {
    zstdDecompressSync?: (src: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
    zstdCompressSync?: (src: Uint8Array, options: { params: Record<number, number> }) => Uint8Array;
  };
  return {
    id: "zlib",
    inflateInto(src, dst, wrapper): number {
      let call = inflaters.get(wrapper);
      if (call === undefined) {
        call = provenInflate(wrapper);
        inflaters.set(wrapper, call);
      }
      if (call !== null) {
        const made = call(src, dst);
        if (made >= 0) return made;
        // The public call says what is wrong.
      }
      try {
        const plain = (wrapper === "zlib" ? zlib.inflateSync : zlib.inflateRawSync)(src, {
          maxOutputLength: dst.length,
        });
        dst.set(plain);
        return plain.length;
      } catch (cause) {
        throw damaged(cause);
      }
    },
    deflateInto(src, dst, wrapper, level): number {
      const packed = (wrapper === "zlib" ? zlib.deflateSync : zlib.deflateRawSync)(src, {
        level: level < 0 ? DEFAULT_LEVEL.zlib : level,
        chunkSize: Math.max(64, src.length + 4096),
      });
      if (packed.length > dst.length) return 0;
      dst.set(packed);
      return packed.length;
    },
    unzstdInto(src, dst): number {
      if (zstd.zstdDecompressSync === undefined) return zstdMissing();
      try {
        const plain = zstd.zstdDecompressSync(src, { maxOutputLength: dst.length });
        dst.set(plain);
        return plain.length;
      } catch (cause) {
        throw damaged(cause);
      }
    },
  };
}

/** The codec of libdeflate, twice as fast; what it lacks comes from `fallback`. */
export function libdeflateCodec(library: Libdeflate, fallback: Codec): Codec {
  const compressors = new Map<number, unknown>();
  const made = new BigUint64Array(1);
  let decompressor: unknown;
  return {
    id: "libdeflate",
    inflateInto(src, dst, wrapper): number {
      decompressor ??= library.decompressor();
      // Results: 0 success, 1 bad data, 2 short output, 3 insufficient space.
      const result = library.decompress(decompressor, wrapper, src, dst, made);
      if (result !== 0) throw damaged(new Error(`libdeflate result ${result}`));
      return Number(made[0]);
    },
    deflateInto(src, dst, wrapper, level): number {
      const chosen = level < 0 ? DEFAULT_LEVEL.libdeflate : level;
      let compressor = compressors.get(chosen);
      if (compressor === undefined) {
        compressor = library.compressor(chosen);
        compressors.set(chosen, compressor);
      }
      return library.compress(compressor, wrapper, src, dst);
    },
    unzstdInto: (src, dst) => fallback.unzstdInto(src, dst),
  };
}
