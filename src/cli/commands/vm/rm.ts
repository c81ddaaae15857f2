import { FerryError } from "../../../base/errors.js";
import { openStore, type Store, standing } from "../../../lifecycle/run/store.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { flag } from "../../options.js";
import { stopRun } from "../../runs.js";

/** `vmferry vm rm NAME...`. */
export const vmRm: CommandDefinition = defineCommand({
  arguments: [{ name: "NAME...", what: "runs", complete: [] }],
  options: { force: flag("--force", "also one that runs, whose machines are switched off, or whose state is damaged") },
  details: ["Removes runs with all that their machines wrote and said. The packages stay."],
  examples: ["vm rm web", "vm rm web --force"],
  async run(names, options, cli) {
    const store = openStore();
    for (const name of names) {
      if (options.force) await end(name, store);
      const lock = await store.lock(name);
      try {
        if (!options.force && standing(await store.read(name)) !== "stopped") {
          throw new FerryError("vm/busy", `${name} runs`, { hint: `Stop it first: vmferry vm stop ${name}.` });
        }
        await store.remove(name);
      } finally {
        await lock.release();
      }
      cli.terminal.note(`${name} is removed`);
    }
    return exitCodes.done;
  },
});

async function end(name: string, store: Store): Promise<void> {
  try {
    await stopRun(await store.read(name), 0, store);
  } catch (cause) {
    // A state that nobody understands names no process: there is nothing to end.
    if (!(cause instanceof FerryError) || cause.code !== "vm/bad-state") throw cause;
  }
}
