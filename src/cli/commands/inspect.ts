import { inspectDetails, inspectPackage } from "../../operations/inspect.js";
import { renderJson } from "../../report/json.js";
import { renderInspect } from "../../report/text.js";
import { accessOptions } from "../access-options.js";
import { type CommandDefinition, defineCommand } from "../command.js";
import { exitCodes, judge } from "../exit-codes.js";
import { flag, json, text } from "../options.js";
import { openNamedSource } from "../packages.js";
import { allowRemote, remoteOptions } from "../remote.js";
import { withSession } from "../session.js";

/** `vmferry inspect SRC`. */
export const inspect: CommandDefinition = defineCommand({
  arguments: [
    {
      name: "SRC",
      what: "an .ova, an .ovf, a machine's configuration, or a folder with one; an http(s) or s3 URL of an .ova or .ovf; a machine on a platform, such as libvirt:///system/NAME",
      complete: "file",
    },
  ],
  options: {
    json,
    details: flag(
      "--details",
      "print what few platforms say of machines, as JSON: UUID, TPM, VLANs, ports, clock and the like",
    ),
    configuration: text("--configuration ID", "the deployment option to look at (default: the package's own)"),
    locale: text("--locale TAG", "the language of the texts, such as de or pt-BR"),
    allowRemote,
    ...remoteOptions,
    ...accessOptions,
  },
  details: [
    "Shows machines, disks, networks, products, licences and what the package says of its own integrity. Nothing is unpacked: headers, the descriptor and a few sectors of each boot disk are read.",
  ],
  examples: ["inspect appliance.ova", "inspect appliance.ova --json", "inspect libvirt:///system/web"],
  async run([name = ""], options, cli) {
    return withSession({ ...options, access: options }, cli, async (session) => {
      const named = await openNamedSource(name, { onDamage: "report", reading: "once" }, session);
      try {
        const { configuration, locale } = options;
        const choice = {
          ...(configuration === null ? {} : { configuration }),
          ...(locale === null ? {} : { locale }),
        };
        if (options.details) {
          await cli.terminal.data(renderJson(inspectDetails(named.opened, { choice }, session.ctx)));
          return exitCodes.done;
        }
        const how = { findings: session.findings, choice };
        const result = await inspectPackage(named.opened, how, session.ctx);
        await cli.terminal.data(options.json ? renderJson(result) : renderInspect(result, cli.terminal.dataPalette));
        return judge(result.diagnostics);
      } finally {
        await named.close();
      }
    });
  },
});
