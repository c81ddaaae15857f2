import { viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { l2Span, pieceBytes, type Qcow2Header } from "./header.js";

/** The most that one read of L2 tables fetches, where they lie one after the other. */
const READ_SPAN = 256 * 1024;
/** Pieces whose state is kept in memory: 13 bytes each at most. */
const PIECES_KEPT = 1024 * 1024;

/** The state of a piece (cluster or subcluster): not stored here, zeros, plain bytes, or part of a compressed cluster. */
export const PIECE = { absent: 0, zero: 1, plain: 2, packed: 3 } as const;

/** One L2 table, taken apart. Entries are clusters; pieces are clusters or their 32 subclusters. */
export interface L2Table {
  /** By piece: a value of `PIECE`. */
  readonly kinds: Uint8Array;
  /** By entry: where the cluster is stored. Above 2^53 it is rounded, which lies past the end of any file. */
  readonly places: Float64Array;
  /** By entry: bytes of a compressed cluster at most. The stream ends earlier. `null` where none is compressed. */
  readonly packedBytes: Uint32Array | null;
}

/** The L1 table of an image in memory, its L2 tables on demand. */
export interface ClusterTables {
  /** Guest bytes of one L2 table. */
  readonly span: number;
  /** The next L1 index from `index` on whose L2 table exists; `count` where there is none. */
  nextTable(index: number): number;
  /** L2 tables that the disk's size asks for. */
  readonly count: number;
  /** An existing table. @throws `qcow2/bad-table` */
  table(index: number, signal?: AbortSignal): Promise<L2Table>;
}

function corrupt(source: ByteSource, offset: number, field: string, message: string): FerryError {
  return new FerryError("qcow2/bad-table", message, {
    location: { at: "bytes", file: source.label, offset, field },
    hint: "The download may be incomplete: compare its size with the manifest.",
  });
}

/** Bits 9 to 55 of an entry: an offset in the file. */
export function offsetAt(view: DataView, at: number): number {
  const low = view.getUint32(at + 4);
  return (view.getUint32(at) % 2 ** 24) * 2 ** 32 + low - (low % 512);
}

/**
 * Takes an L2 table apart (interop document, "L2 table entry" and "Extended L2 Entries").
 * @param bytes one cluster
 */
export function parseL2Table(bytes: Uint8Array, header: Qcow2Header): L2Table {
  const view = viewOf(bytes);
  const entryBytes = header.extendedL2 ? 16 : 8;
  const entries = bytes.length / entryBytes;
  const parts = header.clusterBytes / pieceBytes(header);
  const kinds = new Uint8Array(entries * parts);
  const places = new Float64Array(entries);
  let packedBytes: Uint32Array | null = null;
  // Bits of the offset in a compressed cluster's descriptor above the low 32; the rest up to bit 61 counts sectors.
  const packedHigh = 2 ** (70 - header.clusterBits - 32);
  for (let i = 0; i < entries; i++) {
    const at = i * entryBytes;
    const flags = bytes[at] as number;
    if (Math.floor(flags / 64) % 2 === 1) {
      const descriptor = view.getUint32(at) % 2 ** 30;
      const low = view.getUint32(at + 4);
      packedBytes ??= new Uint32Array(entries);
      packedBytes[i] = (Math.floor(descriptor / packedHigh) + 1) * 512 - (low % 512);
      places[i] = (descriptor % packedHigh) * 2 ** 32 + low;
      kinds.fill(PIECE.packed, i * parts, (i + 1) * parts);
      continue;
    }
    const place = offsetAt(view, at);
    places[i] = place;
    if (header.extendedL2) {
      const zeros = view.getUint32(at + 8);
      const stored = view.getUint32(at + 12);
      if (zeros === 0 && stored === 0) continue;
      for (let part = 0; part < parts; part++) {
        const bit = 2 ** part;
        if (Math.floor(zeros / bit) % 2 === 1) kinds[i * parts + part] = PIECE.zero;
        else if (Math.floor(stored / bit) % 2 === 1) kinds[i * parts + part] = PIECE.plain;
      }
      continue;
    }
    if (header.version === 3 && (bytes[at + 7] as number) % 2 === 1) kinds[i] = PIECE.zero;
    // In an external data file the first cluster lies at 0: there the copied flag tells it from an unallocated one.
    else if (place !== 0 || (header.externalData && flags >= 128)) kinds[i] = PIECE.plain;
  }
  return { kinds, places, packedBytes };
}

/**
 * Reads the active L1 table.
 * @throws `qcow2/bad-header` where it is too small for the disk, `qcow2/bad-table` where it lies outside of the file, `io/limit`
 *   where it is larger than `limits.tableBytes`
 */
export async function openClusterTables(
  source: ByteSource,
  header: Qcow2Header,
  size: number,
  ctx: Context,
): Promise<ClusterTables> {
  const { clusterBytes } = header;
  const span = l2Span(header);
  const count = Math.ceil(size / span);
  if (header.l1Entries < count) {
    throw new FerryError("qcow2/bad-header", `an L1 table of ${header.l1Entries} entries cannot hold ${size} bytes`, {
      location: { at: "bytes", file: source.label, offset: 36, field: "l1_size" },
      hint: "The image is damaged: fetch it again, or compare it with its manifest.",
    });
  }
  const l1Bytes = count * 8;
  if (l1Bytes > ctx.limits.tableBytes) {
    throw new FerryError("io/limit", `the L1 table would take ${l1Bytes} bytes`, {
      location: { at: "bytes", file: source.label, offset: 24, field: "size" },
      hint: "The header is damaged or hostile; raise the limit tableBytes if the disk is trusted.",
    });
  }
  if (header.l1Offset + l1Bytes > source.size || (l1Bytes > 0 && header.l1Offset % clusterBytes !== 0)) {
    throw corrupt(
      source,
      40,
      "l1_table_offset",
      `the L1 table lies outside of the file or across clusters (bytes ${header.l1Offset} to ${header.l1Offset + l1Bytes} of ${source.size})`,
    );
  }
  const l1 = viewOf(await source.read(header.l1Offset, l1Bytes, ctx.signal));
  const places = new Float64Array(count);
  for (let i = 0; i < count; i++) places[i] = offsetAt(l1, 8 * i);

  const kept = new Map<number, L2Table>();
  const mostKept = Math.max(2, Math.floor(PIECES_KEPT / (span / pieceBytes(header))));
  const mostRead = Math.max(1, Math.min(READ_SPAN / clusterBytes, mostKept / 2));

  return {
    span,
    count,
    nextTable(index): number {
      let next = index;
      while (next < count && places[next] === 0) next++;
      return next;
    },
    async table(index, signal): Promise<L2Table> {
      const known = kept.get(index);
      if (known !== undefined) return known;
      const place = places[index] as number;
      if (place % clusterBytes !== 0 || place + clusterBytes > source.size) {
        throw corrupt(
          source,
          header.l1Offset + 8 * index,
          `L1 entry ${index}`,
          `L2 table ${index} lies outside of the file or across clusters (byte ${place} of ${source.size})`,
        );
      }
      let tables = 1;
      while (
        tables < mostRead &&
        places[index + tables] === place + tables * clusterBytes &&
        place + (tables + 1) * clusterBytes <= source.size
      ) {
        tables++;
      }
      const bytes = await source.read(place, tables * clusterBytes, signal);
      while (kept.size + tables > mostKept) kept.delete(kept.keys().next().value as number);
      for (let i = 0; i < tables; i++) {
        kept.set(index + i, parseL2Table(bytes.subarray(i * clusterBytes, (i + 1) * clusterBytes), header));
      }
      return kept.get(index) as L2Table;
    },
  };
}
