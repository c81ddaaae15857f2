import { alignUp, SECTOR, viewOf } from "../../base/bytes.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { Fill, Patch } from "../../io/target.js";
import type { AmendPlan } from "../model.js";
import { cannotResize, cannotResizeChild, checkGrowth, resizePlan, zeroFill } from "../resize.js";
import { COWD_MAGIC } from "./cowd.js";
import { looksLikeDescriptor, NO_PARENT, type VmdkDescriptor } from "./descriptor.js";
import { GD_AT_END, grainBytes, type SparseHeader, serializeSparseHeader } from "./header.js";
import { capacityOf, readHostedExtent } from "./hosted.js";
import { resizeDescriptorText } from "./resize-descriptor.js";
import { MOST_BYTES } from "./variants.js";

/** Sector numbers have 32 bits. */
const MOST_SECTORS: number = 2 ** 32;
const CONVERT =
  "Make a new disk of it with vmferry disk convert, in a format that grows: monolithicSparse, qcow2, vhdx.";

/**
 * Plans a larger disk in one sparse file. New grain tables stand at its end; so do the directories where their sectors are full, and the
 * old ones stay behind unused. Header and embedded descriptor get the new size.
 * @throws `disk/cannot-amend` for streams and disks in several files, `disk/cannot-shrink`, `disk/too-large`, and what opening throws
 */
export async function resizeVmdk(source: ByteSource, size: number, ctx: Context): Promise<AmendPlan> {
  const head = await source.read(0, Math.min(1024, source.size), ctx.signal);
  const magic = head.length < 4 ? 0 : viewOf(head).getUint32(0, true);
  if (magic === COWD_MAGIC || looksLikeDescriptor(head)) {
    throw cannotResize(source.label, "it is a disk in several files", CONVERT);
  }
  const hosted = await readHostedExtent(source, ctx);
  const { header, descriptor } = hosted;
  if (header.flags.compressed || header.flags.markers || header.directorySector === GD_AT_END) {
    throw cannotResize(source.label, "a stream-optimized disk is written once, from front to end", CONVERT);
  }
  if (descriptor === null || descriptor.extents.length !== 1) {
    throw cannotResize(source.label, "it may be one of several files of a disk", CONVERT);
  }
  if (hasParent(descriptor)) throw cannotResizeChild(source.label);
  if (header.unclean) {
    throw cannotResize(
      source.label,
      "it was not closed properly",
      "Start and shut down the machine where it runs first.",
    );
  }
  const oldBytes = capacityOf(hosted, source.label, ctx);
  const wanted = alignUp(size, SECTOR);
  checkGrowth(source.label, oldBytes, wanted, MOST_BYTES.any);
  const capacitySectors = alignUp(wanted, grainBytes(header)) / SECTOR;
  const grown = await growTables(source, header, { capacitySectors, oldBytes, directory: header.directorySector }, ctx);
  const text = await resizeDescriptorText(source, header, wanted / SECTOR, ctx);
  const bytes = serializeSparseHeader({
    ...header,
    capacitySectors,
    directorySector: grown.directory,
    redundantDirectorySector: grown.redundant,
  });
  // What stands in the padding of the header stays.
  const patches = [{ at: 0, bytes: bytes.subarray(0, 79) }, text, ...grown.patches];
  return resizePlan(source.label, { patches, fills: grown.fills, fileBytes: grown.fileBytes });
}

function hasParent({ parentCid, ddb }: VmdkDescriptor): boolean {
  return parentCid !== NO_PARENT || /[1-9a-f]/i.test(ddb.get("uuid.parent") ?? "");
}

/** Where the tables of the larger disk stand. */
interface GrownTables {
  readonly directory: number;
  readonly redundant: number;
  readonly patches: readonly Patch[];
  readonly fills: readonly Fill[];
  readonly fileBytes: number;
}

async function growTables(
  source: ByteSource,
  header: SparseHeader,
  wanted: { readonly capacitySectors: number; readonly oldBytes: number; readonly directory: number },
  ctx: Context,
): Promise<GrownTables> {
  const perTable = header.tableEntries * header.grainSectors;
  const oldCount = Math.ceil(header.capacitySectors / perTable);
  const count = Math.ceil(wanted.capacitySectors / perTable);
  const tableSectors = Math.ceil((header.tableEntries * 4) / SECTOR);
  const patches: Patch[] = [];
  const fills = await lastGrainTail(source, header, wanted, ctx);
  let end = alignUp(source.size, grainBytes(header)) / SECTOR;

  /** Gives a directory its new tables. Returns its place. */
  async function grow(sector: number): Promise<number> {
    const oldEnd = sector * SECTOR + oldCount * 4;
    if (sector === 0 || oldEnd > source.size) {
      throw cannotResize(
        source.label,
        "a grain directory lies outside of the file",
        "Check it with vmferry disk check.",
      );
    }
    const inPlace = Math.ceil((count * 4) / SECTOR) === Math.ceil((oldCount * 4) / SECTOR) && oldCount > 0;
    const words = new Uint8Array((count - oldCount) * 4);
    const place = inPlace ? sector : end;
    if (!inPlace) end += Math.ceil((count * 4) / SECTOR);
    for (let i = 0; i < words.length; i += 4) {
      viewOf(words).setUint32(i, end, true);
      end += tableSectors;
    }
    if (!inPlace) {
      const old = await source.read(sector * SECTOR, oldCount * 4, ctx.signal);
      patches.push({ at: place * SECTOR, bytes: old });
    }
    patches.push({ at: place * SECTOR + oldCount * 4, bytes: words });
    return place;
  }

  if (count === oldCount) {
    const redundant = header.redundantDirectorySector;
    return { directory: wanted.directory, redundant, patches, fills, fileBytes: source.size };
  }
  const redundant = header.redundantDirectorySector === 0 ? 0 : await grow(header.redundantDirectorySector);
  const directory = await grow(wanted.directory);
  end = alignUp(end, header.grainSectors);
  if (end > MOST_SECTORS) {
    throw cannotResize(source.label, "its tables would lie past the sector numbers of the format, at 2 TiB", CONVERT);
  }
  return { directory, redundant, patches, fills, fileBytes: end * SECTOR };
}

/** The part of the last grain that lies past the old end, where it is stored. Entries behind it have to be empty. */
async function lastGrainTail(
  source: ByteSource,
  header: SparseHeader,
  { oldBytes, directory }: { readonly oldBytes: number; readonly directory: number },
  ctx: Context,
): Promise<readonly Fill[]> {
  const grain = grainBytes(header);
  const span = header.tableEntries * grain;
  if (oldBytes % span === 0) return [];
  const outside = (): Error =>
    cannotResize(source.label, "its last grain table lies outside of the file", "Check it with vmferry disk check.");
  const entryAt = directory * SECTOR + Math.floor(oldBytes / span) * 4;
  if (entryAt + 4 > source.size) throw outside();
  const sector = viewOf(await source.read(entryAt, 4, ctx.signal)).getUint32(0, true);
  if (sector === 0) return [];
  if (sector * SECTOR + header.tableEntries * 4 > source.size) throw outside();
  const table = viewOf(await source.read(sector * SECTOR, header.tableEntries * 4, ctx.signal));
  const used = Math.ceil((oldBytes % span) / grain);
  for (let i = used; i < header.tableEntries; i++) {
    if (table.getUint32(4 * i, true) === 0) continue;
    throw cannotResize(source.label, "it holds grains past its end", CONVERT);
  }
  const place = table.getUint32(4 * (used - 1), true);
  const kept = oldBytes % grain;
  if (kept === 0 || place === 0 || (place === 1 && header.flags.zeroedGrains)) return [];
  return zeroFill(place * SECTOR + kept, grain - kept, source.size);
}
