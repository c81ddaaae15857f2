import { alignUp, MIB, TIB, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Limits } from "../../base/limits.js";
import { formatBytes } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import { ArrivalPlaces, plainOps } from "../arrivals.js";
import { derivedUuid } from "../derived-id.js";
import { collectRuns, UnitRuns } from "../extents.js";
import type { DiskShape, PlanOptions, PlanTables, Region, WriteOp, WritePlan, WriteResult } from "../model.js";
import { PLAIN_UNIT, plainKernel } from "../plain.js";
import { variantToWrite } from "../variant.js";
import { BAT_ENTRY_BYTES, BAT_PAGE, batEntries, batIndex, chunkRatioOf, setPresent } from "./bat.js";
import {
  HEADER_SECTION,
  REGION,
  serializeHeader,
  serializeIdentifier,
  serializeRegionTable,
  type VhdxHeader,
} from "./header.js";
import { MOST_DISK_BYTES, serializeMetadata } from "./metadata.js";

/** Variants that we write, the default first. */
export const WRITES = ["dynamic", "fixed"] as const;

/** Where things stand, in the order of Hyper-V: headers, log, metadata, block table, then blocks. The log's MiB stays zero: it is empty. */
const LOG_AT: number = MIB;
const LOG_BYTES: number = MIB;
const METADATA_AT: number = 2 * MIB;
const METADATA_BYTES: number = MIB;
const BAT_AT: number = 3 * MIB;

/** Blocks that a disk is cut into at most before blocks grow. */
const MOST_SMALL_BLOCKS = 1024 * 1024;
/** The block size of Hyper-V itself: blocks grow no further. */
const MOST_BLOCK_BYTES: number = 32 * MIB;

/**
 * Bytes of a block for a disk: 1 MiB up to 1 TiB, then twice as much for each doubling, up to the 32 MiB that Hyper-V takes by itself.
 * Small blocks make small files wherever holes are not kept; 1 MiB is what Microsoft advises for Linux machines.
 */
export function blockBytesFor(diskBytes: number): number {
  let bytes = MIB;
  while (bytes < MOST_BLOCK_BYTES && diskBytes / bytes > MOST_SMALL_BLOCKS) bytes *= 2;
  return bytes;
}

/** Places of a new disk's blocks. */
interface Layout {
  readonly diskBytes: number;
  readonly blockBytes: number;
  readonly chunkRatio: number;
  readonly batBytes: number;
  /** Where the first block lies. */
  readonly payloadAt: number;
}

/**
 * Lays a VHDX out: every block that may hold data has its place before the first byte is copied, in guest order, so that workers write in
 * place. A block that turns out to be zeros leaves a hole in the file and no entry in the table.
 * @throws `disk/too-large` above 64 TiB
 */
export async function planVhdx(shape: DiskShape, options: PlanOptions, ctx: Context): Promise<WritePlan> {
  const logicalSector = shape.info.logicalSectorSize;
  const diskBytes = alignUp(shape.info.size, logicalSector);
  if (diskBytes > MOST_DISK_BYTES) {
    throw new FerryError(
      "disk/too-large",
      `a disk of ${formatBytes(diskBytes)} does not fit into a VHDX, which ends at ${formatBytes(64 * TIB)}`,
      { hint: "Convert to raw or qcow2." },
    );
  }
  const fixed = variantToWrite({ id: "vhdx", writes: WRITES }, options) === "fixed";
  const blockBytes = blockBytesFor(diskBytes);
  const chunkRatio = chunkRatioOf({ blockBytes, logicalSector });
  const blocks = Math.ceil(diskBytes / blockBytes);
  const batBytes = Math.max(MIB, alignUp(batEntries(blocks, chunkRatio, false) * BAT_ENTRY_BYTES, MIB));
  const runs = await collectRuns(shape, blockBytes, ctx);
  const placed = fixed ? wholeDisk(diskBytes, blockBytes) : runs;
  const layout: Layout = { diskBytes, blockBytes, chunkRatio, batBytes, payloadAt: BAT_AT + batBytes };
  const id = (purpose: string): string => derivedUuid(purpose, shape, runs, options, ctx);
  const header: VhdxHeader = {
    sequence: 1n,
    fileWriteId: id("vhdx file write"),
    dataWriteId: id("vhdx data write"),
    logId: null,
    logVersion: 0,
    logAt: LOG_AT,
    logBytes: LOG_BYTES,
  };
  const regionTable = serializeRegionTable([
    { id: REGION.bat, at: BAT_AT, length: batBytes, required: true },
    { id: REGION.metadata, at: METADATA_AT, length: METADATA_BYTES, required: true },
  ]);
  const metadata = serializeMetadata({
    blockBytes,
    leaveAllocated: fixed,
    diskBytes,
    logicalSector,
    physicalSector: 4096,
    diskId: id("vhdx disk"),
  });
  const { name } = options;
  const region = (at: number, bytes: Uint8Array): Region => ({
    file: name,
    at,
    length: bytes.length,
    bytes: () => [bytes],
  });
  const heads: readonly Region[] = [
    region(HEADER_SECTION.identifier, serializeIdentifier("vmferry")),
    region(HEADER_SECTION.headers[0], serializeHeader(header)),
    region(HEADER_SECTION.headers[1], serializeHeader({ ...header, sequence: 2n })),
    region(HEADER_SECTION.regionTables[0], regionTable),
    region(HEADER_SECTION.regionTables[1], regionTable),
    region(METADATA_AT, metadata),
  ];

  function* segments(): Iterable<WriteOp> {
    let at = layout.payloadAt;
    for (const run of runs) {
      yield {
        file: name,
        at: fixed ? layout.payloadAt + run.offset : at,
        kernel: plainKernel.id,
        offset: run.offset,
        length: Math.min(run.length, diskBytes - run.offset),
        unitBytes: PLAIN_UNIT,
      };
      at += run.length;
    }
  }

  const arriving = shape.extents === null && !fixed;
  const inPlace = {
    file: name,
    unit: blockBytes,
    size: diskBytes,
    at: (unit: number) => layout.payloadAt + unit * blockBytes,
  };
  return {
    files: [{ name, size: arriving ? null : layout.payloadAt + placed.bytes }],
    order: "random",
    acceptsUnits: null,
    fixed: heads,
    segments: { [Symbol.iterator]: () => segments()[Symbol.iterator]() },
    tables: () => {
      if (arriving) return arrivingTable(name, layout, ctx.limits);
      return fixed
        ? { ...fullTable(name, layout), place: (arrived) => plainOps(arrived, inPlace) }
        : sparseTable(name, layout);
    },
  };
}

/** Every block of a disk, for a fixed one. */
function wholeDisk(diskBytes: number, blockBytes: number): UnitRuns {
  const runs = new UnitRuns(blockBytes);
  runs.add(0, diskBytes);
  return runs;
}

/** Writes table entries in ascending order, in pages; those in which no entry stands stay holes. */
function pageWriter(
  file: string,
  layout: Layout,
): { set(block: number, at: number): Iterable<Region>; end(): Iterable<Region> } {
  let page = new Uint8Array(BAT_PAGE);
  let index = -1;

  function* flush(): Iterable<Region> {
    if (index < 0) return;
    const bytes = page;
    yield { file, at: BAT_AT + index * BAT_PAGE, length: bytes.length, bytes: () => [bytes] };
    page = new Uint8Array(BAT_PAGE);
    index = -1;
  }

  return {
    *set(block, at): Iterable<Region> {
      const entryAt = batIndex(block, layout.chunkRatio) * BAT_ENTRY_BYTES;
      const wanted = Math.floor(entryAt / BAT_PAGE);
      if (wanted !== index) {
        yield* flush();
        index = wanted;
      }
      setPresent(viewOf(page), entryAt - wanted * BAT_PAGE, at);
    },
    end: flush,
  };
}

/** The table of a dynamic disk: an entry for each block of which something is stored. */
function sparseTable(file: string, layout: Layout): PlanTables {
  const { blockBytes } = layout;
  const writer = pageWriter(file, layout);
  return {
    *add(result: WriteResult): Iterable<Region> {
      const { op, stored } = result;
      let last = -1;
      for (let i = 0; i < stored.length; i++) {
        if (stored[i] === 0) continue;
        const block = Math.floor((op.offset + i * op.unitBytes) / blockBytes);
        if (block === last) continue;
        last = block;
        yield* writer.set(block, result.at + block * blockBytes - op.offset);
      }
    },
    end: () => writer.end(),
  };
}

/** The table of a dynamic disk that arrives: a block gets its place with the first of its bytes. */
function arrivingTable(file: string, layout: Layout, limits: Limits): PlanTables {
  const { blockBytes, diskBytes, payloadAt } = layout;
  const places = new ArrivalPlaces(blockBytes, limits);
  const at = (unit: number): number => payloadAt + places.of(unit) * blockBytes;
  return {
    place: (arrived) => plainOps(arrived, { file, unit: blockBytes, size: diskBytes, at }),
    add: () => [],
    *end(): Iterable<Region> {
      const writer = pageWriter(file, layout);
      for (const { unit, place } of places) yield* writer.set(unit, payloadAt + place * blockBytes);
      yield* writer.end();
      // The last block counts as a whole.
      yield { file, at: payloadAt, length: places.count * blockBytes, bytes: () => [] };
    },
  };
}

/** The table of a fixed disk: an entry for every block. */
function fullTable(file: string, layout: Layout): PlanTables {
  return {
    add: () => [],
    *end(): Iterable<Region> {
      const writer = pageWriter(file, layout);
      const blocks = Math.ceil(layout.diskBytes / layout.blockBytes);
      for (let block = 0; block < blocks; block++) {
        yield* writer.set(block, layout.payloadAt + block * layout.blockBytes);
      }
      yield* writer.end();
    },
  };
}
