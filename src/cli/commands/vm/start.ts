import { startRun } from "../../../lifecycle/run/start.js";
import { openStore } from "../../../lifecycle/run/store.js";
import { stateRoot } from "../../../lifecycle/state-root.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { flag, workOptions } from "../../options.js";
import { openRunPackage, revealer, startDetached, tellingWatcher } from "../../runs.js";
import { withSession } from "../../session.js";

/** `vmferry vm start NAME`. */
export const vmStart: CommandDefinition = defineCommand({
  arguments: [{ name: "NAME", what: "a run that does not run", complete: [] }],
  options: {
    foreground: flag("--foreground", "stay until the machines end, and shut them down on Ctrl-C"),
    ...workOptions,
  },
  details: [
    "Starts the machines of a run again, with what they wrote and the answers that they were given. The package has to be where it was, and unchanged. Secrets are read anew by their references.",
  ],
  examples: ["vm start web", "vm start web --foreground"],
  async run([name = ""], options, cli) {
    const root = stateRoot();
    const store = openStore(root);
    if (!options.foreground) {
      await store.read(name);
      // Whoever runs has the lock: that is told here, and not by the supervisor.
      await (await store.lock(name)).release();
      await startDetached(name, store, cli);
      cli.terminal.note(`${name} runs`);
      return exitCodes.done;
    }
    return withSession(options, cli, async (session) => {
      const lock = await store.lock(name);
      try {
        const state = await store.read(name);
        const named = await openRunPackage(state.package, session);
        try {
          const how = { store, root, reveal: revealer(cli), watcher: tellingWatcher(cli) };
          await startRun(named.opened, state, how, session.ctx);
        } finally {
          await named.close();
        }
      } finally {
        await lock.release();
      }
      return exitCodes.done;
    });
  },
});
