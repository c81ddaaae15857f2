import { alignUp, GIB, SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Limits } from "../../base/limits.js";
import { formatBytes } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import { ArrivalPlaces, plainOps } from "../arrivals.js";
import { derivedUuid } from "../derived-id.js";
import type { UnitRuns } from "../extents.js";
import type { DiskShape, PlanOptions, PlanTables, Region, WriteOp, WritePlan, WriteResult } from "../model.js";
import { collectLayer } from "../overlay.js";
import { PLAIN_UNIT, plainKernel } from "../plain.js";
import { variantToWrite } from "../variant.js";
import { ABSENT_BLOCK } from "./bat.js";
import { geometryOf } from "./geometry.js";
import { FOOTER_BYTES, serializeDynamicHeader, serializeFooter, type VhdFooter } from "./header.js";
import { planDifferencing } from "./plan-differencing.js";
import { BITMAP, BLOCK, PAGE, STRIDE, TABLE_AT } from "./plan-layout.js";

/** The largest disk: beyond it the 32-bit sector numbers of a dynamic disk end, and Hyper-V refuses fixed ones too. */
export const MOST_DISK_BYTES: number = 2040 * GIB;

/** Variants that we write, the default first. */
export const WRITES = ["dynamic", "fixed"] as const;
/** Variants that we write over a parent. */
export const OVERLAYS = ["differencing"] as const;

/**
 * Lays a VHD out: dynamic or fixed, or differencing over a parent.
 * @throws `disk/too-large` above 2040 GiB
 */
export async function planVhd(shape: DiskShape, options: PlanOptions, ctx: Context): Promise<WritePlan> {
  const diskBytes = alignUp(shape.info.size, SECTOR);
  if (diskBytes > MOST_DISK_BYTES) {
    throw new FerryError(
      "disk/too-large",
      `a disk of ${formatBytes(diskBytes)} does not fit into a VHD, which ends at ${formatBytes(MOST_DISK_BYTES)}`,
      { hint: "Convert to vhdx, which holds 64 TiB." },
    );
  }
  const variant = variantToWrite({ id: "vhd", writes: WRITES, overlays: OVERLAYS }, options) as VhdFooter["type"];
  const layer = await collectLayer(shape, UNITS[variant], options, ctx);
  const { name, parent } = options;
  const identity = options.identity ?? derivedUuid("vhd disk", shape, layer.all, options, ctx);
  const footer = serializeFooter(footerOf(diskBytes, variant, identity));
  if (parent !== undefined) return { ...planDifferencing(diskBytes, layer, footer, name, parent), identity };
  if (variant === "fixed") return { ...planFixed(diskBytes, layer.data, footer, name), identity };
  const plan =
    shape.extents === null
      ? planArriving(diskBytes, footer, name, ctx.limits)
      : planDynamic(diskBytes, layer.data, footer, name);
  return { ...plan, identity };
}

/** What a variant tells apart: a differencing disk every sector. */
const UNITS: Readonly<Record<VhdFooter["type"], number>> = { fixed: PLAIN_UNIT, dynamic: BLOCK, differencing: SECTOR };

/**
 * A new disk's footer. Its maker is called `win `, Windows' own word: qemu-img and others go by the byte size for makers that they know
 * and by the geometry, which rounds down, for all others. The time is zero, so that the same input gives the same file.
 */
function footerOf(diskBytes: number, type: VhdFooter["type"], id: string): VhdFooter {
  return {
    type,
    headerAt: type === "fixed" ? null : FOOTER_BYTES,
    time: 0,
    creator: "win ",
    creatorVersion: 0xa0000,
    originalBytes: diskBytes,
    currentBytes: diskBytes,
    geometry: geometryOf(diskBytes),
    id,
    savedState: false,
  };
}

function region(file: string, at: number, bytes: Uint8Array): Region {
  return { file, at, length: bytes.length, bytes: () => [bytes] };
}

/** The guest's bytes, then the footer. */
function planFixed(diskBytes: number, runs: UnitRuns, footer: Uint8Array, name: string): WritePlan {
  function* segments(): Iterable<WriteOp> {
    for (const { offset, length } of runs) {
      yield {
        file: name,
        at: offset,
        kernel: plainKernel.id,
        offset,
        length: Math.min(length, diskBytes - offset),
        unitBytes: PLAIN_UNIT,
      };
    }
  }
  return {
    files: [{ name, size: diskBytes + FOOTER_BYTES }],
    order: "sequential",
    acceptsUnits: null,
    fixed: [],
    segments: { [Symbol.iterator]: () => segments()[Symbol.iterator]() },
    tables: () => ({
      place: (arrived) => plainOps(arrived, { file: name, unit: BLOCK, size: diskBytes, at: (unit) => unit * BLOCK }),
      add: () => [],
      end: () => [region(name, diskBytes, footer)],
    }),
  };
}

/**
 * Footer copy, header, block table, blocks, footer. Every block that may hold data has its place beforehand, in guest order; one that
 * turns out to be zeros leaves a hole in the file and no entry in the table.
 */
function planDynamic(diskBytes: number, runs: UnitRuns, footer: Uint8Array, name: string): WritePlan {
  const { entries, tableBytes, firstData, footerAt } = dynamicLayout(diskBytes);
  const end = footerAt(runs.bytes / BLOCK);

  function* segments(): Iterable<WriteOp> {
    let at = firstData;
    for (const offset of runs.units()) {
      yield {
        file: name,
        at,
        kernel: plainKernel.id,
        offset,
        length: Math.min(BLOCK, diskBytes - offset),
        unitBytes: PLAIN_UNIT,
      };
      at += STRIDE;
    }
  }

  return {
    files: [{ name, size: end + FOOTER_BYTES }],
    order: "random",
    acceptsUnits: null,
    fixed: [...dynamicHead(name, entries, footer), region(name, end, footer)],
    segments: { [Symbol.iterator]: () => segments()[Symbol.iterator]() },
    tables: () => dynamicTables(name, entries, tableBytes),
  };
}

/** The same of a disk that arrives: a block gets its place with the first of its bytes, and the footer stands behind the last block. */
function planArriving(diskBytes: number, footer: Uint8Array, name: string, limits: Limits): WritePlan {
  const { entries, tableBytes, firstData, footerAt } = dynamicLayout(diskBytes);

  function tables(): PlanTables {
    const { add, end } = dynamicTables(name, entries, tableBytes);
    const places = new ArrivalPlaces(BLOCK, limits);
    const at = (unit: number): number => firstData + places.of(unit) * STRIDE;
    return {
      place: (arrived) => plainOps(arrived, { file: name, unit: BLOCK, size: diskBytes, at }),
      add,
      *end(): Iterable<Region> {
        yield* end();
        yield region(name, footerAt(places.count), footer);
      },
    };
  }

  return {
    files: [{ name, size: null }],
    order: "random",
    acceptsUnits: null,
    fixed: dynamicHead(name, entries, footer),
    segments: [],
    tables,
  };
}

/** Where things stand in a dynamic disk. */
function dynamicLayout(diskBytes: number): {
  readonly entries: number;
  readonly tableBytes: number;
  readonly firstData: number;
  /** By the number of blocks. */
  footerAt(blocks: number): number;
} {
  const entries = Math.ceil(diskBytes / BLOCK);
  const tableBytes = alignUp(4 * entries, SECTOR);
  const firstData = alignUp(TABLE_AT + tableBytes + BITMAP, PAGE);
  return {
    entries,
    tableBytes,
    firstData,
    footerAt: (blocks) => (blocks === 0 ? TABLE_AT + tableBytes : firstData + (blocks - 1) * STRIDE + BLOCK),
  };
}

/** What stands before the block table. */
function dynamicHead(name: string, entries: number, footer: Uint8Array): readonly Region[] {
  const header = serializeDynamicHeader({ tableAt: TABLE_AT, tableEntries: entries, blockBytes: BLOCK, parent: null });
  return [region(name, 0, footer), region(name, FOOTER_BYTES, header)];
}

/** The block table, and the sector bitmap of each block of which something is stored: all ones, the block is here as a whole. */
function dynamicTables(name: string, entries: number, tableBytes: number): PlanTables {
  const bitmap = new Uint8Array(BITMAP).fill(0xff);
  const table = new Uint8Array(tableBytes).fill(0xff);
  const view = viewOf(table);
  return {
    *add({ op, at, stored }: WriteResult): Iterable<Region> {
      if (!stored.some((bytes) => bytes > 0)) return;
      const block = Math.floor(op.offset / BLOCK);
      const bitmapAt = at - (op.offset - block * BLOCK) - BITMAP;
      // A block may come in parts.
      if (view.getUint32(4 * block) !== ABSENT_BLOCK) return;
      view.setUint32(4 * block, bitmapAt / SECTOR);
      yield region(name, bitmapAt, bitmap);
    },
    end: () => (entries === 0 ? [] : [region(name, TABLE_AT, table)]),
  };
}
