import { planUnpack } from "../../operations/unpack.js";
import { openFolderSet } from "../../runtime/node/file-set.js";
import { type CommandDefinition, defineCommand } from "../command.js";
import { demandOptions, demandsOf } from "../demands.js";
import { showOrExecute } from "../execute.js";
import { flag, json, workOptions } from "../options.js";
import { openNamedPackage } from "../packages.js";
import { allowRemote, remoteOptions } from "../remote.js";
import { withSession } from "../session.js";

/** `vmferry unpack SRC DEST`. */
export const unpack: CommandDefinition = defineCommand({
  arguments: [
    { name: "SRC", what: "an .ova, or its http(s) or s3 URL", complete: "file" },
    { name: "DEST", what: "the folder to write", complete: "file" },
  ],
  options: {
    dryRun: flag("--dry-run", "show the plan and write nothing"),
    ...demandOptions,
    force: flag("--force", "replace files that exist"),
    json,
    allowRemote,
    ...remoteOptions,
    ...workOptions,
  },
  details: ["Lays every member beside the descriptor, byte for byte. A package that was altered leaves no result."],
  examples: ["unpack appliance.ova appliance/"],
  async run([source = "", destination = ""], options, cli) {
    return withSession(options, cli, async (session) => {
      const named = await openNamedPackage(source, {}, session);
      try {
        const demands = await demandsOf(named, options, session.ctx);
        const plan = planUnpack(named.opened.reader);
        const { native } = session.runtime;
        const open = () => openFolderSet(destination, { force: options.force, native });
        const { findings } = session;
        return await showOrExecute({ plan, findings, open, destination, demands, options }, session, cli);
      } finally {
        await named.close();
      }
    });
  },
});
