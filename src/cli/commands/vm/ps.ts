import { FerryError } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import { isAlive } from "../../../lifecycle/run/processes.js";
import { openStore, standing } from "../../../lifecycle/run/store.js";
import { renderJson } from "../../../report/json.js";
import type { VmListResult, VmResult } from "../../../report/results.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { json } from "../../options.js";

/** `vmferry vm ps`. */
export const vmPs: CommandDefinition = defineCommand({
  arguments: [],
  options: { json },
  details: [
    "Lists what `vmferry run` made and `vm rm` did not remove yet. `lost` is a run whose supervisor was killed: stop it, and start it again.",
  ],
  examples: ["vm ps", "vm ps --json"],
  async run(_names, options, cli) {
    const store = openStore();
    const runs: VmResult[] = [];
    for (const name of await store.names()) {
      try {
        const state = await store.read(name);
        runs.push({
          name,
          package: state.package,
          created: state.created,
          status: standing(state),
          failure: state.failure,
          machines: state.machines.map((machine) => ({
            id: machine.id,
            name: machine.name,
            pid: isAlive(machine.process) ? machine.process.pid : null,
          })),
        });
      } catch (cause) {
        // One that is damaged hides no other.
        if (!(cause instanceof FerryError) || cause.code === "vm/unknown") continue;
        runs.push({ name, package: null, created: null, status: "damaged", failure: cause.message, machines: [] });
      }
    }
    const result: VmListResult = { schema: "vmferry/vm-list@1", runs };
    if (options.json) await cli.terminal.data(renderJson(result));
    else {
      for (const { name, status, machines, package: file } of runs) {
        const all = machines.map((machine) => `${machine.id}${machine.pid === null ? "" : ` (${machine.pid})`}`);
        await cli.terminal.data(`${printable([name, status, all.join(", ") || "-", file ?? "-"].join("  "))}\n`);
      }
    }
    return exitCodes.done;
  },
});
