import { stat } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../../base/errors.js";
import { formatNamed, planDiskConversion } from "../../../operations/disk/disk.js";
import { openSingleFileSet } from "../../../runtime/node/file-set.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { showOrExecute } from "../../execute.js";
import { exitCodes } from "../../exit-codes.js";
import { bytes, choice, flag, json, text, wholeNumber, workOptions } from "../../options.js";
import { type Session, withSession } from "../../session.js";
import { type NamedDisk, openDiskOnce, openNamedDisk } from "../../sources.js";
import {
  compressions,
  diskArgument,
  diskOptions,
  formatIds,
  howToOpen,
  snapshotOption,
  writtenFormats,
} from "./options.js";

/** `vmferry disk convert DISK DEST`. */
export const diskConvertCommand: CommandDefinition = defineCommand({
  arguments: [diskArgument("DISK"), { name: "DEST", what: "the file to write", complete: "file" }],
  options: {
    to: choice("--to FORMAT", "the format to write (default: what DEST's extension says)", writtenFormats),
    variant: text("--variant NAME", "the variant in the format's own words, such as streamOptimized or fixed"),
    level: wholeNumber("--level N", "level of the compression, 1 to 9", 1, 9),
    compression: choice("--compression NAME", "how compressed variants are packed (default: deflate)", compressions),
    keepChain: flag("--keep-chain", "write a file for each disk of a chain, beside DEST, instead of flattening it"),
    backing: text("--backing BASE", "store only what differs from the image BASE, which the result names (qcow2, vhd)"),
    backingFormat: choice("--backing-format FORMAT", "the format of BASE, where content does not tell it", formatIds),
    roundTo: bytes("--round-to SIZE", "round the capacity up to a multiple, such as 1MiB (Azure takes whole MiB)"),
    sparse: choice("--sparse WORD", "auto (default): zeros become holes; none: everything is stored", ["auto", "none"]),
    salvage: flag(
      "--salvage",
      "save what is whole of a stream-optimized VMDK that is cut off or damaged, and say what is lost",
    ),
    prove: flag("--prove", "read the result back and compare it with the source"),
    dryRun: flag("--dry-run", "show the plan and write nothing"),
    force: flag("--force", "replace a file that exists"),
    ...diskOptions,
    snapshot: snapshotOption,
    json,
    ...workOptions,
  },
  details: [
    "With --salvage every grain is found by its marker and unpacked first; what is lost reads as zeros, its guest ranges are named, and the exit code is 1. Without it damage is refused.",
    "Several threads unpack, pack and write at once; holes are skipped. A chain of disks is flattened, unless --keep-chain is given. A stream-optimized VMDK or an XVA on standard input, and any disk packed with gzip or Zstandard, is read as it comes where its format allows it, and saved beside DEST first where not. The result appears under its name when it is complete.",
  ],
  examples: [
    "disk convert server.vmdk server.vhdx",
    "disk convert 'appliance.ova!disk1.vmdk' disk1.raw",
    "disk convert server.qcow2 server.vhd --variant fixed --round-to 1MiB",
    "disk convert snapshot.qcow2 snapshot.vhd --keep-chain --allow-external",
    "disk convert server.raw changes.qcow2 --backing golden.qcow2",
    "disk convert server.raw server.vmdk --variant streamOptimized --prove",
    "disk convert - server.qcow2 < server.vmdk",
    "disk convert 'broken.ova!disk1.vmdk' saved.vmdk --variant streamOptimized --salvage",
  ],
  async run([name = "", destination = ""], options, cli) {
    const scratch = path.dirname(path.resolve(destination));
    return withSession({ ...options, scratch }, cli, async (session) => {
      if (!options.dryRun) session.runtime.pool.start("shared");
      // What is to be read back and compared has to be there a second time, a chain as files, and zeros as something that can be asked for.
      const { backing } = options;
      if (backing !== null && (options.keepChain || options.sparse === "none")) {
        throw new FerryError("cli/usage", "--backing goes neither with --keep-chain nor with --sparse none", {
          hint: "A result over a base holds what differs from it, and nothing else.",
        });
      }
      const twice =
        options.salvage || options.prove || options.keepChain || options.sparse === "none" || backing !== null;
      const damaged = options.salvage ? "salvage" : "refuse";
      const onePass = twice ? "refused" : "wanted";
      const disk = await openDiskOnce(name, { ...howToOpen(options), damaged, onePass }, session);
      let base: NamedDisk | null = null;
      try {
        if (backing !== null) base = await openBase(backing, destination, options, session);
        const conversion = await planDiskConversion(
          "stream" in disk ? disk : { ...disk, damaged },
          {
            name: path.basename(destination),
            ...(options.to === null ? {} : { format: formatNamed(options.to).id }),
            ...(options.variant === null ? {} : { variant: options.variant }),
            ...(options.compression === null ? {} : { compression: options.compression }),
            ...(options.level === null ? {} : { level: options.level }),
            ...(options.roundTo === null ? {} : { roundTo: options.roundTo }),
            ...(options.sparse === null ? {} : { sparse: options.sparse }),
            ...(base === null || backing === null
              ? {}
              : { backing: { name: nameFrom(destination, backing), disk: base } }),
            keepChain: options.keepChain,
          },
          session.ctx,
        );
        try {
          const { plan, findings } = conversion;
          const { native } = session.runtime;
          const open = () => openSingleFileSet(destination, { force: options.force, native });
          const code = await showOrExecute({ plan, findings, open, destination, options }, session, cli);
          return findings.some((finding) => finding.code === "disk/data-lost") ? exitCodes.fallsShort : code;
        } finally {
          await conversion.close();
        }
      } finally {
        await base?.close();
        await disk.close();
      }
    });
  },
});

/** Opens the image that a result is written over. @throws `cli/usage` where it is no file, or the one that is written */
async function openBase(
  name: string,
  destination: string,
  options: Parameters<typeof howToOpen>[0] & { readonly backingFormat: string | null },
  session: Session,
): Promise<NamedDisk> {
  const found = await stat(name).catch(() => null);
  if (found === null || !found.isFile()) {
    throw new FerryError("cli/usage", `${name} is no file, and a result can only name one as its base`, {
      hint: "Give the path of an image that stays where it is.",
    });
  }
  const replaced = await stat(destination).catch(() => null);
  if (replaced !== null && replaced.ino === found.ino && replaced.dev === found.dev) {
    throw new FerryError("cli/usage", `${name} cannot be written over itself`, {
      hint: "Choose another destination: the result needs its base.",
    });
  }
  return openNamedDisk(name, { ...howToOpen(options), from: options.backingFormat, snapshot: null }, session);
}

/** How a result names a file: from its own folder. */
function nameFrom(destination: string, file: string): string {
  return path
    .relative(path.dirname(path.resolve(destination)), path.resolve(file))
    .split(path.sep)
    .join("/");
}
