/** One source for several platforms: a folder for each, in one pass over the disks, with one report. */
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { CopyLog } from "../../io/copy-log.js";
import type { FileSet } from "../../io/file-set.js";
import type { PackageReader } from "../../package/model.js";
import { renderAdaptReport } from "../../report/adapt-markdown.js";
import type { AdaptedTarget } from "../../report/results.js";
import { besideIntegrity, type CarryOutcome } from "../carry.js";
import { together } from "../together.js";
import type { ConversionPlan, ExecuteOptions } from "./conversion.js";
import { shareWork } from "./shared-work.js";

/** One of the results. */
export interface AdaptTarget {
  /** Its folder in the destination, such as `hyperv` or `ova-virtualbox`. */
  readonly folder: string;
  /** What is written, in words. */
  readonly label: string;
  readonly plan: ConversionPlan;
}

/** What adapting came to. */
export interface AdaptOutcome extends CarryOutcome {
  readonly targets: readonly AdaptedTarget[];
  readonly codec: string | null;
  readonly threads: number | null;
}

/**
 * Fills a file set with a folder for each target. The caller commits it, or aborts it where this throws.
 * @throws `convert/blocked` where one of the targets cannot take the machine, and what conversions throw
 */
export async function adapt(
  source: { readonly reader: PackageReader; readonly findings: readonly Diagnostic[] },
  wanted: readonly AdaptTarget[],
  to: FileSet,
  options: ExecuteOptions,
  ctx: Context,
): Promise<AdaptOutcome> {
  const blocked = wanted.find(({ plan }) => plan.blocked.length > 0);
  if (blocked !== undefined) {
    const [first] = blocked.plan.blocked;
    throw new FerryError("convert/blocked", `${blocked.label} cannot take this machine: ${first?.message}`, {
      hint: first?.hint ?? "Look at the plan with --dry-run.",
      diagnostics: blocked.plan.blocked,
    });
  }
  const { ctx: own, watch } = together(ctx, () => false);
  let checked: Promise<CarryOutcome> | null = null;
  const sharing = shareWork(
    wanted.length,
    () => checked ?? Promise.reject(new FerryError("internal/bug", "no check was begun")),
  );
  checked = watch(besideIntegrity(source.reader, options, own, () => sharing.copied));
  checked.catch((cause) => sharing.fail(cause));
  const lanes = wanted.map(({ folder, plan }, index) => {
    const shared = sharing.lanes[index];
    if (shared === undefined) throw new FerryError("internal/bug", "a target without a lane");
    const lane = watch(plan.execute(within(to, folder), { ...options, shared }, own));
    lane.catch((cause) => sharing.fail(cause));
    return lane;
  });
  const settled = await Promise.allSettled([checked, ...lanes]);
  const failure = settled.find((result) => result.status === "rejected" && !isCanceled(result.reason));
  const stopped = failure ?? settled.find((result) => result.status === "rejected");
  if (stopped?.status === "rejected") throw stopped.reason;
  const outcome = await checked;
  const outcomes = await Promise.all(lanes);
  const targets = wanted.map(({ folder, label, plan }, index) => {
    const done = outcomes[index];
    const files = done?.files ?? [];
    return { folder, label, files, steps: plan.steps, losses: plan.losses, proof: done?.proof ?? null };
  });
  const report = renderAdaptReport({
    source: source.reader.name,
    integrity: outcome.integrity,
    targets,
    findings: [...source.findings, ...outcome.findings],
  });
  const bytes = new TextEncoder().encode(report);
  const target = await to.create("REPORT.md", bytes.length);
  await target.write(bytes);
  await target.close();
  return {
    ...outcome,
    targets,
    codec: outcomes.reduce<string | null>((known, { codec }) => known ?? codec, null),
    threads: outcomes.reduce<number | null>((known, { threads }) => known ?? threads, null),
  };
}

function isCanceled(cause: unknown): boolean {
  return cause instanceof FerryError && cause.kind === "canceled";
}

/** The part of a file set that is one folder. Whoever has the whole commits it. */
function within(set: FileSet, folder: string): FileSet {
  const { createRandom, readBack, log } = set;
  const inside = (name: string): string => `${folder}/${name}`;
  return {
    label: `${set.label}/${folder}`,
    create: (name, size) => set.create(inside(name), size),
    ...(createRandom === undefined ? {} : { createRandom: (name, size) => createRandom(inside(name), size) }),
    ...(readBack === undefined ? {} : { readBack: (name) => readBack(inside(name)) }),
    ...(log === undefined ? {} : { log: logWithin(log, inside) }),
    room: () => set.room(),
    commit: async () => {},
    abort: async () => {},
  };
}

function logWithin(log: CopyLog, inside: (name: string) => string): CopyLog {
  return {
    everyBytes: log.everyBytes,
    earlier: (file) => log.earlier(inside(file)),
    add: (file, writes, sources) => log.add(inside(file), writes, sources),
  };
}
