/** The results of a copy while they are written: what each plan's files and tables have come to. */
import { FerryError } from "../base/errors.js";
import type { FileSet } from "../io/file-set.js";
import { type LaneProgress, openProgress, replayUnits } from "./copy-progress.js";
import { unitKernels } from "./kernels.js";
import type { DiskStream, PlanTables, Region, UnitKernel, VirtualDisk, WriteOp, WritePlan } from "./model.js";
import { type OpenFile, type PlacedUnits, placeRegion } from "./place.js";
import { kernelTable } from "./segment.js";
import { canCarry } from "./units.js";

const kernels = kernelTable(unitKernels);

/** One result of a copy. */
export interface CopyTarget {
  readonly plan: WritePlan;
  readonly files: FileSet;
}

/** A plan under execution: its files, its tables, and the op that comes next. */
export interface Lane {
  readonly plan: WritePlan;
  readonly files: ReadonlyMap<string, OpenFile>;
  readonly tables: PlanTables;
  readonly ops: Iterator<WriteOp>;
  readonly carry: boolean;
  /** What earlier runs did; `null`: nobody remembers. */
  readonly progress: LaneProgress | null;
  /** Whether all writes so far were those of an earlier run. */
  replaying: boolean;
  next: WriteOp | null;
}

/** Creates the files of a plan, and writes what does not depend on the guest. */
export async function openLane(from: VirtualDisk | DiskStream, { plan, files }: CopyTarget): Promise<Lane> {
  const open = new Map<string, OpenFile>();
  for (const { name, size } of plan.files) {
    if (files.createRandom === undefined) {
      throw new FerryError("disk/needs-random-target", `${files.label} can only be written front to back`, {
        hint: "Write to a file or a folder.",
      });
    }
    const target = await files.createRandom(name, size);
    if (size !== null) await target.truncate(size);
    open.set(name, { target, end: 0, gap: null });
  }
  const ops = plan.segments[Symbol.iterator]();
  const lane: Lane = {
    plan,
    files: open,
    tables: plan.tables(),
    ops,
    carry: canCarry(from.units(), plan.acceptsUnits),
    // What comes once cannot be asked for its middle.
    progress: files.log === undefined || !("extents" in from) ? null : await openProgress(files.log, logName(plan)),
    replaying: true,
    next: nextOf(ops),
  };
  await writeRegions(lane, plan.fixed);
  for (const { name, size } of plan.files) if (size !== null) fileOf(lane, name).end = size;
  return lane;
}

/** What a plan's writes are remembered under: its first file. */
function logName(plan: WritePlan): string {
  for (const { name } of plan.files) return name;
  return "";
}

/** The op that comes next; `null`: there is none. */
export function nextOf(ops: Iterator<WriteOp>): WriteOp | null {
  const { value, done } = ops.next();
  return done === true ? null : (value as WriteOp);
}

/** An open file of a lane by its name. */
export function fileOf(lane: Lane, name: string): OpenFile {
  const file = lane.files.get(name);
  if (file === undefined) throw new FerryError("internal/bug", `a plan names the file ${name} without listing it`);
  return file;
}

/** Writes structures of a plan. */
export async function writeRegions(lane: Lane, regions: Iterable<Region>): Promise<void> {
  for (const region of regions) await placeRegion(fileOf(lane, region.file), region);
}

/** Takes over a segment that an earlier run wrote in every lane. */
export async function replayWrites(writes: readonly { readonly lane: Lane; readonly op: WriteOp }[]): Promise<boolean> {
  const lanes = new Set(writes.map(({ lane }) => lane));
  const opsOf = (wanted: Lane): readonly WriteOp[] => writes.flatMap(({ lane, op }) => (lane === wanted ? [op] : []));
  if (![...lanes].every((lane) => lane.replaying && lane.progress?.areDone(opsOf(lane)) === true)) {
    for (const lane of lanes) await cutOff(lane);
    return false;
  }
  for (const { lane, op } of writes) {
    const write = lane.progress?.replay(op);
    if (write === undefined) throw new FerryError("internal/bug", "a write is replayed that nobody logged");
    const file = fileOf(lane, op.file);
    let placed: PlacedUnits = { at: op.at ?? file.end };
    if (op.at === null) {
      if (write.payloadBytes > 0 && lane.tables.before !== undefined) await writeRegions(lane, lane.tables.before(op));
      placed = await replayUnits(file, op, unshrunkOf(op), write);
    }
    await writeRegions(lane, lane.tables.add({ op, stored: write.stored, ...placed }));
  }
  return true;
}

/** Ends a lane's replay: what lies behind it in files that grow was written, but not made safe. */
export async function cutOff(lane: Lane): Promise<void> {
  if (!lane.replaying) return;
  lane.replaying = false;
  if (lane.progress === null) return;
  for (const { name, size } of lane.plan.files) {
    const file = fileOf(lane, name);
    if (size === null) await file.target.truncate(file.end);
  }
}

/** How a kernel stores units that packing made no smaller. */
export function unshrunkOf(op: WriteOp): UnitKernel["unshrunk"] {
  return kernels.get(op.kernel)?.unshrunk;
}
