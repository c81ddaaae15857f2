import type { Appliance, Disk } from "../appliance/appliance.js";
import { alignUp } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import { diskFormats } from "../disk/formats.js";
import type { VirtualDisk } from "../disk/model.js";
import { openChain } from "../disk/open.js";
import { formatByContent, probeWindow } from "../disk/probe.js";
import type { Context } from "../io/context.js";
import type { ByteSource } from "../io/source.js";
import type { PackageReader } from "../package/model.js";
import { entryNamed } from "./open.js";

/** Disks of an appliance that are open, by id. Closing them closes their sources. */
export interface OpenDisks {
  readonly byId: ReadonlyMap<string, VirtualDisk>;
  close(): Promise<void>;
}

/**
 * Opens the disks of an appliance inside of its package: nothing is unpacked. Formats are told by content; what the descriptor says otherwise is a
 * finding. `format`, `variant` and missing capacities of the appliance's disks are filled in.
 * @throws `disk/unsupported-compression`, `disk/unknown-format` and what the disk layer throws
 */
export async function openDisks(reader: PackageReader, appliance: Appliance, ctx: Context): Promise<OpenDisks> {
  const byId = new Map<string, VirtualDisk>();
  const opened: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0).reverse()) await one.close();
  };
  try {
    for (const disk of appliance.disks) {
      if (disk.file === null) continue;
      const { source, virtual } = await openDisk(reader, disk, disk.file, ctx);
      opened.push(source, virtual);
      disk.format = virtual.info.format;
      disk.variant = virtual.info.variant;
      disk.capacityBytes = settleCapacity(disk, virtual, ctx);
      byId.set(disk.id, virtual);
    }
  } catch (cause) {
    await close();
    throw cause;
  }
  return { byId, close };
}

async function openDisk(
  reader: PackageReader,
  disk: Disk,
  file: string,
  ctx: Context,
): Promise<{ readonly source: ByteSource; readonly virtual: VirtualDisk }> {
  if (disk.compression !== null) {
    throw new FerryError("disk/unsupported-compression", `${file} is compressed with gzip as a whole`, {
      hint: "Unpack it with gunzip, and drop the compression attribute from the descriptor.",
    });
  }
  if (disk.parent !== null) {
    throw new FerryError("disk/unsupported-parent", `disk ${disk.id} holds only changes to disk ${disk.parent}`, {
      hint: "Flatten the chain where the package comes from.",
    });
  }
  const source = await entryNamed(reader, file).open();
  try {
    const window = await probeWindow(source, ctx.signal);
    const byContent = formatByContent(window, diskFormats);
    if (byContent !== null && disk.format !== null && byContent.id !== disk.format) {
      ctx.report({
        code: "disk/format-disagrees",
        severity: "warning",
        message: `the descriptor calls ${file} a ${disk.format} disk, and it is a ${byContent.id} disk`,
        hint: "The content counts. Correct the format in the descriptor.",
        location: { at: "member", file: reader.name, member: file },
      });
    }
    // A declared raw disk whose first bytes look like another format is what the descriptor says: a guest wrote them.
    const format = disk.format === "raw" ? "raw" : (byContent?.id ?? null);
    const virtual = await openChain(
      { bytes: source },
      { formats: diskFormats, resolver: reader.resolver, format },
      ctx,
    );
    return { source, virtual };
  } catch (cause) {
    await source.close();
    throw cause;
  }
}

/**
 * The capacity that counts. Where descriptor and image differ by rounding to a grain, the descriptor's; where the descriptor says nothing, the image's;
 * any other difference is a finding, and the larger one counts, so that nothing is cut off.
 */
function settleCapacity(disk: Disk, virtual: VirtualDisk, ctx: Context): number {
  const declared = disk.capacityBytes;
  const { size, blockSize } = virtual.info;
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
