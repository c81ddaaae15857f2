import { startMachines } from "../../../lifecycle/deployed.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { deploymentArgument, showStatus, withDeployment, withPlatform } from "../../deployments.js";
import { exitCodes } from "../../exit-codes.js";
import { json } from "../../options.js";
import { withSession } from "../../session.js";

/** `vmferry deployment start NAME`. */
export const deploymentStart: CommandDefinition = defineCommand({
  arguments: [deploymentArgument],
  options: { json },
  details: [
    "Starts the machines that are off, in the order of the package, with its pauses. Machines that run are left alone.",
  ],
  examples: ["deployment start web"],
  async run([name = ""], options, cli) {
    return withSession({}, cli, async ({ ctx }) =>
      withDeployment(name, (state) =>
        withPlatform(state, cli, async (driver) => {
          await startMachines(state, driver, (line) => cli.terminal.note(line), ctx);
          await showStatus(state, driver, { json: options.json, detail: "machines" }, cli, ctx);
          return exitCodes.done;
        }),
      ),
    );
  },
});
