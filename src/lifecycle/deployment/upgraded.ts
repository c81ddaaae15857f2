/** What an upgrade leaves in the state of a deployment: pure. */
import type { DeploymentState, StepRecord, UpgradeRecord } from "./state.js";

/** A deployment with what its upgrade made so far as steps of its own, for removing all of it. */
export function withUpgradeSteps(state: DeploymentState): DeploymentState {
  const { upgrade } = state;
  if (upgrade === null) return state;
  const made = upgrade.steps.filter(({ key }) => upgrade.makes.includes(key));
  return { ...state, steps: inserted(state.steps, made), upgrade: null };
}

/** A deployment whose upgrade is settled: what it replaced is gone. */
export function settledState(state: DeploymentState, upgrade: UpgradeRecord): DeploymentState {
  const steps = state.steps.filter(({ key }) => !upgrade.replaces.includes(key));
  const made = upgrade.steps.filter(({ key }) => upgrade.makes.includes(key));
  const { source, work, wish, disks, machines } = upgrade;
  return {
    ...state,
    ...{ source, work, wish, disks, machines },
    generation: state.generation + 1,
    steps: inserted(steps, made),
    upgrade: null,
  };
}

/** Behind the last step of their kind, else behind that of the files: before the machines, which stand on what was made, and behind what it stands on. */
function inserted(steps: readonly StepRecord[], made: readonly StepRecord[]): readonly StepRecord[] {
  const kinds = new Set(made.map(({ action }) => action.kind));
  const last = steps.findLastIndex(({ action }) => kinds.has(action.kind));
  const at = Math.max(last, Math.min(0, steps.length - 1)) + 1;
  return [...steps.slice(0, at), ...made, ...steps.slice(at)];
}
