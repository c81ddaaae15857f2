import { diskHash } from "../../../operations/disk/disk.js";
import { renderJson } from "../../../report/json.js";
import { renderHash } from "../../../report/text.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { judge } from "../../exit-codes.js";
import { choice, json, workOptions } from "../../options.js";
import { withSession } from "../../session.js";
import { openNamedDisk } from "../../sources.js";
import { diskArgument, diskOptions, howToOpen, snapshotOption } from "./options.js";

/** `vmferry disk hash DISK`. */
export const diskHashCommand: CommandDefinition = defineCommand({
  arguments: [diskArgument("DISK")],
  options: {
    algorithm: choice("--algorithm NAME", "sha256 by default", ["sha1", "sha256", "sha384", "sha512"]),
    ...diskOptions,
    snapshot: snapshotOption,
    json,
    ...workOptions,
  },
  details: ["The digest that a raw image of the disk would have: of what the guest reads, not of the file."],
  examples: ["disk hash server.vmdk", "disk hash 'appliance.ova!disk1.vmdk' --algorithm sha512"],
  async run([name = ""], options, cli) {
    return withSession(options, cli, async (session) => {
      const disk = await openNamedDisk(name, howToOpen(options), session);
      try {
        const result = await diskHash(disk, options.algorithm ?? "sha256", session.ctx);
        await cli.terminal.data(options.json ? renderJson(result) : renderHash(result));
        return judge(result.diagnostics);
      } finally {
        await disk.close();
      }
    });
  },
});
