/** What rules know about the files of a package beside its descriptor: read when first asked for, and once for all who ask. */
import { isZero, SECTOR } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import { diskFormats } from "../disk/formats.js";
import type { DiskFormat, DiskInfo } from "../disk/model.js";
import { openLayer } from "../disk/open.js";
import { formatByContent, probeWindow } from "../disk/probe.js";
import type { Context } from "../io/context.js";
import type { ProbeWindow } from "../io/source.js";
import { readSmallEntry } from "../package/entries.js";
import { findRole, readManifest } from "../package/manifest/read.js";
import type { Manifest } from "../package/manifest/text.js";
import type { PackageEntry, PackageReader } from "../package/model.js";

/** The header of a disk file: what it says, or why it cannot be read. */
export type DiskHeader = { readonly format: DiskFormat } & (
  | { readonly info: DiskInfo; readonly problem: null }
  | { readonly info: null; readonly problem: FerryError }
);

/** The files of a package. Of large files nothing is read but headers and ends. */
export interface PackageFiles {
  /** The first and last bytes of a file; `null`: it cannot be read, which was reported when the package was opened. */
  window(entry: PackageEntry): Promise<ProbeWindow | null>;
  /** The header of a file with the signature of a disk format, parents not opened; `null`: it has none, or cannot be read. */
  disk(entry: PackageEntry): Promise<DiskHeader | null>;
  /** `null`: there is none, or it cannot be read. What is wrong with its text is for whoever checks its digests to report. */
  manifest(): Promise<Manifest | null>;
  /** The text of the certificate file, byte by byte as Latin-1; `null`: there is none, or it cannot be read. */
  certificate(): Promise<string | null>;
}

/** Opens the files of a package to rules. Findings of reading them are dropped. @throws by its members: what reading throws, but for damage */
export function packageFiles(reader: PackageReader, ctx: Context): PackageFiles {
  const quiet: Context = { ...ctx, report: () => {} };
  const windows = new Map<PackageEntry, Promise<ProbeWindow | null>>();
  const disks = new Map<PackageEntry, Promise<DiskHeader | null>>();
  const window = (entry: PackageEntry): Promise<ProbeWindow | null> =>
    kept(windows, entry, () => readWindow(entry, quiet));
  const manifest = once(() => unlessDamaged(() => readManifest(reader, quiet)));
  const certificate = once(async () => {
    const entry = findRole(reader, "certificate");
    if (entry === null) return null;
    const bytes = await unlessDamaged(() => readSmallEntry(entry, quiet.limits.manifestBytes, quiet));
    return bytes === null ? null : new TextDecoder("latin1").decode(bytes);
  });
  return {
    window,
    disk: (entry) => kept(disks, entry, async () => readDisk(reader, entry, await window(entry), quiet)),
    manifest,
    certificate,
  };
}

/** Whether the first bytes are those of a file that is packed with gzip (RFC 1952 2.3.1: deflate is the only method). */
export function isGzip({ head }: ProbeWindow): boolean {
  return head[0] === 0x1f && head[1] === 0x8b && head[2] === 0x08;
}

/** Whether a stream-optimized VMDK ends at its end-of-stream marker: a sector of zeros. */
export function endsStream({ tail, size }: ProbeWindow): boolean {
  return size % SECTOR === 0 && isZero(tail.subarray(-SECTOR));
}

function kept<K, T>(known: Map<K, Promise<T>>, key: K, make: () => Promise<T>): Promise<T> {
  let made = known.get(key);
  if (made === undefined) {
    made = make();
    known.set(key, made);
  }
  return made;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  const known = new Map<"it", Promise<T>>();
  return () => kept(known, "it", make);
}

function readWindow(entry: PackageEntry, ctx: Context): Promise<ProbeWindow | null> {
  return unlessDamaged(async () => {
    const source = await entry.open();
    try {
      return await probeWindow(source, ctx.signal);
    } finally {
      await source.close();
    }
  });
}

/** What was read; `null` where that met damage, which is told when the package is opened or its digests are checked. */
async function unlessDamaged<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (cause) {
    if (isDamage(cause)) return null;
    throw cause;
  }
}

async function readDisk(
  reader: PackageReader,
  entry: PackageEntry,
  window: ProbeWindow | null,
  ctx: Context,
): Promise<DiskHeader | null> {
  const format = window === null ? null : formatByContent(window, diskFormats);
  if (format === null) return null;
  const source = await entry.open();
  try {
    const options = { formats: diskFormats, resolver: reader.resolver, format: format.id };
    const disk = await openLayer({ bytes: source }, options, ctx);
    const { info } = disk;
    await disk.close();
    return { format, info, problem: null };
  } catch (cause) {
    if (isDamage(cause)) return { format, info: null, problem: cause };
    throw cause;
  } finally {
    await source.close();
  }
}

/** Whether a failure is about the bytes of the file, and not about reading them. */
function isDamage(cause: unknown): cause is FerryError {
  return cause instanceof FerryError && !["io", "remote", "canceled", "internal"].includes(cause.kind);
}
