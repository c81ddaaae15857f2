import { type CommandDefinition, defineCommand } from "../../command.js";
import { deploymentArgument, platformOf, showStatus, userStore } from "../../deployments.js";
import { exitCodes } from "../../exit-codes.js";
import { json } from "../../options.js";

/** `vmferry deployment status NAME`. */
export const deploymentStatus: CommandDefinition = defineCommand({
  arguments: [deploymentArgument],
  options: { json },
  details: ["Shows the machines of a deployment, with what the platform says that they do, and its steps."],
  examples: ["deployment status web", "deployment status web --json"],
  async run([name = ""], options, cli) {
    const state = await userStore().read(name);
    await showStatus(state, platformOf(state), { json: options.json, detail: "steps" }, cli);
    return exitCodes.done;
  },
});
