import { viewOf } from "../../base/bytes.js";
import type { Limits } from "../../base/limits.js";
import { ArrivalPlaces, plainOps } from "../arrivals.js";
import type { DiskShape, PlanOptions, PlanTables, Region, WritePlan } from "../model.js";
import { serializeQcow2Header } from "./header.js";
import {
  CLUSTER,
  CLUSTER_BITS,
  checkFileSize,
  fullRefcountBlocks,
  guestSize,
  L2_ENTRIES,
  L2_SPAN,
  putEntry,
  refcountLayout,
  refcountTable,
} from "./layout.js";

/**
 * An image of a disk that arrives: room for header and L1 table, clusters in the order in which they come, so that workers write them in
 * place, then L2 tables and reference counts. Each cluster of the file is used exactly once.
 * @throws `disk/too-large`
 */
export function planArriving(shape: DiskShape, options: PlanOptions, limits: Limits): WritePlan {
  const file = options.name;
  const size = guestSize(shape);
  return {
    files: [{ name: file, size: null }],
    order: "random",
    acceptsUnits: null,
    fixed: [],
    segments: [],
    tables: () => arrivingTables(file, size, limits),
  };
}

function arrivingTables(file: string, size: number, limits: Limits): PlanTables {
  const l1Entries = Math.ceil(size / L2_SPAN);
  const l1Clusters = Math.ceil((l1Entries * 8) / CLUSTER);
  const dataAt = (1 + l1Clusters) * CLUSTER;
  const places = new ArrivalPlaces(CLUSTER, limits);

  return {
    place: (arrived) =>
      plainOps(arrived, { file, unit: CLUSTER, size, at: (unit) => dataAt + places.of(unit) * CLUSTER }),
    add: () => [],
    *end(): Iterable<Region> {
      const l1 = new Uint8Array(l1Clusters * CLUSTER);
      let end = dataAt + places.count * CLUSTER;
      for (const { index, bytes } of l2Tables(places, dataAt)) {
        putEntry(viewOf(l1), index, end);
        yield { file, at: end, length: CLUSTER, bytes: () => [bytes] };
        end += CLUSTER;
      }
      const { tableClusters, blocks } = refcountLayout(end / CLUSTER);
      const clusters = end / CLUSTER + tableClusters + blocks;
      checkFileSize(clusters);
      const firstBlockAt = end + tableClusters * CLUSTER;
      yield {
        file,
        at: end,
        length: tableClusters * CLUSTER,
        bytes: () => refcountTable(tableClusters, blocks, firstBlockAt),
      };
      yield { file, at: firstBlockAt, length: blocks * CLUSTER, bytes: () => fullRefcountBlocks(blocks, clusters) };
      yield { file, at: CLUSTER, length: l1.length, bytes: () => [l1] };
      const header = serializeQcow2Header({
        clusterBits: CLUSTER_BITS,
        size,
        l1Entries,
        l1Offset: l1Entries === 0 ? 0 : CLUSTER,
        refcountTableOffset: end,
        refcountTableClusters: tableClusters,
        backing: null,
        compression: "deflate",
      });
      yield { file, at: 0, length: header.length, bytes: () => [header] };
    },
  };
}

/** The L2 tables of the clusters that arrived, in guest order. */
function* l2Tables(
  places: Iterable<{ readonly unit: number; readonly place: number }>,
  dataAt: number,
): Iterable<{ readonly index: number; readonly bytes: Uint8Array }> {
  let index = -1;
  let bytes = new Uint8Array(0);
  for (const { unit, place } of places) {
    const table = Math.floor(unit / L2_ENTRIES);
    if (table !== index) {
      if (index >= 0) yield { index, bytes };
      index = table;
      bytes = new Uint8Array(CLUSTER);
    }
    putEntry(viewOf(bytes), unit % L2_ENTRIES, dataAt + place * CLUSTER);
  }
  if (index >= 0) yield { index, bytes };
}
