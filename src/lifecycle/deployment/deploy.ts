/** Carries out a deployment, and takes it back. */
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { applySteps, type Remainder, undoSteps } from "./apply.js";
import { describeMachines } from "./drift.js";
import { type DeployScope, type FileWork, makerOf } from "./engine-steps.js";
import type { DeploymentState } from "./state.js";
import { withUpgradeSteps } from "./upgraded.js";

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
      await applySteps(planned, makerOf(planned.machines, scope, work), journal, hear, ctx);
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
  const all = withUpgradeSteps(state);
  const left = await undoSteps(all, makerOf(all.machines, scope, null), scope.held, scope.hear, ctx);
  if (left === null) await scope.held.remove();
  return left;
}
