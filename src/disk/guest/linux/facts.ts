import type { GuestFiles } from "../files.js";
import type { GuestFacts, GuestKernel, InitramfsFacts } from "../model.js";
import { assignment, readLines, short } from "../text-files.js";
import { bootDeviceNames, rootDeviceNames } from "./device-names.js";
import { driverFacts, kernelModules } from "./drivers.js";
import { initramfsFacts } from "./initramfs.js";
import { interfaceUses } from "./interfaces.js";
import { guestTools } from "./tools.js";

/** Kernels whose modules are looked at; the rest is what nobody has started for long. */
const MOST_KERNELS = 4;
const KERNEL = /^vmlinuz-(.+)$/;

/** Where the kernels of a system lie. */
export interface BootFolder {
  readonly files: GuestFiles;
  /** `/boot`, or nothing where it is a volume of its own. */
  readonly folder: string;
}

/** What the files of a Linux system say. Nothing fails on what a guest wrote. */
export type LinuxFacts = Pick<
  GuestFacts,
  "id" | "versionId" | "prettyName" | "kernels" | "initramfs" | "deviceNames" | "interfaces" | "tools"
>;

/** Whether a file system is the root of a Linux system. */
export async function isLinuxRoot(files: GuestFiles): Promise<boolean> {
  for (const path of ["/etc/os-release", "/usr/lib/os-release", "/etc/redhat-release", "/etc/debian_version"]) {
    if ((await files.find(path))?.type === "file") return true;
  }
  return (await files.find("/etc/fstab")) !== null && (await files.find("/sbin/init")) !== null;
}

/** Whether a folder holds kernels. */
export async function hasKernels({ files, folder }: BootFolder): Promise<boolean> {
  return (await files.list(folder === "" ? "/" : folder)).some((name) => KERNEL.test(name));
}

/**
 * Reads all of them.
 * @param root `null`: it is not read, and only what the boot folder says is known
 * @param boot `null`: none was found
 */
export async function linuxFacts(root: GuestFiles | null, boot: BootFolder | null): Promise<LinuxFacts> {
  const release = root === null ? new Map<string, string>() : await osRelease(root);
  const initramfs: InitramfsFacts =
    root === null
      ? { maker: null, scope: "unknown", named: [], sure: "unknown", reason: "the root is not read" }
      : await initramfsFacts(root);
  const text = (name: string): string | null => {
    const value = release.get(name);
    return value === undefined || value === "" ? null : short(value);
  };
  return {
    id: text("ID"),
    versionId: text("VERSION_ID"),
    prettyName: text("PRETTY_NAME"),
    kernels: boot === null ? [] : await kernelsOf(root, boot, initramfs),
    initramfs,
    deviceNames: [
      ...(root === null ? [] : await rootDeviceNames(root)),
      ...(boot === null ? [] : await bootDeviceNames(boot.files, boot.folder)),
    ],
    interfaces: root === null ? [] : await interfaceUses(root),
    tools: root === null ? [] : await guestTools(root),
  };
}

/** os-release(5): the file in /etc counts, where there is one. */
async function osRelease(root: GuestFiles): Promise<ReadonlyMap<string, string>> {
  const file = (await readLines(root, "/etc/os-release")) ?? (await readLines(root, "/usr/lib/os-release"));
  const values = new Map<string, string>();
  for (const line of file?.lines ?? []) {
    const set = assignment(line);
    if (set !== null) values.set(set.name, set.value);
  }
  return values;
}

async function kernelsOf(
  root: GuestFiles | null,
  boot: BootFolder,
  initramfs: InitramfsFacts,
): Promise<readonly GuestKernel[]> {
  const names = await boot.files.list(boot.folder === "" ? "/" : boot.folder);
  const versions = names
    .flatMap((name) => KERNEL.exec(name)?.[1] ?? [])
    .filter((version) => !version.startsWith("0-rescue"));
  versions.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  const images = new Set(names);
  const folders = root === null ? [] : await root.list("/lib/modules");
  const kernels: GuestKernel[] = [];
  for (const version of versions.slice(0, MOST_KERNELS)) {
    // By Debian and Ubuntu, Red Hat, SUSE and Alpine, Arch.
    const flavour = version.replace(/^linux-?/, "");
    const image = [
      `initrd.img-${version}`,
      `initramfs-${version}.img`,
      `initrd-${version}`,
      `initramfs-${flavour}`,
    ].find((name) => images.has(name));
    const modules = root === null ? null : await kernelModules(root, moduleFolder(version, folders));
    kernels.push({
      version: short(version),
      initramfs: image === undefined ? null : short(`${boot.folder}/${image}`),
      drivers: driverFacts(modules, initramfs, image !== undefined),
    });
  }
  return kernels;
}

/** The folder of a kernel's modules. Alpine and Arch name their kernels by flavour alone: `vmlinuz-lts`, `vmlinuz-linux`. */
function moduleFolder(version: string, folders: readonly string[]): string {
  if (folders.includes(version)) return version;
  const ofFlavour = folders.filter((folder) => folder.endsWith(`-${version}`));
  return ofFlavour[0] ?? (folders.length === 1 ? folders[0] : undefined) ?? version;
}
