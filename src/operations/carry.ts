/** Carrying files from one container to another as they are: what `pack` and `unpack` share. */
import type { ByteRange } from "../base/bytes.js";
import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError, throwIfAborted } from "../base/errors.js";
import { formatBytes } from "../base/text.js";
import type { Context } from "../io/context.js";
import type { FileSet } from "../io/file-set.js";
import type { ByteSource } from "../io/source.js";
import type { ByteTarget } from "../io/target.js";
import type { PackageEntry, PackageReader } from "../package/model.js";
import type { ConvertResult, PlanResult } from "../report/results.js";
import { isDamage } from "./damage.js";
import { admitSignature, notTrusted, type SignatureDemand } from "./sign/signature.js";
import { together } from "./together.js";
import { checkSums, integrityError, partial, prepareIntegrity, type VerifyOptions } from "./verify.js";

/** How a plan is executed. */
export interface CarryOptions {
  /** Check the source against its manifest and signature, beside the work. On by default. */
  readonly integrity?: boolean;
  /** What the source has to stand up to beside that. */
  readonly demands?: SourceDemands;
}

/** What is asked of a source. */
export interface SourceDemands extends SignatureDemand {
  /** The package file itself, with the sums that it has to have. */
  readonly container?: NonNullable<VerifyOptions["container"]>;
}

/** What an execution came to. */
export interface CarryOutcome {
  readonly integrity: NonNullable<ConvertResult["integrity"]>;
  /** What the manifest's check found. */
  readonly findings: readonly Diagnostic[];
}

/** Files that change their container and nothing else. Nothing is written before `execute`. */
export interface CarryPlan extends PlanResult {
  /** Sizes are exact. */
  readonly files: readonly { readonly name: string; readonly size: number }[];
  /**
   * Fills the file set. The caller commits it, or aborts it where this throws.
   * @throws `package/not-intact`, `io/no-space`, and what reading and writing throw
   */
  execute(to: FileSet, options: CarryOptions, ctx: Context): Promise<CarryOutcome>;
}

/** The files that hold entries: chunks count one by one, in order. Files on servers stay there: the descriptor, which stays as it is, has their addresses. */
export function storedFiles(entries: Iterable<PackageEntry>): readonly PackageEntry[] {
  return [...entries].filter(({ outside }) => outside === undefined).flatMap((entry) => entry.chunks ?? [entry]);
}

/**
 * Does work on a package and checks its manifest beside it: that reads in order on a thread of its own, while the work
 * reads as it likes. The first of the two to fail stops the other, unless the work met damage: then the check is heard.
 * @throws `package/not-intact` where a file is not what the manifest says, and whatever the work throws
 */
export async function besideIntegrity(
  reader: PackageReader | null,
  options: CarryOptions,
  ctx: Context,
  work: (ctx: Context) => Promise<void>,
): Promise<CarryOutcome> {
  if (options.integrity === false || reader === null) {
    await work(ctx);
    return { integrity: "unchecked", findings: [] };
  }
  const { demands = {} } = options;
  const admitted = await admitSignature(reader, demands, ctx);
  const { ctx: own, causes, watch } = together(ctx, isDamage);
  // Before the work reads anything, so that what it reads need not be fetched twice.
  const prepared = await prepareIntegrity(reader, { place: "beside" }, own);
  const working = watch(work(own));
  working.catch(() => {});
  const check = async (): Promise<CarryOutcome> => {
    const { verdict, findings } = await prepared.judge(working);
    if (verdict === "altered") throw integrityError(reader, findings);
    if (demands.trusted === true && findings.some(({ code }) => code === "manifest/not-covered")) {
      throw notTrusted(reader, partial(reader).message, findings);
    }
    return { integrity: verdict, findings: [...admitted, ...findings] };
  };
  const [checked] = await Promise.allSettled([watch(check()), working, watch(compareSums(reader, demands, own))]);
  // What failed first is the reason, and the other was only stopped by it; but an altered file explains any damage.
  if (checked.status === "rejected" && isDamage(causes[0]) && !isCanceled(checked.reason)) throw checked.reason;
  if (causes.length > 0 || checked.status === "rejected") throw causes[0];
  return checked.value;
}

/** @throws `package/sum-mismatch` */
async function compareSums(reader: PackageReader, { container }: SourceDemands, ctx: Context): Promise<void> {
  if (container === undefined) return;
  const findings: Diagnostic[] = [];
  await checkSums(container, "own", findings, ctx);
  const [first] = findings;
  if (first !== undefined) {
    const { code, message, hint = "" } = first;
    throw new FerryError(code, `${reader.name} is not used: ${message}`, { hint, diagnostics: findings });
  }
}

function isCanceled(cause: unknown): boolean {
  return cause instanceof FerryError && cause.kind === "canceled";
}

/**
 * @param measure bytes that the result takes; not asked where nobody knows what is free
 * @throws `io/no-space` where that is more than what is free at the destination
 */
export async function checkRoom(to: FileSet, measure: () => number | Promise<number>): Promise<void> {
  const room = await to.room();
  if (room === null) return;
  const needed = await measure();
  if (needed <= room) return;
  const message = `the result needs up to ${formatBytes(needed)}, and ${formatBytes(room)} are free at ${to.label}`;
  throw new FerryError("io/no-space", message, { hint: "Free space, or choose a destination on another device." });
}

/** Bytes of files whose sizes are known. */
export function bytesOf(files: Iterable<{ readonly size: number }>): number {
  let sum = 0;
  for (const { size } of files) sum += size;
  return sum;
}

/** Copies an entry's bytes into a new file of a set, under its own name or another. Holes of the source stay holes. */
export async function carryEntry(
  entry: PackageEntry,
  to: FileSet,
  ctx: Context,
  name: string = entry.name,
): Promise<void> {
  const progress = ctx.progress.child("copy", name, entry.size);
  const source = await entry.open();
  try {
    const target = await to.create(name, entry.size);
    let at = 0;
    for await (const run of runsOf(source, ctx.signal)) {
      await skip(target, run.offset - at);
      progress.advance(run.offset - at);
      at = run.offset + run.length;
      let taken = run.offset;
      for await (const bytes of takeAll(source, target, run, ctx.signal)) {
        taken += bytes;
        progress.advance(bytes);
      }
      for await (const chunk of source.stream({ offset: taken, length: at - taken }, ctx.signal)) {
        throwIfAborted(ctx.signal);
        await target.write(chunk);
        progress.advance(chunk.length);
      }
    }
    await skip(target, entry.size - at);
    progress.advance(entry.size - at);
    await source.checkUnchanged?.();
    await target.close();
  } finally {
    await source.close();
  }
  progress.done();
}

/** Lets the target take a range's bytes by itself, as far as it can. Yields how many, piece by piece. */
async function* takeAll(
  source: ByteSource,
  target: ByteTarget,
  { offset, length }: ByteRange,
  signal: AbortSignal,
): AsyncIterable<number> {
  const ref = source.ref();
  if (ref === null || target.take === undefined) return;
  for (let taken = 0; taken < length; ) {
    throwIfAborted(signal);
    const bytes = await target.take(ref, offset + taken, length - taken);
    if (bytes === 0) return;
    taken += bytes;
    yield bytes;
  }
}

async function* runsOf(source: ByteSource, signal: AbortSignal): AsyncIterable<ByteRange> {
  const whole = { offset: 0, length: source.size };
  if (source.dataRuns === undefined) yield whole;
  else yield* source.dataRuns(whole, signal);
}

async function skip(target: ByteTarget, length: number): Promise<void> {
  if (length > 0) await target.zeros(length);
}
