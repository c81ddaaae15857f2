import { startMachines } from "../../../lifecycle/deployed.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { deploymentArgument, platformOf, showStatus, withDeployment } from "../../deployments.js";
import { exitCodes } from "../../exit-codes.js";
import { json } from "../../options.js";

/** `vmferry deployment start NAME`. */
export const deploymentStart: CommandDefinition = defineCommand({
  arguments: [deploymentArgument],
  options: { json },
  details: [
    "Starts the machines that are off, in the order of the package, with its pauses. Machines that run are left alone.",
  ],
  examples: ["deployment start web"],
  async run([name = ""], options, cli) {
    return withDeployment(name, async (state) => {
      const virsh = platformOf(state);
      await startMachines(state, virsh, (line) => cli.terminal.note(line), cli.signal);
      await showStatus(state, virsh, { json: options.json, detail: "machines" }, cli);
      return exitCodes.done;
    });
  },
});
