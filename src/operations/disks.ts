import type { Appliance, Disk } from "../appliance/appliance.js";
import { alignUp, MIB } from "../base/bytes.js";
import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { diskFormats } from "../disk/formats.js";
import type { VirtualDisk } from "../disk/model.js";
import { openChain } from "../disk/open.js";
import { formatByContent, probeWindow } from "../disk/probe.js";
import type { Context } from "../io/context.js";
import type { ByteSource, SourceResolver } from "../io/source.js";
import { borrowed } from "../io/sources/borrowed.js";
import type { PackageEntry, PackageReader } from "../package/model.js";
import { entryNamed } from "./open.js";
import { type UnpackedEntry, unpackEntry } from "./unpacked.js";

/** Disks of an appliance that are open, by id. Closing them closes their sources. */
export interface OpenDisks {
  readonly byId: ReadonlyMap<string, VirtualDisk>;
  close(): Promise<void>;
}

/** How disks are opened. */
export interface OpenDisksOptions {
  /** What to do with disk files that are compressed as a whole: `unpack` them into scratch space, or `leave` them unopened with a finding. */
  readonly compressed: "unpack" | "leave";
  /** What to do with disks that hold only changes to another disk of the package: read them over it (the default), or `refuse` them. */
  readonly parents?: "stack" | "refuse";
  /** Ids of disks that are left unopened. */
  readonly later?: ReadonlyMap<string, unknown>;
}

/** What an image has beside the guest's bytes, at most: tables, headers, and units that packing made longer. */
const IMAGE_OVERHEAD = { ratio: 1.1, bytes: 64 * MIB } as const;

/**
 * Opens the disks of an appliance inside of its package: nothing is unpacked, unless the package packed it as a whole. Formats are told by
 * content; what the descriptor says otherwise is a finding. `format`, `variant` and missing capacities of the appliance's disks are filled in.
 * @throws `disk/unsupported-parent`, `disk/unknown-format`, and what unpacking and the disk layer throw
 */
export async function openDisks(
  reader: PackageReader,
  appliance: Appliance,
  options: OpenDisksOptions,
  ctx: Context,
): Promise<OpenDisks> {
  const byId = new Map<string, VirtualDisk>();
  const opened: Closable[] = [];
  const close = (): Promise<void> => closeAll(opened.splice(0).reverse());
  try {
    for (const disk of appliance.disks) {
      if (disk.file === null || options.later?.has(disk.id) === true) continue;
      const entry = entryNamed(reader, disk.file);
      if (disk.compression !== null && options.compressed === "leave") {
        ctx.report(leftAlone(disk, reader, entry));
        continue;
      }
      if (disk.parent !== null && options.parents === "refuse") throw unsupportedParent(disk, "");
      const { virtual, close: closeDisk } = await openDisk(reader, disk, { entry, disks: appliance.disks }, ctx);
      opened.push({ close: closeDisk });
      disk.format = virtual.info.format;
      disk.variant = virtual.info.variant;
      disk.capacityBytes = settleCapacity(disk, virtual.info, ctx);
      byId.set(disk.id, virtual);
    }
  } catch (cause) {
    await close();
    throw cause;
  }
  return { byId, close };
}

interface Closable {
  close(): Promise<void>;
}

/** Closes all, also where one of them fails to. */
async function closeAll(all: readonly Closable[]): Promise<void> {
  const [first, ...rest] = all;
  if (first === undefined) return;
  try {
    await first.close();
  } finally {
    await closeAll(rest);
  }
}

function leftAlone(disk: Disk, reader: PackageReader, entry: PackageEntry): Diagnostic {
  return {
    code: "disk/compressed",
    severity: "info",
    message: `${entry.name} is compressed with ${disk.compression} as a whole: what is said of it comes from the descriptor alone`,
    location: { at: "member", file: reader.name, member: entry.name },
  };
}

function unsupportedParent(disk: Disk, why: string): FerryError {
  return new FerryError("disk/unsupported-parent", `disk ${disk.id} holds only changes to disk ${disk.parent}${why}`, {
    hint: "Flatten the chain where the package comes from.",
  });
}

async function openDisk(
  reader: PackageReader,
  disk: Disk,
  { entry, disks }: { readonly entry: PackageEntry; readonly disks: readonly Disk[] },
  ctx: Context,
): Promise<{ readonly virtual: VirtualDisk; close(): Promise<void> }> {
  const inside = (await reader.disks()).find(({ name, format }) => format !== null && name === entry.name);
  if (inside !== undefined) {
    // The package knows where its pieces lie: there is no file of its own.
    const options = { formats: diskFormats, resolver: reader.resolver, format: inside.format };
    const virtual = await openChain(await inside.open(), options, ctx);
    return { virtual, close: () => virtual.close() };
  }
  const file = await openFile(disk, entry, ctx);
  try {
    const resolver = disk.parent === null ? reader.resolver : declaredParents(reader, disk, disks, file.source, ctx);
    const virtual = await openImage(reader, disk, file.source, resolver, ctx);
    if (disk.parent !== null && virtual.info.parent === null) {
      await virtual.close();
      throw unsupportedParent(disk, ", and its image does not say which of its bytes those are");
    }
    return { virtual, close: () => closeAll([virtual, file]) };
  } catch (cause) {
    await file.close();
    throw cause;
  }
}

/**
 * Answers what an image asks for as its parent with the file of the disk that the descriptor calls so (`ovf:parentRef`), whatever name the
 * image knows it by; and so on down the chain.
 */
function declaredParents(
  reader: PackageReader,
  top: Disk,
  disks: readonly Disk[],
  topSource: ByteSource,
  ctx: Context,
): SourceResolver {
  const diskOf = new WeakMap<ByteSource, Disk>([[topSource, top]]);
  return {
    async open(request, from) {
      const child = diskOf.get(from);
      const parent = child === undefined ? undefined : disks.find(({ id }) => id === child.parent);
      if (request.purpose !== "parent" || parent === undefined || parent.file === null) {
        return reader.resolver.open(request, from);
      }
      const file = await openFile(parent, entryNamed(reader, parent.file), ctx);
      // Closing the source closes what was unpacked for it.
      const source = borrowed(file.source, () => file.close());
      diskOf.set(source, parent);
      return source;
    },
  };
}

/** The bytes of a disk's file, unpacked where the package packed it. */
async function openFile(disk: Disk, entry: PackageEntry, ctx: Context): Promise<UnpackedEntry> {
  if (disk.compression === null) {
    const source = await entry.open();
    return { source, close: () => source.close() };
  }
  const { ratio, bytes } = IMAGE_OVERHEAD;
  const most = disk.capacityBytes > 0 ? disk.capacityBytes * ratio + bytes : Number.POSITIVE_INFINITY;
  return unpackEntry(entry, Math.min(most, ctx.limits.unpackedBytes), ctx);
}

async function openImage(
  reader: PackageReader,
  disk: Disk,
  source: ByteSource,
  resolver: SourceResolver,
  ctx: Context,
): Promise<VirtualDisk> {
  const window = await probeWindow(source, ctx.signal);
  const byContent = formatByContent(window, diskFormats);
  if (byContent !== null && disk.format !== null && byContent.id !== disk.format) {
    ctx.report({
      code: "disk/format-disagrees",
      severity: "warning",
      message:
        disk.format === "raw"
          ? `the descriptor calls ${disk.file} a raw disk, and it begins as a ${byContent.id} disk does: raw counts, as a guest can write such a beginning itself`
          : `the descriptor calls ${disk.file} a ${disk.format} disk, and it is a ${byContent.id} disk: the content counts`,
      hint:
        disk.format === "raw"
          ? `If it is a ${byContent.id} disk, say so in the descriptor: else its header is carried over as the guest's data.`
          : "Correct the format in the descriptor.",
      location: { at: "member", file: reader.name, member: disk.file ?? "" },
    });
  }
  // A declared raw disk whose first bytes look like another format is what the descriptor says: a guest wrote them. Where there is no
  // signature at all, a name that says raw is believed; else the declared format says best what is wrong.
  const byName = diskFormats.all.find((known) => known.probe(window)?.match === "maybe")?.id;
  const format = disk.format === "raw" ? "raw" : (byContent?.id ?? byName ?? disk.format);
  return openChain({ bytes: source }, { formats: diskFormats, resolver, format }, ctx);
}

/**
 * The capacity that counts. Where descriptor and image differ by rounding to a grain, the descriptor's; where the descriptor says nothing, the image's;
 * any other difference is a finding, and the larger one counts, so that nothing is cut off.
 */
export function settleCapacity(disk: Disk, { size, blockSize }: VirtualDisk["info"], ctx: Context): number {
  const declared = disk.capacityBytes;
  if (declared === size) return size;
  if (declared <= 0) return size;
  const unit = Math.max(512, blockSize);
  if (declared < size && alignUp(declared, unit) === size) return alignUp(declared, 512);
  ctx.report({
    code: "disk/capacity-mismatch",
    severity: "warning",
    message: `the descriptor gives disk ${disk.id} ${declared} bytes, and its image has ${size}`,
    hint: "The larger size counts. Correct the capacity in the descriptor.",
    data: { disk: disk.id, declared, image: size },
  });
  return Math.max(alignUp(declared, 512), size);
}
