import * as path from "node:path";
import { blankAppliance, blankAttachment, blankDisk, blankMachine, blankNic } from "../../appliance/blank.js";
import { guestNamed } from "../../appliance/guest-words.js";
import { FerryError } from "../../base/errors.js";
import type { Firmware } from "../../base/ids.js";
import { specOf } from "../../operations/build/init.js";
import { writeSpec } from "../../operations/build/write-spec.js";
import { isRemoteUrl } from "../../runtime/node/http/address.js";
import { startAsking } from "../ask.js";
import { type Cli, type CommandDefinition, defineCommand } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { flag, sizeOf, text } from "../options.js";
import { openNamedSource } from "../packages.js";
import { type Session, withSession } from "../session.js";
import { writeTextFile } from "../write-text.js";

/** `vmferry init [DEST]`. */
export const init: CommandDefinition = defineCommand({
  arguments: [{ name: "DEST", what: "the YAML to write (default: standard output)", complete: "file", optional: true }],
  options: {
    from: text("--from SRC", "write the YAML of a package or a machine of any platform, in place of asking"),
    force: flag("--force", "replace a file that exists"),
  },
  details: [
    "Without --from it asks, on a terminal, what the machine is made of. With it the YAML says what is there, files are named where they lie (a member of an OVA as app.ova!disk.vmdk), and what has no setting is listed in comments.",
    "vmferry build makes a package of it; docs/reference/build.md lists all settings.",
  ],
  examples: ["init appliance.yaml", "init appliance.yaml --from app.ova", "init --from vm/machine.vmx"],
  async run([destination], options, cli) {
    return withSession({}, cli, async (session) => {
      const home = destination === undefined ? process.cwd() : path.dirname(path.resolve(destination));
      const written = options.from === null ? await asked(home, cli) : await described(options.from, home, session);
      if (destination === undefined) {
        await cli.terminal.data(written);
        return exitCodes.done;
      }
      await writeTextFile(destination, written, options.force);
      await cli.terminal.data(`${destination}\nwritten; build it: vmferry build ${destination} app.ova\n`);
      return exitCodes.done;
    });
  },
});

/** The YAML of what exists. */
async function described(source: string, home: string, session: Session): Promise<string> {
  if (isRemoteUrl(source)) {
    throw new FerryError("cli/usage", "a spec names files, and those of a server are none", {
      hint: "Fetch the package first.",
    });
  }
  const named = await openNamedSource(source, { onDamage: "refuse" }, session);
  try {
    const { reader } = named.opened;
    const full = path.resolve(source);
    const isFolder = named.container === null;
    const relative = (file: string): string => path.relative(home, file).split(path.sep).join("/");
    const folder = relative(isFolder ? full : path.dirname(full));
    const prefix = reader.kind === "ova" ? `${relative(full)}!` : folder === "" ? "" : `${folder}/`;
    const { text: yaml } = await specOf(named.opened, prefix, session.ctx);
    const outside = prefix.startsWith("..") ? "# Files outside of this folder: build it with --allow-external.\n" : "";
    return `${outside}${yaml}`;
  } finally {
    await named.close();
  }
}

/** The YAML of what somebody answers. */
async function asked(home: string, cli: Cli): Promise<string> {
  const asking = startAsking(cli);
  if (asking === null) {
    throw new FerryError("cli/usage", "there is no terminal to ask on", {
      hint: "Name what exists: vmferry init appliance.yaml --from SRC. Or write the YAML: docs/reference/build.md.",
    });
  }
  const word = (answer: string): string => {
    if (answer !== "") return answer;
    throw new Error("Something has to stand here.");
  };
  const number = (answer: string): number => {
    if (/^[1-9][0-9]{0,2}$/.test(answer)) return Number(answer);
    throw new Error("A whole number from 1 to 999.");
  };
  try {
    const name = await asking.ask({ text: "What is it called?", otherwise: path.basename(home), read: word });
    const guestOs = await asking.ask({
      text: "Which system is in it (debian12, ubuntu-64, win11, ...)?",
      otherwise: "otherlinux-64",
      read: (answer) => {
        const found = guestNamed(answer);
        if (found === undefined) throw new Error("Nobody calls one so; otherlinux-64 and other-64 stand for the rest.");
        return found;
      },
    });
    const cpus = await asking.ask({ text: "Processors?", otherwise: "1", read: number });
    const memoryBytes = await asking.ask({
      text: "Memory?",
      otherwise: "2GiB",
      read: (answer) => sizeOf("memory", answer),
    });
    const firmware = await asking.ask({
      text: "Does it boot by bios, efi or efi-secure?",
      otherwise: "bios",
      read: (answer): Firmware => {
        if (answer === "bios" || answer === "efi" || answer === "efi-secure") return answer;
        throw new Error("One of bios, efi, efi-secure.");
      },
    });
    const appliance = blankAppliance(name);
    const machine = { ...blankMachine(name), guestOs, memoryBytes, firmware };
    machine.cpu = { ...machine.cpu, count: cpus };
    for (let n = 1; ; n++) {
      const disk = await asking.ask({
        text: `Disk ${n}: a file, or a size such as 20GiB (none: no more)?`,
        otherwise: "none",
        read: (answer) => {
          const size = /^\d+\s*[KMGT](?:i?B)?$/i.test(answer);
          return size ? { file: null, bytes: sizeOf("size", answer) } : { file: answer, bytes: 0 };
        },
      });
      if (disk.file === "none") break;
      const id = `disk${n}`;
      appliance.disks.push(blankDisk(id, disk.file, { capacityBytes: disk.bytes }));
      machine.attachments.push(blankAttachment("disk", { disk: id }));
    }
    const network = await asking.ask({ text: "Network (none: no card)?", otherwise: "VM Network", read: word });
    if (network !== "none") machine.nics.push(blankNic({ network }));
    appliance.machines.push(machine);
    return writeSpec({ appliance, options: new Map(), fileName: (file) => file }).text;
  } finally {
    asking.close();
  }
}
