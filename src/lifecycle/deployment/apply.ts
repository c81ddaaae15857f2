/** Carries out the steps of a deployment and takes them back, with a journal that any run can go on from. */
import { setTimeout as sleep } from "node:timers/promises";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { DeploymentState, StepRecord, StepStatus } from "./state.js";
import type { Step, StepMaker } from "./step.js";

/** Where steps are written down. */
export interface Journal {
  /** The state is safe when this resolves. */
  save(state: DeploymentState): Promise<void>;
}

/** Hears of each step before it is carried out. */
export type Hear = (record: StepRecord, doing: "do" | "undo") => void;

/**
 * Carries out all steps in their order and returns the state with all of them done. Each is written down before and after it is carried out;
 * what an earlier run began is undone first, or gone on with.
 * @param state as the journal has it. Where this throws, the journal has the steps that were done or begun.
 * @throws `deploy/taken` where something is in the way that no run has begun, and what the steps throw
 */
export async function applySteps(
  state: DeploymentState,
  make: StepMaker,
  journal: Journal,
  hear: Hear,
  ctx: Context,
): Promise<DeploymentState> {
  let now = state;
  for (const { key } of state.steps) {
    throwIfAborted(ctx.signal);
    const record = stepOf(now, key);
    const step = make(record);
    const found = await step.probe(ctx);
    if (found === "done" && record.status !== "open") {
      if (record.status === "begun") now = await mark(now, key, "done", journal);
      continue;
    }
    if (found !== "absent" && record.status === "open") {
      throw new FerryError("deploy/taken", `${record.text}: something of that name is there already`, {
        hint: "It is not of this deployment and was not touched. Choose another --name, or remove it.",
      });
    }
    hear(record, "do");
    if (record.status !== "open" && step.goesOn !== true) await takeAway(step, ctx);
    now = await mark(now, key, "begun", journal);
    await carryOut(step, ctx);
    now = await mark(now, key, "done", journal);
  }
  return now;
}

/** What failed may have been done by a program that an earlier run left behind. */
async function carryOut(step: Step, ctx: Context): Promise<void> {
  try {
    await step.do(ctx);
  } catch (cause) {
    if (ctx.signal.aborted || (await step.probe(ctx).catch(() => "absent")) !== "done") throw cause;
  }
}

/** How long a program that an earlier run left behind has, which does the same at this moment. */
const PAUSES_MS = [100, 1000];

/** Undoes a step. What fails looks again and tries again: it may have been done meanwhile. */
async function takeAway(step: Step, ctx: Context): Promise<void> {
  for (const pause of PAUSES_MS) {
    try {
      return await step.undo(ctx);
    } catch {
      await sleep(pause, undefined, { signal: ctx.signal });
    }
  }
  await step.undo(ctx);
}

/** What is left of a deployment, and why. */
export interface Remainder {
  /** The step that could not be undone, and those before it, on which it may stand. */
  readonly records: readonly StepRecord[];
  readonly cause: unknown;
}

/**
 * Takes back all steps that were begun or done, the last one first, until one of them cannot be.
 * @returns what is left; `null`: nothing
 */
export async function undoSteps(
  state: DeploymentState,
  make: StepMaker,
  journal: Journal,
  hear: Hear,
  ctx: Context,
): Promise<Remainder | null> {
  let now: DeploymentState = { ...state, status: "destroying" };
  await journal.save(now);
  for (const { key } of [...state.steps].reverse()) {
    const record = stepOf(now, key);
    if (record.status === "open") continue;
    throwIfAborted(ctx.signal);
    hear(record, "undo");
    try {
      await takeAway(make(record), ctx);
    } catch (cause) {
      throwIfAborted(ctx.signal);
      return { records: now.steps.filter(({ status }) => status !== "open"), cause };
    }
    now = await mark(now, key, "open", journal);
  }
  return null;
}

function stepOf(state: DeploymentState, key: string): StepRecord {
  const record = state.steps.find((step) => step.key === key);
  if (record === undefined) throw new FerryError("internal/bug", `a deployment has no step ${key}`);
  return record;
}

async function mark(
  state: DeploymentState,
  key: string,
  status: StepStatus,
  journal: Journal,
): Promise<DeploymentState> {
  const steps = state.steps.map((step) => (step.key === key ? { ...step, status } : step));
  const next = { ...state, steps };
  await journal.save(next);
  return next;
}
