/** A thread that runs cases of one target. A hang, a crash or too much memory here leaves the fuzzer alive. */
import { parentPort, workerData } from "node:worker_threads";
import { FerryError } from "../../src/base/errors.js";
import { fuzzContext } from "./context.js";
import { AllocationTooLarge, guardAllocations } from "./guard.js";
import { mutate, Random, seedOf } from "./mutate.js";
import { caseLimits } from "./target.js";
import { brokenTarget, fuzzTargets } from "./targets.js";

/** What the thread is told. */
export interface FuzzWork {
  readonly target: string;
  readonly base: number;
  readonly from: number;
  readonly to: number;
  /** Inputs to run instead of mutated ones. */
  readonly inputs: readonly Uint8Array[] | null;
  /** Two numbers: the case that runs, and how many have ended with a value. */
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
const seeds = await target.seeds();
guardAllocations(caseLimits.allocationBytes);

for (let index = work.from; index < work.to; index++) {
  Atomics.store(work.progress, 0, index);
  const input = work.inputs?.[index] ?? mutate(seeds, new Random(seedOf(work.target, work.base, index)), target.repair);
  const reason = await runCase(input);
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
