import { alignUp, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { collectRuns } from "../extents.js";
import type { DiskShape, PlanOptions, PlanTables, Region, WriteOp, WritePlan, WriteResult } from "../model.js";
import { serializeQcow2Header } from "./header.js";
import { clusterKernel } from "./kernel.js";
import {
  CLUSTER,
  CLUSTER_BITS,
  guestSize,
  L2_SPAN,
  putCompressedEntry,
  putEntry,
  refcountLayout,
  refcountTable,
} from "./layout.js";
import { RefcountBlocks } from "./refcounts.js";

/**
 * An image of compressed clusters, packed one after the other without regard to clusters of the file; those that deflate does not
 * shorten are stored plain. Room for header and L1 table comes first, each L2 table after its clusters, reference counts last.
 * @throws `disk/too-large`
 */
export async function planCompressed(shape: DiskShape, options: PlanOptions, ctx: Context): Promise<WritePlan> {
  const file = options.name;
  const size = guestSize(shape);
  const runs = await collectRuns(shape, CLUSTER, ctx);
  const l1Entries = Math.ceil(size / L2_SPAN);
  const dataAt = CLUSTER + alignUp(l1Entries * 8, CLUSTER);

  function* segments(): Iterable<WriteOp> {
    for (const { offset, length } of runs) {
      yield {
        file,
        at: null,
        kernel: clusterKernel.id,
        offset,
        length,
        unitBytes: CLUSTER,
        ...(options.level === undefined ? {} : { level: options.level }),
      };
    }
  }

  return {
    files: [{ name: file, size: null }],
    order: "random",
    acceptsUnits: { codec: "deflate", wrapper: "raw", unitBytes: CLUSTER },
    fixed: [{ file, at: 0, length: dataAt, bytes: () => [] }],
    segments: { [Symbol.iterator]: () => segments()[Symbol.iterator]() },
    tables: () => compressedTables(file, size, l1Entries, dataAt),
  };
}

/** Gathers an L2 table while clusters are appended, and writes it when its last cluster stands. */
function compressedTables(file: string, size: number, l1Entries: number, dataAt: number): PlanTables {
  const l1 = new Uint8Array(l1Entries * 8);
  const refcounts = new RefcountBlocks();
  let table = new Uint8Array(0);
  let tableIndex = -1;
  /** Where the file ends so far. */
  let end = 0;
  refcounts.use(0, dataAt);

  function region(at: number, length: number, bytes: () => Iterable<Uint8Array>): Region {
    refcounts.use(at, length);
    end = Math.max(end, at + length);
    return { file, at, length, bytes };
  }

  function* flush(): Iterable<Region> {
    if (tableIndex < 0) return;
    const at = alignUp(Math.max(end, dataAt), CLUSTER);
    putEntry(viewOf(l1), tableIndex, at);
    const bytes = table;
    tableIndex = -1;
    yield region(at, CLUSTER, () => [bytes]);
  }

  function put(guest: number, place: number, stored: number): void {
    const index = (guest % L2_SPAN) / CLUSTER;
    if (stored === CLUSTER) putEntry(viewOf(table), index, place);
    else putCompressedEntry(viewOf(table), index, place, stored);
    refcounts.use(place, stored);
    end = Math.max(end, place + stored);
  }

  return {
    *before(op: WriteOp): Iterable<Region> {
      if (Math.floor(op.offset / L2_SPAN) !== tableIndex) yield* flush();
    },
    *add({ op, stored, places }: WriteResult): Iterable<Region> {
      for (const [i, length] of stored.entries()) {
        if (length === 0) continue;
        if (places === undefined) throw new FerryError("internal/bug", "compressed clusters came without their places");
        const guest = op.offset + i * CLUSTER;
        const index = Math.floor(guest / L2_SPAN);
        if (index !== tableIndex) {
          yield* flush();
          tableIndex = index;
          table = new Uint8Array(CLUSTER);
        }
        put(guest, places[i] as number, length);
      }
    },
    *end(): Iterable<Region> {
      yield* flush();
      const refcountTableAt = alignUp(Math.max(end, dataAt), CLUSTER);
      const { tableClusters, blocks } = refcountLayout(refcountTableAt / CLUSTER);
      const firstBlockAt = refcountTableAt + tableClusters * CLUSTER;
      yield region(refcountTableAt, tableClusters * CLUSTER, () => refcountTable(tableClusters, blocks, firstBlockAt));
      yield region(firstBlockAt, blocks * CLUSTER, () => refcounts.blocks(blocks));
      yield { file, at: CLUSTER, length: l1.length, bytes: () => [l1] };
      const header = serializeQcow2Header({
        clusterBits: CLUSTER_BITS,
        size,
        l1Entries,
        l1Offset: l1Entries === 0 ? 0 : CLUSTER,
        refcountTableOffset: refcountTableAt,
        refcountTableClusters: tableClusters,
      });
      yield { file, at: 0, length: header.length, bytes: () => [header] };
    },
  };
}
