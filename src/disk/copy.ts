import { FerryError, throwIfAborted } from "../base/errors.js";
import type { Context } from "../io/context.js";
import { arrivals } from "./arrivals.js";
import { SEGMENT_BYTES, segmentEnd } from "./cells.js";
import {
  type CopyTarget,
  cutOff,
  fileOf,
  type Lane,
  nextOf,
  openLane,
  replayWrites,
  unshrunkOf,
  writeRegions,
} from "./copy-lanes.js";
import { toSegmentReads } from "./fetch.js";
import { unitKernels } from "./kernels.js";
import type { DiskStream, ReadOp, VirtualDisk, WriteOp, WriteResult } from "./model.js";
import { appendUnits, type PlacedUnits, placePlain } from "./place.js";
import { createSegmentKernel, type SegmentJob, type SegmentOutput, type SegmentWrite } from "./segment.js";
import { UsedSources } from "./used-sources.js";

export type { CopyTarget };
export { SEGMENT_BYTES };

/** Segments under way for each thread: one at work, one waiting. */
const SEGMENTS_PER_THREAD = 2;

/** What a copy says of itself. */
export interface CopyResult {
  /** The codec that packed and unpacked; `null` where nothing was packed. */
  readonly codec: string | null;
  /** Final sizes of the files written, by target and name. */
  readonly files: readonly ReadonlyMap<string, number>[];
}

/** One segment: the parts of each lane's ops that lie in it. */
interface Segment {
  readonly offset: number;
  readonly length: number;
  readonly writes: readonly { readonly lane: Lane; readonly op: WriteOp }[];
  /** What arrived; `null`: asked of the disk. */
  readonly reads: readonly ReadOp[] | null;
}

/** The kernel that runs in every worker; here it is a name and a type. */
const segmentKernel = createSegmentKernel(unitKernels);

/**
 * Copies a disk's guest bytes into the layouts of one or more plans: the only place that executes plans. Of a disk that comes once, as
 * it arrives: plans for it are made without extents.
 *
 * The guest is cut into segments; each is one job of one kernel on the pool. At most `2 × threads` segments are under way, so
 * memory is bounded by them whatever the size of the disk. Results are taken in guest order. Files are created and filled but not
 * committed; on failure the caller aborts the file sets.
 * @throws `io/changed` where a source changed meanwhile, and whatever a read, a codec or a write throws, after all jobs under way have
 *   ended
 */
export async function copyDisk(
  from: VirtualDisk | DiskStream,
  to: readonly CopyTarget[],
  ctx: Context,
): Promise<CopyResult> {
  const progress = ctx.progress.child("copy", from.info.format, from.info.size);
  const lanes: Lane[] = [];
  for (const target of to) lanes.push(await openLane(from, target));
  const used = new UsedSources();
  const most = Math.max(1, ctx.runtime.pool.size * SEGMENTS_PER_THREAD);
  const underWay: { readonly segment: Segment; readonly outputs: Promise<readonly SegmentOutput[]> }[] = [];
  let position = 0;

  async function takeOldest(): Promise<void> {
    const oldest = underWay.shift();
    if (oldest === undefined) return;
    const outputs = await oldest.outputs;
    for (const [i, { lane, op }] of oldest.segment.writes.entries()) {
      const output = outputs[i] as SegmentOutput;
      await settle(lane, op, output);
      await lane.progress?.done(op, output);
    }
    position = Math.max(position, advanceTo(oldest.segment));
  }

  function advanceTo({ offset, length }: Segment): number {
    const end = Math.min(offset + length, from.info.size);
    if (end > position) progress.advance(end - position);
    return end;
  }

  try {
    for await (const segment of "extents" in from ? segments(lanes) : arrivedSegments(from, lanes, ctx.signal)) {
      throwIfAborted(ctx.signal);
      if (await replayWrites(segment.writes)) {
        position = Math.max(position, advanceTo(segment));
        continue;
      }
      while (underWay.length >= most) await takeOldest();
      const { outputs } = await dispatch(from, segment, used, ctx);
      // A failure is met when the segment is taken; until then it must not count as unhandled.
      outputs.catch(() => {});
      underWay.push({ segment, outputs });
    }
    while (underWay.length > 0) await takeOldest();
    for (const lane of lanes) await lane.progress?.flush();
  } catch (cause) {
    // Workers may still write: nobody may remove the files before they have ended.
    await Promise.allSettled(underWay.map(({ outputs }) => outputs));
    await ctx.runtime.pool.release?.();
    // Bytes that changed on the way explain any damage.
    if (!ctx.signal.aborted) await used.checkUnchanged();
    // What is done stays done where somebody goes on with it. A full disk may keep even that from being said.
    for (const lane of lanes) await lane.progress?.flush().catch(() => {});
    throw cause;
  }
  await ctx.runtime.pool.release?.();
  for (const lane of lanes) {
    await cutOff(lane);
    await writeRegions(lane, lane.tables.end());
    for (const { name, size } of lane.plan.files) {
      const file = fileOf(lane, name);
      // Its last bytes may be zeros that nobody wrote.
      if (size === null && !("extents" in from)) await file.target.truncate(file.end);
      await file.target.close();
    }
  }
  await used.checkUnchanged();
  if (position < from.info.size) progress.advance(from.info.size - position);
  progress.done();
  return {
    codec: codecOf(lanes, used, ctx),
    files: lanes.map((lane) => new Map([...lane.files].map(([name, file]) => [name, file.end]))),
  };
}

/** The codec that a result names. */
function codecOf(lanes: readonly Lane[], used: UsedSources, ctx: Context): string | null {
  const packed = lanes.flatMap(({ plan }) => plan.acceptsUnits?.codec ?? []);
  if (packed.includes("zstd")) return "zstd";
  return used.packed || packed.length > 0 ? ctx.runtime.codec.id : null;
}

/** Cuts the ops of all lanes along one grid, so that a segment is decoded once for all of them. Empty stretches cost nothing. */
function* segments(lanes: readonly Lane[]): Iterable<Segment> {
  for (;;) {
    let start = Number.POSITIVE_INFINITY;
    for (const lane of lanes) if (lane.next !== null) start = Math.min(start, lane.next.offset);
    if (start === Number.POSITIVE_INFINITY) return;
    const cellEnd = segmentEnd(start);
    const writes: { lane: Lane; op: WriteOp }[] = [];
    let end = start;
    for (const lane of lanes) {
      while (lane.next !== null && lane.next.offset < cellEnd) {
        const op: WriteOp = lane.next;
        const opEnd = op.offset + op.length;
        const part = opEnd <= cellEnd ? op : { ...op, length: cellEnd - op.offset };
        writes.push({ lane, op: part });
        end = Math.max(end, part.offset + part.length);
        lane.next =
          opEnd <= cellEnd
            ? nextOf(lane.ops)
            : {
                ...op,
                offset: cellEnd,
                length: opEnd - cellEnd,
                at: op.at === null ? null : op.at + (cellEnd - op.offset),
              };
      }
    }
    yield { offset: start, length: end - start, writes, reads: null };
  }
}

/** What arrives of a stream, with the places that each lane gives it. */
async function* arrivedSegments(from: DiskStream, lanes: readonly Lane[], signal: AbortSignal): AsyncIterable<Segment> {
  for await (const { offset, length, reads, stretches } of arrivals(from, signal)) {
    const writes: { lane: Lane; op: WriteOp }[] = [];
    let start = offset;
    let end = offset + length;
    for (const lane of lanes) {
      if (lane.tables.place === undefined) throw new FerryError("internal/bug", "the plan was not made for a stream");
      for (const op of lane.tables.place(stretches)) {
        writes.push({ lane, op });
        start = Math.min(start, op.offset);
        end = Math.max(end, op.offset + op.length);
      }
    }
    yield { offset: start, length: end - start, writes, reads };
  }
}

/** Starts a segment's job. Resolves when it is handed over; `outputs` when it is done. */
async function dispatch(
  from: VirtualDisk | DiskStream,
  segment: Segment,
  used: UsedSources,
  ctx: Context,
): Promise<{ readonly outputs: Promise<readonly SegmentOutput[]> }> {
  const ops = segment.reads ?? ("extents" in from ? await readsOf(from, segment, ctx.signal) : []);
  used.add(ops);
  for (const { lane } of segment.writes) lane.progress?.read(ops);
  if (ops.length === 0 && !segment.writes.some(({ lane }) => lane.plan.zeros === "stored")) {
    // All zeros: nothing to read, nothing to pack.
    const empty = segment.writes.map(({ op }) => ({
      stored: new Uint32Array(Math.ceil(op.length / op.unitBytes)),
      payload: null,
      payloadBytes: 0,
    }));
    return { outputs: Promise.resolve(empty) };
  }
  const transfer: ArrayBuffer[] = [];
  // Sources that workers cannot open are fetched here, several segments at once: a network is asked for the next before it has given the last.
  const outputs = toSegmentReads(ops, transfer, ctx.signal).then((reads) => {
    throwIfAborted(ctx.signal);
    const job: SegmentJob = {
      offset: segment.offset,
      length: segment.length,
      reads,
      writes: segment.writes.map(({ lane, op }): SegmentWrite => {
        const target = op.at === null ? null : fileOf(lane, op.file).target.ref();
        return {
          kernel: op.kernel,
          target,
          at: target === null ? null : op.at,
          offset: op.offset,
          length: op.length,
          unitBytes: op.unitBytes,
          level: op.level ?? -1,
          zeros: lane.plan.zeros ?? "skipped",
          carry: lane.carry,
        };
      }),
    };
    return ctx.runtime.pool.run(segmentKernel, job, { transfer, signal: ctx.signal });
  });
  return { outputs };
}

/** The reads of a segment, as far as the disk goes. */
async function readsOf(from: VirtualDisk, segment: Segment, signal: AbortSignal): Promise<readonly ReadOp[]> {
  const length = Math.max(0, Math.min(segment.offset + segment.length, from.info.size) - segment.offset);
  return length === 0 ? [] : from.reads({ offset: segment.offset, length }, signal);
}

/** Places what a write handed back, and feeds the plan's tables. */
async function settle(lane: Lane, op: WriteOp, output: SegmentOutput): Promise<void> {
  const file = fileOf(lane, op.file);
  let placed: PlacedUnits = { at: op.at ?? file.end };
  if (op.at !== null) {
    await placePlain(file, op, op.at, output);
  } else {
    if (output.payloadBytes > 0 && lane.tables.before !== undefined) await writeRegions(lane, lane.tables.before(op));
    placed = await appendUnits(file, op, unshrunkOf(op), output);
  }
  const result: WriteResult = { op, stored: output.stored, ...placed };
  await writeRegions(lane, lane.tables.add(result));
}
