import { viewOf } from "../../base/bytes.js";
import type { Context } from "../../io/context.js";
import type { UnitRuns } from "../extents.js";
import type { DiskShape, PlanOptions, Region, WriteOp, WritePlan } from "../model.js";
import { collectLayer, type LayerRuns } from "../overlay.js";
import { plainKernel } from "../plain.js";
import { serializeQcow2Header } from "./header.js";
import {
  backingOf,
  CLUSTER,
  CLUSTER_BITS,
  checkFileSize,
  fullRefcountBlocks,
  guestSize,
  L2_SPAN,
  putEntry,
  putZeroEntry,
  refcountLayout,
  refcountTable,
  tablesOf,
} from "./layout.js";
import { planArriving } from "./plan-arriving.js";

/**
 * An image with all positions known before the first byte is written, so that workers write clusters in place: header, L1 table,
 * refcount table, refcount blocks, L2 tables, then the clusters in guest order. Each cluster of the file is used exactly once.
 * A cluster of the plan that turns out to be zeros stays a hole in the file. Over a parent, clusters that are known to be zeros have
 * only an entry.
 * @throws `disk/too-large`
 */
export async function planUncompressed(shape: DiskShape, options: PlanOptions, ctx: Context): Promise<WritePlan> {
  if (shape.extents === null) return planArriving(shape, options, ctx.limits);
  const file = options.name;
  const size = guestSize(shape);
  const layer = await collectLayer(shape, CLUSTER, options, ctx);
  const runs = layer.data;
  const l1Entries = Math.ceil(size / L2_SPAN);
  const l1Clusters = Math.ceil((l1Entries * 8) / CLUSTER);
  let l2Tables = 0;
  for (const _ of tablesOf(layer.all)) l2Tables++;
  const others = 1 + l1Clusters + l2Tables + runs.bytes / CLUSTER;
  const { tableClusters, blocks } = refcountLayout(others);
  const clusters = others + tableClusters + blocks;
  checkFileSize(clusters);
  const l1At = CLUSTER;
  const refcountTableAt = l1At + l1Clusters * CLUSTER;
  const firstBlockAt = refcountTableAt + tableClusters * CLUSTER;
  const firstL2At = firstBlockAt + blocks * CLUSTER;
  const dataAt = firstL2At + l2Tables * CLUSTER;

  const region = (at: number, length: number, bytes: () => Iterable<Uint8Array>): Region => ({
    file,
    at,
    length,
    bytes,
  });
  const header = serializeQcow2Header({
    clusterBits: CLUSTER_BITS,
    size,
    l1Entries,
    l1Offset: l1Entries === 0 ? 0 : l1At,
    refcountTableOffset: refcountTableAt,
    refcountTableClusters: tableClusters,
    backing: backingOf(options),
    compression: "deflate",
  });

  function* segments(): Iterable<WriteOp> {
    let at = dataAt;
    for (const { offset, length } of runs) {
      yield { file, at, kernel: plainKernel.id, offset, length, unitBytes: CLUSTER };
      at += length;
    }
  }

  return {
    files: [{ name: file, size: clusters * CLUSTER }],
    order: "sequential",
    acceptsUnits: null,
    fixed: [
      region(0, CLUSTER, () => [header]),
      region(l1At, l1Clusters * CLUSTER, () => [l1Table(l1Entries, layer.all, firstL2At)]),
      region(refcountTableAt, tableClusters * CLUSTER, () => refcountTable(tableClusters, blocks, firstBlockAt)),
      region(firstBlockAt, blocks * CLUSTER, () => fullRefcountBlocks(blocks, clusters)),
      region(firstL2At, l2Tables * CLUSTER, () => l2TablesOf(layer, dataAt)),
    ],
    segments: { [Symbol.iterator]: () => segments()[Symbol.iterator]() },
    tables: () => ({ add: () => [], end: () => [] }),
  };
}

/** The L1 table, with L2 tables that follow each other from `firstL2At` on. */
function l1Table(entries: number, runs: UnitRuns, firstL2At: number): Uint8Array {
  const bytes = new Uint8Array(entries * 8);
  const view = viewOf(bytes);
  let at = firstL2At;
  for (const index of tablesOf(runs)) {
    putEntry(view, index, at);
    at += CLUSTER;
  }
  return bytes;
}

/** The L2 tables of a layer whose data clusters follow each other from `dataAt` on, one at a time. */
function* l2TablesOf({ all, zeros }: LayerRuns, dataAt: number): Iterable<Uint8Array> {
  const zeroUnits = zeros.units()[Symbol.iterator]();
  let nextZero = zeroUnits.next();
  let index = -1;
  let table = new Uint8Array(0);
  let view = viewOf(table);
  let at = dataAt;
  for (const guest of all.units()) {
    if (Math.floor(guest / L2_SPAN) !== index) {
      if (index >= 0) yield table;
      index = Math.floor(guest / L2_SPAN);
      table = new Uint8Array(CLUSTER);
      view = viewOf(table);
    }
    const entry = (guest % L2_SPAN) / CLUSTER;
    if (nextZero.done !== true && nextZero.value === guest) {
      putZeroEntry(view, entry);
      nextZero = zeroUnits.next();
      continue;
    }
    putEntry(view, entry, at);
    at += CLUSTER;
  }
  if (index >= 0) yield table;
}
