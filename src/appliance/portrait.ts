/** A machine as a list of facts that can be compared: whatever platform it was read from, the same machine looks the same. */
import type { JsonValue } from "../base/ids.js";
import { nicChip, scsiChip } from "../targets/chips.js";
import type { Appliance, Attachment, Machine } from "./appliance.js";
import { firstDrive, numberControllers } from "./fit/positions.js";
import { findGuestSystem } from "./guest-os.js";
import { kindOfNetwork } from "./networks.js";

/** What a fact is about. Those of drives and cards are there once for each of them. */
export type FactName =
  | "name"
  | "annotation"
  | "uuid"
  | "guestOs"
  | "firmware"
  | "tpm"
  | "nvram"
  | "virtualization"
  | "chipset"
  | "directBoot"
  | "cpu.count"
  | "cpu.coresPerSocket"
  | "cpu.threadsPerCore"
  | "cpu.max"
  | "cpu.nested"
  | "memoryBytes"
  | "dynamicMemory"
  | "sound"
  | "video"
  | "clock"
  | "serialPorts"
  | "boot"
  | "disk"
  | "disk.bus"
  | "disk.place"
  | "disk.controller"
  | "disk.readOnly"
  | "disk.shared"
  | "cdrom"
  | "cdrom.bus"
  | "cdrom.image"
  | "floppy"
  | "floppy.image"
  | "nic"
  | "nic.network"
  | "nic.kind"
  | "nic.vlan"
  | "nic.model"
  | "nic.mac"
  | "nic.connected"
  | "nic.portProfile";

/** One fact of a machine. Values that mean "not said" are not there. */
export interface Fact {
  readonly name: FactName;
  /** Which disk, drive or card it is of; `null`: the machine. */
  readonly of: string | null;
  readonly value: JsonValue;
}

/**
 * The facts that a machine says. Models are told by the chip that drivers go by, guest systems by the one name that all tables share.
 * @param diskNames what disks are called, by id; left out: by their ids
 */
export function portraitOf(
  appliance: Appliance,
  machine: Machine,
  diskNames: ReadonlyMap<string, string> = new Map(),
): readonly Fact[] {
  const facts: Fact[] = [];
  const say = (name: FactName, value: JsonValue, of: string | null = null): void => {
    if (value !== null && value !== "" && !(Array.isArray(value) && value.length === 0))
      facts.push({ name, of, value });
  };
  const { cpu } = machine;
  const guest = findGuestSystem(machine.guestOs);
  say("name", machine.name);
  // Each system has line ends of its own.
  say("annotation", machine.annotation?.replaceAll("\r\n", "\n") ?? null);
  say("uuid", machine.uuid);
  // libosinfo's ids name no word size.
  say("guestOs", guest.by === null ? null : guest.system.vmx.replace(/-64$/, ""));
  say("firmware", machine.firmware === "unknown" ? null : machine.firmware);
  say("tpm", machine.tpm);
  say("nvram", machine.nvram === null ? null : true);
  say("virtualization", machine.virtualization === "hvm" ? null : machine.virtualization);
  say("chipset", machine.chipset);
  say("directBoot", machine.directBoot === null ? null : { arguments: machine.directBoot.arguments });
  say("cpu.count", cpu.count);
  // Of one processor there is nothing to share out.
  say("cpu.coresPerSocket", cpu.count > 1 ? cpu.coresPerSocket : null);
  say("cpu.threadsPerCore", cpu.threadsPerCore === 1 ? null : cpu.threadsPerCore);
  say("cpu.max", cpu.max);
  say("cpu.nested", cpu.nested === true ? true : null);
  say("memoryBytes", machine.memoryBytes);
  say("dynamicMemory", machine.dynamicMemory === null ? null : { ...machine.dynamicMemory });
  say("sound", machine.sound === null ? null : true);
  say("video", machine.video?.memoryBytes ?? null);
  say("clock", machine.clock);
  say(
    "serialPorts",
    machine.serialPorts.map(({ index }) => index),
  );
  say("boot", bootOf(machine, diskNames));
  sayDrives(appliance, machine, diskNames, say);
  for (const [index, nic] of machine.nics.entries()) {
    const of = `card ${index}`;
    say("nic", true, of);
    // A network called NAT is what others call a kind of network.
    const named = nic.kind === null || nic.kind === "network" || (nic.kind === "bridged" && nic.network !== null);
    const kind = named ? kindOfNetwork(nic.network) : nic.kind;
    say("nic.network", kindOfNetwork(nic.network) === null ? nic.network : null, of);
    say("nic.kind", kind, of);
    say("nic.vlan", nic.vlan, of);
    say("nic.model", nic.model === null ? null : (nicChip(nic.model) ?? nic.model.toLowerCase()), of);
    say("nic.mac", nic.mac, of);
    say("nic.connected", nic.connected ? null : false, of);
    say("nic.portProfile", nic.portProfile, of);
  }
  return facts;
}

type Say = (name: FactName, value: JsonValue, of: string) => void;

function sayDrives(appliance: Appliance, machine: Machine, diskNames: ReadonlyMap<string, string>, say: Say): void {
  const numbers = numberControllers(machine.controllers);
  const counts = { cdrom: 0, floppy: 0 };
  for (const drive of machine.attachments) {
    const controller = machine.controllers.find(({ id }) => id === drive.controller);
    const bus = controller?.bus ?? null;
    if (drive.device === "disk") {
      if (drive.disk === null) continue;
      const of = diskNames.get(drive.disk) ?? drive.disk;
      say("disk", true, of);
      say("disk.bus", bus, of);
      say("disk.place", placeOf(drive, controller === undefined ? undefined : numbers.get(controller.id)), of);
      const model = controller?.model ?? null;
      say("disk.controller", bus !== "scsi" || model === null ? null : (scsiChip(model) ?? model.toLowerCase()), of);
      say("disk.readOnly", drive.readOnly ? true : null, of);
      const disk = appliance.disks.find(({ id }) => id === drive.disk);
      say("disk.shared", disk?.shared === true ? true : null, of);
      continue;
    }
    const of = `${drive.device} ${counts[drive.device]++}`;
    say(drive.device, true, of);
    if (drive.device === "cdrom") say("cdrom.bus", bus, of);
    say(drive.device === "cdrom" ? "cdrom.image" : "floppy.image", drive.file === null ? null : true, of);
  }
}

function placeOf({ slot }: Attachment, controller: number | undefined): string | null {
  return slot === null || controller === undefined ? null : `${controller}:${slot}`;
}

/** The boot order in words that survive renumbering: disks by their names, cards by their numbers. */
function bootOf(machine: Machine, diskNames: ReadonlyMap<string, string>): string[] {
  const words = machine.boot.flatMap(({ device, index }) => {
    // Firmware may try the network of a machine that has no card.
    if (device === "network") return machine.nics[index ?? 0] === undefined ? [] : [`network ${index ?? 0}`];
    const drive = index === null ? firstDrive(machine, device) : machine.attachments[index];
    if (drive === undefined) return [];
    return [device === "disk" ? `disk ${diskNames.get(drive.disk ?? "") ?? drive.disk}` : device];
  });
  return [...new Set(words)];
}

/** A fact that two readings of one machine do not share. */
export interface FactChange {
  /** Id of the machine in the first reading. */
  readonly machine: string;
  readonly name: FactName;
  readonly of: string | null;
  readonly from: JsonValue;
  /** `null`: lost. */
  readonly to: JsonValue | null;
}

/**
 * What a second reading of machines lacks or says otherwise. What only the second one says is no change: a platform had to choose something.
 * Machines are paired by their order.
 * @param diskNames what disks of the second reading are called in the first, by id
 */
export function changesBetween(
  before: Appliance,
  after: Appliance,
  diskNames: ReadonlyMap<string, string> = new Map(),
): readonly FactChange[] {
  const changes: FactChange[] = [];
  for (const [index, machine] of before.machines.entries()) {
    const other = after.machines[index];
    const found = new Map<string, JsonValue>();
    if (other !== undefined) {
      for (const { name, of, value } of portraitOf(after, other, diskNames)) found.set(`${name} ${of}`, value);
    }
    for (const { name, of, value } of portraitOf(before, machine)) {
      const to = found.get(`${name} ${of}`) ?? null;
      if (to === null && other !== undefined && isDefault(name, value, other, diskNames)) continue;
      if (JSON.stringify(to) === JSON.stringify(value) || (name === "boot" && beginsAlike(value, to))) continue;
      changes.push({ machine: machine.id, name, of, from: value, to });
    }
  }
  return changes;
}

/** What everybody means who says nothing: BIOS, and the first disk. */
function isDefault(name: FactName, value: JsonValue, other: Machine, diskNames: ReadonlyMap<string, string>): boolean {
  if (name === "firmware") return value === "bios";
  if (name !== "boot" || other.boot.length > 0 || !Array.isArray(value) || value.length > 1) return false;
  const first = firstDrive(other, "disk")?.disk ?? "";
  return value[0] === `disk ${diskNames.get(first) ?? first}`;
}

/** Whether an order goes on behind what was asked for: platforms fill up the rest. */
function beginsAlike(from: JsonValue, to: JsonValue): boolean {
  if (!Array.isArray(from) || !Array.isArray(to)) return false;
  return from.every((word, index) => to[index] === word);
}
