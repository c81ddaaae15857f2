/** Carries out a deployment, and takes it back. */
import { mkdir, rm } from "node:fs/promises";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FerryError } from "../base/errors.js";
import type { Context } from "../io/context.js";
import type { ConversionPlan, ExecuteOptions } from "../operations/conversion.js";
import { openFolderSet } from "../runtime/node/file-set.js";
import type { Native } from "../runtime/node/native.js";
import { isThere } from "../runtime/node/publish.js";
import { applySteps, type Hear, type Remainder, undoSteps } from "./deployment/apply.js";
import type { DeployedMachine, DeploymentState, StepRecord } from "./deployment/state.js";
import type { Step, StepMaker } from "./deployment/step.js";
import type { HeldDeployment } from "./deployment/store.js";
import { describeMachines } from "./drift.js";
import type { Driver } from "./driver.js";

/** What carrying out and removing stand on. */
export interface DeployScope {
  readonly held: HeldDeployment;
  readonly driver: Driver;
  readonly hear: Hear;
}

/** Converts what was planned into the folder of the deployment's files. */
export interface FileWork {
  readonly plan: ConversionPlan;
  readonly options: ExecuteOptions;
  readonly native: Native;
  /** As in the state. */
  readonly work: string;
  /** The OVF environment of a machine as XML, with secrets; `null`: it is told nothing. */
  readonly environment: (machine: string) => string | null;
}

/** Where complete files lie. */
const COMPLETE = "complete";

function makerOf({ machines }: DeploymentState, { held, driver }: DeployScope, work: FileWork | null): StepMaker {
  const files = path.join(held.files, COMPLETE);
  const environment = work?.environment ?? ((): null => null);
  return (record) => {
    if (record.action.kind === "files") return filesStep(held, work);
    if (record.action.kind === "start") return startStep(record, machines, driver);
    return driver.step(record, { files, environment });
  };
}

/** Starts a machine, and waits as long as the next one has to. */
function startStep({ action, key }: StepRecord, machines: readonly DeployedMachine[], driver: Driver): Step {
  const { uuid, waitSeconds } = action;
  const machine = machines.find((known) => known.uuid === uuid);
  if (machine === undefined || typeof waitSeconds !== "number") {
    throw new FerryError("deploy/bad-state", `the state's step ${JSON.stringify(key)} starts no machine of it`, {
      hint: "The state was changed by somebody else. Put it back from a backup.",
    });
  }
  return {
    probe: async (ctx) => (((await driver.stateOf(machine, ctx))?.power ?? "off") === "off" ? "absent" : "done"),
    async do(ctx) {
      await driver.start(machine, ctx);
      if (waitSeconds > 0) await sleep(waitSeconds * 1000, undefined, { signal: ctx.signal });
    },
    async undo(ctx) {
      if (((await driver.stateOf(machine, ctx))?.power ?? "off") !== "off") await driver.switchOff(machine, ctx);
    },
  };
}

/** All files of the conversion, complete or not at all. One that was interrupted goes on where it stopped. */
function filesStep(held: HeldDeployment, work: FileWork | null): Step {
  const folder = path.join(held.files, COMPLETE);
  return {
    goesOn: true,
    probe: async () => ((await isThere(folder)) ? "done" : "absent"),
    async do(ctx) {
      if (work === null) throw new FerryError("internal/bug", "there is nothing to convert");
      // What guests are told may be secret.
      await mkdir(held.files, { recursive: true, mode: 0o700 });
      const to = await openFolderSet(folder, { native: work.native, resume: work.work });
      try {
        await work.plan.execute(to, work.options, ctx);
        await to.commit();
      } catch (cause) {
        await to.abort(cause);
        throw cause;
      }
    },
    undo: () => rm(held.files, { recursive: true, force: true }),
  };
}

/**
 * Carries out a deployment, or goes on with one. What fails is taken back.
 * @throws `deploy/left-behind` where it failed and could not be taken back as a whole; else what failed
 */
export async function executeDeployment(
  planned: DeploymentState,
  work: FileWork,
  scope: DeployScope,
  ctx: Context,
): Promise<DeploymentState> {
  const { held, hear } = scope;
  let now = planned;
  const journal = {
    async save(state: DeploymentState): Promise<void> {
      await held.save(state);
      now = state;
    },
  };
  if (planned.status !== "deployed") {
    try {
      await journal.save(planned);
      await applySteps(planned, makerOf(planned, scope, work), journal, hear, ctx);
      const kept = await describeMachines(now.machines, scope.driver, ctx);
      await journal.save({ ...now, ...(kept === null ? {} : { kept }), status: "deployed" });
    } catch (cause) {
      await takeBack(now, scope, cause, ctx);
    }
  }
  await held.tidy();
  return now;
}

async function takeBack(state: DeploymentState, scope: DeployScope, cause: unknown, ctx: Context): Promise<never> {
  // An interrupted run cleans up, too.
  const calm: Context = { ...ctx, signal: new AbortController().signal };
  const left = await removeDeployment(state, scope, calm).catch(
    (error): Remainder => ({ records: state.steps.filter(({ status }) => status !== "open"), cause: error }),
  );
  if (left === null) throw cause;
  throw leftBehind(state.name, left, cause);
}

/** The error for a deployment of which something is left. @param cause what led to removing it */
export function leftBehind(name: string, { records, cause: why }: Remainder, cause: unknown): FerryError {
  const keys = records.map(({ key }) => key).join(", ");
  const words = why instanceof Error ? `: ${why.message}` : "";
  return new FerryError("deploy/left-behind", `not all of ${name} could be removed${words}; left are ${keys}`, {
    hint: `When the platform answers again: vmferry deployment destroy ${name}.`,
    cause,
  });
}

/** Removes a deployment and everything that it made. @returns what is left, and is kept in the state; `null`: nothing */
export async function removeDeployment(
  state: DeploymentState,
  scope: DeployScope,
  ctx: Context,
): Promise<Remainder | null> {
  const left = await undoSteps(state, makerOf(state, scope, null), scope.held, scope.hear, ctx);
  if (left === null) await scope.held.remove();
  return left;
}
