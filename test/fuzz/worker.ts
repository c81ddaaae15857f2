/** A thread that runs cases of one target. A hang, a crash or too much memory here leaves the fuzzer alive. */
import { parentPort, workerData } from "node:worker_threads";
import { FerryError } from "../../src/base/errors.js";
import { fuzzContext } from "./context.js";
import { AllocationTooLarge, guardAllocations } from "./guard.js";
import { Mutator } from "./mutate.js";
import { caseLimits } from "./target.js";
import { brokenTarget, fuzzTargets } from "./targets.js";

/** What the thread is told. */
export interface FuzzWork {
  readonly target: string;
  readonly base: number;
  readonly from: number;
  readonly to: number;
  /** The first inputs to run. */
  readonly inputs: readonly Uint8Array[];
  /** Four numbers: the case that runs, how many have ended well, the microseconds of the slowest, and which that was. */
  readonly progress: Int32Array;
}

/** What the thread answers for a case that breaks a rule. */
export interface FuzzCrash {
  readonly index: number;
  readonly reason: string;
}

const work = workerData as FuzzWork;
const target = [...fuzzTargets, brokenTarget].find(({ name }) => name === work.target);
if (target === undefined) throw new Error(`no fuzz target is called ${work.target}`);
const mutator = new Mutator(await target.seeds(), target.repair);
const guard = guardAllocations(caseLimits.allocationBytes, caseLimits.totalBytes);

for (let index = work.from; index < work.to; index++) {
  Atomics.store(work.progress, 0, index);
  const input = work.inputs[index] ?? mutator.case(work.target, work.base, index - work.inputs.length);
  guard.reset();
  const startMs = performance.now();
  const reason = await runCase(input);
  const microseconds = Math.ceil(1000 * (performance.now() - startMs));
  if (microseconds > Atomics.load(work.progress, 2)) {
    Atomics.store(work.progress, 2, microseconds);
    Atomics.store(work.progress, 3, index);
  }
  if (reason !== null) parentPort?.postMessage({ index, reason } satisfies FuzzCrash);
  else Atomics.add(work.progress, 1, 1);
}

/** `null`: a value, or an error that blames the input. */
async function runCase(input: Uint8Array): Promise<string | null> {
  try {
    await target?.run(input, fuzzContext());
    return null;
  } catch (error) {
    if (error instanceof AllocationTooLarge) return describe(error);
    if (!(error instanceof FerryError)) return describe(error);
    if (error.kind === "internal") return describe(error);
    // A guard's error that a parser wrapped is still one.
    return error.cause instanceof AllocationTooLarge ? describe(error.cause) : null;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
