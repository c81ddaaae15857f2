/** Backups of Proxmox VE: the machine in them, and their disks by name. */
import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { formatBytes } from "../base/text.js";
import type { Context } from "../io/context.js";
import type { ByteSource } from "../io/source.js";
import type { DisksInside } from "../package/disks-inside.js";
import { openVma, type VmaDisk } from "../package/vma/open.js";

/** What the configuration of a machine is called in a backup. */
const MACHINE_CONFIG = "qemu-server.conf";
/** Names of disks that a message lists. */
const LISTED = 20;

/**
 * The machine in a backup. Its damage is reported at once, and not again for each disk.
 * @throws `vma/no-config`, `vma/bad-header`, `vma/version`, `io/limit`
 */
export async function openVmaMachine(source: ByteSource, ctx: Context): Promise<Omit<DisksInside, "source" | "name">> {
  const { header, disks, memory, damage } = await openVma(source, ctx);
  for (const finding of damage) ctx.report(finding);
  const config = header.configs.find(({ name }) => name === MACHINE_CONFIG);
  if (config === undefined) {
    throw new FerryError("vma/no-config", `${source.label} has no ${MACHINE_CONFIG}`, {
      location: { at: "bytes", file: source.label, offset: 0 },
      hint: `Read its disks one by one: vmferry disk convert '${source.label}!${disks[0]?.name ?? "DISK"}' disk.qcow2.`,
    });
  }
  for (const { name } of header.configs) if (name !== MACHINE_CONFIG) ctx.report(leftBehind(source, name));
  if (memory) ctx.report(leftBehind(source, "the machine's memory"));
  return {
    kind: "vma",
    configs: [config],
    format: "vma",
    disks: disks.map(({ missing, ...disk }) => ({ ...disk, notes: missing === null ? [] : [missing] })),
    tar: null,
  };
}

function leftBehind(source: ByteSource, what: string): Diagnostic {
  return {
    code: "vma/left-behind",
    severity: "warning",
    message: `${what} is in the backup, and is not carried over`,
    location: { at: "bytes", file: source.label, offset: 0 },
    hint: what.endsWith(".fw")
      ? "These are rules of the host's firewall: set them up anew."
      : "Start the machine from its disks.",
  };
}

/**
 * One disk of a backup, by its name. `null`: the only one.
 * @throws `vma/which-disk`, and what `openVma` throws
 */
export async function vmaDisk(source: ByteSource, name: string | null, ctx: Context): Promise<VmaDisk> {
  const { disks } = await openVma(source, ctx);
  const found = name === null ? (disks.length === 1 ? disks[0] : undefined) : disks.find((disk) => disk.name === name);
  if (found !== undefined) return found;
  const [first] = disks;
  if (first === undefined) {
    throw new FerryError("vma/which-disk", `${source.label} has no disks`, {
      hint: "All disks of the machine were left out of the backup.",
    });
  }
  const listed = disks.slice(0, LISTED).map((disk) => `${disk.name} (${formatBytes(disk.size)})`);
  const rest = disks.length > LISTED ? ` and ${disks.length - LISTED} more` : "";
  const what = name === null ? "has several disks" : "has no disk of this name";
  throw new FerryError("vma/which-disk", `${source.label} ${what}; there are: ${listed.join(", ")}${rest}`, {
    hint: `Name one behind an exclamation mark: '${source.label}!${first.name}'.`,
  });
}
