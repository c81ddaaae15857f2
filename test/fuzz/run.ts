import { Worker } from "node:worker_threads";
import { Mutator } from "./mutate.js";
import { caseLimits, type FuzzTarget } from "./target.js";
import type { FuzzCrash, FuzzWork } from "./worker.js";

/** Which cases are run. */
export interface FuzzRun {
  /** Another number, other cases. */
  readonly base: number;
  readonly cases: number;
  /** The first inputs to run, `cases` among them; then come the seeds and what mutations make of them. */
  readonly inputs?: readonly Uint8Array[];
  /** By default `caseLimits.timeoutMs`. */
  readonly timeoutMs?: number;
}

/** What came of a run. */
export interface FuzzReport {
  readonly target: string;
  readonly cases: number;
  readonly crashes: readonly (FuzzCrash & { readonly input: Uint8Array })[];
  /** The slowest case that ended. Wall time: the machine's other work is in it. */
  readonly worst: { readonly index: number; readonly ms: number };
}

/** More crashes than this are the same one again. */
const mostCrashes = 5;

/** Runs cases of a target in a thread; after a hang or a fatal error the next case goes on in a new one. */
export async function fuzz(target: FuzzTarget, run: FuzzRun): Promise<FuzzReport> {
  const crashes: FuzzCrash[] = [];
  let next = 0;
  let slow = -1;
  let worst = { index: 0, ms: 0 };
  while (next < run.cases && crashes.length < mostCrashes) {
    const progress = new Int32Array(new SharedArrayBuffer(16));
    const work: FuzzWork = {
      target: target.name,
      base: run.base,
      from: next,
      to: run.cases,
      inputs: run.inputs ?? [],
      progress,
    };
    const fatal = await runThread(work, run.timeoutMs ?? caseLimits.timeoutMs, (crash) => crashes.push(crash));
    const ms = Atomics.load(progress, 2) / 1000;
    if (ms > worst.ms) worst = { index: Atomics.load(progress, 3), ms };
    if (fatal === null) break;
    const index = Atomics.load(progress, 0);
    next = index;
    // A busy machine can make any case slow, once.
    if (fatal.hang && slow !== index) slow = index;
    else {
      crashes.push({ index, reason: fatal.reason });
      next = index + 1;
    }
  }
  if (crashes.length === 0) return { target: target.name, cases: run.cases, crashes: [], worst };
  const inputs = run.inputs ?? [];
  const mutator = new Mutator(await target.seeds(), target.repair);
  const input = (index: number): Uint8Array =>
    inputs[index] ?? mutator.case(target.name, run.base, index - inputs.length).slice();
  const found = crashes.slice(0, mostCrashes).map((crash) => ({ ...crash, input: input(crash.index) }));
  return { target: target.name, cases: run.cases, crashes: found, worst };
}

/** Why a thread had to end at the case in `work.progress`. */
interface Fatal {
  readonly hang: boolean;
  readonly reason: string;
}

/** `null`: all cases were run. */
async function runThread(
  work: FuzzWork,
  timeoutMs: number,
  crashed: (crash: FuzzCrash) => void,
): Promise<Fatal | null> {
  const worker = new Worker(new URL("./worker.js", import.meta.url), {
    workerData: work,
    resourceLimits: { maxOldGenerationSizeMb: caseLimits.heapMiB },
  });
  // Not begun: loading and seeds take their time.
  Atomics.store(work.progress, 0, -1);
  let seen = -1;
  let sinceMs = Date.now();
  let count = 0;
  let watch: NodeJS.Timeout | undefined;
  const fatal = await new Promise<Fatal | null>((resolve) => {
    watch = setInterval(() => {
      const index = Atomics.load(work.progress, 0);
      if (index !== seen) {
        seen = index;
        sinceMs = Date.now();
      } else if (index >= 0 && Date.now() - sinceMs > timeoutMs)
        resolve({ hang: true, reason: `no end within ${timeoutMs} ms` });
    }, 100);
    worker.on("message", (crash: FuzzCrash) => {
      crashed(crash);
      if (++count >= mostCrashes) resolve(null);
    });
    worker.on("error", (error) => resolve({ hang: false, reason: `the thread ended: ${error.message}` }));
    worker.on("exit", (code) => resolve(code === 0 ? null : { hang: false, reason: `the thread ended with ${code}` }));
  });
  clearInterval(watch);
  await worker.terminate();
  return fatal;
}
