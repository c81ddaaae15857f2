import { alignUp, MIB, SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { NIL_GUID } from "../../base/guid.js";
import { formatBytes } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import { derivedUuid } from "../derived-id.js";
import { collectRuns, UnitRuns } from "../extents.js";
import type { DiskShape, PlanOptions, WriteOp, WritePlan } from "../model.js";
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
  const header = serializeVdiHeader({
    variant,
    comment: "",
    mapAt,
    dataAt,
    size,
    blockBytes: BLOCK,
    extraBytes: 0,
    blocks,
    allocated,
    ids: {
      create: derivedUuid("vdi", shape, runs, options, ctx),
      modify: derivedUuid("vdi content", shape, runs, options, ctx),
      link: NIL_GUID,
      parentModify: NIL_GUID,
    },
  });

  function* segments(): Iterable<WriteOp> {
    let at = dataAt;
    for (const { offset, length } of runs) {
      const place = variant === "static" ? dataAt + offset : at;
      yield { file, at: place, kernel: plainKernel.id, offset, length, unitBytes: PLAIN_UNIT };
      at += length;
    }
  }

  return {
    files: [{ name: file, size: dataAt + allocated * BLOCK }],
    order: "sequential",
    acceptsUnits: null,
    fixed: [
      { file, at: 0, length: header.length, bytes: () => [header] },
      { file, at: mapAt, length: blocks * 4, bytes: () => blockMap(placed, blocks) },
    ],
    segments: { [Symbol.iterator]: () => segments()[Symbol.iterator]() },
    tables: () => ({ add: () => [], end: () => [] }),
  };
}

function wholeDisk(blocks: number): UnitRuns {
  const runs = new UnitRuns(BLOCK);
  if (blocks > 0) runs.add(0, blocks * BLOCK);
  return runs;
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
