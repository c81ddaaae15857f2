import { createRequire } from "node:module";

/**
 * System calls and libraries that Node lacks, through the optional package `koffi`.
 * Everything here has a fallback: where koffi or a library is missing, the functions return `null`.
 */
export interface Native {
  /**
   * Linux and BSD `lseek` with SEEK_DATA / SEEK_HOLE; `null` where the platform has none. It answers `null` where there is no more of it.
   * A file system that cannot tell has data everywhere.
   */
  readonly seek: ((fd: number, offset: number, whence: "data" | "hole") => number | null) | null;
  readonly libdeflate: Libdeflate | null;
  /**
   * Linux `copy_file_range`: bytes go from file to file within the system, which shares them where the file system can. Resolves to the
   * bytes copied, fewer than asked for at the source's end, or `null` where it cannot be done so; `null` itself where the platform has none.
   */
  readonly copyRange: ((from: FilePlace, to: FilePlace, length: number) => Promise<number | null>) | null;
}

/** A place in an open file. */
export interface FilePlace {
  readonly fd: number;
  readonly offset: number;
}

/** What a machine without any of it has. */
export const NO_NATIVE: Native = Object.freeze({ seek: null, libdeflate: null, copyRange: null });

/** The part of libdeflate that we call. Compressors and decompressors live as long as the thread. */
export interface Libdeflate {
  readonly version: string;
  adler32(bytes: Uint8Array): number;
  compressor(level: number): unknown;
  compress(compressor: unknown, wrapper: "zlib" | "raw", src: Uint8Array, dst: Uint8Array): number;
  decompressor(): unknown;
  /** Returns 0 for success, else libdeflate's result; `made` receives the number of bytes. */
  decompress(
    decompressor: unknown,
    wrapper: "zlib" | "raw",
    src: Uint8Array,
    dst: Uint8Array,
    made: BigUint64Array,
  ): number;
  /** The same for a stream that fills `dst` exactly; `taken` receives the number of bytes of `src` that it takes. */
  decompressWhole(
    decompressor: unknown,
    wrapper: "zlib" | "raw",
    src: Uint8Array,
    dst: Uint8Array,
    taken: BigUint64Array,
  ): number;
}

interface KoffiFunction {
  (...args: readonly unknown[]): unknown;
  /** Calls on a thread of its own; the last argument takes the result. */
  async(...args: readonly unknown[]): void;
}
interface KoffiLibrary {
  func(prototype: string): KoffiFunction;
}
interface Koffi {
  load(name: string): KoffiLibrary;
  errno(): number;
  readonly os: { readonly errno: { readonly ENXIO: number } };
}

const LIBDEFLATE_NAMES: Readonly<Record<string, readonly string[]>> = {
  linux: ["libdeflate.so.0", "libdeflate.so"],
  darwin: ["libdeflate.0.dylib", "/opt/homebrew/lib/libdeflate.0.dylib", "/usr/local/lib/libdeflate.0.dylib"],
  win32: ["libdeflate.dll", "deflate.dll"],
};

function loadKoffi(): Koffi | null {
  try {
    return createRequire(import.meta.url)("koffi") as Koffi;
  } catch {
    // Optional by design: without it only speed is lost.
    return null;
  }
}

function loadFirst(koffi: Koffi, names: readonly string[]): KoffiLibrary | null {
  for (const name of names) {
    try {
      return koffi.load(name);
    } catch {
      // The next name may be there.
    }
  }
  return null;
}

function bindLibdeflate(library: KoffiLibrary): Libdeflate {
  const compress = {
    zlib: library.func("size_t libdeflate_zlib_compress(void *c, const void *in, size_t n, void *out, size_t m)"),
    raw: library.func("size_t libdeflate_deflate_compress(void *c, const void *in, size_t n, void *out, size_t m)"),
  };
  const decompress = {
    zlib: library.func(
      "int libdeflate_zlib_decompress(void *d, const void *in, size_t n, void *out, size_t m, void *made)",
    ),
    raw: library.func(
      "int libdeflate_deflate_decompress(void *d, const void *in, size_t n, void *out, size_t m, void *made)",
    ),
  };
  const decompressWhole = {
    zlib: library.func(
      "int libdeflate_zlib_decompress_ex(void *d, const void *in, size_t n, void *out, size_t m, void *taken, void *made)",
    ),
    raw: library.func(
      "int libdeflate_deflate_decompress_ex(void *d, const void *in, size_t n, void *out, size_t m, void *taken, void *made)",
    ),
  };
  const adler32 = library.func("uint32_t libdeflate_adler32(uint32_t sum, const void *in, size_t n)");
  const allocCompressor = library.func("void *libdeflate_alloc_compressor(int level)");
  const allocDecompressor = library.func("void *libdeflate_alloc_decompressor()");
  return {
    version: "libdeflate",
    adler32: (bytes) => Number(adler32(1, bytes, bytes.length)),
    compressor: (level) => allocCompressor(level),
    compress: (compressor, wrapper, src, dst) =>
      Number(compress[wrapper](compressor, src, src.length, dst, dst.length)),
    decompressor: () => allocDecompressor(),
    decompress: (decompressor, wrapper, src, dst, made) =>
      Number(decompress[wrapper](decompressor, src, src.length, dst, dst.length, made)),
    // Without a place for the number of bytes made, libdeflate asks for exactly as many as fit.
    decompressWhole: (decompressor, wrapper, src, dst, taken) =>
      Number(decompressWhole[wrapper](decompressor, src, src.length, dst, dst.length, taken, null)),
  };
}

function bindSeek(koffi: Koffi, library: KoffiLibrary): NonNullable<Native["seek"]> {
  // SEEK_DATA and SEEK_HOLE have these numbers on Linux and FreeBSD; macOS swaps them and Windows has neither.
  const lseek = library.func("int64_t lseek(int fd, int64_t offset, int whence)");
  return (fd, offset, whence) => {
    const at = Number(lseek(fd, offset, whence === "data" ? 3 : 4));
    if (at >= 0) return at;
    // Whatever else went wrong must not make holes of data: reading it will tell.
    return whence === "data" && koffi.errno() !== koffi.os.errno.ENXIO ? offset : null;
  };
}

function bindCopyRange(library: KoffiLibrary): NonNullable<Native["copyRange"]> {
  const copy = library.func("int64_t copy_file_range(int in, void *at, int out, void *to, size_t n, uint32_t flags)");
  return (from, to, length) =>
    new Promise((resolve) => {
      const at = BigInt64Array.of(BigInt(from.offset));
      const into = BigInt64Array.of(BigInt(to.offset));
      copy.async(from.fd, at, to.fd, into, length, 0, (error: unknown, copied: unknown) => {
        // Whatever is wrong (another device, a file system without it, no space): the usual way finds out, or does it.
        resolve(error === null && Number(copied) >= 0 ? Number(copied) : null);
      });
    });
}

/**
 * Loads what the machine has.
 * @param disabled names of parts to leave out: `koffi`, `libdeflate` (environment `VMFERRY_DISABLE`, for benchmarks and tests)
 */
export function loadNative(disabled: ReadonlySet<string>): Native {
  const koffi = disabled.has("koffi") ? null : loadKoffi();
  if (koffi === null) return NO_NATIVE;
  let seek: Native["seek"] = null;
  let copyRange: Native["copyRange"] = null;
  let libdeflate: Libdeflate | null = null;
  try {
    const system = process.platform === "linux" ? loadFirst(koffi, ["libc.so.6", "libc.so"]) : null;
    if (system !== null) {
      seek = bindSeek(koffi, system);
      copyRange = bindCopyRange(system);
    }
    const library = disabled.has("libdeflate") ? null : loadFirst(koffi, LIBDEFLATE_NAMES[process.platform] ?? []);
    if (library !== null) libdeflate = bindLibdeflate(library);
  } catch {
    // A library of another kind under the same name: do without.
  }
  return { seek, libdeflate, copyRange };
}

/** The parts named in the environment variable `VMFERRY_DISABLE`, separated by commas. */
export function disabledParts(environment: Readonly<Record<string, string | undefined>>): ReadonlySet<string> {
  return new Set((environment.VMFERRY_DISABLE ?? "").split(",").filter((part) => part !== ""));
}
