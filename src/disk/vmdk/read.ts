import { type ByteRange, SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource, SourceResolver } from "../../io/source.js";
import { mergeExtents } from "../extents.js";
import type { DiskInfo, Extent, ReadOp, VirtualDisk } from "../model.js";
import { COWD_MAGIC } from "./cowd.js";
import { looksLikeDescriptor, NO_PARENT, parseVmdkDescriptor, type VmdkDescriptor } from "./descriptor.js";
import { openExtentList } from "./extent-list.js";
import { grainBytes, SPARSE_MAGIC } from "./header.js";
import { capacityOf, readHostedExtent } from "./hosted.js";
import type { ExtentReader } from "./sparse.js";
import { variantOf } from "./variants.js";

/** Bytes that tell what kind of file it is. */
const HEAD_BYTES = 1024;

/**
 * Opens a VMDK: a sparse extent with an embedded descriptor, or a descriptor that names extents, which are asked of the resolver.
 * @throws `vmdk/bad-header`, `vmdk/bad-descriptor`, `vmdk/bad-table`, `vmdk/no-footer`, `vmdk/extent-missing` and other `vmdk/...`
 */
export async function openVmdk(source: ByteSource, resolver: SourceResolver, ctx: Context): Promise<VirtualDisk> {
  const head = await source.read(0, Math.min(HEAD_BYTES, source.size), ctx.signal);
  const magic = head.length < 4 ? 0 : viewOf(head).getUint32(0, true);
  if (magic === SPARSE_MAGIC) return openLoneExtent(source, ctx);
  if (magic === COWD_MAGIC) {
    throw new FerryError("vmdk/bare-extent", `${source.label} is an extent of an ESX disk without its descriptor`, {
      hint: "Give the small text file beside it, which names it and its parent.",
    });
  }
  if (looksLikeDescriptor(head)) return openDescriptorFile(source, resolver, ctx);
  throw new FerryError("vmdk/bad-header", `${source.label} holds neither a VMDK header nor a descriptor`, {
    location: { at: "bytes", file: source.label, offset: 0, field: "magicNumber" },
    hint: "If it is the flat extent of a VMDK, give the small text file beside it, or read it as a raw disk.",
  });
}

/** monolithicSparse and streamOptimized: all in one file. */
async function openLoneExtent(source: ByteSource, ctx: Context): Promise<VirtualDisk> {
  const hosted = await readHostedExtent(source, ctx);
  const { descriptor, header } = hosted;
  if (descriptor === null) {
    ctx.report({
      code: "vmdk/no-descriptor",
      severity: "warning",
      message: `${source.label} has no descriptor: it may be one part of a split disk`,
      location: { at: "bytes", file: source.label, offset: 28, field: "descriptorOffset" },
      hint: "If there is a small text file beside it that names it, give that one.",
    });
  }
  const size = capacityOf(hosted, source.label, ctx);
  const reader = await hosted.open(size, parentOf(descriptor) === null ? "zero" : "absent");
  const written = header.flags.compressed ? "streamOptimized" : "monolithicSparse";
  return diskOf([reader], descriptor, {
    variant: header.flags.compressed ? written : variantOf(descriptor?.createType ?? written),
    blockSize: grainBytes(header),
    close: async () => {},
  });
}

async function openDescriptorFile(source: ByteSource, resolver: SourceResolver, ctx: Context): Promise<VirtualDisk> {
  if (source.size > ctx.limits.diskDescriptorBytes) {
    throw new FerryError("io/limit", `the disk descriptor takes ${source.size} bytes`, {
      location: { at: "bytes", file: source.label, offset: 0 },
      hint: "Descriptors are small text files; raise the limit diskDescriptorBytes if this one is trusted.",
    });
  }
  const descriptor = parseVmdkDescriptor(await source.read(0, source.size, ctx.signal), source.label);
  if (descriptor.extents.length === 0) {
    throw new FerryError("vmdk/bad-descriptor", `${source.label} names no extent`, {
      location: { at: "text", file: source.label, line: 1, column: 1 },
      hint: "The descriptor is damaged; compare it with one of the same kind.",
    });
  }
  const sectors = descriptor.extents.reduce((sum, extent) => sum + extent.sectors, 0);
  if (!Number.isSafeInteger(sectors * SECTOR)) {
    throw new FerryError("vmdk/bad-descriptor", `extents of ${sectors} sectors together are not possible`, {
      location: { at: "text", file: source.label, line: 1, column: 1 },
      hint: "The descriptor is damaged or hostile.",
    });
  }
  const unallocated = parentOf(descriptor) === null ? "zero" : "absent";
  const list = await openExtentList(descriptor, source, resolver, unallocated, ctx);
  return diskOf(list.readers, descriptor, {
    variant: variantOf(descriptor.createType),
    blockSize: list.blockSize,
    close: list.close,
  });
}

/**
 * The disk that a delta was made on: by content id and name, or, in VirtualBox's differencing disks, by UUID alone. Those say
 * `parentCID=ffffffff` like disks that stand alone.
 */
function parentOf(descriptor: VmdkDescriptor | null): DiskInfo["parent"] {
  if (descriptor === null) return null;
  const name = descriptor.parentFileNameHint;
  const uuid = uuidOf(descriptor, "uuid.parent");
  if (uuid !== null) return { name, identity: uuid };
  return descriptor.parentCid === NO_PARENT ? null : { name, identity: contentId(descriptor.parentCid) };
}

/** A UUID of VirtualBox's; `null` where there is none, or only zeros. */
function uuidOf(descriptor: VmdkDescriptor | null, key: "uuid.image" | "uuid.parent"): string | null {
  const uuid = descriptor?.ddb.get(key)?.toLowerCase() ?? "";
  return /[1-9a-f]/.test(uuid) ? uuid : null;
}

/** A content id that says something: `fffffffe` stands for a longer one elsewhere. */
function contentId(cid: string): string | null {
  return cid === "" || cid === "fffffffe" ? null : cid;
}

/** Facts about a VMDK: what its descriptor says, where it has one. */
export function vmdkInfo(
  descriptor: VmdkDescriptor | null,
  facts: Pick<DiskInfo, "variant" | "size" | "blockSize">,
): DiskInfo {
  const uuid = uuidOf(descriptor, "uuid.image");
  return {
    format: "vmdk",
    variant: facts.variant,
    size: facts.size,
    logicalSectorSize: 512,
    blockSize: facts.blockSize,
    parent: parentOf(descriptor),
    identity: contentId(descriptor?.cid ?? ""),
    ...(uuid === null ? {} : { otherIdentities: [uuid] }),
    properties: Object.fromEntries(descriptor?.ddb ?? []),
  };
}

/** Extents one after the other, as one disk. */
function diskOf(
  readers: readonly ExtentReader[],
  descriptor: VmdkDescriptor | null,
  facts: { readonly variant: string; readonly blockSize: number; close(): Promise<void> },
): VirtualDisk {
  const starts: number[] = [];
  let size = 0;
  for (const reader of readers) {
    starts.push(size);
    size += reader.bytes;
  }

  /** The extents that a range touches, and which part of each. */
  function* parts(range: ByteRange): Iterable<{ reader: ExtentReader; start: number; within: ByteRange }> {
    const end = range.offset + range.length;
    for (let i = firstPast(starts, range.offset) - 1; i < readers.length; i++) {
      const [reader, start] = [readers[i], starts[i]];
      if (reader === undefined || start === undefined || start >= end) return;
      const from = Math.max(range.offset, start);
      const to = Math.min(end, start + reader.bytes);
      if (from < to) yield { reader, start, within: { offset: from - start, length: to - from } };
    }
  }

  async function* extents(range: ByteRange, signal?: AbortSignal): AsyncIterable<Extent> {
    for (const { reader, start, within } of parts(range)) {
      for await (const extent of reader.extents(within, signal)) yield { ...extent, offset: start + extent.offset };
    }
  }

  return {
    info: vmdkInfo(descriptor, { variant: facts.variant, size, blockSize: facts.blockSize }),
    extents: (range = { offset: 0, length: size }, signal) => mergeExtents(extents(range, signal)),
    async reads(range, signal): Promise<readonly ReadOp[]> {
      const ops: ReadOp[] = [];
      for (const { reader, start, within } of parts(range)) {
        for (const op of await reader.reads(within, signal)) ops.push({ ...op, outOffset: start + op.outOffset });
      }
      return ops;
    },
    units: () => (readers.length === 1 ? (readers[0] as ExtentReader).units() : null),
    close: facts.close,
  };
}

/** Index of the first of some ascending numbers that is greater than a value. */
function firstPast(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((ascending[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
