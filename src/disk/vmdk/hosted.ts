import { alignUp, SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { parseVmdkDescriptor, type VmdkDescriptor } from "./descriptor.js";
import { findFooter } from "./footer.js";
import { openGrainTables } from "./grain-tables.js";
import { GD_AT_END, grainBytes, parseSparseHeader, SPARSE_HEADER_BYTES, type SparseHeader } from "./header.js";
import { type ExtentReader, openSparseExtent } from "./sparse.js";

/** A hosted sparse extent whose header and embedded descriptor are read. */
export interface HostedExtent {
  readonly header: SparseHeader;
  readonly descriptor: VmdkDescriptor | null;
  /** Reads the grain directory. `bytes`: guest bytes that the extent stands for; `unallocated`: what a missing grain means. */
  open(bytes: number, unallocated: "zero" | "absent"): Promise<ExtentReader>;
}

/** Reads the header of a hosted sparse extent (magic `KDMV`): monolithicSparse, streamOptimized, or a part of a split disk. */
export async function readHostedExtent(source: ByteSource, ctx: Context): Promise<HostedExtent> {
  const head = await source.read(0, Math.min(SPARSE_HEADER_BYTES, source.size), ctx.signal);
  const header = parseSparseHeader(head, source.label, 0);
  if (header.unclean) {
    ctx.report({
      code: "vmdk/unclean",
      severity: "warning",
      message: `${source.label} was not closed properly`,
      location: { at: "bytes", file: source.label, offset: 72, field: "uncleanShutdown" },
      hint: "Shut the machine down where it runs, and copy or export the disk again.",
    });
  }
  return {
    header,
    descriptor: await readEmbedded(source, header, ctx),
    async open(bytes, unallocated): Promise<ExtentReader> {
      const { compressed, zeroedGrains } = header.flags;
      const tables = await openGrainTables(
        source,
        {
          ...(await findDirectories(source, header, ctx)),
          count: Math.ceil(header.capacitySectors / (header.tableEntries * header.grainSectors)),
          entries: header.tableEntries,
          preallocated: !compressed,
        },
        ctx,
      );
      return openSparseExtent(
        source,
        { grain: grainBytes(header), compressed, zeroedGrains, unallocated },
        tables,
        bytes,
      );
    },
  };
}

/**
 * The guest's capacity of a lone extent. VirtualBox rounds the header up to whole grains and keeps the true size in the embedded
 * descriptor; any other difference is settled by the header, which the tables belong to, and reported.
 */
export function capacityOf(
  { header, descriptor }: Pick<HostedExtent, "header" | "descriptor">,
  label: string,
  ctx: Context,
): number {
  const fromHeader = header.capacitySectors * SECTOR;
  const extents = descriptor?.extents ?? [];
  const only = extents.length === 1 ? extents[0] : undefined;
  const told = (only?.sectors ?? 0) * SECTOR;
  if (told === 0 || told === fromHeader) return fromHeader;
  if (told < fromHeader && alignUp(told, grainBytes(header)) === fromHeader) return told;
  ctx.report({
    code: "vmdk/capacity-disagrees",
    severity: "warning",
    message: `${label}: the header says ${fromHeader} bytes, the embedded descriptor ${told}; the header counts`,
    location: { at: "bytes", file: label, offset: 12, field: "capacity" },
    hint: "Compare the size with what the machine's descriptor says of this disk.",
    data: { header: fromHeader, descriptor: told },
  });
  return fromHeader;
}

async function readEmbedded(source: ByteSource, header: SparseHeader, ctx: Context): Promise<VmdkDescriptor | null> {
  if (header.descriptorSector === 0 || header.descriptorSectors === 0) return null;
  const at = header.descriptorSector * SECTOR;
  const length = header.descriptorSectors * SECTOR;
  if (length > ctx.limits.diskDescriptorBytes) {
    throw new FerryError("io/limit", `the embedded descriptor would take ${length} bytes`, {
      location: { at: "bytes", file: source.label, offset: 36, field: "descriptorSize" },
      hint: "The header is damaged or hostile; raise the limit diskDescriptorBytes if the disk is trusted.",
    });
  }
  if (at >= source.size) {
    throw new FerryError("vmdk/bad-header", "the embedded descriptor lies past the end of the file", {
      location: { at: "bytes", file: source.label, offset: 28, field: "descriptorOffset" },
      hint: "The file is cut off or damaged: compare its size with the manifest.",
    });
  }
  return parseVmdkDescriptor(await source.read(at, Math.min(length, source.size - at), ctx.signal), source.label);
}

/** The places of the directories: the header's, or the footer's where the header leaves them open. */
async function findDirectories(
  source: ByteSource,
  header: SparseHeader,
  ctx: Context,
): Promise<{ readonly directory: number; readonly redundant: number | null }> {
  if (header.directorySector === GD_AT_END) {
    return { directory: (await findFooter(source, header, ctx.signal)).directorySector, redundant: null };
  }
  const { redundantDirectorySector } = header;
  const redundant = header.flags.redundantDirectory && redundantDirectorySector !== 0 ? redundantDirectorySector : null;
  return { directory: header.directorySector, redundant };
}
