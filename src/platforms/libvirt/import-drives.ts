import type { Attachment, Disk } from "../../appliance/appliance.js";
import { blankAttachment } from "../../appliance/blank.js";
import type { DiskFormatId } from "../../base/ids.js";
import { printable } from "../../base/text.js";
import type { XmlElement } from "../../xml/tree.js";
import type { ConfigFiles, NamedFile } from "../platform.js";
import { guestDiskName, partitionDisk } from "../xen-names.js";
import { createBuses, defaultScsi, type Place } from "./import-buses.js";
import type { DomainReading } from "./import-scope.js";
import { attr, child, children } from "./view.js";

/** What a domain calls the formats that are read. */
const FORMATS: Readonly<Record<string, DiskFormatId>> = {
  raw: "raw",
  qcow2: "qcow2",
  vmdk: "vmdk",
  vdi: "vdi",
  vpc: "vhd",
  vhdx: "vhdx",
};

/** Parts of a `<disk>` that are read, or that say how the host goes about it. */
const KNOWN =
  /^(?:source|target|driver|readonly|shareable|boot|address|alias|backingStore|seclabel|serial|transient|mirror)$/;

/** World wide names that a conversion to libvirt gives to drives on SAS controllers, by their places. */
const OWN_NAME = /^\s*30{9}[0-9a-f]{6}\s*$/;

/** A drive of a domain. */
interface DomainDrive {
  readonly element: XmlElement;
  /** `vda`, `hdc`. */
  readonly name: string;
  readonly device: Attachment["device"];
  /** What the drive has in it, as a file's name; `null`: an empty drive, or one of the host. */
  readonly path: string | null;
  /** What is behind the drive on the host where it is no file. */
  readonly elsewhere: string | null;
}

/** Drives in the order of the domain. */
function drivesOf(domain: XmlElement): readonly DomainDrive[] {
  return children(child(domain, "devices"), "disk").map((element, index) => {
    const said = attr(element, "device");
    const device = said === "cdrom" || said === "floppy" ? said : "disk";
    const name = (attr(child(element, "target"), "dev") ?? `disk${index}`).replace(/^ioemu:/, "");
    const type = attr(element, "type") ?? "file";
    const source = sourceOf(element, type, name);
    const file = device === "disk" || type === "file" || type === "volume";
    return {
      element,
      name,
      device,
      path: file ? source : null,
      elsewhere: type === "file" ? null : source,
    };
  });
}

/** What a source names, as one text: a path, `pool/volume`, an address. */
function sourceOf(element: XmlElement, type: string, name: string): string | null {
  const source = child(element, "source");
  switch (type) {
    case "file":
      return attr(source, "file");
    case "block":
      return attr(source, "dev");
    case "dir":
      return attr(source, "dir");
    case "volume":
      return `${attr(source, "pool") ?? ""}/${attr(source, "volume") ?? name}`;
    case "network":
      return `${attr(source, "protocol") ?? "network"}://${attr(child(source, "host"), "name") ?? ""}/${attr(source, "name") ?? name}`;
    default:
      return `${type}:${name}`;
  }
}

/** Whether the machine starts without an image that is not there. */
function isOptional({ element }: DomainDrive): boolean {
  return attr(child(element, "source"), "startupPolicy") === "optional";
}

/** The files that drives have in them. */
export function filesOfDrives(domain: XmlElement): readonly NamedFile[] {
  return drivesOf(domain).flatMap((drive) => {
    const { path, device, name } = drive;
    if (path === null) return [];
    const role = device === "disk" ? "disk" : device === "cdrom" ? "iso" : "file";
    return [{ path, role, id: name, ...(isOptional(drive) ? { optional: true as const } : {}) }];
  });
}

/** Controllers and drives. */
export function readDrives(reading: DomainReading, files: ConfigFiles): void {
  const { domain, machine, left } = reading;
  const buses = createBuses(reading);
  for (const element of children(child(domain, "devices"), "controller")) buses.declare(element);
  for (const drive of drivesOf(domain)) {
    const { element, name, device, path, elsewhere } = drive;
    const place = placeOf(drive, reading);
    const at = place === null ? null : buses.place(place, name);
    if (place === null) left(`bus ${attr(child(element, "target"), "bus") ?? "?"} of ${name}`, name);
    const index = machine.attachments.length;
    const made = { controller: at?.controller ?? null, slot: at?.slot ?? null, readOnly: isReadOnly(drive) };
    reading.origin(`attachments/${index}`, element.location);
    if (device === "disk")
      machine.attachments.push(blankAttachment("disk", { ...made, disk: readDisk(drive, reading) }));
    else {
      const absent = path !== null && isOptional(drive) && files.find(path) === undefined;
      const image = path === null || absent ? null : reading.file(path, device === "cdrom" ? "iso" : "floppy");
      machine.attachments.push(blankAttachment(device, { ...made, file: image }));
      if (absent) left(`image of ${name}`, path);
      if (path === null && elsewhere !== null) left(`${name} of the host`, elsewhere);
    }
    reading.boots({ element, device, index });
    leaveRest(drive, reading);
  }
  machine.controllers.push(...buses.all());
}

/** A CD drive only reads anyway. */
function isReadOnly({ element, device }: DomainDrive): boolean {
  return device !== "cdrom" && child(element, "readonly") !== undefined;
}

function readDisk({ element, name, path, elsewhere }: DomainDrive, reading: DomainReading): string | null {
  if (path === null) {
    reading.strange(element, `disk ${name} names no source`);
    return null;
  }
  if (elsewhere !== null) {
    reading.report({
      code: "libvirt/disk-elsewhere",
      severity: "info",
      message: `disk ${printable(name)} is no file but ${printable(elsewhere.slice(0, 200))}`,
      hint: `Copy it into a file (qemu-img convert), and say where it lies: --map-disk ${printable(name)}=PATH.`,
      location: element.location,
    });
  }
  if (guestDiskName(name)?.partition != null) reading.report(partitionDisk(name, element.location));
  const parts: Partial<Disk> = { shared: child(element, "shareable") !== undefined };
  const type = attr(child(element, "driver"), "type");
  // Since 2010 libvirt has taken for raw what is not said to be something else: it never looks.
  const format = type === null ? (reading.emulated ? "raw" : null) : (FORMATS[type] ?? null);
  return reading.disk(path, name, { ...parts, format });
}

function placeOf({ element, name, device }: DomainDrive, { x86, emulated }: DomainReading): Place | null {
  const target = child(element, "target");
  const parts = guestDiskName(name);
  const bus = attr(target, "bus") ?? (device === "floppy" ? "fdc" : busOfPrefix(parts?.prefix ?? ""));
  const address = child(element, "address");
  const said = attr(address, "type") === "drive" ? address : undefined;
  const of = (word: string): number => Number(/^[0-9]{1,5}$/.exec(attr(said, word) ?? "")?.[0] ?? 0);
  const index = parts?.index ?? 0;
  switch (bus) {
    case "ide":
      return said === undefined
        ? { bus: "ide", number: Math.floor(index / 2), slot: index % 2 }
        : { bus: "ide", number: of("controller") * 2 + of("bus"), slot: of("unit") };
    case "sata":
      return said === undefined
        ? { bus: "sata", number: Math.floor(index / 6), slot: index % 6 }
        : { bus: "sata", number: of("controller"), slot: of("unit") };
    case "scsi":
      return said === undefined
        ? { bus: "scsi", number: Math.floor(index / 7), slot: index % 7, model: defaultScsi(x86, emulated) }
        : {
            bus: "scsi",
            number: of("controller"),
            // Either the target or the unit tells drives apart: libvirt counts units by itself, people count targets.
            slot: of("target") === 0 ? of("unit") : of("target"),
            model: defaultScsi(x86, emulated),
          };
    case "fdc":
      return said === undefined
        ? { bus: "floppy", number: Math.floor(index / 2), slot: index % 2 }
        : { bus: "floppy", number: of("controller"), slot: of("unit") };
    case "virtio":
      return { bus: "virtio-blk", number: 0, slot: index };
    case "xen":
      return { bus: "xen", number: 0, slot: index };
    case "nvme":
      return { bus: "nvme", number: of("controller"), slot: of("unit") };
    case "usb":
      return { bus: "usb", number: 0, slot: index };
    default:
      return null;
  }
}

/** The bus that a device's name stands for where none is named. */
function busOfPrefix(prefix: string): string {
  const buses: Readonly<Record<string, string>> = { hd: "ide", sd: "scsi", vd: "virtio", xvd: "xen", fd: "fdc" };
  return buses[prefix] ?? "ide";
}

function leaveRest({ element, name, device }: DomainDrive, { left }: DomainReading): void {
  for (const part of element.elements()) {
    if (part.name === "serial" && part.text.trim() !== "") left(`serial of ${name}`, part.text);
    else if (part.name === "wwn" && OWN_NAME.test(part.text)) continue;
    else if (part.name === "mirror" || part.name === "transient" || !KNOWN.test(part.name)) {
      left(`${part.name} of ${name}`, part.markup);
    }
  }
  const inner = child(element, "source", "encryption");
  if (inner !== undefined) left(`encryption of ${name}`);
  if (attr(element, "device") === "lun" && device === "disk") left(`SCSI commands of ${name}`, "lun");
}
