import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeploymentState, StepRecord, UpgradeRecord } from "./state.js";
import { settledState, withUpgradeSteps } from "./upgraded.js";

function step(kind: string, key: string): StepRecord {
  return { key, text: key, status: "done", action: { kind } };
}

const wish = {
  ...{ storage: null, folder: null, pool: null, networks: [], configuration: null, answers: [] },
  ...{ bridges: [], autostart: false, emulate: false },
};

function upgraded(
  steps: readonly StepRecord[],
  made: readonly StepRecord[],
  replaces: readonly string[],
): DeploymentState {
  const upgrade: UpgradeRecord = {
    ...{ status: "upgraded", source: "b.ova", work: "b", wish, disks: [], machines: [], replaces },
    steps: made,
    makes: made.map(({ key }) => key),
  };
  return {
    ...{
      schema: "vmferry/deployment-state@1",
      name: "a",
      id: "i",
      target: "t",
      source: "a.ova",
      work: "a",
      status: "deployed",
    },
    access: { user: null, password: null, thumbprint: null, authorities: null },
    ...{ generation: 1, wish, disks: [], machines: [], steps, upgrade },
  };
}

test("what an upgrade makes stands behind all of its kind: before the machines, and behind the folders that it lies in", () => {
  const steps = [
    step("files", "f"),
    step("folder", "w"),
    step("file", "1"),
    step("folder", "d"),
    step("file", "2"),
    step("machine", "m"),
  ];
  const state = upgraded(steps, [step("file", "3"), step("file", "4")], ["1"]);
  const keys = (of: readonly StepRecord[]): string => of.map(({ key }) => key).join("");
  assert.equal(keys(withUpgradeSteps(state).steps), "fw1d234m");
  assert.ok(state.upgrade !== null);
  assert.equal(keys(settledState(state, state.upgrade).steps), "fwd234m");
  const none = upgraded([step("files", "f"), step("machine", "m")], [step("volume", "v")], []);
  assert.equal(keys(withUpgradeSteps(none).steps), "fvm");
});
