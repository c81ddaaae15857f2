/** Where a system names devices by their bus or their order: fstab(5), crypttab(5), settings of boot loaders. */
import type { GuestFiles } from "../files.js";
import type { DeviceNameUse } from "../model.js";
import { readAll, readFolder, readLines, short, type TextFile } from "../text-files.js";

/** Uses that are kept. */
const MOST_USES = 200;
/** Names that the kernel gives by driver and order, and links that say bus, place or serial number of virtual hardware. */
const KERNEL_NAME = "(?:sd|hd|vd|xvd)[a-z]+[0-9]*|nvme[0-9]+n[0-9]+(?:p[0-9]+)?|mmcblk[0-9]+(?:p[0-9]+)?";
const LINK = "disk/by-path/[^\\s,\"']+|disk/by-id/(?!dm-|lvm-|md-)[^\\s,\"']+";
const DEVICE = `/dev/(?:${KERNEL_NAME}|${LINK})`;
const WHOLE = new RegExp(`^${DEVICE}$`);
const ROOT = new RegExp(`(?:^|[\\s"'=])(root|resume)=(${DEVICE})(?=$|[\\s,"'])`, "g");
const ANYWHERE = new RegExp(`(?:^|[\\s"'=:])(${DEVICE})(?=$|[\\s,"':])`);

/** Files with command lines of kernels, beside those of the boot folder. */
const COMMAND_LINES = ["/etc/default/grub", "/etc/kernel/cmdline", "/etc/initramfs-tools/conf.d/resume"] as const;
const BOOT_FILES = [
  "grub/grub.cfg",
  "grub2/grub.cfg",
  "grub/menu.lst",
  "grub/grub.conf",
  "grub2/grubenv",
  "grub/grubenv",
  "extlinux/extlinux.conf",
  "extlinux.conf",
  "syslinux/syslinux.cfg",
] as const;

/** Names of devices in the settings of a root. */
export async function rootDeviceNames(root: GuestFiles): Promise<readonly DeviceNameUse[]> {
  const fstab = await readLines(root, "/etc/fstab");
  const crypttab = await readLines(root, "/etc/crypttab");
  const defaults = await readFolder(root, "/etc/default/grub.d", /\.cfg$/);
  return cut([
    ...(fstab === null ? [] : columns(fstab, (fields) => mountOf(fields))),
    ...(crypttab === null
      ? []
      : columns(crypttab, ([, device]) => ({ device, purpose: "encryption", mountPoint: null }))),
    ...commandLines([...(await readAll(root, COMMAND_LINES)), ...defaults]),
  ]);
}

/**
 * Names of devices in the settings of boot loaders.
 * @param folder where those of the boot folder lie: `/boot`, or nothing where it is a volume of its own
 */
export async function bootDeviceNames(boot: GuestFiles, folder: string): Promise<readonly DeviceNameUse[]> {
  const files = await readAll(
    boot,
    BOOT_FILES.map((name) => `${folder}/${name}`),
  );
  const entries = await readFolder(boot, `${folder}/loader/entries`, /\.conf$/);
  const map = await readLines(boot, `${folder}/grub/device.map`);
  return cut([
    ...commandLines([...files, ...entries]),
    ...(map === null ? [] : columns(map, ([, device]) => ({ device, purpose: "boot loader", mountPoint: null }))),
  ]);
}

type Named = Pick<DeviceNameUse, "purpose" | "mountPoint"> & { readonly device: string | undefined };

/** Lines of fields between spaces, without comments. */
function columns(file: TextFile, named: (fields: readonly string[]) => Named): readonly DeviceNameUse[] {
  return file.lines.flatMap((line, i) => {
    const fields = line.trim().split(/\s+/).slice(0, 8);
    if (fields[0] === undefined || fields[0].startsWith("#")) return [];
    const { device, ...rest } = named(fields);
    return device === undefined || !WHOLE.test(device)
      ? []
      : [{ file: file.path, line: i + 1, device: short(device), ...rest }];
  });
}

function mountOf([device, point, type]: readonly string[]): Named {
  if (type === "swap") return { device, purpose: "swap", mountPoint: null };
  return { device, purpose: "mount", mountPoint: short(point ?? "") };
}

/** What command lines of kernels name; each device once for each file. */
function commandLines(files: readonly TextFile[]): readonly DeviceNameUse[] {
  return files.flatMap(({ path, lines }) => {
    const seen = new Map<string, DeviceNameUse>();
    for (const [i, line] of lines.entries()) {
      if (/^\s*#/.test(line)) continue;
      const resume = path.endsWith("/resume") ? /^\s*RESUME=(\S+)/.exec(line)?.[1] : undefined;
      const found = [...line.matchAll(ROOT)].map(([, purpose, device]) => ({ purpose, device }));
      if (resume !== undefined && ANYWHERE.test(resume)) found.push({ purpose: "resume", device: resume });
      for (const { purpose, device } of found) {
        if (device === undefined || (purpose !== "root" && purpose !== "resume")) continue;
        const use: DeviceNameUse = { file: path, line: i + 1, device: short(device), purpose, mountPoint: null };
        if (!seen.has(`${purpose} ${device}`)) seen.set(`${purpose} ${device}`, use);
      }
    }
    return [...seen.values()];
  });
}

function cut(uses: readonly DeviceNameUse[]): readonly DeviceNameUse[] {
  return uses.slice(0, MOST_USES);
}
