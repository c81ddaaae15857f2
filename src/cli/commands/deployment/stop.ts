import { stopMachines } from "../../../lifecycle/deployed.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { deploymentArgument, platformOf, showStatus, withDeployment } from "../../deployments.js";
import { exitCodes } from "../../exit-codes.js";
import { flag, json, wholeNumber } from "../../options.js";

/** Seconds that a guest has for shutting down. */
const PATIENCE = 120;

/** `vmferry deployment stop NAME`. */
export const deploymentStop: CommandDefinition = defineCommand({
  arguments: [deploymentArgument],
  options: {
    force: flag("--force", "switch the machines off; their guests are not asked"),
    timeout: wholeNumber("--timeout SECONDS", `how long a guest may take (default: ${PATIENCE})`, 1, 86_400),
    json,
  },
  details: [
    "Asks the guests to shut down (ACPI), the last machine of the start order first, each when the one before is off. Guests that do not listen are left running, and the command fails.",
  ],
  examples: ["deployment stop web", "deployment stop web --force"],
  async run([name = ""], options, cli) {
    return withDeployment(name, async (state) => {
      const virsh = platformOf(state);
      const how = { force: options.force, timeoutSeconds: options.timeout ?? PATIENCE };
      await stopMachines(state, how, virsh, (line) => cli.terminal.note(line), cli.signal);
      await showStatus(state, virsh, { json: options.json, detail: "machines" }, cli);
      return exitCodes.done;
    });
  },
});
