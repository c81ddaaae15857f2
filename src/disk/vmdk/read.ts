import { alignUp, SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource, SourceResolver } from "../../io/source.js";
import { mergeExtents } from "../extents.js";
import type { VirtualDisk } from "../model.js";
import { NO_PARENT, parseVmdkDescriptor, type VmdkDescriptor } from "./descriptor.js";
import { openGrainTables } from "./grain-tables.js";
import {
  GD_AT_END,
  grainBytes,
  parseSparseHeader,
  SPARSE_HEADER_BYTES,
  SPARSE_MAGIC,
  type SparseHeader,
} from "./header.js";
import { openSparseExtent } from "./sparse.js";

/** Bytes at the end of a stream that are searched for its footer: padding of block-aligned uploads comes after it. */
const FOOTER_SEARCH = 128 * 1024;

/** Opens a VMDK: a sparse extent with an embedded descriptor, or a descriptor that names extents. */
export async function openVmdk(source: ByteSource, _resolver: SourceResolver, ctx: Context): Promise<VirtualDisk> {
  const header = parseSparseHeader(
    await source.read(0, Math.min(SPARSE_HEADER_BYTES, source.size), ctx.signal),
    source.label,
    0,
  );
  const descriptor = await readEmbedded(source, header, ctx);
  const directorySector = await findDirectory(source, header, ctx);
  const tables = await openGrainTables(source, header, directorySector, ctx.limits, ctx.signal);
  const size = capacityOf(header, descriptor);
  const hasParent = descriptor !== null && descriptor.parentCid !== NO_PARENT;
  const extent = openSparseExtent(source, header, tables, size, hasParent ? "absent" : "zero");
  const variant = header.flags.compressed ? "streamOptimized" : (descriptor?.createType ?? "monolithicSparse");
  return {
    info: {
      format: "vmdk",
      variant,
      size,
      logicalSectorSize: 512,
      blockSize: grainBytes(header),
      parent: hasParent ? { name: descriptor.parentFileNameHint, identity: descriptor.parentCid } : null,
      identity: descriptor?.cid ?? null,
      properties: Object.fromEntries(descriptor?.ddb ?? []),
    },
    extents: (range = { offset: 0, length: size }, signal) => mergeExtents(extent.extents(range, signal)),
    reads: (range, signal) => extent.reads(range, signal),
    units: () => extent.units(),
    close: async () => {},
  };
}

/**
 * The guest's capacity. VirtualBox rounds the header up to whole grains and keeps the true size in the embedded descriptor; any other
 * difference is settled by the header, which the tables belong to.
 */
function capacityOf(header: SparseHeader, descriptor: VmdkDescriptor | null): number {
  const fromHeader = header.capacitySectors * SECTOR;
  const extents = descriptor?.extents ?? [];
  const only = extents.length === 1 ? extents[0] : undefined;
  const told = (only?.sectors ?? 0) * SECTOR;
  return told > 0 && told < fromHeader && alignUp(told, grainBytes(header)) === fromHeader ? told : fromHeader;
}

async function readEmbedded(source: ByteSource, header: SparseHeader, ctx: Context): Promise<VmdkDescriptor | null> {
  if (header.descriptorSector === 0 || header.descriptorSectors === 0) return null;
  const at = header.descriptorSector * SECTOR;
  const length = header.descriptorSectors * SECTOR;
  if (length > ctx.limits.diskDescriptorBytes) {
    throw new FerryError("io/limit", `the embedded descriptor would take ${length} bytes`, {
      location: { at: "bytes", file: source.label, offset: 36, field: "descriptorSize" },
      hint: "The header is damaged or hostile.",
    });
  }
  return parseVmdkDescriptor(
    await source.read(at, Math.min(length, Math.max(0, source.size - at)), ctx.signal),
    source.label,
  );
}

/** The sector of the grain directory in use: the header's, or the footer's where the header leaves it open. */
async function findDirectory(source: ByteSource, header: SparseHeader, ctx: Context): Promise<number> {
  if (header.directorySector !== GD_AT_END) {
    return header.flags.useRedundantDirectory && header.redundantDirectorySector !== 0
      ? header.redundantDirectorySector
      : header.directorySector;
  }
  // Footer and end-of-stream marker are the last two sectors, unless an upload padded the file.
  const from = Math.max(SECTOR, source.size - FOOTER_SEARCH - (source.size % SECTOR));
  const tail = await source.read(from, source.size - from, ctx.signal);
  const view = viewOf(tail);
  for (let at = Math.floor(tail.length / SECTOR) * SECTOR - 2 * SECTOR; at >= 0; at -= SECTOR) {
    if (view.getUint32(at, true) !== SPARSE_MAGIC) continue;
    const footer = parseSparseHeader(tail.subarray(at, at + SPARSE_HEADER_BYTES), source.label, from + at);
    if (footer.directorySector !== GD_AT_END && footer.capacitySectors === header.capacitySectors) {
      return footer.directorySector;
    }
  }
  throw new FerryError("vmdk/no-footer", "the header leaves the grain directory to a footer, and there is none", {
    location: { at: "bytes", file: source.label, offset: 56, field: "gdOffset" },
    hint: "The file is cut off: compare its size with the manifest, and fetch it again.",
  });
}
