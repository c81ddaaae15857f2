import type { Context } from "../../../io/context.js";
import { acceptDrift, type Drift, driftOf } from "../../../lifecycle/deployment/drift.js";
import type { DeploymentState } from "../../../lifecycle/deployment/state.js";
import { describeChange } from "../../../report/change-words.js";
import { renderDrift } from "../../../report/deploy-text.js";
import { renderJson } from "../../../report/json.js";
import type { DriftResult } from "../../../report/results.js";
import { type Cli, type CommandDefinition, defineCommand } from "../../command.js";
import { deploymentArgument, userStore, withDeployment, withPlatform } from "../../deployments.js";
import { exitCodes } from "../../exit-codes.js";
import { flag, json } from "../../options.js";
import { withSession } from "../../session.js";

/** `vmferry deployment drift NAME`. */
export const deploymentDrift: CommandDefinition = defineCommand({
  arguments: [deploymentArgument],
  options: {
    accept: flag("--accept", "let what is there now count as what was deployed, from now on"),
    json,
  },
  details: [
    "Compares the machines on the platform with what they were when they were deployed: processors, memory, drives, cards, networks, and whether disks that were made are still there. Whether machines run makes no difference, nor does what is on their disks. Changes nothing on the platform.",
    "Exit code 1: something differs.",
  ],
  examples: ["deployment drift web", "deployment drift web --json", "deployment drift web --accept"],
  async run([name = ""], options, cli) {
    return withSession({}, cli, async ({ ctx }) => {
      if (options.accept) return accept(name, options.json, cli, ctx);
      const state = await userStore().read(name);
      const drift = await withPlatform(state, cli, (driver) => driftOf(state, driver, ctx));
      return show(state, drift, { json: options.json, accepted: false }, cli);
    });
  },
});

async function accept(name: string, asJson: boolean, cli: Cli, ctx: Context): Promise<number> {
  return withDeployment(name, (state, held) =>
    withPlatform(state, cli, async (driver) => {
      const known = state.kept === undefined ? await acceptDrift(state, driver, ctx) : state;
      const drift = await driftOf(known, driver, ctx);
      await held.save(await acceptDrift(state, driver, ctx));
      await show(state, drift, { json: asJson, accepted: true }, cli);
      return exitCodes.done;
    }),
  );
}

async function show(
  { name, target }: DeploymentState,
  { changes, gone }: Drift,
  { json: asJson, accepted }: { readonly json: boolean; readonly accepted: boolean },
  { terminal }: Cli,
): Promise<number> {
  const differs = changes.length > 0 || gone.length > 0;
  const result: DriftResult = {
    schema: "vmferry/drift@1",
    name,
    target,
    verdict: differs ? "drifted" : "same",
    changes: changes.map(({ unsaid: _, ...change }) => {
      const facts = { ...change, option: null };
      return { ...facts, text: describeChange(facts) };
    }),
    gone: gone.map(({ key, text }) => ({ key, text })),
    accepted,
  };
  await terminal.data(asJson ? renderJson(result) : renderDrift(result, terminal.dataPalette));
  return differs ? exitCodes.fallsShort : exitCodes.done;
}
