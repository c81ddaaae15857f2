import { startMachines } from "../../../lifecycle/deployment/deployed.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { waitAsTold, waitOptions } from "../../deploying.js";
import { deploymentArgument, showStatus, withDeployment, withPlatform } from "../../deployments.js";
import { exitCodes } from "../../exit-codes.js";
import { json } from "../../options.js";
import { withSession } from "../../session.js";

/** `vmferry deployment start NAME`. */
export const deploymentStart: CommandDefinition = defineCommand({
  arguments: [deploymentArgument],
  options: { ...waitOptions, json },
  details: [
    "Starts the machines that are off, in the order of the package, with its pauses. Machines that run are left alone.",
  ],
  examples: ["deployment start web", "deployment start web --wait 22"],
  async run([name = ""], options, cli) {
    return withSession({}, cli, async (session) =>
      withDeployment(name, (state) =>
        withPlatform(state, cli, async (driver) => {
          await startMachines(state, driver, (line) => cli.terminal.note(line), session.ctx);
          await waitAsTold(options, state.machines, driver, cli, session);
          await showStatus(state, driver, { json: options.json, detail: "machines" }, cli, session.ctx);
          return exitCodes.done;
        }),
      ),
    );
  },
});
