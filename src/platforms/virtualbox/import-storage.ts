import type { Attachment, Controller } from "../../appliance/appliance.js";
import { blankAttachment } from "../../appliance/blank.js";
import { FerryError } from "../../base/errors.js";
import type { Bus } from "../../base/ids.js";
import { printable } from "../../base/text.js";
import type { XmlElement } from "../../xml/tree.js";
import type { NamedFile } from "../platform.js";
import type { Reading } from "../reading.js";
import { childNamed } from "../virtualbox-hardware.js";
import { idFromText, type SettingsView } from "../virtualbox-view.js";
import { checkReadable, type Media, type Medium } from "./media.js";
import { type StorageKind, storageKind } from "./words.js";

/** A drive as the settings have it. */
export interface Drive {
  /** As VBoxManage names it: `SATA-0-0`. */
  readonly name: string;
  readonly device: Attachment["device"];
  readonly port: number;
  readonly place: number;
  /** What is in it: a medium of the registry, one that the registry does not know (by its id), or nothing. */
  readonly medium: Medium | string | null;
  /** A drive of the host. */
  readonly host: string | null;
  readonly element: XmlElement;
}

/** A storage controller as the settings have it. */
export interface StorageController {
  readonly name: string;
  /** `undefined`: of a type that is not known. */
  readonly kind: StorageKind | undefined;
  readonly type: string;
  readonly drives: readonly Drive[];
  readonly element: XmlElement;
}

const DEVICES: Readonly<Record<string, Attachment["device"]>> = { HardDisk: "disk", DVD: "cdrom", Floppy: "floppy" };
/** More than any controller of VirtualBox has. */
const MOST_PORTS = 65_535;
/** Controllers, and drives on all of them: far more than VirtualBox gives a machine. */
const MOST_DEVICES = 2048;

/**
 * The controllers of a machine, which stand in its hardware since settings 1.19, and beside it before.
 * @throws `config/unreadable` for more than 2048 controllers and drives
 */
export function storageOf(machine: XmlElement, media: Media, view: SettingsView): readonly StorageController[] {
  const hardware = childNamed(machine, "Hardware");
  const list =
    (hardware === undefined ? undefined : childNamed(hardware, "StorageControllers")) ??
    childNamed(machine, "StorageControllers");
  const controllers: StorageController[] = [];
  let devices = 0;
  const count = (element: XmlElement): void => {
    if (++devices <= MOST_DEVICES) return;
    throw new FerryError("config/unreadable", `the machine has more than ${MOST_DEVICES} controllers and drives`, {
      location: element.location,
      hint: "Look at where the file comes from: VirtualBox gives no machine so many.",
    });
  };
  for (const element of list?.elements(undefined, "StorageController") ?? []) {
    count(element);
    const name = view.text(element, "name") ?? `controller ${controllers.length}`;
    const type = view.text(element, "type") ?? "";
    const drives: Drive[] = [];
    for (const drive of element.elements(undefined, "AttachedDevice")) {
      count(drive);
      drives.push(...driveOf(drive, name, media, view));
    }
    // By their places: VirtualBox writes them in any order, and boots the first disk by its place.
    drives.sort((a, b) => a.port - b.port || a.place - b.place);
    controllers.push({ name, kind: storageKind(type), type, drives, element });
  }
  return controllers;
}

function driveOf(element: XmlElement, controller: string, media: Media, view: SettingsView): Drive[] {
  const type = view.text(element, "type") ?? "";
  const device = Object.hasOwn(DEVICES, type) ? DEVICES[type] : undefined;
  if (device === undefined) return [];
  const port = view.number(element, "port", MOST_PORTS, 0);
  const place = view.number(element, "device", 1, 0);
  const image = childNamed(element, "Image");
  const registry = { disk: media.disks, cdrom: media.dvds, floppy: media.floppies }[device];
  const id = image === undefined ? null : idFromText(view.text(image, "uuid") ?? "");
  return [
    {
      name: `${controller}-${port}-${place}`,
      device,
      port,
      place,
      medium: id === null ? null : (registry.get(id) ?? id),
      host: view.text(childNamed(element, "HostDrive"), "src"),
      element,
    },
  ];
}

/** A recipe that VirtualBox makes a CD from while it runs: no image. */
function isRecipe(medium: Medium): boolean {
  return medium.format === "VBoxIsoMaker" || /\.viso$/i.test(medium.location);
}

/** Where a medium lies: what the registry does not know goes by its id. */
function pathOf(medium: Medium | string): string {
  return typeof medium === "string" ? `{${medium}}` : medium.location || `{${medium.id}}`;
}

/** An image that is a file: what lies on a SAN has an address instead. */
function isFile(medium: Medium | string): boolean {
  return typeof medium === "string" || medium.format?.toLowerCase() !== "iscsi";
}

/** The files that drives name, with the images below differencing ones. */
export function namedMedia(controllers: readonly StorageController[]): readonly NamedFile[] {
  const files: NamedFile[] = [];
  const below = new Set<Medium>();
  for (const { name, device, medium } of controllers.flatMap(({ drives }) => drives)) {
    if (medium === null || !isFile(medium)) continue;
    if (device !== "disk") {
      if (typeof medium === "string" || !isRecipe(medium)) {
        files.push({ path: pathOf(medium), role: device === "cdrom" ? "iso" : "file", id: name });
      }
      continue;
    }
    files.push({ path: pathOf(medium), role: "disk", id: name });
    let parent = typeof medium === "string" ? null : medium.parent;
    for (; parent !== null && !below.has(parent); parent = parent.parent) {
      below.add(parent);
      files.push({ path: pathOf(parent), role: "disk", id: parent.id });
    }
  }
  return files;
}

/**
 * Controllers and drives of a machine.
 * @param usb id of the USB controller that USB drives hang on, where there is one
 * @throws `virtualbox/encrypted`
 */
export function readStorage(controllers: readonly StorageController[], reading: Reading, usb: string | null): void {
  const { machine } = reading;
  const counts = new Map<Bus, number>();
  const next = (bus: Bus): number => {
    const index = counts.get(bus) ?? 0;
    counts.set(bus, index + 1);
    return index;
  };
  for (const controller of controllers) {
    const { kind } = controller;
    if (kind === undefined) {
      reading.report({
        code: "virtualbox/unknown-controller",
        severity: "warning",
        message: `the storage controller ${controller.name} is of the type "${controller.type.slice(0, 60)}", which is not known`,
        hint: "Its drives are left out.",
        location: controller.element.location,
      });
      reading.foreign("virtualbox", `storage controller ${controller.name}`, controller.type);
      continue;
    }
    const add = (index: number): string => {
      const id = `${kind.bus}${index}`;
      if (machine.controllers.some((known) => known.id === id)) return id;
      const made: Controller = { id, bus: kind.bus, model: kind.type, index };
      machine.controllers.push(made);
      reading.origin(`controllers/${id}`, controller.element.location);
      return id;
    };
    const first = kind.bus === "usb" ? 0 : next(kind.bus);
    // An IDE controller of VirtualBox is two channels with two drives each. Those that hold drives are told.
    const channel = (drive: Drive): number => first * 2 + drive.port;
    if (kind.bus === "ide") {
      for (const index of new Set(controller.drives.map(channel).sort((a, b) => a - b))) add(index);
    }
    const own =
      kind.bus === "ide"
        ? controller.drives.length === 0
          ? add(first * 2)
          : ""
        : kind.bus === "usb"
          ? (usb ?? (controller.drives.length === 0 ? "" : add(0)))
          : add(first);
    for (const drive of controller.drives) {
      const place =
        kind.bus === "ide"
          ? { controller: `ide${channel(drive)}`, slot: drive.place }
          : { controller: own, slot: kind.bus === "floppy" ? drive.place : drive.port };
      readDrive(drive, place, reading);
    }
  }
}

function readDrive(drive: Drive, place: Pick<Attachment, "controller" | "slot">, reading: Reading): void {
  const { machine } = reading;
  const { device, medium } = drive;
  const fact = `attachments/${machine.attachments.length}`;
  if (drive.host !== null) reading.foreign("virtualbox", `drive ${drive.name} of the host`, drive.host);
  if (device !== "disk") {
    const recipe = medium !== null && typeof medium !== "string" && isRecipe(medium);
    if (recipe) reading.foreign("virtualbox", `CD that VirtualBox makes from ${medium.location}`, drive.name);
    const role = device === "cdrom" ? "iso" : "floppy";
    const file = medium === null || recipe ? null : reading.file(pathOf(medium), role);
    machine.attachments.push(blankAttachment(device, { ...place, file }));
    reading.origin(fact, drive.element.location);
    return;
  }
  if (medium === null || !isFile(medium)) {
    reading.report({
      code: "virtualbox/disk-elsewhere",
      severity: "error",
      message: `the disk ${drive.name} is no file: ${medium === null ? "nothing names it" : "it lies on a server (iSCSI)"}`,
      hint: "Make it a file first: VBoxManage clonemedium disk UUID FILE.vdi, and attach that.",
      location: drive.element.location,
    });
    reading.foreign("virtualbox", `disk ${drive.name}`, "");
    return;
  }
  const disk = readDisk(medium, drive.name, reading);
  const readOnly = typeof medium !== "string" && medium.type.toLowerCase() === "readonly";
  machine.attachments.push(blankAttachment("disk", { ...place, disk, readOnly }));
  reading.origin(fact, drive.element.location);
}

function readDisk(medium: Medium | string, id: string, reading: Reading): string {
  if (typeof medium === "string") return reading.disk(pathOf(medium), id);
  checkReadable(medium);
  const own = reading.disk(pathOf(medium), id, { shared: medium.type.toLowerCase() === "shareable" });
  let child = own;
  const chain = new Set([own]);
  for (let parent = medium.parent; parent !== null; parent = parent.parent) {
    const below = reading.disk(pathOf(parent), parent.id);
    const disk = reading.appliance.disks.find((known) => known.id === child);
    // What is below an image that another drive has, too, was said with that one.
    if (disk === undefined || disk.parent !== null) break;
    if (chain.has(below)) {
      reading.report({
        code: "config/strange-value",
        severity: "warning",
        message: `the image ${printable(medium.location.slice(0, 200))} holds changes to itself`,
        hint: "Its chain is taken to end before it. VBoxManage showmediuminfo tells what is below what.",
        location: parent.element.location,
      });
      break;
    }
    chain.add(below);
    disk.parent = below;
    child = below;
  }
  return own;
}
