import * as path from "node:path";
import { noWishes } from "../../../appliance/wish.js";
import { openDeployment } from "../../../lifecycle/deployment/export.js";
import { flavours } from "../../../platforms/ovf/flavours.js";
import { targets } from "../../../targets/targets.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { deploymentArgument, withDeployment, withPlatform } from "../../deployments.js";
import { showOrExecute } from "../../execute.js";
import { liveScope } from "../../live.js";
import { choice, flag, json, wholeNumber, workOptions } from "../../options.js";
import { withSession } from "../../session.js";
import { namedBy, openDestination, planOf, readingFor, targetNames, wanted } from "../convert.js";

/** `vmferry deployment export NAME DEST`. */
export const deploymentExport: CommandDefinition = defineCommand({
  arguments: [deploymentArgument, { name: "DEST", what: "the .ova or the folder to write", complete: "file" }],
  options: {
    to: choice("--to PLATFORM", "what to write (default: ova where DEST says so, else ovf)", wanted),
    for: choice("--for TARGET", "a version of the platform (default: its newest)", targetNames()),
    flavour: choice(
      "--flavour WHOM",
      "for ova and ovf: who is going to import it (default: vsphere)",
      flavours.map(({ id }) => id),
    ),
    dryRun: flag("--dry-run", "show the plan and write nothing"),
    prove: flag("--prove", "read every disk back and compare it with its source"),
    force: flag("--force", "replace files that exist"),
    level: wholeNumber("--level N", "deflate level of compressed disks, 1 to 9", 1, 9),
    json,
    ...workOptions,
  },
  details: [
    "The machines are read where they are, powered off, and stay as they are. Several become one appliance, with the names and the start order of the package that they came from.",
    "CDs with OVF environments are left out: what was answered stands on them, passwords too.",
  ],
  examples: ["deployment export web web.ova", "deployment export web hyperv/ --to hyperv"],
  async run([name = "", destination = ""], options, cli) {
    const newest = options.for === null ? null : targets.get(options.for).platform;
    const to = options.to ?? newest ?? namedBy(destination) ?? "ovf";
    const reading = readingFor(to, options);
    const scratch = path.dirname(path.resolve(destination));
    return withSession({ ...options, scratch }, cli, (session) =>
      // Nobody starts the machines or removes them meanwhile, as far as this is done by vmferry.
      withDeployment(name, (state) =>
        withPlatform(state, cli, async (driver) => {
          const opened = await openDeployment(state, driver, liveScope(session, reading), session.ctx);
          try {
            const named = { name, fileName: name, opened, container: null, close: opened.close };
            const request = {
              ...options,
              to,
              destination,
              ovfVersion: null,
              configuration: null,
              signing: null,
              wishes: noWishes,
              option: [],
              ...reading,
            };
            const conversion = await planOf(named, request, session);
            try {
              const open = () => openDestination(request, null, session.runtime.native);
              return await showOrExecute({ ...conversion, open, destination, options }, session, cli);
            } finally {
              await conversion.close();
            }
          } finally {
            await opened.close();
          }
        }),
      ),
    );
  },
});
