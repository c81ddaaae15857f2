import { alignUp, MIB, SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { NIL_GUID } from "../../base/guid.js";
import { formatBytes } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import { ArrivalPlaces, plainOps } from "../arrivals.js";
import { derivedUuid } from "../derived-id.js";
import { collectRuns, UnitRuns } from "../extents.js";
import type { DiskShape, PlanOptions, PlanTables, Region, WriteOp, WritePlan } from "../model.js";
import { PLAIN_UNIT, plainKernel } from "../plain.js";
import { variantToWrite } from "../variant.js";
import { BLOCK_FREE } from "./blocks.js";
import { serializeVdiHeader } from "./header.js";

/** Variants that we write, the default first. */
export const WRITES = ["dynamic", "static"] as const;

/** VirtualBox's own, and the only size of a block that QEMU takes. */
const BLOCK: number = MIB;
/** Where the block map stands, and what the data area is aligned to: VirtualBox's own. */
const ALIGNMENT: number = MIB;
/** Entries of the map that are made at a time. */
const PAGE_ENTRIES = 16_384;
/** 128 TiB: a map of 512 MiB, which is what `limits.tableBytes` lets readers take. */
export const MAX_SIZE: number = 128 * 1024 * 1024 * BLOCK;

/**
 * An image whose blocks have their places before the first byte is copied, in guest order, so that workers write in place. A block that
 * turns out to be zeros stays a hole of the file. A static image has a place for every block, and holes where nothing is written.
 * @throws `disk/too-large` above 128 TiB
 */
export async function planVdi(shape: DiskShape, options: PlanOptions, ctx: Context): Promise<WritePlan> {
  const file = options.name;
  const size = alignUp(shape.info.size, SECTOR);
  if (size > MAX_SIZE) {
    throw new FerryError(
      "disk/too-large",
      `a disk of ${formatBytes(size)} does not fit into a VDI, which ends at ${formatBytes(MAX_SIZE)} here`,
      { hint: "Convert to raw or qcow2." },
    );
  }
  const variant = variantToWrite({ id: "vdi", writes: WRITES }, options) === "static" ? "static" : "dynamic";
  const runs = await collectRuns(shape, BLOCK, ctx);
  const blocks = Math.ceil(size / BLOCK);
  const placed = variant === "static" ? wholeDisk(blocks) : runs;
  const allocated = placed.bytes / BLOCK;
  const mapAt = ALIGNMENT;
  const dataAt = mapAt + alignUp(blocks * 4, ALIGNMENT);
  const ids = {
    create: options.identity ?? derivedUuid("vdi", shape, runs, options, ctx),
    modify: derivedUuid("vdi content", shape, runs, options, ctx),
    link: NIL_GUID,
    parentModify: NIL_GUID,
  };
  const headerFor = (count: number): Region => {
    const parts = { variant, comment: "", mapAt, dataAt, size, blockBytes: BLOCK, extraBytes: 0, blocks, ids } as const;
    const bytes = serializeVdiHeader({ ...parts, allocated: count });
    return { file, at: 0, length: bytes.length, bytes: () => [bytes] };
  };

  function* segments(): Iterable<WriteOp> {
    let at = dataAt;
    for (const { offset, length } of runs) {
      const place = variant === "static" ? dataAt + offset : at;
      yield { file, at: place, kernel: plainKernel.id, offset, length, unitBytes: PLAIN_UNIT };
      at += length;
    }
  }

  /** Blocks of a disk that arrives: each gets its place with the first of its bytes. */
  function arriving(): PlanTables {
    const places = new ArrivalPlaces(BLOCK, ctx.limits);
    const at = (unit: number): number => dataAt + places.of(unit) * BLOCK;
    return {
      place: (arrived) => plainOps(arrived, { file, unit: BLOCK, size, at }),
      add: () => [],
      *end(): Iterable<Region> {
        yield headerFor(places.count);
        yield { file, at: mapAt, length: blocks * 4, bytes: () => arrivedMap(places, blocks) };
        // The last block is stored full-size.
        yield { file, at: dataAt, length: places.count * BLOCK, bytes: () => [] };
      },
    };
  }

  if (shape.extents === null && variant === "dynamic") {
    return {
      files: [{ name: file, size: null }],
      order: "random",
      acceptsUnits: null,
      fixed: [],
      segments: [],
      tables: arriving,
    };
  }
  return {
    files: [{ name: file, size: dataAt + allocated * BLOCK }],
    order: "sequential",
    acceptsUnits: null,
    fixed: [headerFor(allocated), { file, at: mapAt, length: blocks * 4, bytes: () => blockMap(placed, blocks) }],
    segments: { [Symbol.iterator]: () => segments()[Symbol.iterator]() },
    tables: () => ({
      place: (arrived) => plainOps(arrived, { file, unit: BLOCK, size, at: (unit) => dataAt + unit * BLOCK }),
      add: () => [],
      end: () => [],
    }),
  };
}

function wholeDisk(blocks: number): UnitRuns {
  const runs = new UnitRuns(BLOCK);
  if (blocks > 0) runs.add(0, blocks * BLOCK);
  return runs;
}

/** The map of blocks that arrived in any order, a page at a time. */
function* arrivedMap(
  places: Iterable<{ readonly unit: number; readonly place: number }>,
  blocks: number,
): Iterable<Uint8Array> {
  let start = 0;
  let page = freePage(blocks);
  for (const { unit, place } of places) {
    while (unit >= start + PAGE_ENTRIES) {
      yield page;
      start += PAGE_ENTRIES;
      page = freePage(blocks - start);
    }
    viewOf(page).setUint32((unit - start) * 4, place, true);
  }
  for (; start < blocks; start += PAGE_ENTRIES) {
    yield page;
    page = freePage(blocks - start - PAGE_ENTRIES);
  }
}

/** Entries of blocks that were never written, as many as are left for a page. */
function freePage(left: number): Uint8Array {
  return new Uint8Array(Math.max(0, Math.min(PAGE_ENTRIES, left)) * 4).fill(0xff);
}

/** The map of some runs whose blocks follow each other in the data area, a page at a time. */
function* blockMap(placed: UnitRuns, blocks: number): Iterable<Uint8Array> {
  const free = new Uint8Array(PAGE_ENTRIES * 4).fill(0xff);
  const runs = placed[Symbol.iterator]();
  let run = runs.next();
  let index = 0;
  for (let start = 0; start < blocks; start += PAGE_ENTRIES) {
    const end = Math.min(start + PAGE_ENTRIES, blocks);
    if (run.done || run.value.offset >= end * BLOCK) {
      yield free.subarray(0, (end - start) * 4);
      continue;
    }
    const page = new Uint8Array((end - start) * 4);
    const view = viewOf(page);
    for (let block = start; block < end; ) {
      while (!run.done && run.value.offset + run.value.length <= block * BLOCK) run = runs.next();
      const from = run.done ? end : Math.max(block, Math.min(end, run.value.offset / BLOCK));
      const to = run.done ? end : Math.min(end, (run.value.offset + run.value.length) / BLOCK);
      for (; block < from; block++) view.setUint32((block - start) * 4, BLOCK_FREE, true);
      for (; block < to; block++) view.setUint32((block - start) * 4, index++, true);
    }
    yield page;
  }
}
