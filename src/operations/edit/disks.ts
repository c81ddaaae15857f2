/** Disks that an edit adds to a package, or makes larger: the only ones that are written; all others are carried over. */
import { alignUp, SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { printable } from "../../base/text.js";
import { shapeOf } from "../../disk/extents.js";
import { diskFormats } from "../../disk/formats.js";
import type { DiskFormat, VirtualDisk, WritePlan } from "../../disk/model.js";
import { checkSectorSize } from "../../disk/sector-size.js";
import type { Context } from "../../io/context.js";
import type { PackageReader } from "../../package/model.js";
import { folderOf, withoutExtension } from "../../package/names.js";
import type { NewDiskFile, ResizedDisk } from "../../platforms/ovf/edit/disks.js";
import { type DiskSource, openDiskSource } from "../disk/disk.js";
import { entryNamed } from "../open.js";
import { freeName, hrefOf } from "./descriptor-edits.js";

/** The one disk format that every importer of OVF takes. */
const STREAM = { format: "vmdk", variant: "streamOptimized" } as const;

/** A disk file that is written. */
export interface WrittenDisk {
  /** Name in the package. */
  readonly name: string;
  readonly source: VirtualDisk;
  readonly plan: WritePlan;
  close(): Promise<void>;
}

/** A new disk, and what the descriptor says of it. */
export interface AddedDisk extends WrittenDisk {
  readonly file: NewDiskFile;
}

/** Opens the disks that are added, and plans their files beside the others. */
export async function openAdded(
  reader: PackageReader,
  sources: readonly DiskSource[],
  ctx: Context,
): Promise<readonly AddedDisk[]> {
  const added: AddedDisk[] = [];
  const folder = folderOf(reader.descriptor?.name ?? "");
  const format = diskFormats.get(STREAM.format);
  const [formatUri = ""] = format.ovfUris;
  try {
    for (const given of sources) {
      const source = await openDiskSource(given, ctx);
      try {
        const taken = [...reader.entries.map(({ name }) => name), ...added.map(({ name }) => name)];
        const name = freeName(`${folder}${stemOf(given.name)}.vmdk`, taken);
        const capacityBytes = alignUp(source.info.size, SECTOR);
        const plan = await planFile(source, format, { name, variant: STREAM.variant, capacityBytes }, ctx);
        const file = { href: hrefOf(name, folder), capacityBytes, formatUri };
        added.push({ name, source, plan, file, close: () => source.close() });
      } catch (cause) {
        await source.close();
        throw cause;
      }
    }
    return added;
  } catch (cause) {
    await closeAll(added);
    throw cause;
  }
}

/** A file name of what the user called the disk: its last part, without what other systems do not take. */
function stemOf(name: string): string {
  const last = /[^/\\!]*$/.exec(name)?.[0] ?? "";
  const stem = withoutExtension(last)
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[-.]+/, "");
  return stem === "" ? "disk" : stem.slice(0, 80);
}

/** Opens the disks that get larger, and plans their files anew in the formats that they have. */
export async function openResized(
  reader: PackageReader,
  resized: readonly ResizedDisk[],
  ctx: Context,
): Promise<readonly WrittenDisk[]> {
  const written: WrittenDisk[] = [];
  try {
    for (const { id, bytes, href, element } of resized) {
      if (href === null) continue;
      const entry = entryNamed(reader, href);
      if (entry.chunks !== undefined || (element?.compression ?? null) !== null || entry.outside !== undefined) {
        throw new FerryError(
          "edit/not-possible",
          `the file of disk ${id} is packed, in pieces, or not in the package`,
          {
            hint: "Make plain files first: vmferry convert SRC DEST --to ova.",
          },
        );
      }
      const file = await entry.open();
      try {
        const source = await openDiskSource(
          { name: entry.name, source: file, resolver: reader.resolver, format: null },
          ctx,
        );
        const close = (): Promise<void> => source.close().finally(() => file.close());
        try {
          if (source.info.size > bytes) {
            throw new FerryError("edit/not-possible", `the image of disk ${id} has ${source.info.size} bytes already`, {
              hint: "A disk is only made larger.",
            });
          }
          const format = diskFormats.get(source.info.format);
          const plan = await planFile(
            source,
            format,
            { name: entry.name, variant: source.info.variant, capacityBytes: bytes },
            ctx,
          );
          written.push({ name: entry.name, source, plan, close });
        } catch (cause) {
          await source.close();
          throw cause;
        }
      } catch (cause) {
        await file.close();
        throw cause;
      }
    }
    return written;
  } catch (cause) {
    await closeAll(written);
    throw cause;
  }
}

async function planFile(
  source: VirtualDisk,
  format: DiskFormat,
  { name, variant, capacityBytes }: { readonly name: string; readonly variant: string; readonly capacityBytes: number },
  ctx: Context,
): Promise<WritePlan> {
  checkSectorSize(source.info, name, format, ctx);
  const plan = await format.plan?.(shapeOf(source, capacityBytes), { name, variant }, ctx);
  if (plan !== undefined) return plan;
  throw new FerryError("edit/not-possible", `${printable(name)} is a ${format.id} disk, which is not written`, {
    hint: "Make another format of it first: vmferry convert SRC DEST --to ova.",
  });
}

/** More than a packed disk can take: what does not get smaller is stored with a marker for each grain, and tables are few. */
export function mostBytesOf({ source, plan }: WrittenDisk): number {
  for (const { size } of plan.files) if (size !== null) return size;
  return 2 * source.info.size + 2 ** 20;
}

export async function closeAll(disks: readonly WrittenDisk[]): Promise<void> {
  for (const disk of disks) await disk.close();
}
