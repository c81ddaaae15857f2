import type { Attachment, BootDevice, Controller } from "../../appliance/appliance.js";
import { blankAttachment } from "../../appliance/blank.js";
import type { Location } from "../../base/diagnostics.js";
import type { Bus } from "../../base/ids.js";
import type { ConfigFiles, NamedFile } from "../platform.js";
import type { Reading } from "../reading.js";
import { type ConfView, type Properties, parseProperties, sizeFrom } from "./view.js";

/** Where a setting stands. */
export type PlaceOf = (key: string) => Location | undefined;

/** Drives of each kind, in the order in which Proxmox VE goes through them. */
const DRIVES = [
  ["ide", 4],
  ["scsi", 31],
  ["virtio", 16],
  ["sata", 6],
] as const;

type DriveKind = (typeof DRIVES)[number][0];

/** A drive of a configuration. */
export interface ConfDrive {
  /** `scsi0`. */
  readonly name: string;
  readonly kind: DriveKind;
  readonly index: number;
  readonly device: Attachment["device"];
  /** Volume or path; `null`: an empty drive, one of the host, or a disk that Proxmox VE makes itself (cloud-init). */
  readonly volume: string | null;
  /** What is in the drive that no file beside the configuration is. */
  readonly host: "host" | "cloudinit" | null;
  readonly properties: Properties;
}

/** Names of volumes with the settings that cloud-init hands to the guest. */
const CLOUDINIT = /(?:^|[/:])(?:vm-[0-9]+-)?cloudinit(?:\.[a-z0-9]+)?$/;

/** Drives in the order of Proxmox VE. */
export function drivesOf(view: ConfView): readonly ConfDrive[] {
  const drives: ConfDrive[] = [];
  for (const [kind, count] of DRIVES) {
    for (let index = 0; index < count; index++) {
      const name = `${kind}${index}`;
      const alias = name === "ide2" ? view.text("cdrom") : null;
      const properties =
        view.properties(name, "file") ?? (alias === null ? null : parseProperties(`${alias},media=cdrom`, "file"));
      const file = properties?.text("file") ?? properties?.text("volume") ?? null;
      if (properties === null || file === null) continue;
      const cloudinit = CLOUDINIT.test(file);
      const device = properties.text("media") === "cdrom" || cloudinit ? "cdrom" : "disk";
      // A disk of nothing is none.
      if (device === "disk" && file === "none") continue;
      const host = cloudinit ? "cloudinit" : device === "cdrom" && file === "cdrom" ? "host" : null;
      const empty = host !== null || file === "none";
      drives.push({ name, kind, index, device, volume: empty ? null : file, host, properties });
    }
  }
  return drives;
}

/** The files that a configuration names: disks, images, and what EFI remembers. */
export function namedFiles(view: ConfView): readonly NamedFile[] {
  const files: NamedFile[] = [];
  for (const { name, device, volume } of drivesOf(view)) {
    if (volume !== null) files.push({ path: volume, role: device === "disk" ? "disk" : "iso", id: name });
  }
  const efi = efiVolume(view);
  // The variables may stay behind: a machine without them starts from the loader's usual place.
  if (efi !== null) files.push({ path: efi, role: "nvram", id: "efidisk0", optional: true });
  return files;
}

/** Where the EFI variables lie. */
export function efiVolume(view: ConfView): string | null {
  const file = view.properties("efidisk0", "file")?.text("file") ?? null;
  return file === "none" ? null : file;
}

/** How the drives of each kind hang on controllers. */
interface Place {
  readonly id: string;
  readonly bus: Bus;
  readonly model: string | null;
  readonly index: number;
  readonly slot: number;
}

/**
 * The place of a drive. Two drives on each channel of IDE. Chips of LSI Logic take seven drives each, and there are as many chips as the numbers
 * need; all else is one controller. `virtio-scsi-single` gives each drive a queue of its own, which its model says.
 */
function placeOf({ kind, index }: ConfDrive, scsihw: string): Place {
  switch (kind) {
    case "ide": {
      const channel = Math.floor(index / 2);
      return { id: `ide.${channel}`, bus: "ide", model: null, index: channel, slot: index % 2 };
    }
    case "sata":
      return { id: "ahci0", bus: "sata", model: null, index: 0, slot: index };
    case "virtio":
      return { id: "virtio", bus: "virtio-blk", model: null, index: 0, slot: index };
    case "scsi": {
      if (scsihw.startsWith("virtio-scsi")) {
        return { id: "scsihw0", bus: "virtio-scsi", model: scsihw, index: 0, slot: index };
      }
      const chip = scsihw.startsWith("lsi") ? Math.floor(index / 7) : 0;
      return { id: `scsihw${chip}`, bus: "scsi", model: scsihw, index: chip, slot: index - 7 * chip };
    }
  }
}

/** Parts of a drive that say nothing which is lost. */
const HOUSEKEEPING = new Set(["media", "size", "format", "backup", "replicate", "shared"]);

/** Controllers and drives. */
export function readDrives(
  view: ConfView,
  drives: readonly ConfDrive[],
  files: ConfigFiles,
  reading: Reading,
  at: PlaceOf,
): void {
  const { machine } = reading;
  const scsihw = view.text("scsihw") ?? "lsi";
  const controllers = new Map<string, Controller>();
  for (const drive of drives) {
    const { id, bus, model, index, slot } = placeOf(drive, scsihw);
    if (!controllers.has(id)) {
      const controller: Controller = { id, bus, model, index };
      controllers.set(id, controller);
      machine.controllers.push(controller);
      if (bus === "scsi" || bus === "virtio-scsi") reading.origin(`controllers/${id}`, at("scsihw"));
    }
    reading.origin(`attachments/${machine.attachments.length}`, at(drive.name));
    machine.attachments.push(attachmentOf(drive, { controller: id, slot }, files, reading));
    readRest(drive, reading);
  }
}

function attachmentOf(
  { name, device, volume, properties }: ConfDrive,
  place: { readonly controller: string; readonly slot: number },
  files: ConfigFiles,
  reading: Reading,
): Attachment {
  if (device !== "disk") {
    return blankAttachment(device, { ...place, file: volume === null ? null : reading.file(volume, "iso") });
  }
  const capacityBytes = sizeFrom(properties.text("size")) ?? 0;
  const readOnly = properties.flag("ro") === true;
  const path = volume ?? "";
  const raw = isRaw(path, files.find(path)?.name) ? { format: "raw" as const } : {};
  return blankAttachment(device, {
    ...place,
    readOnly,
    disk: reading.disk(path, name, { capacityBytes, ...raw }),
  });
}

/**
 * Whether a file has the guest's bytes as they are, whatever a guest wrote at its beginning: by its name, or as a volume of block storage
 * (LVM, ZFS, Ceph), whose names have no ending.
 */
function isRaw(volume: string, file: string | undefined): boolean {
  if (file === undefined) return false;
  const ending = (name: string): string => /\.[a-z0-9]+$/i.exec(name)?.[0].toLowerCase() ?? "";
  return ending(file) === ".raw" || (ending(file) === "" && ending(volume) === "");
}

function readRest({ name, host, properties }: ConfDrive, reading: Reading): void {
  if (host === "cloudinit") reading.foreign("proxmox", `${name}: the settings for cloud-init`, "");
  if (host === "host") reading.foreign("proxmox", `${name}: the drive of the host`, "");
  const rest = properties.rest().filter(({ name: part }) => !HOUSEKEEPING.has(part));
  if (rest.length === 0) return;
  const names = rest.map(({ name: part }) => part).join(", ");
  reading.foreign("proxmox", `${name}: ${names}`, rest.map(({ name: part, value }) => `${part}=${value}`).join(","));
}

/** The boot order among the drives of the machine: `order=scsi0;net0`, or the letters of old with the disk that `bootdisk` names. */
export function readBoot(
  view: ConfView,
  drives: readonly ConfDrive[],
  nics: ReadonlyMap<string, number>,
  reading: Reading,
  at: PlaceOf,
): void {
  const { machine } = reading;
  const boot = view.properties("boot", "legacy");
  const bootdisk = view.text("bootdisk");
  reading.origin("boot", at("boot") ?? at("bootdisk"));
  const devices: BootDevice[] = [];
  const add = (device: BootDevice): void => {
    if (!devices.some((known) => known.device === device.device && known.index === device.index)) devices.push(device);
  };
  const order = boot?.text("order") ?? null;
  if (order !== null) {
    // More than there are places for drives, cards and devices of the host.
    for (const name of order.slice(0, 4096).split(";", 256)) {
      const index = drives.findIndex((drive) => drive.name === name);
      const nic = nics.get(name);
      if (index >= 0) add({ device: (drives[index] as ConfDrive).device, index });
      else if (nic !== undefined) add({ device: "network", index: nic });
      else if (/^(?:usb|hostpci)/.test(name)) reading.foreign("proxmox", `boot from ${name}`, "");
    }
    machine.boot = devices;
    return;
  }
  // What says nothing boots from disk, CD and network: it is what Proxmox VE means by it.
  for (const letter of new Set(boot?.text("legacy") ?? "cdn")) {
    if (letter === "c") {
      const index = drives.findIndex((drive) => drive.name === bootdisk && drive.device === "disk");
      if (index >= 0) add({ device: "disk", index });
      else if (drives.some((drive) => drive.device === "disk")) add({ device: "disk", index: null });
    } else if (letter === "d") {
      for (const [index, drive] of drives.entries()) if (drive.device === "cdrom") add({ device: "cdrom", index });
    } else if (letter === "n") {
      for (const index of nics.values()) add({ device: "network", index });
    }
  }
  machine.boot = devices;
}
