/** Disks that come once: standard input, and files that are packed with gzip or Zstandard as a whole. */
import { isZero } from "../base/bytes.js";
import { FerryError, throwIfAborted } from "../base/errors.js";
import type { DiskFormatId } from "../base/ids.js";
import { formatBytes } from "../base/text.js";
import { diskFormats } from "../disk/formats.js";
import type { DiskFormat, DiskStream } from "../disk/model.js";
import { tellFormat } from "../disk/probe.js";
import { byteReader } from "../io/byte-reader.js";
import type { Context, ScratchFile } from "../io/context.js";
import { gunzip } from "../io/gunzip.js";
import { noResolver } from "../io/resolver.js";
import type { ByteSource, ByteStream, ChunkSet } from "../io/source.js";
import { iterableStream } from "../io/streams.js";
import type { ByteTarget } from "../io/target.js";
import { isVmaHead } from "../package/vma/header.js";
import { isXvaHead } from "../package/xva/chunks.js";
import type { DiskSource } from "./disk/disk.js";
import { vmaDisk } from "./vma.js";
import { xvaDisk } from "./xva.js";
import { openXvaStream } from "./xva-stream.js";

/** Bytes that are looked at to tell the format. */
const HEAD_BYTES = 64 * 1024;
/** Zeros that are skipped at a time. */
const ZERO_UNIT = 64 * 1024;

/** How a disk that comes once is taken. */
export interface IncomingOptions {
  /** `null`: told by content. Raw is never guessed. */
  readonly format: DiskFormatId | null;
  /** Which disk of an XVA, by its name; `null`: the only one, or what comes is no archive. */
  readonly member: string | null;
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

/** How a file is packed as a whole. */
export type Packing = "gzip" | "zstd";

/** The same by its first four bytes (RFC 1952, 2.3.1; RFC 8878, 3.1.1). `null`: it is not packed. */
export function packingOf(head: Uint8Array): Packing | null {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  return head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd ? "zstd" : null;
}

/**
 * Takes a disk that comes once, packed as a whole or not: in one pass where its format can, else saved into scratch space first.
 * @throws `disk/unknown-format`, `io/limit` above `limits.unpackedBytes`, `io/no-zstd`, `xva/which-disk`, and what opening and reading throw
 */
export async function openIncoming(input: ByteStream, options: IncomingOptions, ctx: Context): Promise<IncomingDisk> {
  try {
    // A guest's raw disk may begin with anything.
    if (options.format === "raw") return await openPlain(keepFront(input), options, ctx);
    const kept = keepFront(input);
    const packing = packingOf(await byteReader(kept.stream, ctx.signal).read(4));
    if (packing === null) return await openPlain(kept, options, ctx);
    const packed = kept.again();
    kept.forget();
    return await openPlain(keepFront(unpackedStream(packed, packing, ctx)), options, ctx);
  } catch (cause) {
    await input.cancel(cause);
    throw cause;
  }
}

async function openPlain(kept: KeptStream, options: IncomingOptions, ctx: Context): Promise<IncomingDisk> {
  const { member } = options;
  const { label } = kept.stream;
  const { format: wanted } = options;
  if (wanted === null || wanted === "xva" || wanted === "vma") {
    const head = await byteReader(kept.again(), ctx.signal).read(HEAD_BYTES);
    if (wanted !== "vma" && isXvaHead(head)) return openArchive(kept, options, ctx);
    // Clusters come in any order: what comes once is saved.
    if (wanted !== "xva" && isVmaHead(head)) return savedArchive(kept, member, "vma", vmaDisk, ctx);
  }
  if (member !== null) {
    throw new FerryError(
      "xva/no-archive",
      `${label} is no XVA and no VMA, and of no other archive that comes once members are read`,
      {
        location: { at: "bytes", file: label, offset: 0 },
        hint: "Save it to a file, unpacked, and name a member of that.",
      },
    );
  }
  const format = await formatOf(kept.again(), options.format, ctx);
  if (options.onePass === "wanted" && format.openStream !== undefined) {
    try {
      const stream = await format.openStream(kept.again(), ctx);
      kept.forget();
      return { kind: "stream", name: label, stream, close: () => stream.cancel() };
    } catch (cause) {
      if (!(cause instanceof FerryError) || !NOT_IN_ONE_PASS.has(cause.code)) throw cause;
    }
  }
  const whole = kept.again();
  kept.forget();
  const { scratch, source } = await saveStream(whole, ctx);
  return { kind: "file", name: label, source, resolver: noResolver, format: format.id, close: () => scratch.remove() };
}

/** A disk of an archive. */
async function openArchive(kept: KeptStream, options: IncomingOptions, ctx: Context): Promise<IncomingDisk> {
  const { member } = options;
  const { label } = kept.stream;
  const name = member === null ? label : `${label}!${member}`;
  if (options.onePass === "wanted") {
    try {
      const stream = await openXvaStream(kept.again(), member, () => kept.forget(), ctx);
      return { kind: "stream", name, stream, close: () => stream.cancel() };
    } catch (cause) {
      const again = cause instanceof FerryError && NOT_IN_ONE_PASS.has(cause.code) && kept.isKept;
      if (!again) throw cause;
    }
  }
  return savedArchive(kept, member, "xva", xvaDisk, ctx);
}

/** A disk of an archive that is saved first. */
async function savedArchive(
  kept: KeptStream,
  member: string | null,
  format: DiskFormatId,
  diskOf: (source: ByteSource, name: string | null, ctx: Context) => Promise<ChunkSet>,
  ctx: Context,
): Promise<IncomingDisk> {
  const { label } = kept.stream;
  const name = member === null ? label : `${label}!${member}`;
  const whole = kept.again();
  kept.forget();
  const { scratch, source } = await saveStream(whole, ctx);
  try {
    const chunks = await diskOf(source, member, ctx);
    return { kind: "file", name, source, chunks, resolver: noResolver, format, close: () => scratch.remove() };
  } catch (cause) {
    await scratch.remove();
    throw cause;
  }
}

/** What is packed as a whole, as it unpacks. The name of what is in it has no `.gz` or `.zst`. @throws `io/no-zstd` */
function unpackedStream(packed: ByteStream, packing: Packing, ctx: Context): ByteStream {
  const { gunzip: unpackGzip, unzstd } = ctx.runtime;
  const unpack = packing === "gzip" ? unpackGzip : unzstd;
  if (unpack === undefined) {
    throw new FerryError("io/no-zstd", `${packed.label} is packed with Zstandard, which this Node.js cannot unpack`, {
      hint: "Unpack it on the way, zstd -dc FILE | vmferry disk convert - DEST, or use Node.js 22.15 or newer.",
    });
  }
  const source = { label: packed.label, stream: () => packed };
  const chunks = gunzip(source, { unpack, most: ctx.limits.unpackedBytes, signal: ctx.signal });
  const plain = iterableStream(packed.label.replace(/\.(?:gz|zst)$/i, ""), chunks);
  return { ...plain, cancel: (reason) => packed.cancel(reason).finally(() => plain.cancel(reason)) };
}

/**
 * Unpacks a file that is packed as a whole into scratch space, where its first bytes are those of something wanted. `null`: they are not, and
 * nothing was written.
 * @throws `io/no-zstd`, `io/codec-failed`, `io/limit` above `limits.unpackedBytes`
 */
export async function unpackWanted(
  packed: ByteSource,
  packing: Packing,
  wanted: (head: Uint8Array) => boolean,
  ctx: Context,
): Promise<{ readonly scratch: ScratchFile; readonly source: ByteSource } | null> {
  const input = iterableStream(packed.label, packed.stream(undefined, ctx.signal));
  const kept = keepFront(unpackedStream(input, packing, ctx));
  try {
    if (!wanted(await byteReader(kept.again(), ctx.signal).read(HEAD_BYTES))) {
      await kept.stream.cancel();
      return null;
    }
    const whole = kept.again();
    kept.forget();
    const saved = await saveStream(whole, ctx);
    await packed.checkUnchanged?.();
    return saved;
  } catch (cause) {
    await kept.stream.cancel(cause);
    throw cause;
  }
}

/** A stream whose front can be read anew. */
interface KeptStream {
  readonly stream: ByteStream;
  readonly isKept: boolean;
  again(): ByteStream;
  forget(): void;
}

/** A stream whose chunks are kept until they are no longer needed, so that it can be read anew. */
function keepFront(input: ByteStream): KeptStream {
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
    get isKept(): boolean {
      return kept !== null;
    },
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

/** Saves what comes once into scratch space, which belongs to whoever asked. @throws `io/limit` above `limits.unpackedBytes` */
export async function saveStream(
  input: ByteStream,
  ctx: Context,
): Promise<{ readonly scratch: ScratchFile; readonly source: ByteSource }> {
  const scratch = await ctx.runtime.scratch(input.label);
  try {
    await pour(input, scratch.target, ctx);
    await scratch.target.close();
    return { scratch, source: await scratch.open() };
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
