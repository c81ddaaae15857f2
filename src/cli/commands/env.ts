import { FerryError } from "../../base/errors.js";
import { defaultLimits } from "../../base/limits.js";
import { nearest, printable } from "../../base/text.js";
import { environmentOfGuest, shellLines } from "../../lifecycle/inside/environment.js";
import { renderJson } from "../../report/json.js";
import type { EnvironmentProperties } from "../../report/results.js";
import { type CommandDefinition, defineCommand } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { flag, json, text } from "../options.js";

/** What is said of a property that is left out. */
const SAME_NAME = "env/same-name";

/** `vmferry env`. */
export const env: CommandDefinition = defineCommand({
  arguments: [],
  options: {
    get: text("--get KEY", "the value of one property alone"),
    shell: flag("--shell", "lines for a POSIX shell: export OVF_KEY='value'"),
    root: text("--root DIR", "look in another root than /, without asking programs"),
    json,
  },
  details: [
    "For guests: finds and prints the OVF environment of the machine that it runs in. Looks on CDs and other volumes (ovf-env.xml), then at QEMU's fw_cfg, VMware's guestinfo (vmtoolsd, vmware-rpctool), Xen's xenstore (xenstore-read vm-data/ovf-env) and the seeds of cloud-init. Passwords are printed as they are: they are the guest's own.",
    "examples/guest/ovf-env.sh does the same in a shell, for guests without Node.js.",
  ],
  examples: ["env", "env --get hostname", "env --shell > /run/ovf-env.sh && . /run/ovf-env.sh"],
  async run(_names, options, { terminal, signal }) {
    if ([options.get !== null, options.shell, options.json].filter(Boolean).length > 1) {
      throw new FerryError("cli/usage", "--get, --shell and --json are three ways to print", { hint: "Give one." });
    }
    const result = await environmentOfGuest({ root: options.root ?? "/", signal, limits: defaultLimits });
    if (options.get !== null) await terminal.data(`${propertyOf(result, options.get)}\n`);
    else if (options.json) await terminal.data(renderJson(result));
    else if (options.shell) {
      const { lines, leftOut } = shellLines(result);
      for (const key of leftOut) {
        terminal.error(
          `warning[${SAME_NAME}]: ${printable(key)} is left out: another property has its name in a shell`,
        );
      }
      await terminal.data(lines.map((line) => `${line}\n`).join(""));
    } else {
      terminal.note(`from ${printable(result.place)}`);
      await terminal.data(textOf(result));
      for (const entity of result.entities) {
        await terminal.data(`\n[${printable(entity.id ?? "?")}]\n${textOf(entity)}`);
      }
    }
    return exitCodes.done;
  },
});

function textOf({ properties }: EnvironmentProperties): string {
  return properties.map(({ key, value }) => `${printable(key)}=${printable(value)}\n`).join("");
}

function propertyOf({ properties }: EnvironmentProperties, wanted: string): string {
  const found = properties.find(({ key }) => key === wanted);
  if (found !== undefined) return found.value;
  const keys = properties.map(({ key }) => key);
  const [like] = nearest(wanted, keys);
  throw new FerryError("env/no-property", `there is no property ${printable(wanted)}`, {
    hint:
      like !== undefined
        ? `Did you mean ${printable(like)}?`
        : keys.length === 0
          ? "The environment has no properties."
          : `There are: ${keys.slice(0, 20).map(printable).join(", ")}.`,
  });
}
