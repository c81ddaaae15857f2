import { type ByteRange, concatBytes } from "../base/bytes.js";
import { isReopenable } from "../io/refs.js";
import type { SourceRef } from "../io/source.js";
import type { ReadOp, VirtualDisk } from "./model.js";
import type { SegmentRead } from "./segment.js";
import type { UsedSources } from "./used-sources.js";

/** The most that may lie between two reads of a source without a ref for one request to fetch both. */
const MERGE_GAP = 256 * 1024;
/** The most that one request fetches where it spans several units: gaps between small units must not fill the memory. */
const MERGE_SPAN = 8 * 1024 * 1024;

/** A read by reference, where workers can open the source. */
function byReference(op: ReadOp, source: SourceRef): SegmentRead {
  const { kernel, unitBytes, table, skip, outOffset, length } = op;
  return { kernel, source, unitBytes, table, skip, outOffset, length };
}

/**
 * Reads as plain data: by reference where workers can open the source, else fetched here in merged requests.
 * @param transfer receives the buffers that may be handed over
 */
export async function toSegmentReads(
  ops: readonly ReadOp[],
  transfer: ArrayBuffer[],
  signal?: AbortSignal,
): Promise<readonly SegmentRead[]> {
  const reads: SegmentRead[] = [];
  for (const op of ops) {
    const ref = op.source.ref();
    const open = ref !== null && isReopenable(ref);
    reads.push(open ? byReference(op, ref) : await fetchOp(op, transfer, signal));
  }
  return reads;
}

/** What the jobs of one run over some disks read, and the buffers that one job may hand over. */
export interface JobReads {
  readonly used: UsedSources;
  readonly transfer: ArrayBuffer[];
}

/** The reads of a range of a disk as plain data; past its end there are none. */
export async function jobReads(
  disk: VirtualDisk,
  range: ByteRange,
  { used, transfer }: JobReads,
  signal: AbortSignal,
): Promise<readonly SegmentRead[]> {
  const length = Math.min(range.length, disk.info.size - range.offset);
  if (length <= 0) return [];
  const ops = await disk.reads({ offset: range.offset, length }, signal);
  used.add(ops);
  return toSegmentReads(ops, transfer, signal);
}

/** Reads whose stored bytes are all in memory. */
export async function fetchReads(ops: readonly ReadOp[], signal?: AbortSignal): Promise<readonly SegmentRead[]> {
  const reads: SegmentRead[] = [];
  for (const op of ops) reads.push(await fetchOp(op, [], signal));
  return reads;
}

/** The stored bytes of an op in one buffer, with a table that points into it. Neighbours are fetched by one request. */
async function fetchOp(op: ReadOp, transfer: ArrayBuffer[], signal?: AbortSignal): Promise<SegmentRead> {
  const count = op.table.length / 2;
  const moved = new Float64Array(op.table.length);
  const parts: Uint8Array[] = [];
  let filled = 0;
  for (let first = 0; first < count; ) {
    const start = op.table[2 * first] as number;
    let end = start + (op.table[2 * first + 1] as number);
    let next = first + 1;
    while (next < count) {
      const at = op.table[2 * next] as number;
      const stop = Math.max(end, at + (op.table[2 * next + 1] as number));
      if (at < start || at > end + MERGE_GAP || stop - start > MERGE_SPAN) break;
      end = stop;
      next++;
    }
    parts.push(await op.source.read(start, end - start, signal));
    for (let i = first; i < next; i++) {
      moved[2 * i] = filled + (op.table[2 * i] as number) - start;
      moved[2 * i + 1] = op.table[2 * i + 1] as number;
    }
    filled += end - start;
    first = next;
  }
  const { buffer } = concatBytes(parts);
  transfer.push(buffer as ArrayBuffer);
  return { ...byReference(op, { kind: "shared", buffer: buffer as ArrayBuffer, at: 0 }), table: moved };
}
