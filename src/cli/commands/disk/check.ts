import { diskCheck } from "../../../operations/disk-check.js";
import { renderCheck } from "../../../report/check-text.js";
import { renderJson } from "../../../report/json.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { json } from "../../options.js";
import { withSession } from "../../session.js";
import { openNamedDisk } from "../../sources.js";
import { diskArgument, diskOptions, howToOpen } from "./options.js";

/** `vmferry disk check DISK`. */
export const diskCheckCommand: CommandDefinition = defineCommand({
  arguments: [diskArgument("DISK")],
  options: { ...diskOptions, json },
  details: [
    "Looks at every pointer, table, count and sum of the image. Exit code 1: damaged. Nothing is changed.",
    "With --allow-external the disk's parents are checked too, each file by itself.",
  ],
  examples: ["disk check server.qcow2", "disk check 'appliance.ova!disk1.vmdk' --json"],
  async run([name = ""], options, cli) {
    return withSession(options, cli, async (session) => {
      const disk = await openNamedDisk(name, howToOpen(options), session);
      try {
        const result = await diskCheck(disk, session.ctx);
        await cli.terminal.data(options.json ? renderJson(result) : renderCheck(result, cli.terminal.dataPalette));
        const damaged = [result, ...result.parents].some(({ verdict }) => verdict === "damaged");
        return damaged ? exitCodes.fallsShort : exitCodes.done;
      } finally {
        await disk.close();
      }
    });
  },
});
