/** VirtualBox's own settings in a package repeat what its items say, and VirtualBox reads them: what is edited there is edited here. */
import { MIB } from "../../../base/bytes.js";
import { FerryError } from "../../../base/errors.js";
import type { Firmware } from "../../../base/ids.js";
import type { OvfContent } from "../../../ovf/views/content.js";
import type { XmlElement } from "../../../xml/tree.js";
import { childNamed } from "../../virtualbox-hardware.js";

/** The settings' hardware; `undefined`: the package has no such settings. */
function hardwareIn(machine: OvfContent): XmlElement | undefined {
  const settings = machine.virtualBoxMachine;
  return settings === undefined ? undefined : childNamed(settings, "Hardware");
}

/** A child of the settings' hardware, made where it is missing, in the namespace of those beside it. */
function ensure(hardware: XmlElement, name: string, before?: string): XmlElement {
  const there = childNamed(hardware, name);
  if (there !== undefined) return there;
  const [beside] = hardware.elements();
  const created = hardware.create(beside?.namespace ?? hardware.namespace, name);
  hardware.insert(created, before === undefined ? undefined : childNamed(hardware, before));
  return created;
}

export function setEmbeddedCpus(machine: OvfContent, cpus: number): void {
  const hardware = hardwareIn(machine);
  if (hardware !== undefined) ensure(hardware, "CPU", "Memory").setAttribute("", "count", String(cpus));
}

/** @throws `edit/embedded-settings` where the size is no whole number of MiB */
export function setEmbeddedMemory(machine: OvfContent, bytes: number): void {
  const hardware = hardwareIn(machine);
  if (hardware === undefined) return;
  if (bytes % MIB !== 0) throw embedded("VirtualBox counts memory in MiB", machine);
  ensure(hardware, "Memory").setAttribute("", "RAMSize", String(bytes / MIB));
}

export function setEmbeddedName({ virtualBoxMachine }: OvfContent, name: string): void {
  virtualBoxMachine?.setAttribute("", "name", name);
}

export function setEmbeddedGuest({ virtualBoxMachine }: OvfContent, type: string): void {
  virtualBoxMachine?.setAttribute("", "OSType", type);
}

/** Whether the package has such settings, where the firmware is theirs to say. @throws `edit/embedded-settings` */
export function setEmbeddedFirmware(machine: OvfContent, firmware: Firmware): boolean {
  const hardware = hardwareIn(machine);
  if (hardware === undefined) return false;
  if (firmware === "efi-secure")
    throw embedded("Secure Boot is no part of VirtualBox's settings in a package", machine);
  const there = childNamed(hardware, "Firmware");
  // The BIOS is what VirtualBox leaves out.
  if (there === undefined && firmware === "bios") return true;
  ensure(hardware, "Firmware", "BIOS").setAttribute("", "type", firmware === "bios" ? "BIOS" : "EFI");
  return true;
}

/** The image of a disk is taken out of the settings that name it by its UUID. */
export function removeEmbeddedDisk(machine: OvfContent, uuid: string | null): void {
  const settings = machine.virtualBoxMachine;
  if (settings === undefined) return;
  if (uuid === null) throw embedded("they name disks by UUID, and this disk has none", machine);
  for (const device of descendantsNamed(settings, "AttachedDevice")) {
    const image = childNamed(device, "Image")?.attribute("", "uuid") ?? "";
    if (plain(image) === plain(uuid)) device.remove();
  }
}

/** @throws `edit/embedded-settings` where the machine has such settings */
export function refuseEmbedded(machine: OvfContent, why: string): void {
  if (machine.virtualBoxMachine !== undefined) throw embedded(why, machine);
}

function embedded(why: string, machine: OvfContent): FerryError {
  const location = machine.virtualBoxMachine?.location;
  return new FerryError("edit/embedded-settings", `VirtualBox's own settings of the machine stand in the way: ${why}`, {
    hint: "Write the descriptor anew first: vmferry convert SRC DEST --to ova --flavour virtualbox. Then edit the result.",
    ...(location === undefined ? {} : { location }),
  });
}

/** Settings are no deeper than this. */
const MOST_DEPTH = 8;

function* descendantsNamed(element: XmlElement, name: string, depth = 0): Generator<XmlElement> {
  if (depth > MOST_DEPTH) return;
  for (const child of [...element.elements()]) {
    if (child.name === name) yield child;
    else yield* descendantsNamed(child, name, depth + 1);
  }
}

function plain(uuid: string): string {
  return uuid.replace(/[{}\s]/g, "").toLowerCase();
}
