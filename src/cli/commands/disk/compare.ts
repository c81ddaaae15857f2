import { diskCompare } from "../../../operations/disk/disk.js";
import { renderJson } from "../../../report/json.js";
import { renderCompare } from "../../../report/text.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { json, workOptions } from "../../options.js";
import { withSession } from "../../session.js";
import { openNamedDisk } from "../../sources.js";
import { diskArgument, diskOptions, howToOpen, snapshotOption } from "./options.js";

/** `vmferry disk compare A B`. */
export const diskCompareCommand: CommandDefinition = defineCommand({
  arguments: [diskArgument("A"), diskArgument("B")],
  options: { ...diskOptions, snapshot: snapshotOption, json, ...workOptions },
  details: [
    "Compares what the guest reads, whatever the formats. Exit code 1: different. Where one disk is longer, the rest of it has to be zeros.",
  ],
  examples: ["disk compare server.vmdk server.qcow2"],
  async run([first = "", second = ""], options, cli) {
    return withSession(options, cli, async (session) => {
      const how = howToOpen(options);
      const a = await openNamedDisk(first, how, session);
      try {
        // --from and --snapshot are about the first disk; the second tells its own format.
        const b = await openNamedDisk(second, { ...how, from: null, snapshot: null }, session);
        try {
          const result = await diskCompare(a, b, session.ctx);
          await cli.terminal.data(options.json ? renderJson(result) : renderCompare(result, cli.terminal.dataPalette));
          return result.verdict === "equal" ? exitCodes.done : exitCodes.fallsShort;
        } finally {
          await b.close();
        }
      } finally {
        await a.close();
      }
    });
  },
});
