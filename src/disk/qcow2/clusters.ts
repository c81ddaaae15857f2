import type { ByteRange } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { ByteSource } from "../../io/source.js";
import type { Extent, ReadOp } from "../model.js";
import { plainKernel } from "../plain.js";
import { pieceBytes, type Qcow2Header } from "./header.js";
import { clusterKernel, zstdClusterKernel } from "./kernel.js";
import { type ClusterTables, type L2Table, PIECE } from "./tables.js";

/** An image's clusters, by what its tables say. */
export interface Clusters {
  extents(range: ByteRange, signal?: AbortSignal): AsyncIterable<Extent>;
  reads(range: ByteRange, signal?: AbortSignal): Promise<readonly ReadOp[]>;
}

/** What clusters are read from. */
export interface ClustersInput {
  readonly header: Qcow2Header;
  readonly tables: ClusterTables;
  /** The image: tables, and compressed clusters. */
  readonly source: ByteSource;
  /** Where plain clusters lie: the image, or an external data file. */
  readonly data: ByteSource;
  /** What a cluster is that is not stored: zeros, or the backing file's. */
  readonly unallocated: "zero" | "absent";
}

/** Units of one kind that follow each other in the guest: a read op in the making. */
interface Run {
  readonly kind: number;
  /** Guest offset of the first unit. */
  readonly start: number;
  /** Guest offset of the first byte wanted. */
  readonly from: number;
  readonly unitBytes: number;
  readonly pairs: number[];
  /** Guest offset after the last byte wanted. */
  to: number;
}

/** Extents and reads over the tables of an image. */
export function openClusters(input: ClustersInput): Clusters {
  const { header, tables, source, data, unallocated } = input;
  const { clusterBytes } = header;
  const { span } = tables;
  const piece = pieceBytes(header);
  const parts = clusterBytes / piece;
  const packedKernel = header.compression === "zstd" ? zstdClusterKernel.id : clusterKernel.id;

  function kindOf(state: number): Extent["kind"] {
    if (state === PIECE.absent) return unallocated;
    return state === PIECE.zero ? "zero" : "data";
  }

  async function* extents(range: ByteRange, signal?: AbortSignal): AsyncIterable<Extent> {
    const end = range.offset + range.length;
    for (let at = range.offset; at < end; ) {
      const index = Math.floor(at / span);
      const next = tables.nextTable(index);
      if (next > index) {
        const stop = Math.min(end, next * span);
        yield { offset: at, length: stop - at, kind: unallocated };
        at = stop;
        continue;
      }
      const { kinds } = await tables.table(index, signal);
      const base = index * span;
      const stop = Math.min(end, base + span);
      while (at < stop) {
        const first = Math.floor((at - base) / piece);
        const kind = kindOf(kinds[first] as number);
        let last = first + 1;
        while (base + last * piece < stop && kindOf(kinds[last] as number) === kind) last++;
        const until = Math.min(stop, base + last * piece);
        yield { offset: at, length: until - at, kind };
        at = until;
      }
    }
  }

  function badCluster(guest: number, at: number, file: ByteSource): FerryError {
    return new FerryError(
      "qcow2/bad-cluster",
      `the cluster at guest offset ${guest} lies outside of the file or across clusters (byte ${at} of ${file.size})`,
      {
        location: { at: "bytes", file: file.label, offset: at },
        hint: "The download may be incomplete: compare its size with the manifest.",
      },
    );
  }

  /** Offset and stored bytes of the unit at guest offset `guest`, of which the first `wanted` bytes are needed. */
  function pair(table: L2Table, kind: number, unit: number, guest: number, wanted: number): readonly [number, number] {
    if (kind === PIECE.packed) {
      const at = table.places[unit] as number;
      const next = table.places[unit + 1] ?? 0;
      // Stored lengths are whole sectors: where the next cluster starts among them, this one has ended.
      const most = next > at ? next - at : source.size - at;
      const stored = Math.min(table.packedBytes?.[unit] ?? 0, most);
      if (stored <= 0 || header.externalData) throw badCluster(guest, at, source);
      return [at, stored];
    }
    const place = table.places[Math.floor(unit / parts)] as number;
    const at = place + (unit % parts) * piece;
    if (place % clusterBytes !== 0 || at + wanted > data.size) throw badCluster(guest, at, data);
    return [at, Math.min(piece, data.size - at)];
  }

  function toOp(run: Run): ReadOp {
    return {
      kernel: run.kind === PIECE.packed ? packedKernel : plainKernel.id,
      source: run.kind === PIECE.packed ? source : data,
      unitBytes: run.unitBytes,
      table: Float64Array.from(run.pairs),
      skip: run.from - run.start,
      outOffset: run.from,
      length: run.to - run.from,
    };
  }

  async function reads(range: ByteRange, signal?: AbortSignal): Promise<readonly ReadOp[]> {
    const ops: ReadOp[] = [];
    const end = range.offset + range.length;
    let run: Run | null = null;
    for (let at = range.offset; at < end; ) {
      const index = Math.floor(at / span);
      const next = tables.nextTable(index);
      if (next > index) {
        at = next * span;
        continue;
      }
      const table = await tables.table(index, signal);
      const base = index * span;
      const stop = Math.min(end, base + span);
      while (at < stop) {
        const kind = table.kinds[Math.floor((at - base) / piece)] as number;
        if (kind === PIECE.absent || kind === PIECE.zero) {
          at = base + (Math.floor((at - base) / piece) + 1) * piece;
          continue;
        }
        const unitBytes = kind === PIECE.packed ? clusterBytes : piece;
        const unit = Math.floor((at - base) / unitBytes);
        const start = base + unit * unitBytes;
        const to = Math.min(start + unitBytes, stop);
        if (run === null || run.kind !== kind || run.to !== start) {
          if (run !== null) ops.push(toOp(run));
          run = { kind, start, from: at, unitBytes, pairs: [], to };
        }
        run.pairs.push(...pair(table, kind, unit, start, to - start));
        run.to = to;
        at = to;
      }
    }
    if (run !== null) ops.push(toOp(run));
    return ops;
  }

  return { extents, reads };
}
