/** Files of a package that are compressed as a whole (DSP0243 7.1, `ovf:compression`). */
import type { Context } from "../io/context.js";
import type { FileSet } from "../io/file-set.js";
import { gunzip } from "../io/gunzip.js";
import type { ByteSource } from "../io/source.js";
import type { ByteTarget } from "../io/target.js";
import type { PackageEntry } from "../package/model.js";

/** A file that was unpacked so that it can be read anywhere. */
export interface UnpackedEntry {
  readonly source: ByteSource;
  /** Removes the copy. */
  close(): Promise<void>;
}

/**
 * Unpacks an entry into scratch space.
 * @param most bytes that it may have
 * @throws `io/codec-failed`, `io/limit`, and what reading and writing throw
 */
export async function unpackEntry(entry: PackageEntry, most: number, ctx: Context): Promise<UnpackedEntry> {
  const scratch = await ctx.runtime.scratch(entry.name);
  try {
    await pour(entry, scratch.target, most, ctx);
    await scratch.target.close();
    return { source: await scratch.open(), close: () => scratch.remove() };
  } catch (cause) {
    await scratch.remove();
    throw cause;
  }
}

/** Copies an entry into a new file of a set, unpacked. Returns its bytes there. */
export async function carryUnpacked(entry: PackageEntry, to: FileSet, ctx: Context, name: string): Promise<number> {
  const target = await to.create(name, null);
  await pour(entry, target, ctx.limits.unpackedBytes, ctx);
  await target.close();
  return target.position;
}

async function pour(entry: PackageEntry, target: ByteTarget, most: number, ctx: Context): Promise<void> {
  const progress = ctx.progress.child("unpack", entry.name, entry.size);
  const source = await entry.open();
  try {
    const options = {
      unpack: ctx.runtime.gunzip,
      most,
      signal: ctx.signal,
      advanced: (bytes: number): void => progress.advance(bytes),
    };
    for await (const chunk of gunzip(source, options)) await target.write(chunk);
  } finally {
    await source.close();
  }
  progress.done();
}
