import { openStore, standing } from "../../../lifecycle/run/store.js";
import { USUAL_GRACE_SECONDS } from "../../../lifecycle/run/supervise.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { wholeNumber } from "../../options.js";
import { stopRun } from "../../runs.js";

/** `vmferry vm stop NAME...`. */
export const vmStop: CommandDefinition = defineCommand({
  arguments: [{ name: "NAME...", what: "runs", complete: [] }],
  options: {
    timeout: wholeNumber(
      "--timeout SECONDS",
      `how long guests may take to shut down, before they are switched off (default: ${USUAL_GRACE_SECONDS})`,
      0,
      3600,
    ),
  },
  details: [
    "Presses the power button of each machine (ACPI), and switches off those that still run when the time is up. What they wrote stays.",
  ],
  examples: ["vm stop web", "vm stop web --timeout 120"],
  async run(names, options, cli) {
    const store = openStore();
    for (const name of names) {
      const state = await store.read(name);
      if (standing(state) === "stopped" && state.sockets === null) cli.terminal.note(`${name} does not run`);
      else {
        await stopRun(state, options.timeout ?? USUAL_GRACE_SECONDS, store);
        cli.terminal.note(`${name} is stopped`);
      }
    }
    return exitCodes.done;
  },
});
