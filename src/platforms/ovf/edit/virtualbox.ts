/** VirtualBox's own settings in a package repeat what its items say, and VirtualBox reads them: what is edited there is edited here. */
import { MIB } from "../../../base/bytes.js";
import { FerryError } from "../../../base/errors.js";
import type { Firmware } from "../../../base/ids.js";
import type { OvfContent } from "../../../ovf/views/content.js";
import { wholeNumber } from "../../../ovf/views/node.js";
import { nicChip } from "../../../targets/chips.js";
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

/** VirtualBox's cards by chip. */
const ADAPTERS: ReadonlyMap<string | null, string> = new Map<string | null, string>([
  ["e1000", "82540EM"],
  ["pcnet", "Am79C973"],
  ["virtio", "virtio"],
]);
/** Slots for cards that every chip set has. */
const MOST_SLOTS = 8;

/** What VirtualBox calls a network beside the host's own ones, and the element that stands for it; whatever else there is becomes NAT. */
const MODES: ReadonlyMap<string, string> = new Map([
  ["nat", "NAT"],
  ["bridged", "BridgedInterface"],
  ["hostonly", "HostOnlyInterface"],
  ["internal", "InternalNetwork"],
]);

/**
 * A card joins those of the settings, in the next slot.
 * @param model `null`: as the last one
 * @throws `edit/embedded-settings` where VirtualBox has no such card, or no slot for it
 */
export function addEmbeddedNic(
  machine: OvfContent,
  { network, model, mac }: { readonly network: string; readonly model: string | null; readonly mac: string | null },
): void {
  const hardware = hardwareIn(machine);
  if (hardware === undefined) return;
  const adapters = adaptersOf(hardware);
  const last = adapters.at(-1);
  const slot = last === undefined ? 0 : slotOf(last) + 1;
  const type = model === null ? (last?.attribute("", "type") ?? "82540EM") : ADAPTERS.get(nicChip(model));
  if (type === undefined) throw embedded(`VirtualBox has no network card ${model}`, machine);
  if (slot >= MOST_SLOTS) throw embedded("all slots for network cards are taken", machine);
  const list = ensure(hardware, "Network", "UART");
  // Older settings list the slots that are empty, too.
  const there = [...list.elements(undefined, "Adapter")].find((adapter) => slotOf(adapter) === slot);
  const adapter = there ?? list.create(list.namespace, "Adapter");
  if (there === undefined) list.insert(adapter);
  adapter.setAttribute("", "slot", String(slot));
  adapter.setAttribute("", "enabled", "true");
  if (mac !== null) adapter.setAttribute("", "MACAddress", mac.replaceAll(":", "").toUpperCase());
  adapter.setAttribute("", "type", type);
  for (const mode of [...adapter.elements()]) if (mode.name !== "DisabledModes") mode.remove();
  adapter.insert(adapter.create(list.namespace, MODES.get(network.toLowerCase()) ?? "NAT"));
}

/** @param at from 0 @param cards that the items describe @throws `edit/embedded-settings` where the settings describe others */
export function removeEmbeddedNic(machine: OvfContent, at: number, cards: number): void {
  const hardware = hardwareIn(machine);
  if (hardware === undefined) return;
  const adapters = adaptersOf(hardware);
  const adapter = adapters[at];
  if (adapters.length !== cards || adapter === undefined) {
    throw embedded("they describe other network cards than the items do", machine);
  }
  adapter.setAttribute("", "enabled", "false");
}

/** Cards that are switched on, by slot. */
function adaptersOf(hardware: XmlElement): readonly XmlElement[] {
  const network = childNamed(hardware, "Network");
  const all = network === undefined ? [] : [...network.elements(undefined, "Adapter")];
  return all.filter((one) => one.attribute("", "enabled") === "true").sort((a, b) => slotOf(a) - slotOf(b));
}

function slotOf(adapter: XmlElement): number {
  return wholeNumber(adapter.attribute("", "slot") ?? null) ?? 0;
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
