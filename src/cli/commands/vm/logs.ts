import { isAlive } from "../../../lifecycle/run/processes.js";
import { openStore } from "../../../lifecycle/run/store.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { followLogs, LogTail, logTails } from "../../console-logs.js";
import { exitCodes } from "../../exit-codes.js";
import { flag, text } from "../../options.js";
import { machineNamed } from "../../runs.js";

/** `vmferry vm logs NAME`. */
export const vmLogs: CommandDefinition = defineCommand({
  arguments: [{ name: "NAME", what: "a run", complete: [] }],
  options: {
    machine: text("--machine ID", "one machine alone"),
    follow: flag("--follow", "go on printing as long as the run lasts"),
  },
  details: [
    "Prints what the machines wrote to their first serial ports, from all their starts. Control characters are left out.",
  ],
  examples: ["vm logs web", "vm logs web --machine db --follow"],
  async run([name = ""], options, cli) {
    const store = openStore();
    const state = await store.read(name);
    const folder = store.folder(name);
    const tails =
      options.machine === null
        ? logTails(folder, state.machines)
        : [new LogTail(folder, machineNamed(state, options.machine).index, "")];
    const done = new AbortController();
    if (!options.follow) done.abort();
    const printing = followLogs(tails, done.signal, cli);
    while (!done.signal.aborted) {
      if (cli.signal.aborted || !isAlive((await store.read(name)).supervisor)) done.abort();
      else await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await printing;
    return exitCodes.done;
  },
});
