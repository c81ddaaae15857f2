import { alignUp, type ByteRange, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { packedOps } from "../arrivals.js";
import type {
  Compression,
  DiskShape,
  PlanOptions,
  PlanTables,
  Region,
  WriteOp,
  WritePlan,
  WriteResult,
} from "../model.js";
import { collectLayer } from "../overlay.js";
import { type NewQcow2Header, serializeQcow2Header } from "./header.js";
import { clusterKernel, zstdClusterKernel } from "./kernel.js";
import {
  backingOf,
  CLUSTER,
  CLUSTER_BITS,
  guestSize,
  L2_SPAN,
  putCompressedEntry,
  putEntry,
  putZeroEntry,
  refcountLayout,
  refcountTable,
} from "./layout.js";
import { RefcountBlocks } from "./refcounts.js";

/**
 * An image of compressed clusters, packed one after the other without regard to clusters of the file; those that packing does not
 * shorten are stored plain. Room for header and L1 table comes first, each L2 table after its clusters, reference counts last.
 * @throws `disk/too-large`, `disk/no-encoder` where the runtime cannot pack so
 */
export async function planCompressed(
  shape: DiskShape,
  options: PlanOptions,
  compression: Compression,
  ctx: Context,
): Promise<WritePlan> {
  if (compression === "zstd" && ctx.runtime.codec.zstdInto === undefined) throw noEncoder(options.name);
  const file = options.name;
  const size = guestSize(shape);
  const layer = await collectLayer(shape, CLUSTER, options, ctx);
  const l1Entries = Math.ceil(size / L2_SPAN);
  const dataAt = CLUSTER + alignUp(l1Entries * 8, CLUSTER);

  const opOf = ({ offset, length }: ByteRange): WriteOp => ({
    file,
    at: null,
    kernel: compression === "zstd" ? zstdClusterKernel.id : clusterKernel.id,
    offset,
    length,
    unitBytes: CLUSTER,
    ...(options.level === undefined ? {} : { level: options.level }),
  });

  function* segments(): Iterable<WriteOp> {
    for (const run of layer.data) yield opOf(run);
  }

  return {
    files: [{ name: file, size: null }],
    order: "random",
    acceptsUnits:
      compression === "zstd"
        ? { codec: "zstd", unitBytes: CLUSTER }
        : { codec: "deflate", wrapper: "raw", unitBytes: CLUSTER },
    fixed: [{ file, at: 0, length: dataAt, bytes: () => [] }],
    segments: { [Symbol.iterator]: () => segments()[Symbol.iterator]() },
    tables: () => ({
      ...compressedTables(
        { file, size, l1Entries, dataAt, backing: backingOf(options), compression },
        layer.zeros.units()[Symbol.iterator](),
      ),
      place: packedOps(CLUSTER, opOf),
    }),
  };
}

/** What is known of an image before its clusters are. */
interface CompressedImage {
  readonly file: string;
  readonly size: number;
  readonly l1Entries: number;
  readonly dataAt: number;
  readonly backing: NewQcow2Header["backing"];
  readonly compression: Compression;
}

function noEncoder(name: string): FerryError {
  return new FerryError("disk/no-encoder", `${name} cannot be compressed with zstd here: this Node.js has no encoder`, {
    hint: "Run vmferry on Node.js 22.15 or newer, or leave out --compression: deflate works everywhere.",
  });
}

/**
 * Gathers an L2 table while clusters are appended, and writes it when its last cluster stands.
 * @param zeroUnits guest offsets of clusters that are zeros over a parent, ascending
 */
function compressedTables(image: CompressedImage, zeroUnits: Iterator<number>): PlanTables {
  const { file, size, l1Entries, dataAt, backing, compression } = image;
  const l1 = new Uint8Array(l1Entries * 8);
  const refcounts = new RefcountBlocks();
  let table = new Uint8Array(0);
  let tableIndex = -1;
  /** Where the file ends so far. */
  let end = 0;
  let nextZero = zeroUnits.next();
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

  /** Turns to the table of a guest offset. */
  function* turnTo(guest: number): Iterable<Region> {
    const index = Math.floor(guest / L2_SPAN);
    if (index === tableIndex) return;
    yield* flush();
    tableIndex = index;
    table = new Uint8Array(CLUSTER);
  }

  function* zero(guest: number): Iterable<Region> {
    yield* turnTo(guest);
    putZeroEntry(viewOf(table), (guest % L2_SPAN) / CLUSTER);
  }

  /** Clusters known to be zeros, up to a guest offset. */
  function* zerosBefore(guest: number): Iterable<Region> {
    for (; nextZero.done !== true && nextZero.value < guest; nextZero = zeroUnits.next()) yield* zero(nextZero.value);
  }

  return {
    *before(op: WriteOp): Iterable<Region> {
      yield* zerosBefore(op.offset);
      if (Math.floor(op.offset / L2_SPAN) !== tableIndex) yield* flush();
    },
    *add({ op, stored, places }: WriteResult): Iterable<Region> {
      yield* zerosBefore(op.offset);
      for (const [i, length] of stored.entries()) {
        const guest = op.offset + i * CLUSTER;
        if (length === 0) {
          // Over a parent, nothing stored would mean what the parent holds.
          if (backing !== null) yield* zero(guest);
          continue;
        }
        if (places === undefined) throw new FerryError("internal/bug", "compressed clusters came without their places");
        yield* turnTo(guest);
        put(guest, places[i] as number, length);
      }
    },
    *end(): Iterable<Region> {
      yield* zerosBefore(Number.POSITIVE_INFINITY);
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
        backing,
        compression,
      });
      yield { file, at: 0, length: header.length, bytes: () => [header] };
    },
  };
}
