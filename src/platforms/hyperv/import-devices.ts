import type { Attachment, BootDevice, Machine, Nic } from "../../appliance/appliance.js";
import { blankAttachment, blankNic } from "../../appliance/blank.js";
import type { Bus } from "../../base/ids.js";
import { macFromText } from "../names-of-devices.js";
import type { NamedFile } from "../platform.js";
import type { Reading } from "../reading.js";
import type { HypervAdapter, HypervDrive, HypervMachine } from "./document.js";
import type { PlacedMachine } from "./read-json.js";

/** `ide0:1`, `scsi0:0`, `floppy0:0`. */
function idOf(drive: HypervDrive): string {
  return `${busOf(drive)}${drive.controllerNumber}:${drive.controllerLocation}`;
}

function busOf(drive: HypervDrive): Bus {
  if (drive.device === "floppy") return "floppy";
  return /^ide$/i.test(drive.controllerType) ? "ide" : "scsi";
}

/** What a disk drive holds: its image, or the disk of the host that is handed through. */
function contentOf(drive: HypervDrive): string | null {
  return drive.path || drive.host || null;
}

/** The files that a machine names: images, and what they are based on. */
export function filesOf(machine: HypervMachine): readonly NamedFile[] {
  const files: NamedFile[] = [];
  for (const drive of machine.drives) {
    const id = idOf(drive);
    if (drive.device !== "disk") {
      if (drive.path) files.push({ path: drive.path, role: drive.device === "dvd" ? "iso" : "file", id });
      continue;
    }
    const content = contentOf(drive);
    if (content !== null) files.push({ path: content, role: "disk", id });
    // Whoever opens the image says it where one of these is missing.
    for (const [index, image] of drive.chain.slice(1).entries()) {
      if (image.path !== "") files.push({ path: image.path, role: "disk", id: `${id}/${index + 1}`, optional: true });
    }
  }
  return files;
}

/** Controllers and drives. Gives the index of the attachment for each drive. */
export function readDrives({ machine: facts, at }: PlacedMachine, reading: Reading): readonly (number | null)[] {
  const { machine } = reading;
  const controllerOf = (bus: Bus, index: number): string => {
    const id = `${bus}${index}`;
    if (!machine.controllers.some((known) => known.id === id)) {
      machine.controllers.push({ id, bus, model: bus === "scsi" ? "synthetic" : null, index });
    }
    return id;
  };
  for (let i = 0; i < Math.min(facts.scsiControllers, MOST_CONTROLLERS); i++) controllerOf("scsi", i);
  return facts.drives.map((drive, index) => {
    const place = {
      controller: controllerOf(busOf(drive), drive.controllerNumber),
      slot: drive.controllerLocation,
    };
    const attached = machine.attachments.length;
    if (drive.device === "disk") {
      const disk = diskOf(drive, reading);
      if (disk === null) return null;
      machine.attachments.push(blankAttachment("disk", { ...place, disk }));
      tellDisk(drive, at(`drives/${index}`), reading);
    } else {
      const file = drive.path ? reading.file(drive.path, drive.device === "dvd" ? "iso" : "floppy") : null;
      machine.attachments.push(blankAttachment(drive.device === "dvd" ? "cdrom" : "floppy", { ...place, file }));
      if (drive.host) reading.foreign("hyperv", `${idOf(drive)} of the host`, drive.host);
    }
    reading.origin(`attachments/${attached}`, at(`drives/${index}`));
    return attached;
  });
}

/** Hyper-V has four; a document that says more is not believed. */
const MOST_CONTROLLERS = 64;

function diskOf(drive: HypervDrive, reading: Reading): string | null {
  const id = idOf(drive);
  const content = contentOf(drive);
  if (content === null) {
    reading.foreign("hyperv", `${id} without a disk`, "");
    return null;
  }
  return reading.disk(content, id, { capacityBytes: drive.chain[0]?.sizeBytes ?? 0, shared: isShared(drive) });
}

function isShared(drive: HypervDrive): boolean {
  return drive.shared || isVhdSet(drive);
}

function isVhdSet(drive: HypervDrive): boolean {
  return /\.vhds$/i.test(drive.path ?? "") || drive.chain[0]?.format?.toLowerCase() === "vhdset";
}

function tellDisk(drive: HypervDrive, location: ReturnType<PlacedMachine["at"]>, { report }: Reading): void {
  const id = idOf(drive);
  const where = location === undefined ? {} : { location };
  if (!drive.path && drive.host) {
    report({
      code: "hyperv/pass-through",
      severity: "warning",
      message: `${id} is a disk of the host that is handed through (${drive.host}), not an image`,
      hint: `Copy it into an image on the host, offline, and say where that lies: --map-disk ${id}=PATH.`,
      data: { disk: id, host: drive.host },
      ...where,
    });
  } else if (isVhdSet(drive)) {
    report({
      code: "hyperv/vhd-set",
      severity: "warning",
      message: `${id} is a VHD set, which several machines share: its data is in other files than the one that it names`,
      hint: `Make one image of it on the host: Convert-VHD -Path SET.vhds -DestinationPath DISK.vhdx; then --map-disk ${id}=DISK.vhdx.`,
      data: { disk: id, path: drive.path },
      ...where,
    });
  }
}

const KINDS: Readonly<Record<string, Nic["kind"]>> = {
  external: "bridged",
  internal: "hostonly",
  private: "internal",
  nat: "nat",
};

/** Network adapters. */
export function readNics({ machine: facts, at }: PlacedMachine, reading: Reading): void {
  const { machine } = reading;
  for (const [index, adapter] of facts.networkAdapters.entries()) {
    reading.origin(`nics/${index}`, at(`networkAdapters/${index}`));
    const type = adapter.switchType?.toLowerCase() ?? "";
    machine.nics.push(
      blankNic({
        network: adapter.switch ? reading.network(adapter.switch) : null,
        kind: !adapter.switch ? null : Object.hasOwn(KINDS, type) ? (KINDS[type] ?? null) : "network",
        vlan: vlanOf(adapter, reading),
        model: adapter.legacy ? "legacy" : "synthetic",
        mac: macOf(adapter),
        connected: Boolean(adapter.switch),
      }),
    );
  }
}

/** One that was never started has no address yet. */
function macOf(adapter: HypervAdapter): string | null {
  const mac = macFromText(adapter.mac);
  return mac === "00:00:00:00:00:00" ? null : mac;
}

function vlanOf({ name, vlan }: HypervAdapter, reading: Reading): number | null {
  if (vlan === null || /^untagged$/i.test(vlan.mode)) return null;
  const id = vlan.accessId;
  if (/^access$/i.test(vlan.mode) && id !== null && id >= 1 && id <= 4094) return id;
  const tags = vlan.allowed === null ? "" : ` ${vlan.allowed}, native ${vlan.nativeId ?? 0}`;
  reading.foreign("hyperv", `VLANs of ${name}`, `${vlan.mode}${tags}`);
  return null;
}

/** Serial ports that have something at their other end: the ports themselves every machine has. */
export function readSerialPorts({ machine: facts }: PlacedMachine, { machine }: Reading): void {
  for (const { number, path } of facts.comPorts) {
    if (path && number > 0) machine.serialPorts.push({ index: number - 1, backing: "pipe", target: path });
  }
}

const STARTUP: Readonly<Record<string, BootDevice["device"]>> = {
  cd: "cdrom",
  ide: "disk",
  vhd: "disk",
  legacynetworkadapter: "network",
  networkadapter: "network",
  floppy: "floppy",
};

/** The boot order: single devices in generation 2, kinds of devices in generation 1. */
export function readBoot(facts: HypervMachine, places: readonly (number | null)[], { machine }: Reading): void {
  for (const source of facts.firmware?.bootOrder ?? []) {
    const place = source.drive === null ? null : (places[source.drive] ?? null);
    const device = place === null ? undefined : machine.attachments[place]?.device;
    if (device !== undefined) machine.boot.push({ device, index: place });
    else if (source.adapter !== null && machine.nics[source.adapter] !== undefined) {
      machine.boot.push({ device: "network", index: source.adapter });
    }
  }
  if (facts.generation !== 1) return;
  for (const word of facts.startupOrder ?? []) {
    const key = word.toLowerCase();
    const device = Object.hasOwn(STARTUP, key) ? STARTUP[key] : undefined;
    // It names all kinds, also those of which the machine has none.
    const index =
      device === "network" ? machine.nics.findIndex((nic) => nic.model === "legacy") : firstToBoot(machine, device);
    if (device !== undefined && index >= 0) machine.boot.push({ device, index });
  }
}

/** The drive of its kind that the BIOS of generation 1 starts: the first one, and not on SCSI. -1: there is none. */
function firstToBoot({ attachments, controllers }: Machine, device: BootDevice["device"] | undefined): number {
  const place = (drive: Attachment): number => {
    const controller = controllers.find(({ id }) => id === drive.controller);
    return controller === undefined || controller.bus === "scsi"
      ? Number.POSITIVE_INFINITY
      : controller.index * 2 + (drive.slot ?? 0);
  };
  let first = -1;
  let lowest = Number.POSITIVE_INFINITY;
  for (const [index, drive] of attachments.entries()) {
    if (drive.device !== device || place(drive) >= lowest) continue;
    first = index;
    lowest = place(drive);
  }
  return first;
}
