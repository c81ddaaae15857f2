import { FerryError } from "../../../base/errors.js";
import { leftBehind, removeDeployment } from "../../../lifecycle/deployment/deploy.js";
import { renderDeployments } from "../../../report/deploy-text.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { confirm } from "../../confirm.js";
import { deploymentArgument, resultOf, showDeployments, withDeployment, withPlatform } from "../../deployments.js";
import { exitCodes } from "../../exit-codes.js";
import { flag, json } from "../../options.js";
import { withSession } from "../../session.js";

/** `vmferry deployment destroy NAME`. */
export const deploymentDestroy: CommandDefinition = defineCommand({
  arguments: [deploymentArgument],
  options: { yes: flag("--yes", "do not ask"), json },
  details: [
    "Switches the machines off and removes them, their disks with all that is on them, and the deployment's state. An interrupted deployment is removed in the same way, as far as it came.",
  ],
  examples: ["deployment destroy web", "deployment destroy web --yes"],
  async run([name = ""], options, cli) {
    return withSession({}, cli, async ({ ctx }) =>
      withDeployment(name, async (state, held) => {
        if (!options.yes) {
          const result = { schema: "vmferry/deployments@1" as const, deployments: [resultOf(state)] };
          for (const line of renderDeployments(result, "steps", cli.terminal.notePalette).split("\n")) {
            cli.terminal.error(line);
          }
          const answer = await confirm("Remove all of this, disks included?", cli);
          if (answer === null) {
            throw new FerryError("deploy/unattended", "there is no terminal to ask on", {
              hint: "What would be removed is shown above. Where that is right, add --yes.",
            });
          }
          if (!answer) return exitCodes.done;
        }
        const hear = ({ text }: { readonly text: string }): void => cli.terminal.note(`undo: ${text}`);
        const left = await withPlatform(state, cli, (driver) => removeDeployment(state, { held, driver, hear }, ctx));
        if (left !== null) throw leftBehind(name, left, left.cause);
        await showDeployments([], { json: options.json, detail: "machines" }, cli);
        return exitCodes.done;
      }),
    );
  },
});
