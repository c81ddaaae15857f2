import { alignUp, SECTOR } from "../../base/bytes.js";
import type { Context } from "../../io/context.js";
import { collectRuns, type UnitRuns } from "../extents.js";
import type { DiskShape, PlanOptions, PlanTables, Region, WriteOp, WritePlan, WriteResult } from "../model.js";
import { plainKernel } from "../plain.js";
import { cidOf } from "./cid.js";
import { extentName, innerName, serializeVmdkDescriptor } from "./descriptor.js";
import { serializeTable } from "./grain-tables.js";
import { type SparseHeader, serializeSparseHeader } from "./header.js";
import { arrivingTables, checkFileBytes, GRAIN, TABLE_ENTRIES } from "./plan-arriving.js";
import { SPLIT_BYTES } from "./variants.js";

const TABLE_SECTORS = (TABLE_ENTRIES * 4) / SECTOR;
/** Guest bytes of one grain table: 32 MiB. */
const TABLE_SPAN = GRAIN * TABLE_ENTRIES;
/** Sectors kept for an embedded descriptor; extents of a split disk leave them empty, as VMware and QEMU do. */
const DESCRIPTOR_SECTORS = 20;
/** Directory words made at a time. */
const WORDS_AT_ONCE = 16_384;

/** Where everything lies in one sparse extent. Sectors count in the file. */
interface ExtentLayout {
  readonly file: string;
  /** Guest offset and bytes. */
  readonly start: number;
  readonly bytes: number;
  /** Grain tables. */
  readonly tables: number;
  readonly redundantDirectory: number;
  readonly directory: number;
  /** Sector of the first grain. */
  readonly overhead: number;
  /** Bytes of the file. */
  readonly fileBytes: number;
}

/** What distinguishes one file from a split disk. */
interface SparseKind {
  readonly createType: "monolithicSparse" | "twoGbMaxExtentSparse";
  /** Guest bytes of an extent at most. A multiple of a grain. */
  readonly extentBytes: number;
  /** Name of the extent with an index from 0. */
  file(index: number): string;
  /** Name of the text file that names the extents; `null`: the descriptor is embedded in the only extent. */
  readonly descriptorFile: string | null;
  readonly uuid: string | null;
}

/** A sparse disk in one file. */
export function planMonolithicSparse(shape: DiskShape, options: PlanOptions, ctx: Context): Promise<WritePlan> {
  return planSparse(
    shape,
    {
      createType: "monolithicSparse",
      extentBytes: Math.max(GRAIN, alignUp(shape.info.size, GRAIN)),
      file: () => options.name,
      descriptorFile: null,
      uuid: options.identity ?? null,
    },
    ctx,
  );
}

/** A sparse disk in files of two gigabytes at most, and a text file that names them. */
export function planSplitSparse(shape: DiskShape, options: PlanOptions, ctx: Context): Promise<WritePlan> {
  return planSparse(
    shape,
    {
      createType: "twoGbMaxExtentSparse",
      extentBytes: SPLIT_BYTES,
      file: (index) => extentName(options.name, `-s${String(index + 1).padStart(3, "0")}`),
      descriptorFile: options.name,
      uuid: options.identity ?? null,
    },
    ctx,
  );
}

/**
 * Layout first: every grain that may hold data has its place, so that workers write in place. All tables lie in front, twice, as VMware
 * makes them; those without a grain stay holes in the file. Grains that turn out to be zeros leave holes and no table entry.
 */
async function planSparse(shape: DiskShape, kind: SparseKind, ctx: Context): Promise<WritePlan> {
  const runs = await collectRuns(shape, GRAIN, ctx);
  const size = alignUp(shape.info.size, SECTOR);
  const count = Math.max(1, Math.ceil(size / kind.extentBytes));
  const grains = grainsByExtent(runs, kind.extentBytes, count);
  const layoutOf = (index: number): ExtentLayout => layoutExtent(kind, size, index, grains[index] as number);
  for (let i = 0; i < count; i++) {
    checkFileBytes(layoutOf(i).fileBytes);
  }
  const arriving = shape.extents === null;
  const descriptor = new TextEncoder().encode(
    serializeVmdkDescriptor({
      createType: kind.createType,
      cid: cidOf(shape.info),
      uuid: kind.uuid,
      extents: Array.from({ length: count }, (_, i) => {
        const { bytes, file } = layoutOf(i);
        return { access: "RW", sectors: bytes / SECTOR, kind: "SPARSE", file: innerName(file), offset: 0 };
      }),
      capacitySectors: size / SECTOR,
      adapterType: "lsilogic",
    }),
  );
  const files = [
    ...(kind.descriptorFile === null ? [] : [{ name: kind.descriptorFile, size: descriptor.length }]),
    ...Array.from({ length: count }, (_, i) => ({
      name: kind.file(i),
      size: arriving ? null : layoutOf(i).fileBytes,
    })),
  ];

  function* fixed(): Iterable<Region> {
    if (kind.descriptorFile !== null) yield regionOf(kind.descriptorFile, 0, descriptor);
    for (let i = 0; i < count; i++) {
      const layout = layoutOf(i);
      const head = new Uint8Array((1 + DESCRIPTOR_SECTORS) * SECTOR);
      head.set(serializeSparseHeader(headerOf(layout, kind)));
      if (kind.descriptorFile === null) head.set(descriptor, SECTOR);
      yield regionOf(layout.file, 0, head);
      yield directoryRegion(layout, layout.redundantDirectory);
      yield directoryRegion(layout, layout.directory);
    }
  }

  /** The runs, cut where an extent ends, each at the place that follows the last. */
  function* segments(): Iterable<WriteOp> {
    let current = -1;
    let at = 0;
    let layout = layoutOf(0);
    for (const run of runs) {
      const end = Math.min(run.offset + run.length, size);
      for (let offset = run.offset; offset < end; ) {
        const index = Math.floor(offset / kind.extentBytes);
        if (index !== current) {
          current = index;
          layout = layoutOf(index);
          at = layout.overhead * SECTOR;
        }
        const length = Math.min(end, layout.start + layout.bytes) - offset;
        yield { file: layout.file, at, kernel: plainKernel.id, offset, length, unitBytes: GRAIN };
        at += alignUp(length, GRAIN);
        offset += length;
      }
    }
  }

  return {
    files,
    order: "random",
    acceptsUnits: null,
    fixed: { [Symbol.iterator]: () => fixed()[Symbol.iterator]() },
    segments: { [Symbol.iterator]: () => segments()[Symbol.iterator]() },
    tables: () =>
      arriving
        ? arrivingTables({ extentBytes: kind.extentBytes, size, count, layoutOf, tableRegions }, ctx.limits)
        : sparseTables(kind.extentBytes, layoutOf),
  };
}

/** Grains that may hold data in each extent. */
function grainsByExtent(runs: UnitRuns, extentBytes: number, count: number): Float64Array {
  const grains = new Float64Array(count);
  for (const run of runs) {
    const end = run.offset + run.length;
    for (let offset = run.offset; offset < end; ) {
      const index = Math.floor(offset / extentBytes);
      const stop = Math.min(end, (index + 1) * extentBytes);
      grains[index] = (grains[index] as number) + (stop - offset) / GRAIN;
      offset = stop;
    }
  }
  return grains;
}

function layoutExtent(kind: SparseKind, size: number, index: number, grains: number): ExtentLayout {
  const start = index * kind.extentBytes;
  const bytes = Math.min(kind.extentBytes, size - start);
  const tables = Math.ceil(bytes / TABLE_SPAN);
  const directorySectors = Math.ceil((tables * 4) / SECTOR);
  const redundantDirectory = 1 + DESCRIPTOR_SECTORS;
  const directory = redundantDirectory + directorySectors + tables * TABLE_SECTORS;
  const overhead = alignUp(directory + directorySectors + tables * TABLE_SECTORS, GRAIN / SECTOR);
  return {
    file: kind.file(index),
    start,
    bytes,
    tables,
    redundantDirectory,
    directory,
    overhead,
    fileBytes: overhead * SECTOR + grains * GRAIN,
  };
}

function headerOf(layout: ExtentLayout, kind: SparseKind): SparseHeader {
  const embedded = kind.descriptorFile === null;
  return {
    version: 1,
    flags: { redundantDirectory: true, zeroedGrains: false, compressed: false, markers: false },
    // The header counts whole grains, as VirtualBox writes it; the descriptor keeps the true size.
    capacitySectors: alignUp(layout.bytes, GRAIN) / SECTOR,
    grainSectors: GRAIN / SECTOR,
    descriptorSector: embedded ? 1 : 0,
    descriptorSectors: embedded ? DESCRIPTOR_SECTORS : 0,
    tableEntries: TABLE_ENTRIES,
    redundantDirectorySector: layout.redundantDirectory,
    directorySector: layout.directory,
    overheadSectors: layout.overhead,
    unclean: false,
  };
}

function regionOf(file: string, at: number, bytes: Uint8Array): Region {
  return { file, at, length: bytes.length, bytes: () => [bytes] };
}

/** Sector of the first grain table of a directory: right behind it. */
function firstTable(layout: ExtentLayout, directory: number): number {
  return directory + Math.ceil((layout.tables * 4) / SECTOR);
}

/** A directory that names all its tables, made piece by piece: that of 60 TB has 7 MiB. */
function directoryRegion(layout: ExtentLayout, directory: number): Region {
  const first = firstTable(layout, directory);
  function* bytes(): Iterable<Uint8Array> {
    for (let from = 0; from < layout.tables; from += WORDS_AT_ONCE) {
      const words = new Uint32Array(Math.min(WORDS_AT_ONCE, layout.tables - from));
      for (let i = 0; i < words.length; i++) words[i] = first + (from + i) * TABLE_SECTORS;
      yield serializeTable(words);
    }
  }
  return { file: layout.file, at: directory * SECTOR, length: (first - directory) * SECTOR, bytes };
}

/** A grain table at both its places. */
function* tableRegions(layout: ExtentLayout, index: number, table: Uint32Array): Iterable<Region> {
  const bytes = serializeTable(table);
  for (const directory of [layout.redundantDirectory, layout.directory]) {
    yield regionOf(layout.file, (firstTable(layout, directory) + index * TABLE_SECTORS) * SECTOR, bytes);
  }
}

/** Gathers the entries of one grain table at a time; a table that got any is written to both its places. */
function sparseTables(extentBytes: number, layoutOf: (index: number) => ExtentLayout): PlanTables {
  let table = new Uint32Array(TABLE_ENTRIES);
  let extent = -1;
  let index = -1;
  let used = false;

  function* flush(): Iterable<Region> {
    if (!used) return;
    yield* tableRegions(layoutOf(extent), index, table);
    table = new Uint32Array(TABLE_ENTRIES);
    used = false;
  }

  return {
    *add(result: WriteResult): Iterable<Region> {
      for (const [i, length] of result.stored.entries()) {
        if (length === 0) continue;
        const guest = result.op.offset + i * GRAIN;
        const inExtent = guest % extentBytes;
        const [nextExtent, nextIndex] = [Math.floor(guest / extentBytes), Math.floor(inExtent / TABLE_SPAN)];
        if (nextExtent !== extent || nextIndex !== index) {
          yield* flush();
          extent = nextExtent;
          index = nextIndex;
        }
        table[Math.floor((inExtent % TABLE_SPAN) / GRAIN)] = (result.at + i * GRAIN) / SECTOR;
        used = true;
      }
    },
    end: flush,
  };
}
