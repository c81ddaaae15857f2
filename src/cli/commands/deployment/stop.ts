import { stopMachines } from "../../../lifecycle/deployment/deployed.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { deploymentArgument, showStatus, withDeployment, withPlatform } from "../../deployments.js";
import { exitCodes } from "../../exit-codes.js";
import { flag, json, wholeNumber } from "../../options.js";
import { withSession } from "../../session.js";

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
    return withSession({}, cli, async ({ ctx }) =>
      withDeployment(name, (state) =>
        withPlatform(state, cli, async (driver) => {
          const how = { force: options.force, timeoutSeconds: options.timeout ?? PATIENCE };
          await stopMachines(state, how, driver, (line) => cli.terminal.note(line), ctx);
          await showStatus(state, driver, { json: options.json, detail: "machines" }, cli, ctx);
          return exitCodes.done;
        }),
      ),
    );
  },
});
