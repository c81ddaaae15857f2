import type { Controller } from "../../appliance/appliance.js";
import { blankAttachment } from "../../appliance/blank.js";
import type { Bus, DiskFormatId } from "../../base/ids.js";
import { printable } from "../../base/text.js";
import type { NamedFile } from "../platform.js";
import { guestDiskName, partitionDisk } from "../xen-names.js";
import { parseDiskSpec, type XlDisk } from "./disk-spec.js";
import type { GuestType, XlReading } from "./import-scope.js";
import type { XlView } from "./view.js";

const FORMATS: Readonly<Record<string, DiskFormatId>> = { raw: "raw", qcow2: "qcow2", vhd: "vhd" };

/** Disks of a guest that are read. */
const MOST_DISKS = 1024;

function disksOf(view: XlView): readonly XlDisk[] {
  return view.list("disk", MOST_DISKS).flatMap((text) => parseDiskSpec(text) ?? []);
}

/** Paths that do not begin at the root are devices, as Xen reads them. */
function pathOf({ target }: XlDisk): string | null {
  return target === "" ? null : target;
}

/** Floppy drives of xm's guests. */
const FLOPPIES = ["fda", "fdb"] as const;

/** The files that drives have in them. */
export function filesOfDrives(view: XlView, type: GuestType): readonly NamedFile[] {
  const disks = disksOf(view).flatMap((disk): NamedFile[] => {
    const path = pathOf(disk);
    if (path === null || (disk.cdrom && disk.device)) return [];
    return [{ path, role: disk.cdrom ? "iso" : "disk", id: disk.vdev }];
  });
  const floppies = FLOPPIES.flatMap((name): NamedFile[] => {
    const path = type === "hvm" ? view.text(name) : null;
    return path === null ? [] : [{ path, role: "file", id: name }];
  });
  return [...disks, ...floppies];
}

/** Controllers and drives. */
export function readDrives(reading: XlReading): void {
  const { view, machine, type, report } = reading;
  const controllers = new Map<string, Controller>();
  const taken = new Set<string>();
  const controllerAt = (id: string, bus: Bus, index: number, model: string | null): Controller => {
    const known = controllers.get(id);
    if (known !== undefined) return known;
    const made: Controller = { id, bus, model, index };
    controllers.set(id, made);
    return made;
  };
  readUsb(reading, controllerAt);
  const location = view.place("disk");
  const put = (disk: XlDisk): { controller: string; slot: number } => {
    const { id, bus, index, model, slot: wished } = placeOf(disk, type, view.text("hdtype") === "ahci");
    const controller = controllerAt(id, bus, index, model).id;
    let slot = wished;
    if (taken.has(`${controller} ${slot}`)) {
      for (slot = 0; taken.has(`${controller} ${slot}`); ) slot++;
      // Several partitions of one disk are usual; two disks of one name are not.
      if (guestDiskName(disk.vdev)?.partition == null) reading.left(`place of ${disk.vdev}`, disk.vdev);
    }
    taken.add(`${controller} ${slot}`);
    return { controller, slot };
  };
  for (const text of view.list("disk", MOST_DISKS)) {
    const disk = parseDiskSpec(text);
    if (disk === null) {
      report({
        code: "config/strange-value",
        severity: "warning",
        message: `the disk ${JSON.stringify(printable(text.slice(0, 100)))} names no device of the guest`,
        hint: "It is left out. xl-disk-configuration(5) says how disks are written.",
        ...(location === undefined ? {} : { location }),
      });
      continue;
    }
    reading.origin(`attachments/${machine.attachments.length}`, location);
    const place = put(disk);
    const path = pathOf(disk);
    if (disk.cdrom) {
      const file = path === null || disk.device ? null : reading.file(path, "iso");
      machine.attachments.push(blankAttachment("cdrom", { ...place, file }));
      if (path !== null && disk.device) reading.left(`${disk.vdev} of the host`, path);
    } else {
      machine.attachments.push(
        blankAttachment("disk", { ...place, disk: readDisk(disk, path, reading), readOnly: disk.readOnly }),
      );
    }
    for (const word of disk.rest) if (word !== "w!") reading.left(`${word.split("=")[0]} of ${disk.vdev}`, word);
  }
  for (const [slot, name] of FLOPPIES.entries()) {
    const path = type === "hvm" ? view.text(name) : null;
    if (path === null) continue;
    const { id } = controllerAt("fdc0", "floppy", 0, null);
    machine.attachments.push(blankAttachment("floppy", { controller: id, slot, file: reading.file(path, "floppy") }));
  }
  machine.controllers.push(...controllers.values());
  renumber(machine.controllers);
}

function readDisk(disk: XlDisk, path: string | null, reading: XlReading): string | null {
  const { vdev } = disk;
  const location = reading.view.place("disk");
  const where = location === undefined ? {} : { location };
  if (path === null) {
    reading.report({
      code: "config/strange-value",
      severity: "warning",
      message: `disk ${printable(vdev)} names no target`,
      hint: "Only CD drives may be empty.",
      ...where,
    });
    return null;
  }
  if (disk.device) {
    reading.report({
      code: "xen/disk-elsewhere",
      severity: "info",
      message: `disk ${printable(vdev)} is no file but ${printable(path.slice(0, 200))}`,
      hint: `Copy it into a file (qemu-img convert), and say where it lies: --map-disk ${printable(vdev)}=PATH.`,
      ...where,
    });
  }
  if (guestDiskName(vdev)?.partition != null) reading.report(partitionDisk(vdev, location));
  return reading.disk(path, vdev, { format: FORMATS[disk.format] ?? null, shared: disk.rest.includes("w!") });
}

interface XlPlace {
  readonly id: string;
  readonly bus: Bus;
  readonly index: number;
  readonly model: string | null;
  readonly slot: number;
}

/**
 * Where a guest finds a disk. Emulated are those of the first four names `hd` (on IDE, or on AHCI) and `sd` (on a 53c895a), CD drives in any case; all
 * others are Xen's own. Sources: xen-vbd-interface(7), xl.cfg(5) `hdtype`.
 */
function placeOf({ vdev, cdrom }: XlDisk, type: GuestType, ahci: boolean): XlPlace {
  const name = guestDiskName(vdev);
  const index = name?.index ?? 0;
  const prefix = name?.prefix ?? "";
  if (type === "hvm" && (prefix === "hd" || cdrom) && index < (ahci ? 6 : 4)) {
    if (ahci) return { id: "sata0", bus: "sata", index: 0, model: null, slot: index };
    const channel = Math.floor(index / 2);
    return { id: `ide${channel}`, bus: "ide", index: channel, model: null, slot: index % 2 };
  }
  if (type === "hvm" && prefix === "sd")
    return { id: "scsi0", bus: "scsi", index: 0, model: "lsi53c895a", slot: index };
  return { id: "xen0", bus: "scsi", index: 0, model: "xen", slot: index };
}

/** Real SCSI controllers come before Xen's disks. */
function renumber(controllers: readonly Controller[]): void {
  const xen = controllers.find(({ id }) => id === "xen0");
  if (xen !== undefined) xen.index = controllers.some(({ id }) => id === "scsi0") ? 1 : 0;
}

const USB = ["piix3-uhci", "ich9-usb-ehci1", "nec-usb-xhci"] as const;

function readUsb(
  { view, type, origin }: XlReading,
  controllerAt: (id: string, bus: Bus, index: number, model: string | null) => Controller,
): void {
  const version = view.number("usbversion") ?? (view.flag("usb") === true ? 1 : 0);
  const model = USB[version - 1];
  if (type !== "hvm" || model === undefined) return;
  controllerAt("usb0", "usb", 0, model);
  origin("controllers/usb0", view.place("usbversion") ?? view.place("usb"));
}
