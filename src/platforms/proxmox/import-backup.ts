/** Configurations inside of backups, where drives are devices of the archive. */
import type { Location } from "../../base/diagnostics.js";
import type { ConfigFiles } from "../platform.js";
import type { Reading } from "../reading.js";
import type { Conf } from "./conf.js";
import { type ConfDrive, drivesOf, efiVolume } from "./import-drives.js";
import type { ConfView } from "./view.js";

/** The device that a drive was saved as: what vzdump says, or how it names all. */
function deviceOf(conf: Conf, drive: string): string {
  return conf.dumped.get(drive) ?? `drive-${drive}`;
}

/** Whether a configuration lies in a backup with at least one of its drives. */
function isBackup(conf: Conf, drives: readonly ConfDrive[], files: ConfigFiles): boolean {
  return [...drives.map(({ name }) => name), "efidisk0"].some((name) => files.find(deviceOf(conf, name)) !== undefined);
}

/** The drives of a machine; of one in a backup, as devices of the archive. What the backup left out is a finding. */
export function presentDrives(
  conf: Conf,
  view: ConfView,
  files: ConfigFiles,
  reading: Reading,
  at: (key: string) => Location | undefined,
): readonly ConfDrive[] {
  const drives = drivesOf(view);
  if (!isBackup(conf, drives, files)) {
    reportOneFile(drives, files, reading, at);
    return drives;
  }
  return drives.flatMap((drive): ConfDrive[] => {
    if (drive.volume === null) return [drive];
    const device = deviceOf(conf, drive.name);
    if (files.find(device) !== undefined) return [{ ...drive, volume: device }];
    const location = at(drive.name);
    reading.report({
      code: "vma/not-in-backup",
      severity: "warning",
      message:
        drive.device === "disk"
          ? `the backup does not have the disk ${drive.name}; the machine comes without it`
          : `the backup does not have the image in ${drive.name}; the drive comes empty`,
      hint:
        drive.device === "disk"
          ? "Drives with backup=0 are left out: copy the disk by itself, and attach it."
          : "Put the image into the drive again where the guest needs it.",
      ...(location === undefined ? {} : { location }),
    });
    return drive.device === "disk" ? [] : [{ ...drive, volume: null }];
  });
}

/** Volumes of two storages may have one name, and then one file beside the configuration cannot be both. */
function reportOneFile(
  drives: readonly ConfDrive[],
  files: ConfigFiles,
  reading: Reading,
  at: (key: string) => Location | undefined,
): void {
  const volumes = new Map<string, string>();
  for (const { name, device, volume } of drives) {
    const file = volume === null || device !== "disk" ? undefined : files.find(volume)?.name;
    if (volume === null || file === undefined) continue;
    const other = volumes.get(file);
    volumes.set(file, other ?? volume);
    if (other === undefined || other === volume) continue;
    const location = at(name);
    reading.report({
      code: "proxmox/one-file",
      severity: "error",
      message: `${file} was found for ${other} and for ${volume}, and can be but one of them`,
      hint: `Say where each lies: --map-disk ${name}=PATH.`,
      ...(location === undefined ? {} : { location }),
    });
  }
}

/** Where the EFI variables lie: as the configuration names them, or as the backup does. `null`: nowhere. */
export function presentVariables(conf: Conf, view: ConfView, files: ConfigFiles): string | null {
  const volume = efiVolume(view);
  if (volume === null) return null;
  return [volume, deviceOf(conf, "efidisk0")].find((path) => files.find(path) !== undefined) ?? null;
}
