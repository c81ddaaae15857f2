import { FerryError, throwIfAborted } from "../base/errors.js";
import { formatBytes } from "../base/text.js";
import type { Runtime } from "./context.js";
import type { ByteSource } from "./source.js";

/** What is unpacked: a file, or what comes from a pipe. */
export type PackedSource = Pick<ByteSource, "label" | "checkUnchanged"> & {
  stream(range?: undefined, signal?: AbortSignal): AsyncIterable<Uint8Array>;
};

/** How a source is unpacked. */
export interface GunzipOptions {
  /** The environment's way to unpack. */
  readonly unpack: Runtime["gunzip"];
  /** Bytes that may come out: a few kilobytes can unpack to terabytes. */
  readonly most: number;
  readonly signal?: AbortSignal;
  /** Called with the stored bytes that were read. */
  readonly advanced?: (bytes: number) => void;
}

/**
 * The plain bytes of a source that is packed as a whole, in order: with gzip (RFC 1952), or however `unpack` unpacks.
 * @throws `io/codec-failed` where it is damaged or cut off, `io/limit` where more than `most` bytes come out, and what reading throws
 */
export async function* gunzip(source: PackedSource, options: GunzipOptions): AsyncIterable<Uint8Array> {
  let made = 0;
  try {
    for await (const chunk of options.unpack(packedBytes(source, options))) {
      throwIfAborted(options.signal);
      made += chunk.length;
      if (made > options.most) {
        throw new FerryError("io/limit", `${source.label} unpacks to more than ${formatBytes(options.most)}`, {
          hint: "Raise the limit unpackedBytes if the package is trusted, or correct the capacity in its descriptor.",
        });
      }
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof FerryError) throw cause;
    throw new FerryError(
      "io/codec-failed",
      `${source.label} cannot be unpacked: it is damaged, cut off, or packed in another way`,
      {
        cause,
        hint: "Verify the package; fetch it again.",
      },
    );
  }
  await source.checkUnchanged?.();
}

async function* packedBytes(source: PackedSource, { signal, advanced }: GunzipOptions): AsyncIterable<Uint8Array> {
  for await (const chunk of source.stream(undefined, signal)) {
    throwIfAborted(signal);
    yield chunk;
    advanced?.(chunk.length);
  }
}
