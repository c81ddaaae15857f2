import * as path from "node:path";
import { planPack } from "../../operations/pack.js";
import { openSingleFileSet } from "../../runtime/node/file-set.js";
import { type CommandDefinition, defineCommand } from "../command.js";
import { demandOptions, demandsOf } from "../demands.js";
import { showOrExecute } from "../execute.js";
import { flag, json, workOptions } from "../options.js";
import { openNamedPackage } from "../packages.js";
import { allowRemote, remoteOptions } from "../remote.js";
import { resultTime, withSession } from "../session.js";

/** `vmferry pack SRC DEST`. */
export const pack: CommandDefinition = defineCommand({
  arguments: [
    { name: "SRC", what: "an .ovf, or a folder with one", complete: "file" },
    { name: "DEST", what: "the .ova to write", complete: "file" },
  ],
  options: {
    manifest: flag("--manifest", "add a manifest (SHA-256) where there is none"),
    dryRun: flag("--dry-run", "show the plan and write nothing"),
    ...demandOptions,
    force: flag("--force", "replace a file that exists"),
    json,
    allowRemote,
    ...remoteOptions,
    ...workOptions,
  },
  details: [
    "Puts a package's files into one archive, byte for byte: descriptor first, files in its order, manifest and certificate last. SOURCE_DATE_EPOCH sets the members' time.",
  ],
  examples: ["pack appliance/ appliance.ova --manifest"],
  async run([source = "", destination = ""], options, cli) {
    return withSession(options, cli, async (session) => {
      const named = await openNamedPackage(source, {}, session);
      try {
        const demands = await demandsOf(named, options, session.ctx);
        const plan = planPack(named.opened.reader, {
          name: path.basename(destination),
          modified: resultTime(session),
          manifest: options.manifest ? "add" : "keep",
        });
        const { native } = session.runtime;
        const open = () => openSingleFileSet(destination, { force: options.force, native });
        const { findings } = session;
        return await showOrExecute({ plan, findings, open, destination, demands, options }, session, cli);
      } finally {
        await named.close();
      }
    });
  },
});
