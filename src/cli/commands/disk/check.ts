import { diskCheck } from "../../../operations/disk/check.js";
import { renderCheck } from "../../../report/check-text.js";
import { renderJson } from "../../../report/json.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { flag, json, workOptions } from "../../options.js";
import { withSession } from "../../session.js";
import { openNamedDisk } from "../../sources.js";
import { diskArgument, diskOptions, howToOpen } from "./options.js";

/** `vmferry disk check DISK`. */
export const diskCheckCommand: CommandDefinition = defineCommand({
  arguments: [diskArgument("DISK")],
  options: {
    deep: flag("--deep", "unpack every compressed grain and cluster too, which reads the whole file"),
    ...diskOptions,
    json,
    ...workOptions,
  },
  details: [
    "Looks at every pointer, table, count and sum of the image. Exit code 1: damaged. Nothing is changed.",
    "Tables alone are read, which takes seconds for the largest disk; damage inside of a compressed grain or cluster shows with --deep, which takes as long as converting the disk.",
    "With --allow-external the disk's parents are checked too, each file by itself.",
  ],
  examples: ["disk check server.qcow2", "disk check 'appliance.ova!disk1.vmdk' --deep --json"],
  async run([name = ""], options, cli) {
    return withSession(options, cli, async (session) => {
      const disk = await openNamedDisk(name, howToOpen(options), session);
      try {
        const result = await diskCheck(disk, { depth: options.deep ? "deep" : "structure" }, session.ctx);
        await cli.terminal.data(options.json ? renderJson(result) : renderCheck(result, cli.terminal.dataPalette));
        const damaged = [result, ...result.parents].some(({ verdict }) => verdict === "damaged");
        return damaged ? exitCodes.fallsShort : exitCodes.done;
      } finally {
        await disk.close();
      }
    });
  },
});
