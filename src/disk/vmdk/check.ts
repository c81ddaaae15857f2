import { SECTOR, viewOf } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { Context } from "../../io/context.js";
import type { ByteSource, SourceResolver } from "../../io/source.js";
import { collecting, findingAt, findingOf } from "../findings.js";
import { walkMarkers } from "./check-stream.js";
import { checkTables, MAY_BE_RIGHT } from "./check-tables.js";
import { COWD_MAGIC, COWD_TABLE_ENTRIES, parseCowdHeader } from "./cowd.js";
import { type DescriptorExtent, looksLikeDescriptor, parseVmdkDescriptor, type VmdkDescriptor } from "./descriptor.js";
import { findFooter } from "./footer.js";
import { GD_AT_END, SPARSE_MAGIC, type SparseHeader } from "./header.js";
import { capacityOf, readHostedExtent } from "./hosted.js";

const HEAD_BYTES = 1024;

/**
 * Checks a VMDK of any kind, with the extents that its descriptor names: header, descriptor, directories, tables, grains, markers. Packed
 * grains are not unpacked.
 * @throws `io/limit`
 */
export async function* checkVmdk(
  source: ByteSource,
  resolver: SourceResolver,
  ctx: Context,
): AsyncIterable<Diagnostic> {
  const head = await source.read(0, Math.min(HEAD_BYTES, source.size), ctx.signal);
  const magic = head.length < 4 ? 0 : viewOf(head).getUint32(0, true);
  try {
    if (magic === SPARSE_MAGIC) yield* checkHosted(source, ctx);
    else if (magic === COWD_MAGIC) yield* checkCowd(source, ctx);
    else if (looksLikeDescriptor(head) && source.size <= ctx.limits.diskDescriptorBytes) {
      const descriptor = parseVmdkDescriptor(await source.read(0, source.size, ctx.signal), source.label);
      yield* checkIds(descriptor, source);
      yield* checkExtents(descriptor, source, resolver, ctx);
    }
    // Opening says what anything else is.
  } catch (cause) {
    yield findingOf(cause, ["limit-exceeded"], source.label);
  }
}

function* checkIds({ cid }: VmdkDescriptor, source: ByteSource): Iterable<Diagnostic> {
  if (/^[0-9a-f]{1,8}$/.test(cid)) return;
  const message = `the content id ${JSON.stringify(cid)} is no number of eight hexadecimal digits`;
  yield findingAt(
    "vmdk/bad-cid",
    "warning",
    { file: source.label, offset: 0, field: "CID", hint: MAY_BE_RIGHT },
    message,
  );
}

async function* checkExtents(
  { extents }: VmdkDescriptor,
  from: ByteSource,
  resolver: SourceResolver,
  ctx: Context,
): AsyncIterable<Diagnostic> {
  for (const extent of extents.slice(0, ctx.limits.diskExtents)) {
    if (extent.file === null || extent.kind === "ZERO" || extent.access === "NOACCESS" || extent.sectors === 0)
      continue;
    const source = await resolver.open({ purpose: "extent", name: extent.file, identity: null }, from);
    if (source === null) {
      const message = `the extent ${JSON.stringify(extent.file)} is not there`;
      yield findingAt("vmdk/extent-missing", "error", { file: from.label, offset: 0 }, message);
      continue;
    }
    try {
      yield* checkExtent(extent, source, ctx);
    } catch (cause) {
      yield findingOf(cause, ["limit-exceeded"], source.label);
    } finally {
      await source.close();
    }
  }
}

async function* checkExtent(extent: DescriptorExtent, source: ByteSource, ctx: Context): AsyncIterable<Diagnostic> {
  if (extent.kind === "FLAT" || extent.kind === "VMFS") {
    const end = (extent.offset + extent.sectors) * SECTOR;
    if (end <= source.size) return;
    const message = `the extent has ${source.size} bytes, and the descriptor needs ${end}`;
    yield findingAt("vmdk/short-extent", "error", { file: source.label, offset: source.size }, message);
    return;
  }
  if (extent.kind === "VMFSSPARSE") yield* checkCowd(source, ctx);
  if (extent.kind !== "SPARSE") return;
  const capacity = yield* checkHosted(source, ctx);
  if (capacity === null || capacity >= extent.sectors) return;
  const message = `the header says ${capacity} sectors, the descriptor ${extent.sectors}`;
  yield findingAt(
    "vmdk/capacity-disagrees",
    "warning",
    { file: source.label, offset: 12, field: "capacity", hint: MAY_BE_RIGHT },
    message,
  );
}

/** @returns sectors of the header */
async function* checkHosted(source: ByteSource, ctx: Context): AsyncGenerator<Diagnostic, number | null> {
  const kept = collecting(ctx);
  const hosted = await readHostedExtent(source, kept.ctx);
  const { header, descriptor } = hosted;
  if (descriptor !== null) {
    capacityOf(hosted, source.label, kept.ctx);
    // Parts of a split disk may have a descriptor that says nothing.
    if (descriptor.extents.length > 0) yield* checkIds(descriptor, source);
  }
  yield* kept.found;
  const { capacitySectors, grainSectors, tableEntries } = header;
  const count = Math.ceil(capacitySectors / (tableEntries * grainSectors));
  const shape = { count, entries: tableEntries, capacitySectors, zeroedGrains: header.flags.zeroedGrains };
  if (header.flags.compressed) {
    yield* checkStream(source, header, shape, ctx);
    return capacitySectors;
  }
  const directory = header.directorySector === GD_AT_END ? 0 : header.directorySector;
  yield* checkTables(source, { ...shape, directory, grainSectors }, headerGuard(source, header), ctx);
  if (header.flags.redundantDirectory && header.redundantDirectorySector !== 0) {
    yield* compareCopies(source, header, count, ctx);
  }
  return capacitySectors;
}

/** Finds grains that lie over header, descriptor or directory. */
function headerGuard(source: ByteSource, header: SparseHeader) {
  return ({
    grain,
    sector,
    at,
  }: {
    readonly grain: number;
    readonly sector: number;
    readonly at: number;
  }): Diagnostic | null => {
    const descriptorEnd = header.descriptorSector + header.descriptorSectors;
    const inDescriptor = sector < descriptorEnd && sector + header.grainSectors > header.descriptorSector;
    if (sector >= 1 && !(header.descriptorSectors > 0 && inDescriptor) && sector !== header.directorySector)
      return null;
    const message = `grain ${grain} lies over the header, the descriptor or the directory (sector ${sector})`;
    return findingAt("vmdk/overlap", "error", { file: source.label, offset: at, field: `grain ${grain}` }, message);
  };
}

async function* checkStream(
  source: ByteSource,
  header: SparseHeader,
  shape: { count: number; entries: number; capacitySectors: number; zeroedGrains: boolean },
  ctx: Context,
): AsyncIterable<Diagnostic> {
  const markers = yield* walkMarkers(source, header, ctx);
  let directory = header.directorySector;
  if (directory === GD_AT_END) {
    if (!markers.ended) {
      yield findingAt(
        "vmdk/bad-marker",
        "error",
        { file: source.label, offset: source.size },
        "the stream has no end-of-stream marker",
      );
    }
    directory = (await findFooter(source, header, ctx.signal)).directorySector;
    if (markers.directory !== null && markers.directory !== directory) {
      const message = `the footer names a directory in sector ${directory}, the marker one in ${markers.directory}`;
      yield findingAt(
        "vmdk/bad-marker",
        "warning",
        { file: source.label, offset: directory * SECTOR, hint: MAY_BE_RIGHT },
        message,
      );
    }
  }
  let named = 0;
  const tables = { ...shape, directory, grainSectors: 1, guestGrainSectors: header.grainSectors };
  yield* checkTables(
    source,
    tables,
    ({ grain, sector, at }) => {
      named++;
      const guest = markers.guestOf(sector);
      if (guest === grain * header.grainSectors) return null;
      const found = guest === null ? "no grain" : `the grain for guest sector ${guest}`;
      const message = `the table says that grain ${grain} lies in sector ${sector}, and ${found} is there`;
      return findingAt(
        "vmdk/bad-marker",
        "error",
        { file: source.label, offset: at, field: `grain ${grain}` },
        message,
      );
    },
    ctx,
  );
  if (named < markers.grains) {
    const message = `${markers.grains - named} grains of the stream are in no table`;
    yield findingAt(
      "vmdk/unnamed-grains",
      "warning",
      { file: source.label, offset: header.overheadSectors * SECTOR, hint: MAY_BE_RIGHT },
      message,
    );
  }
}

/** Tables exist twice; where the two differ and both are whole, nobody knows which is right. */
async function* compareCopies(
  source: ByteSource,
  header: SparseHeader,
  count: number,
  ctx: Context,
): AsyncIterable<Diagnostic> {
  const first = await tableSums(source, header, header.directorySector === GD_AT_END ? 0 : header.directorySector, ctx);
  const second = await tableSums(source, header, header.redundantDirectorySector, ctx);
  const place = { offset: header.redundantDirectorySector * SECTOR, field: "rgdOffset" };
  if (second === null) {
    yield findingAt(
      "vmdk/redundant-tables",
      "warning",
      { file: source.label, ...place, hint: MAY_BE_RIGHT },
      "the redundant grain tables are damaged",
    );
    return;
  }
  if (first === null) return;
  for (let table = 0; table < count; table++) {
    if (first[table] === second[table]) continue;
    const message = `grain table ${table} and its redundant copy differ`;
    yield findingAt("vmdk/redundant-tables", "warning", { file: source.label, ...place, hint: MAY_BE_RIGHT }, message);
  }
}

/** A number for each table of a directory, equal where tables are; `null` where something is wrong with them. */
export async function tableSums(
  source: ByteSource,
  header: SparseHeader,
  directory: number,
  ctx: Context,
): Promise<Float64Array | null> {
  const count = Math.ceil(header.capacitySectors / (header.tableEntries * header.grainSectors));
  if (count * 4 > ctx.limits.tableBytes) return null;
  const sums = new Float64Array(count);
  const visit = ({ grain, sector }: { readonly grain: number; readonly sector: number }): null => {
    const table = Math.floor(grain / header.tableEntries);
    sums[table] = ((sums[table] as number) * 31 + sector * 7 + (grain % header.tableEntries)) % 2 ** 44;
    return null;
  };
  const shape = {
    directory,
    count,
    entries: header.tableEntries,
    grainSectors: header.grainSectors,
    zeroedGrains: header.flags.zeroedGrains,
    capacitySectors: header.capacitySectors,
  };
  for await (const { severity } of checkTables(source, shape, visit, ctx)) if (severity === "error") return null;
  return sums;
}

async function* checkCowd(source: ByteSource, ctx: Context): AsyncIterable<Diagnostic> {
  const header = parseCowdHeader(await source.read(0, Math.min(HEAD_BYTES, source.size), ctx.signal), source.label);
  const { directorySector: directory, directoryEntries: count, grainSectors, capacitySectors } = header;
  const shape = { directory, count, entries: COWD_TABLE_ENTRIES, grainSectors, zeroedGrains: false, capacitySectors };
  yield* checkTables(source, shape, () => null, ctx);
}
