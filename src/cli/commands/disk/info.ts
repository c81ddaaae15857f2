import { diskInfo } from "../../../operations/disk/disk.js";
import { renderJson } from "../../../report/json.js";
import { renderDisk } from "../../../report/text.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { judge } from "../../exit-codes.js";
import { json } from "../../options.js";
import { withSession } from "../../session.js";
import { openNamedDisk } from "../../sources.js";
import { diskArgument, diskOptions, howToOpen, snapshotOption } from "./options.js";

/** `vmferry disk info DISK`. */
export const diskInfoCommand: CommandDefinition = defineCommand({
  arguments: [diskArgument("DISK")],
  options: { ...diskOptions, snapshot: snapshotOption, json },
  details: ["Reads headers and tables; the disk may lie inside of a package: PACKAGE!MEMBER."],
  examples: ["disk info server.vmdk", "disk info 'appliance.ova!disk1.vmdk' --json"],
  async run([name = ""], options, cli) {
    return withSession(options, cli, async (session) => {
      const disk = await openNamedDisk(name, howToOpen(options), session);
      try {
        const result = await diskInfo(disk, session.ctx);
        await cli.terminal.data(
          options.json ? renderJson(result) : renderDisk(disk.name, result, cli.terminal.dataPalette),
        );
        return judge(result.diagnostics);
      } finally {
        await disk.close();
      }
    });
  },
});
