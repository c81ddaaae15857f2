/** Carries an upgrade out, takes it back, settles it. Each can be cut off at any point and called again. */
import type { Context } from "../../io/context.js";
import { applySteps, type Journal, undoSteps } from "./apply.js";
import { leftBehind } from "./deploy.js";
import { describeMachines } from "./drift.js";
import { type DeployScope, type FileWork, makerOf } from "./engine-steps.js";
import type { DeploymentState, UpgradeRecord } from "./state.js";
import { settledState } from "./upgraded.js";

/**
 * Carries an upgrade out, or goes on with one. What fails is taken back: the machines are what they were.
 * @param planned with the upgrade
 * @throws `deploy/left-behind` where it failed and could not be taken back as a whole; else what failed
 */
export async function executeUpgrade(
  planned: DeploymentState,
  upgrade: UpgradeRecord,
  work: FileWork,
  scope: DeployScope,
  ctx: Context,
): Promise<DeploymentState> {
  const { held, hear } = scope;
  const kept = keeping(planned, upgrade, scope);
  try {
    await held.save(planned);
    const make = makerOf(upgrade.machines, scope, work);
    await applySteps({ ...planned, steps: upgrade.steps }, make, kept.journal, hear, ctx);
  } catch (cause) {
    // An interrupted run cleans up, too.
    const calm: Context = { ...ctx, signal: new AbortController().signal };
    await undoUpgrade(planned, kept.now(), scope, calm, cause);
    throw cause;
  }
  const turned: DeploymentState = { ...planned, upgrade: { ...kept.now(), status: "upgraded" } };
  const done = await described(turned, scope, ctx);
  await held.save(done);
  await held.tidy();
  return done;
}

/**
 * Goes back to the machines and disks from before an upgrade. What guests wrote to data disks stays.
 * @param why what led to it, where that was a failure
 * @throws `deploy/left-behind`
 */
export async function undoUpgrade(
  state: DeploymentState,
  upgrade: UpgradeRecord,
  scope: DeployScope,
  ctx: Context,
  why: unknown = undefined,
): Promise<DeploymentState> {
  const { held, hear } = scope;
  const undoing: UpgradeRecord = { ...upgrade, status: "undoing" };
  const kept = keeping(state, undoing, scope);
  const make = makerOf(upgrade.machines, scope, null);
  const left = await undoSteps({ ...state, steps: upgrade.steps }, make, kept.journal, hear, ctx);
  if (left !== null) throw leftBehind(state.name, left, why ?? left.cause);
  const back = await described({ ...state, upgrade: null }, scope, ctx);
  await held.save(back);
  await held.tidy();
  await held.forget();
  return back;
}

/** Keeps an upgrade for good: removes what it replaced, and with that the way back. @throws `deploy/left-behind` */
export async function settleUpgrade(
  state: DeploymentState,
  upgrade: UpgradeRecord,
  scope: DeployScope,
  ctx: Context,
): Promise<DeploymentState> {
  const { held, hear } = scope;
  const settling: UpgradeRecord = { ...upgrade, status: "settling" };
  let now = state.steps;
  const journal: Journal = {
    async save({ steps }) {
      now = now.map((step) => steps.find(({ key }) => key === step.key) ?? step);
      await held.save({ ...state, steps: now, upgrade: settling });
    },
  };
  const replaced = state.steps.filter(({ key }) => upgrade.replaces.includes(key));
  const make = makerOf(state.machines, scope, null);
  const left = await undoSteps({ ...state, steps: replaced }, make, journal, hear, ctx);
  if (left !== null) throw leftBehind(state.name, left, left.cause);
  const settled = settledState({ ...state, steps: now }, settling);
  await held.save(settled);
  await held.forget();
  return settled;
}

/** With what the machines are now: drift is told from there on. */
async function described(state: DeploymentState, { driver }: DeployScope, ctx: Context): Promise<DeploymentState> {
  const kept = await describeMachines(state.machines, driver, ctx);
  return kept === null ? state : { ...state, kept };
}

/** A journal for the steps of an upgrade, which lie inside of the deployment's state. */
function keeping(
  state: DeploymentState,
  upgrade: UpgradeRecord,
  { held }: DeployScope,
): { readonly journal: Journal; now(): UpgradeRecord } {
  let now = upgrade;
  return {
    now: () => now,
    journal: {
      async save({ steps }) {
        const next = { ...now, steps };
        await held.save({ ...state, upgrade: next });
        now = next;
      },
    },
  };
}
