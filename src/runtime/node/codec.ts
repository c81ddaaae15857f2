import * as zlib from "node:zlib";
import { FerryError } from "../../base/errors.js";
import type { Codec, DeflateWrapper } from "../../io/codec.js";
import type { Libdeflate } from "./native.js";
import { createUnzstd, type Unzstd } from "./zstd.js";

/**
 * The settings that a caller's default stands for, measured on ext4 images of Debian's files in 64 KiB units against zlib 1.2.13 at level
 * 6. Node's zlib finds no three-byte matches, so its streams are a little larger at every level. Level 5 takes three quarters of level
 * 6's time and adds 0.4 % of size. libdeflate at level 4 is 1.1 to 1.5 % larger than zlib's level 6 and three times as fast. Zstandard's is
 * its own, which qemu-img takes too.
 */
const DEFAULT_LEVEL = { zlib: 5, libdeflate: 4, zstd: 3 } as const;
const MEMORY_LEVEL = 8;

function damaged(cause: unknown): FerryError {
  return new FerryError("io/codec-failed", "a compressed unit is damaged or unpacks to more than it may", { cause });
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

/** A public call with the option `info`: it tells how much input it took. */
type InflateWithInfo = (
  src: Uint8Array,
  options: { maxOutputLength: number; info: true },
) => { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } };

/** What a pass answers in place of bytes made. */
const DAMAGED = -1;
const TOO_SMALL = -2;

/** A zlib stream used again. */
interface Pass {
  /** The bytes made; `DAMAGED`, or `TOO_SMALL` where they do not fit into `dst`. */
  run(src: Uint8Array, dst: Uint8Array): number;
  /** Bytes of `src` that the last run took. */
  taken(): number;
}

/**
 * A zlib stream used again and again without its stream machinery: the public synchronous calls allocate and free up to 256 KiB and a
 * handle for each unit, which halves the speed of inflating 64 KiB units. The binding is not public API, so callers prove that it
 * works before they trust it, and fall back to the public calls.
 */
function reusable(stream: ReusableStream): Pass | null {
  const { _handle: handle, _writeState: state } = stream;
  if (typeof handle?.reset !== "function" || typeof handle.writeSync !== "function" || state?.length !== 2) return null;
  const spare = new Uint8Array(1);
  let failed = false;
  let taken = 0;
  // Called within writeSync, for damaged data, a wrong checksum, and a stream that does not end in time.
  handle.onerror = () => {
    failed = true;
  };
  return {
    run(src, dst): number {
      failed = false;
      handle.reset();
      handle.writeSync(zlib.constants.Z_FINISH, src, 0, src.length, dst, 0, dst.length);
      taken = src.length - (state[1] as number);
      if (failed) return DAMAGED;
      if (state[0] !== 0) return dst.length - (state[0] as number);
      // A full `dst` is no error to the binding: only another call tells whether the stream has ended as well.
      handle.writeSync(zlib.constants.Z_FINISH, src, taken, src.length - taken, spare, 0, spare.length);
      taken = src.length - (state[1] as number);
      return failed || state[0] !== spare.length ? TOO_SMALL : dst.length;
    },
    taken: () => taken,
  };
}

/** Some bytes that deflate shortens, for proofs. */
function proofBytes(): Uint8Array {
  return new Uint8Array(3000).map((_, i) => (i * i) % 251);
}

function provenInflate(wrapper: DeflateWrapper): Pass | null {
  try {
    const plain = proofBytes();
    const packed = wrapper === "zlib" ? zlib.deflateSync(plain) : zlib.deflateRawSync(plain);
    const pass = reusable((wrapper === "zlib" ? zlib.createInflate() : zlib.createInflateRaw()) as ReusableStream);
    if (pass === null) return null;
    const out = new Uint8Array(4000);
    const torn = packed.subarray(0, packed.length - 8);
    const followed = Buffer.concat([packed, Buffer.alloc(600, 0xa7)]);
    for (let i = 0; i < 2; i++) {
      if (pass.run(torn, out) !== DAMAGED || pass.run(packed, out.subarray(0, 2000)) !== TOO_SMALL) return null;
      if (pass.run(packed, out) !== plain.length || Buffer.compare(out.subarray(0, plain.length), plain) !== 0) {
        return null;
      }
      for (const src of [packed, followed]) {
        if (pass.run(src, out.subarray(0, plain.length)) !== plain.length || pass.taken() !== packed.length)
          return null;
      }
    }
    return pass;
  } catch {
    return null;
  }
}

function provenDeflate(wrapper: DeflateWrapper, options: zlib.ZlibOptions): Pass | null {
  try {
    const plain = proofBytes();
    const pass = reusable(
      (wrapper === "zlib" ? zlib.createDeflate(options) : zlib.createDeflateRaw(options)) as ReusableStream,
    );
    if (pass === null) return null;
    const out = new Uint8Array(4000);
    for (let i = 0; i < 2; i++) {
      if (pass.run(plain, out.subarray(0, 20)) !== TOO_SMALL) return null;
      const made = pass.run(plain, out);
      if (made <= 0 || pass.run(plain, out.subarray(0, made)) !== made) return null;
      const back = (wrapper === "zlib" ? zlib.inflateSync : zlib.inflateRawSync)(out.subarray(0, made));
      if (Buffer.compare(back, plain) !== 0) return null;
    }
    return pass;
  } catch {
    return null;
  }
}

/** The codec of Node's own zlib. */
export function zlibCodec(): Codec {
  const inflaters = new Map<DeflateWrapper, Pass | null>();
  const deflaters = new Map<string, Pass | null>();
  // Node.js has them from 22.15 on.
  const zstd = zlib as unknown as ZstdCalls;
  const { zstdCompressSync } = zstd;

  let unzstd: Unzstd | null = null;
  function unzstdOf(): Unzstd {
    unzstd ??= createUnzstd();
    return unzstd;
  }

  function known(table: Map<string, Pass | null>, key: string, prove: () => Pass | null): Pass | null {
    let pass = table.get(key);
    if (pass === undefined) {
      pass = prove();
      table.set(key, pass);
    }
    return pass;
  }

  return {
    id: "zlib",
    inflateInto(src, dst, wrapper): number {
      const made = known(inflaters, wrapper, () => provenInflate(wrapper))?.run(src, dst) ?? DAMAGED;
      if (made >= 0) return made;
      // The public call works everywhere, and says what is wrong.
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
    inflateWhole(src, dst, wrapper): number {
      const pass = known(inflaters, wrapper, () => provenInflate(wrapper));
      if (pass?.run(src, dst) === dst.length) return pass.taken();
      try {
        const inflate = (wrapper === "zlib" ? zlib.inflateSync : zlib.inflateRawSync) as unknown as InflateWithInfo;
        const { buffer, engine } = inflate(src, { maxOutputLength: dst.length, info: true });
        if (buffer.length !== dst.length) throw new Error(`${buffer.length} of ${dst.length} bytes`);
        dst.set(buffer);
        return engine.bytesWritten;
      } catch (cause) {
        throw damaged(cause);
      }
    },
    deflateInto(src, dst, wrapper, level): number {
      const options = { level: level < 0 ? DEFAULT_LEVEL.zlib : level, memLevel: MEMORY_LEVEL };
      const pass = known(deflaters, `${wrapper} ${options.level}`, () => provenDeflate(wrapper, options));
      const made = pass?.run(src, dst) ?? DAMAGED;
      if (made === TOO_SMALL) return 0;
      if (made > 0) return made;
      const packed = (wrapper === "zlib" ? zlib.deflateSync : zlib.deflateRawSync)(src, options);
      if (packed.length > dst.length) return 0;
      dst.set(packed);
      return packed.length;
    },
    unzstdInto(src, dst): number {
      try {
        const plain = zstd.zstdDecompressSync?.(src, { maxOutputLength: dst.length }) ?? unzstdOf()(src, dst.length);
        dst.set(plain);
        return plain.length;
      } catch (cause) {
        throw damaged(cause);
      }
    },
    ...(zstdCompressSync === undefined ? {} : { zstdInto: zstdWith(zstdCompressSync) }),
  };
}

/** Calls of `node:zlib` that not every Node.js has. */
interface ZstdCalls {
  readonly zstdDecompressSync?: (src: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
  readonly zstdCompressSync?: ZstdCompress;
}
type ZstdCompress = (
  src: Uint8Array,
  options: { readonly params: Readonly<Record<number, number>>; readonly pledgedSrcSize: number },
) => Uint8Array;

/** `ZSTD_c_compressionLevel` (zstd.h): constants of `node:zlib` that older type definitions lack. */
const ZSTD_LEVEL = 100;

/** Packs one frame, which tells the size of its content as qemu-img's frames do. */
function zstdWith(compress: ZstdCompress): NonNullable<Codec["zstdInto"]> {
  return (src, dst, level) => {
    const packed = compress(src, {
      params: { [ZSTD_LEVEL]: level < 0 ? DEFAULT_LEVEL.zstd : level },
      pledgedSrcSize: src.length,
    });
    if (packed.length > dst.length) return 0;
    dst.set(packed);
    return packed.length;
  };
}

/** The codec of libdeflate, twice as fast; what it lacks comes from `fallback`. */
export function libdeflateCodec(library: Libdeflate, fallback: Codec): Codec {
  const compressors = new Map<number, unknown>();
  const made = new BigUint64Array(1);
  const taken = new BigUint64Array(1);
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
    inflateWhole(src, dst, wrapper): number {
      decompressor ??= library.decompressor();
      const result = library.decompressWhole(decompressor, wrapper, src, dst, taken);
      if (result !== 0) throw damaged(new Error(`libdeflate result ${result}`));
      return Number(taken[0]);
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
    adler32: (bytes) => library.adler32(bytes),
    unzstdInto: (src, dst) => fallback.unzstdInto(src, dst),
    ...(fallback.zstdInto === undefined ? {} : { zstdInto: fallback.zstdInto.bind(fallback) }),
  };
}
