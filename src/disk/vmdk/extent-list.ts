import { SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource, SourceResolver } from "../../io/source.js";
import { flatPart } from "../flat.js";
import { openCowdExtent } from "./cowd.js";
import type { DescriptorExtent, VmdkDescriptor } from "./descriptor.js";
import { grainBytes } from "./header.js";
import { readHostedExtent } from "./hosted.js";
import { openSeSparseExtent } from "./sesparse.js";
import type { ExtentReader } from "./sparse.js";

/** The extents of a descriptor, opened. */
export interface ExtentList {
  readonly readers: readonly ExtentReader[];
  /** The smallest grain; a sector where there is none. */
  readonly blockSize: number;
  /** Closes the files of the extents. */
  close(): Promise<void>;
}

/**
 * Opens the extents that a descriptor names, through the resolver alone. A file that stands in several lines is opened once.
 * @throws `vmdk/extent-missing`, `vmdk/unsupported-extent`, `vmdk/short-extent`, `io/limit`, and what the extents' own headers cause
 */
export async function openExtentList(
  descriptor: VmdkDescriptor,
  from: ByteSource,
  resolver: SourceResolver,
  unallocated: "zero" | "absent",
  ctx: Context,
): Promise<ExtentList> {
  const { extents } = descriptor;
  if (extents.length > ctx.limits.diskExtents) {
    throw new FerryError("io/limit", `the descriptor names ${extents.length} extents`, {
      hint: "Raise the limit diskExtents if the disk is trusted.",
    });
  }
  const sources = new Map<string, ByteSource>();
  const close = async (): Promise<void> => {
    for (const source of sources.values()) await source.close();
  };

  async function sourceOf(extent: DescriptorExtent): Promise<ByteSource> {
    const name = extent.file ?? "";
    const known = sources.get(name);
    if (known !== undefined) return known;
    const source = await resolver.open({ purpose: "extent", name, identity: null }, from);
    if (source === null) throw missingExtent(from, name);
    sources.set(name, source);
    return source;
  }

  const readers: ExtentReader[] = [];
  let blockSize = Number.POSITIVE_INFINITY;
  try {
    for (const extent of extents) {
      const bytes = extent.sectors * SECTOR;
      if (bytes === 0) continue;
      if (extent.kind === "ZERO" || extent.access === "NOACCESS") {
        if (extent.kind !== "ZERO") reportNoAccess(from, extent, ctx);
        readers.push(zeroExtent(bytes));
        continue;
      }
      switch (extent.kind) {
        case "FLAT":
        case "VMFS":
          readers.push(flatExtent(await sourceOf(extent), extent, bytes));
          break;
        case "SPARSE": {
          const source = await sourceOf(extent);
          const hosted = await readHostedExtent(source, ctx);
          if (hosted.header.capacitySectors < extent.sectors) {
            reportSmall(source, hosted.header.capacitySectors, extent, ctx);
          }
          readers.push(await hosted.open(bytes, unallocated));
          blockSize = Math.min(blockSize, grainBytes(hosted.header));
          break;
        }
        case "VMFSSPARSE": {
          const cowd = await openCowdExtent(await sourceOf(extent), bytes, unallocated, ctx);
          readers.push(cowd.reader);
          blockSize = Math.min(blockSize, cowd.grain);
          break;
        }
        case "SESPARSE": {
          const source = await sourceOf(extent);
          const sparse = await openSeSparseExtent(source, bytes, unallocated, ctx);
          if (sparse.capacitySectors < extent.sectors) reportSmall(source, sparse.capacitySectors, extent, ctx);
          readers.push(sparse.reader);
          blockSize = Math.min(blockSize, sparse.grain);
          break;
        }
        case "VMFSRDM":
        case "VMFSRAW":
          throw unsupportedExtent(from, extent.kind, extent.file ?? "");
      }
    }
  } catch (cause) {
    await close();
    throw cause;
  }
  return { readers, blockSize: Number.isFinite(blockSize) ? blockSize : SECTOR, close };
}

function zeroExtent(bytes: number): ExtentReader {
  return {
    bytes,
    async *extents(range) {
      if (range.length > 0) yield { ...range, kind: "zero" };
    },
    reads: async () => [],
    units: () => null,
  };
}

function flatExtent(source: ByteSource, extent: DescriptorExtent, bytes: number): ExtentReader {
  const at = extent.offset * SECTOR;
  if (at + bytes > source.size) {
    throw new FerryError(
      "vmdk/short-extent",
      `${source.label} has ${source.size} bytes, and the descriptor needs ${bytes} at ${at}`,
      {
        location: { at: "bytes", file: source.label, offset: source.size },
        hint: "The file is cut off or belongs to another disk: copy it again.",
      },
    );
  }
  const part = flatPart(source, at);
  return { bytes, extents: part.extents, reads: part.reads, units: () => null };
}

function missingExtent(from: ByteSource, name: string): FerryError {
  const location = { at: "bytes", file: from.label, offset: 0 } as const;
  return /[\\/]|^[a-z]:/i.test(name)
    ? new FerryError(
        "vmdk/extent-missing",
        `${from.label} names the extent ${JSON.stringify(name)}, which is not beside it`,
        {
          location,
          hint: "Only files in the same folder are opened. Move it there, and write its bare name into the descriptor.",
        },
      )
    : new FerryError(
        "vmdk/extent-missing",
        `${from.label} names the extent ${JSON.stringify(name)}, which is not there`,
        {
          location,
          hint: "Put all files of the disk into one folder: a split or flat VMDK is a descriptor and its extents.",
        },
      );
}

const UNSUPPORTED = {
  VMFSRDM: "a mapping to a physical disk",
  VMFSRAW: "a physical disk",
} as const;

function unsupportedExtent(from: ByteSource, kind: keyof typeof UNSUPPORTED, name: string): FerryError {
  return new FerryError(
    "vmdk/unsupported-extent",
    `the extent ${JSON.stringify(name)} of ${from.label} is ${UNSUPPORTED[kind]} (${kind})`,
    {
      location: { at: "bytes", file: from.label, offset: 0 },
      hint: "Clone or consolidate the disk on the host (vmkfstools -i), or export the machine as OVF.",
    },
  );
}

function reportNoAccess(from: ByteSource, extent: DescriptorExtent, ctx: Context): void {
  ctx.report({
    code: "vmdk/extent-inaccessible",
    severity: "warning",
    message: `${from.label} denies access to ${extent.sectors} sectors, which are read as zeros`,
    location: { at: "bytes", file: from.label, offset: 0 },
    hint: "The machine could not read them either: partitions of a physical disk that were not given to it.",
  });
}

function reportSmall(source: ByteSource, capacitySectors: number, extent: DescriptorExtent, ctx: Context): void {
  ctx.report({
    code: "vmdk/capacity-disagrees",
    severity: "warning",
    message: `${source.label}: the header says ${capacitySectors} sectors, the descriptor ${extent.sectors}; what is missing is read as zeros`,
    location: { at: "bytes", file: source.label, offset: 12, field: "capacity" },
    hint: "The extent may belong to another disk: compare the names and sizes.",
    data: { header: capacitySectors * SECTOR, descriptor: extent.sectors * SECTOR },
  });
}
