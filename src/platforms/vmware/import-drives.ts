import type { Attachment, Controller } from "../../appliance/appliance.js";
import { blankAttachment } from "../../appliance/blank.js";
import { FerryError } from "../../base/errors.js";
import type { Bus } from "../../base/ids.js";
import { printable } from "../../base/text.js";
import type { NamedFile } from "../platform.js";
import { modelByDefault, type VmxScope } from "./import-scope.js";
import { byDeviceName, presentDevices, type VmxView } from "./view.js";

/** A drive of a VMX file, as its settings have it. */
interface VmxDrive {
  /** `scsi0:1`; `floppy0`. */
  readonly name: string;
  readonly bus: Bus;
  readonly controller: number;
  readonly slot: number;
  /** `passthrough`: a device of the host behind a SCSI address, such as a tape drive. */
  readonly device: Attachment["device"] | "passthrough";
  /** `null`: an empty drive, or one of the host. */
  readonly file: string | null;
  /** What the drive is on the host, where it is no file. */
  readonly host: string | null;
}

const DRIVE = /^((?:ide|scsi|sata|nvme)[0-9]{1,2}:[0-9]{1,3})\.present$/;
/** More than four controllers of each bus can have. */
const MOST_DRIVES = 2000;
/** What VMware writes for "nothing", "whatever there is" and "what the client has": no device of the host by name. */
const NO_DEVICE =
  /^(?:auto ?detect|emptybackingstring|vmware-null-remote-\w+|(?:cd\/dvd(?:-rom)?|floppy)(?: drive)? ?[0-9]*|remote(?: device)?(?: [0-9]+)?)$/i;
/** Images of VMware's own tools, which lie with the product and not with the machine. */
const TOOLS_IMAGE = /(?:isoimages|vmimages\/tools-isoimages)[\\/][\w.]+$/i;

/** Drives that are present, in the order of buses, controllers and numbers. */
function drivesOf(view: VmxView): readonly VmxDrive[] {
  const names = [...presentDevices(view, DRIVE)];
  if (names.length > MOST_DRIVES) {
    throw new FerryError("config/unreadable", `the configuration has ${names.length} drives, VMware takes fewer`, {
      hint: "Look at where the file comes from: no product of VMware's wrote it.",
    });
  }
  // A machine has a floppy drive unless its file says that it has none; a second one has to be named.
  if (view.flag("floppy0.present") !== false) names.push("floppy0");
  if (view.flag("floppy1.present") === true) names.push("floppy1");
  return names.sort(byDeviceName).map((name) => driveOf(view, name));
}

function driveOf(view: VmxView, name: string): VmxDrive {
  const [, bus = "", first = "0", second = "0"] = /^([a-z]+)([0-9]+)(?::([0-9]+))?$/.exec(name) ?? [];
  const floppy = bus === "floppy";
  const place = {
    name,
    bus: bus as Bus,
    controller: floppy ? 0 : Number(first),
    slot: Number(floppy ? first : second),
  };
  const device = floppy ? "floppy" : deviceOf(view.text(`${name}.deviceType`)?.toLowerCase() ?? "");
  const named = view.text(`${name}.fileName`);
  const image =
    device === "disk" ||
    (device === "cdrom" && /image/i.test(view.text(`${name}.deviceType`) ?? "")) ||
    (device === "floppy" && view.text(`${name}.fileType`)?.toLowerCase() === "file");
  if (image) return { ...place, device, file: named, host: null };
  const chosen = view.flag(`${name}.autodetect`) === true || view.flag(`${name}.clientDevice`) === true;
  const host = named === null || NO_DEVICE.test(named) || (chosen && device !== "passthrough") ? null : named;
  return { ...place, device, file: null, host };
}

/** What is at an address, by its `deviceType`; without one it is a disk. */
function deviceOf(type: string): VmxDrive["device"] {
  if (type.includes("cdrom")) return "cdrom";
  return type.startsWith("scsi-passthru") && !type.endsWith("rdm") ? "passthrough" : "disk";
}

/** The files that a VMX file names for its drives. */
export function driveFiles(view: VmxView): readonly NamedFile[] {
  const controllers = presentControllers(view);
  return drivesOf(view).flatMap((drive): NamedFile[] => {
    const { name, device, file } = drive;
    if (file === null) return [];
    if (device === "disk" && !hangsOnNothing(drive, controllers)) return [{ path: file, role: "disk", id: name }];
    // A machine without the image in its drive, or the disk of a drive that its guest does not see, is still the machine.
    return [
      { path: file, role: device === "disk" ? "disk" : device === "cdrom" ? "iso" : "file", id: name, optional: true },
    ];
  });
}

/** Controllers that drives can hang on, by name. Those of IDE and the floppy drive are always there. */
function presentControllers(view: VmxView): ReadonlyMap<string, { readonly bus: Bus; readonly index: number }> {
  const found = new Map<string, { bus: Bus; index: number }>();
  for (const key of view.keys) {
    const [, bus, index] = /^(scsi|sata|nvme)([0-9]{1,2})\.present$/.exec(key) ?? [];
    if (bus !== undefined && view.flag(key) === true)
      found.set(`${bus}${Number(index)}`, { bus: bus as Bus, index: Number(index) });
  }
  return found;
}

function hangsOnNothing({ bus, controller }: VmxDrive, controllers: ReadonlyMap<string, unknown>): boolean {
  return /^(?:scsi|sata|nvme)$/.test(bus) && !controllers.has(`${bus}${controller}`);
}

/** Controllers and drives. */
export function readDrives(scope: VmxScope): void {
  const { view, reading } = scope;
  const controllers = new Map<string, Controller>();
  const controllerOf = (bus: Bus, index: number): Controller => {
    const id = `${bus}${index}`;
    const known = controllers.get(id);
    if (known !== undefined) return known;
    const made: Controller = { id, bus, model: modelOf(scope, id, bus), index };
    controllers.set(id, made);
    reading.machine.controllers.push(made);
    reading.origin(`controllers/${id}`, scope.at(`${id}.present`));
    return made;
  };
  const present = presentControllers(view);
  for (const { bus, index } of present.values()) controllerOf(bus, index);
  for (const drive of drivesOf(view)) {
    if (hangsOnNothing(drive, present)) {
      unseen(scope, drive, `${drive.bus}${drive.controller} is not present`);
    } else if (drive.device === "passthrough") {
      reading.foreign(
        "vmware",
        drive.name,
        `${view.text(`${drive.name}.deviceType`) ?? ""} ${drive.host ?? ""}`.trim(),
      );
    } else if (drive.device === "disk" && drive.file === null) {
      unseen(scope, drive, "no file is named for it");
    } else {
      const { id } = controllerOf(drive.bus, drive.controller);
      readDrive(scope, drive, drive.device, { controller: id, slot: drive.slot });
    }
  }
}

/** The chip of a SCSI controller. Without a word it is BusLogic's, which guests of 64 bits have no driver for: LSI Logic's there. */
function modelOf(scope: VmxScope, id: string, bus: Bus): string | null {
  if (bus !== "scsi") return null;
  return (
    scope.view.text(`${id}.virtualDev`)?.toLowerCase() ??
    modelByDefault(scope, id, scope.wide ? "lsilogic" : "buslogic")
  );
}

function unseen({ view, reading, report, at }: VmxScope, { name, file }: VmxDrive, why: string): void {
  const location = at(`${name}.present`);
  report({
    code: "vmware/drive-unseen",
    severity: "warning",
    message: `${name} is present, but ${why}: VMware gives the guest no such drive`,
    data: { drive: name, file },
    ...(location === undefined ? {} : { location }),
  });
  reading.foreign("vmware", name, view.text(`${name}.fileName`) ?? "");
}

function readDrive(
  scope: VmxScope,
  drive: VmxDrive,
  device: Attachment["device"],
  place: { controller: string; slot: number },
): void {
  const { view, reading } = scope;
  const { name, file } = drive;
  const { attachments } = reading.machine;
  reading.origin(`attachments/${attachments.length}`, scope.at(`${name}.present`));
  if (device === "disk") {
    const shared =
      view.text(`${name}.sharing`)?.toLowerCase() === "multi-writer" ||
      /^(?:virtual|physical)$/i.test(view.text(`${place.controller}.sharedBus`) ?? "");
    attachments.push(blankAttachment("disk", { ...place, disk: reading.disk(file ?? "", name, { shared }) }));
    readDiskSettings(scope, name);
    return;
  }
  attachments.push(blankAttachment(device, { ...place, file: imageOf(scope, drive, device) }));
  if (drive.host !== null) reading.foreign("vmware", `${name} of the host`, drive.host);
  // An image that lies in the drive without being put in.
  const out = view.flag(`${name}.startConnected`) === false;
  if (out && file !== null) reading.foreign("vmware", `${name}.startConnected`, "FALSE");
}

/** The image in a CD or floppy drive. One that is not there leaves the drive empty. */
function imageOf(scope: VmxScope, { name, file }: VmxDrive, device: "cdrom" | "floppy"): string | null {
  if (file === null) return null;
  const { reading, files } = scope;
  if (files.find(file) !== undefined) return reading.file(file, device === "cdrom" ? "iso" : "floppy");
  if (TOOLS_IMAGE.test(file)) {
    reading.foreign("vmware", `image of VMware's tools in ${name}`, file);
    return null;
  }
  const location = scope.at(`${name}.fileName`);
  scope.report({
    code: "config/image-missing",
    severity: "warning",
    message: `the image '${printable(file.slice(0, 200))}' in ${name} is not beside the configuration; the drive comes empty`,
    hint: `Put it into the folder, or say where it lies: --map-disk ${name}=PATH.`,
    data: { drive: name, file },
    ...(location === undefined ? {} : { location }),
  });
  return null;
}

/** How a disk is written to, where that is not as usual. */
function readDiskSettings({ view, reading }: VmxScope, name: string): void {
  const mode = view.text(`${name}.mode`);
  if (mode !== null && mode.toLowerCase() !== "persistent") reading.foreign("vmware", `${name}.mode`, mode);
  if (view.flag(`${name}.writeThrough`) === true) reading.foreign("vmware", `${name}.writeThrough`, "TRUE");
  // A log of changes that were to be kept or thrown away when the machine was turned off.
  const redo = view.text(`${name}.redo`);
  if (redo !== null) reading.foreign("vmware", `${name}.redo`, redo);
  const type = view.text(`${name}.deviceType`) ?? "";
  if (/rdm$|^rawdisk$/i.test(type)) reading.foreign("vmware", `${name}.deviceType`, type);
}
