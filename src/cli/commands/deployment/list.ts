import { FerryError } from "../../../base/errors.js";
import type { DeploymentResult } from "../../../report/results.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { resultOf, showDeployments, userStore } from "../../deployments.js";
import { describeError } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import { json } from "../../options.js";

/** `vmferry deployment list`. */
export const deploymentList: CommandDefinition = defineCommand({
  arguments: [],
  options: { json },
  details: ["Shows what this user deployed from here, without asking the platforms."],
  examples: ["deployment list", "deployment list --json"],
  async run(_, options, cli) {
    const store = userStore();
    const deployments: DeploymentResult[] = [];
    for (const name of await store.names()) {
      try {
        deployments.push(resultOf(await store.read(name)));
      } catch (cause) {
        // One that is broken must not hide the others.
        if (!(cause instanceof FerryError)) throw cause;
        for (const line of describeError(cause, cli.terminal.notePalette)) cli.terminal.error(line);
        deployments.push({
          name,
          target: "",
          source: "",
          status: "unreadable",
          machines: [],
          steps: [],
          upgrade: null,
        });
      }
    }
    await showDeployments(deployments, { json: options.json, detail: "machines" }, cli);
    return exitCodes.done;
  },
});
