import type { Context } from "../../io/context.js";
import { bootFacts } from "../boot.js";
import { Glimpse } from "../glimpse.js";
import type { VirtualDisk } from "../model.js";
import { ExtVolume } from "./ext/volume.js";
import type { GuestFiles } from "./files.js";
import { type BootFolder, hasKernels, isLinuxRoot, type LinuxFacts, linuxFacts } from "./linux/facts.js";
import type { GuestFacts, GuestVolume, Sureness } from "./model.js";
import { CONTENT_NAMES, type ContentKind } from "./signatures.js";
import { type Volume, volumesOf } from "./volumes.js";

/** Contents that a Linux system makes, and no other. */
const OF_LINUX: readonly ContentKind[] = [
  "ext",
  "xfs",
  "btrfs",
  "f2fs",
  "reiserfs",
  "jfs",
  "swap",
  "luks",
  "lvm",
  "md-raid",
];
/** Contents that a Windows system lies on. */
const OF_WINDOWS: readonly ContentKind[] = ["ntfs", "bitlocker", "refs"];

/** An ext file system of a disk. */
interface Opened {
  readonly name: string;
  readonly files: GuestFiles;
}

/**
 * What a boot disk says about the system on it: which it is, what it boots by, and what another machine would have to be for it. Reads at
 * most `limits.guestBytes` of it. What the guest wrote can be anything: nothing here fails on it, and what is damaged is as if it were not
 * there. Linux is read in ext2, ext3 and ext4, in partitions and on LVM; other file systems are told by their signatures alone.
 * @throws what reading the image throws
 */
export async function guestFacts(disk: VirtualDisk, ctx: Context): Promise<GuestFacts> {
  const boot = await bootFacts(disk, ctx);
  const look = new Glimpse(disk, ctx, ctx.limits.guestBytes);
  const volumes = await volumesOf(look, disk.info.logicalSectorSize);
  const notRead: string[] = [];
  const opened: Opened[] = [];
  for (const volume of volumes) {
    const files = await openVolume(volume, notRead);
    if (files !== null) opened.push({ name: volume.name, files });
  }
  const root = await rootOf(opened, notRead);
  const folder = await bootFolderOf(root, opened);
  const facts = await linuxFacts(root?.files ?? null, folder);
  if (root?.files.stale === true) {
    notRead.push(
      `the journal of ${root.name}: the guest was not shut down, and may see newer files than what is told here`,
    );
  }
  if (look.spent) notRead.push("what lies further: the limit of bytes that may be read of a guest's disk was reached");
  const told = systemOf(volumes, root, folder, boot.efiLoader, facts);
  return { ...told, ...facts, boot, volumes: volumes.map(volumeFact), root: root?.name ?? null, notRead };
}

function volumeFact({ name, kind, region }: Volume): GuestVolume {
  return { name, kind, size: typeof region === "string" ? null : region.size };
}

async function openVolume({ name, kind, region }: Volume, notRead: string[]): Promise<GuestFiles | null> {
  if (typeof region === "string") {
    notRead.push(`${name}: ${region}`);
    return null;
  }
  if (kind === "ext") {
    const files = await ExtVolume.open(region);
    if (files instanceof ExtVolume) return files;
    notRead.push(`${name}: ${files ?? "its superblock cannot be read"}`);
  } else if (!["fat", "swap", "lvm", "unknown"].includes(kind)) {
    notRead.push(`${name}: ${CONTENT_NAMES[kind]} is not looked into`);
  }
  return null;
}

async function rootOf(opened: readonly Opened[], notRead: string[]): Promise<Opened | null> {
  let root: Opened | null = null;
  for (const one of opened) {
    if (!(await isLinuxRoot(one.files))) continue;
    if (root === null) root = one;
    else notRead.push(`${one.name}: it holds another Linux system than ${root.name}`);
  }
  return root;
}

/** Where the kernels lie: in the root, or in a volume of their own. */
async function bootFolderOf(root: Opened | null, opened: readonly Opened[]): Promise<BootFolder | null> {
  if (root !== null) {
    const inside: BootFolder = { files: root.files, folder: "/boot" };
    if (await hasKernels(inside)) return inside;
  }
  for (const { files } of opened) {
    const own: BootFolder = { files, folder: "" };
    if (await hasKernels(own)) return own;
  }
  return root === null ? null : { files: root.files, folder: "/boot" };
}

function systemOf(
  volumes: readonly Volume[],
  root: Opened | null,
  folder: BootFolder | null,
  efiLoader: string | null,
  facts: LinuxFacts,
): { readonly system: GuestFacts["system"]; readonly sure: Sureness; readonly reason: string } {
  if (root !== null) {
    const named = facts.id !== null;
    const reason = named
      ? `os-release in ${root.name}`
      : `${root.name} holds the root of a Linux system without an os-release`;
    return { system: "linux", sure: named ? "read" : "likely", reason };
  }
  if (folder !== null)
    return { system: "linux", sure: "likely", reason: "there are Linux kernels, and the root is not read" };
  // The folder of Windows' loader has a long name, of which the short one keeps six letters.
  if (efiLoader !== null && /^\\EFI\\MICROS/.test(efiLoader)) {
    return { system: "windows", sure: "likely", reason: `the EFI system partition holds ${efiLoader}` };
  }
  const windows = volumes.find(({ kind }) => OF_WINDOWS.includes(kind));
  if (windows !== undefined) {
    return { system: "windows", sure: "likely", reason: `${windows.name} is ${CONTENT_NAMES[windows.kind]}` };
  }
  const linux = volumes.find(({ kind }) => OF_LINUX.includes(kind));
  if (linux !== undefined)
    return { system: "linux", sure: "likely", reason: `${linux.name} is ${CONTENT_NAMES[linux.kind]}` };
  return { system: "unknown", sure: "unknown", reason: "nothing on the disk tells a system" };
}
