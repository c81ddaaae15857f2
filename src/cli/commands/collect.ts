import { readFile } from "node:fs/promises";
import { type CommandDefinition, defineCommand } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { invalid } from "../options.js";

declare const VMFERRY_BUNDLED: boolean | undefined;

/** Scripts that collect machines where they run, by platform; from the package's root. */
const scripts: Readonly<Record<string, string>> = {
  hyperv: "share/hyperv/Export-VmferryMachine.ps1",
};
const platforms: readonly string[] = Object.keys(scripts);

/** `vmferry collect PLATFORM`. */
export const collect: CommandDefinition = defineCommand({
  arguments: [{ name: "PLATFORM", what: platforms.join(", "), complete: platforms }],
  options: {},
  details: [
    "Prints a script to be run on the host of a machine whose own configuration is in no documented format. It changes nothing there, and writes the machine's facts as JSON. Put that file into the folder of the machine's disks, and give the folder to inspect or convert.",
    "hyperv: PowerShell 5.1 or later, with the rights of a Hyper-V administrator: .\\Export-VmferryMachine.ps1 -Name web -Destination D:\\Out -Export",
  ],
  examples: ["collect hyperv > Export-VmferryMachine.ps1"],
  async run([name = ""], _options, cli) {
    const file = Object.hasOwn(scripts, name) ? scripts[name] : undefined;
    if (file === undefined) throw invalid("PLATFORM", name, `It is one of: ${platforms.join(", ")}.`);
    // Bundled, this file lies in dist/bin; otherwise in dist/src/cli/commands.
    const root = typeof VMFERRY_BUNDLED === "undefined" ? "../../../../" : "../../";
    await cli.terminal.data(await readFile(new URL(root + file, import.meta.url), "utf8"));
    return exitCodes.done;
  },
});
