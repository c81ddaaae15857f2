/** Disks that come once: standard input, and files that are packed with gzip as a whole. */
import { isZero } from "../base/bytes.js";
import { FerryError, throwIfAborted } from "../base/errors.js";
import type { DiskFormatId } from "../base/ids.js";
import { formatBytes } from "../base/text.js";
import { diskFormats } from "../disk/formats.js";
import type { DiskFormat, DiskStream } from "../disk/model.js";
import { tellFormat } from "../disk/probe.js";
import { byteReader } from "../io/byte-reader.js";
import type { Context } from "../io/context.js";
import { gunzip } from "../io/gunzip.js";
import { noResolver } from "../io/resolver.js";
import type { ByteSource, ByteStream } from "../io/source.js";
import { iterableStream } from "../io/streams.js";
import type { ByteTarget } from "../io/target.js";
import type { DiskSource } from "./disk.js";

/** Bytes that are looked at to tell the format. */
const HEAD_BYTES = 64 * 1024;
/** Zeros that are skipped at a time. */
const ZERO_UNIT = 64 * 1024;

/** How a disk that comes once is taken. */
export interface IncomingOptions {
  /** `null`: told by content. Raw is never guessed. */
  readonly format: DiskFormatId | null;
  /** `wanted`: read as it comes where the format lets it be; `refused`: always saved first, for whoever has to read it twice. */
  readonly onePass: "wanted" | "refused";
}

/** A disk that came, or comes. Closing it removes what was saved. */
export type IncomingDisk = (
  | { readonly kind: "stream"; readonly name: string; readonly stream: DiskStream }
  | ({ readonly kind: "file" } & DiskSource)
) & { close(): Promise<void> };

/** Codes that say that a disk cannot be read in one pass, though there is nothing wrong with it. */
const NOT_IN_ONE_PASS: ReadonlySet<string> = new Set(["disk/not-streamable", "disk/stream-size"]);

/**
 * Takes a disk that comes once: in one pass where its format can, else saved into scratch space first.
 * @throws `disk/unknown-format`, `io/limit` above `limits.unpackedBytes`, and what opening and reading throw
 */
export async function openIncoming(input: ByteStream, options: IncomingOptions, ctx: Context): Promise<IncomingDisk> {
  try {
    const kept = keepFront(input);
    const format = await formatOf(kept.stream, options.format, ctx);
    if (options.onePass === "wanted" && format.openStream !== undefined) {
      try {
        const stream = await format.openStream(kept.again(), ctx);
        kept.forget();
        return { kind: "stream", name: input.label, stream, close: () => stream.cancel() };
      } catch (cause) {
        if (!(cause instanceof FerryError) || !NOT_IN_ONE_PASS.has(cause.code)) throw cause;
      }
    }
    const whole = kept.again();
    kept.forget();
    return await save(whole, format.id, ctx);
  } catch (cause) {
    await input.cancel(cause);
    throw cause;
  }
}

/** A disk file that is packed with gzip as a whole, as it unpacks. The name of what is in it has no `.gz`. */
export function unpackedStream(packed: ByteSource, ctx: Context): ByteStream {
  const options = { unpack: ctx.runtime.gunzip, most: ctx.limits.unpackedBytes, signal: ctx.signal };
  return iterableStream(packed.label.replace(/\.gz$/i, ""), gunzip(packed, options));
}

/** A stream whose chunks are kept until they are no longer needed, so that it can be read anew. */
function keepFront(input: ByteStream): { readonly stream: ByteStream; again(): ByteStream; forget(): void } {
  const chunks = input[Symbol.asyncIterator]();
  let kept: Uint8Array[] | null = [];

  async function* from(front: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
    yield* front;
    for (;;) {
      const next = await chunks.next();
      if (next.done === true) return;
      kept?.push(next.value);
      yield next.value;
    }
  }
  const again = (): ByteStream => {
    const iterator = from([...(kept ?? [])]);
    const { label, size } = input;
    return {
      label,
      ...(size === undefined ? {} : { size }),
      [Symbol.asyncIterator]: () => iterator,
      cancel: (reason) => input.cancel(reason),
    };
  };
  return {
    stream: again(),
    again,
    forget(): void {
      kept = null;
    },
  };
}

async function formatOf(input: ByteStream, named: DiskFormatId | null, ctx: Context): Promise<DiskFormat> {
  if (named !== null) return diskFormats.get(named);
  const head = await byteReader(input, ctx.signal).read(HEAD_BYTES);
  return tellFormat({ name: input.label, size: input.size ?? head.length, head, tail: new Uint8Array(0) }, diskFormats);
}

async function save(input: ByteStream, format: DiskFormatId, ctx: Context): Promise<IncomingDisk> {
  const scratch = await ctx.runtime.scratch(input.label);
  try {
    await pour(input, scratch.target, ctx);
    await scratch.target.close();
    const source = await scratch.open();
    return { kind: "file", name: input.label, source, resolver: noResolver, format, close: () => scratch.remove() };
  } catch (cause) {
    await scratch.remove();
    throw cause;
  }
}

/** Fills a sparse file: zeros stay holes. */
async function pour(input: ByteStream, target: ByteTarget, ctx: Context): Promise<void> {
  const progress = ctx.progress.child("save", input.label, input.size ?? null);
  const reader = byteReader(input, ctx.signal);
  const most = ctx.limits.unpackedBytes;
  for (;;) {
    throwIfAborted(ctx.signal);
    const bytes = await reader.read(ZERO_UNIT);
    if (reader.position > most) {
      throw new FerryError("io/limit", `${input.label} has more than ${formatBytes(most)}`, {
        hint: "Raise the limit unpackedBytes if the source is trusted.",
      });
    }
    if (isZero(bytes)) await target.zeros(bytes.length);
    else await target.write(bytes);
    progress.advance(bytes.length);
    if (bytes.length < ZERO_UNIT) break;
  }
  progress.done();
}
