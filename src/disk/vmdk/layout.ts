import { alignUp, SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { FileLayout, type PartKind } from "../file-layout.js";
import { collecting } from "../findings.js";
import type { LayoutPart } from "../model.js";
import { wordsOf } from "./check-tables.js";
import { COWD_HEADER_BYTES, COWD_MAGIC, COWD_TABLE_ENTRIES, parseCowdHeader } from "./cowd.js";
import { looksLikeDescriptor } from "./descriptor.js";
import { openGrainTables, type TablePlaces } from "./grain-tables.js";
import { GD_AT_END, SPARSE_HEADER_BYTES, SPARSE_MAGIC, type SparseHeader } from "./header.js";
import { readHostedExtent } from "./hosted.js";
import { MARKER, restIsZero, streamMarkers } from "./markers.js";

const HEAD_BYTES = 2048;
/** What follows a metadata marker. */
const ANNOUNCED: Readonly<Record<number, string>> = {
  [MARKER.grainTable]: "grain table",
  [MARKER.grainDirectory]: "grain directory",
  [MARKER.footer]: "footer",
};

/**
 * Describes one file of a VMDK as it lies: header, descriptor, directories, tables and grains; of a stream every marker, to the end-of-stream
 * marker and what pads the file behind it. Of a disk in several files the one that is given.
 * @throws what opening throws, `disk/no-layout` for space-efficient deltas, `io/limit`
 */
export async function* layoutVmdk(source: ByteSource, ctx: Context): AsyncIterable<LayoutPart> {
  const head = await source.read(0, Math.min(HEAD_BYTES, source.size), ctx.signal);
  const magic = head.length < 4 ? 0 : viewOf(head).getUint32(0, true);
  const layout = new FileLayout(source, ctx);
  if (magic === SPARSE_MAGIC) await describeHosted(layout, source, ctx);
  else if (magic === COWD_MAGIC) await describeCowd(layout, source, head, ctx);
  else if (looksLikeDescriptor(head)) layout.part(0, source.size, "descriptor");
  else {
    throw new FerryError("disk/no-layout", `vmferry cannot show what lies where in ${source.label}`, {
      hint: "Leave out --layout for the extents of the guest's disk.",
    });
  }
  yield* layout.parts("unused");
}

async function describeHosted(layout: FileLayout, source: ByteSource, ctx: Context): Promise<void> {
  const { header } = await readHostedExtent(source, collecting(ctx).ctx);
  const { version, flags, capacitySectors, grainSectors, tableEntries, descriptorSector, descriptorSectors } = header;
  const { compressed, redundantDirectory, zeroedGrains } = flags;
  const capacityBytes = capacitySectors * SECTOR;
  const grainBytes = grainSectors * SECTOR;
  layout.part(0, SPARSE_HEADER_BYTES, "header", { version, capacityBytes, grainBytes, compressed });
  if (descriptorSector > 0) layout.part(descriptorSector * SECTOR, descriptorSectors * SECTOR, "descriptor");
  const count = Math.ceil(capacitySectors / (tableEntries * grainSectors));
  const directory = header.directorySector === GD_AT_END ? 0 : header.directorySector;
  const redundant = redundantDirectory ? header.redundantDirectorySector : 0;
  const places: TablePlaces = {
    directory,
    redundant: redundant === 0 ? null : redundant,
    count,
    entries: tableEntries,
    preallocated: !compressed,
  };
  if (compressed) await describeStream(layout, source, header, ctx);
  if (directory > 0) await describeTables(layout, source, places, "", ctx);
  if (redundant > 0) await describeTables(layout, source, { ...places, directory: redundant }, "redundant ", ctx);
  if (compressed) return;
  const grains = layout.kind("grains", "grains");
  await describeGrains(layout, source, places, { grains, grainBytes, zeroedGrains }, ctx);
}

/** Markers and what they announce, in the order of the file. Grains are described by their markers: no table is asked. */
async function describeStream(
  layout: FileLayout,
  source: ByteSource,
  header: SparseHeader,
  ctx: Context,
): Promise<void> {
  const grains = layout.kind("grains", "grains");
  for await (const marker of streamMarkers(source, header, ctx)) {
    const { at } = marker;
    if (marker.kind === "grain" && marker.fits) layout.one(grains, at, marker.end - at);
    if (marker.kind === "metadata") {
      const what = ANNOUNCED[marker.type] ?? "metadata";
      layout.part(at, SECTOR, "marker", { announces: what });
      layout.part(at + SECTOR, marker.end - at - SECTOR, what);
    }
    if (marker.kind !== "end") continue;
    layout.part(at, SECTOR, "end-of-stream marker");
    layout.part(marker.end, source.size - marker.end, "padding", {
      zeros: await restIsZero(source, marker.end, ctx),
    });
  }
}

/** A directory and its tables, whole sectors each. @param prefix in front of their names */
async function describeTables(
  layout: FileLayout,
  source: ByteSource,
  { directory, count, entries }: TablePlaces,
  prefix: "" | "redundant ",
  ctx: Context,
): Promise<void> {
  const bytes = count * 4;
  layout.part(directory * SECTOR, alignUp(bytes, SECTOR), `${prefix}grain directory`, { entries: count });
  if (bytes > ctx.limits.tableBytes) {
    throw new FerryError("io/limit", `the grain directory would take ${bytes} bytes`, {
      location: { at: "bytes", file: source.label, offset: 12, field: "capacity" },
      hint: "The header is damaged or hostile; raise the limit tableBytes if the disk is trusted.",
    });
  }
  // One that is damaged names no tables; opening takes the other one then.
  if (bytes === 0 || directory * SECTOR + bytes > source.size) return;
  const tables = layout.kind(`${prefix}grain tables`, "tables");
  for (const sector of wordsOf(await source.read(directory * SECTOR, bytes, ctx.signal))) {
    if (sector !== 0) layout.one(tables, sector * SECTOR, alignUp(entries * 4, SECTOR));
  }
}

async function describeGrains(
  layout: FileLayout,
  source: ByteSource,
  places: TablePlaces,
  how: { readonly grains: PartKind; readonly grainBytes: number; readonly zeroedGrains: boolean },
  ctx: Context,
): Promise<void> {
  const tables = await openGrainTables(source, places, collecting(ctx).ctx);
  for (let index = 0; index < tables.count; index++) {
    throwIfAborted(ctx.signal);
    if (!tables.exists(index)) continue;
    for (const sector of await tables.table(index, ctx.signal)) {
      if (sector === 0 || (sector === 1 && how.zeroedGrains)) continue;
      layout.one(how.grains, sector * SECTOR, how.grainBytes);
    }
  }
}

async function describeCowd(layout: FileLayout, source: ByteSource, head: Uint8Array, ctx: Context): Promise<void> {
  const { capacitySectors, grainSectors, directorySector, directoryEntries } = parseCowdHeader(head, source.label);
  const grainBytes = grainSectors * SECTOR;
  layout.part(0, COWD_HEADER_BYTES, "header", { capacityBytes: capacitySectors * SECTOR, grainBytes });
  const places: TablePlaces = {
    directory: directorySector,
    redundant: null,
    count: directoryEntries,
    entries: COWD_TABLE_ENTRIES,
    preallocated: false,
  };
  await describeTables(layout, source, places, "", ctx);
  const grains = layout.kind("grains", "grains");
  await describeGrains(layout, source, places, { grains, grainBytes, zeroedGrains: false }, ctx);
}
