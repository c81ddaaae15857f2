import { type CommandDefinition, defineCommand } from "../../command.js";
import { deploymentArgument, showStatus, userStore, withPlatform } from "../../deployments.js";
import { exitCodes } from "../../exit-codes.js";
import { json } from "../../options.js";
import { withSession } from "../../session.js";

/** `vmferry deployment status NAME`. */
export const deploymentStatus: CommandDefinition = defineCommand({
  arguments: [deploymentArgument],
  options: { json },
  details: ["Shows the machines of a deployment, with what the platform says that they do, and its steps."],
  examples: ["deployment status web", "deployment status web --json"],
  async run([name = ""], options, cli) {
    return withSession({}, cli, async ({ ctx }) => {
      const state = await userStore().read(name);
      return withPlatform(state, cli, async (driver) => {
        await showStatus(state, driver, { json: options.json, detail: "steps" }, cli, ctx);
        return exitCodes.done;
      });
    });
  },
});
