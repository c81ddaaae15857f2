import type { Machine } from "../../appliance/appliance.js";
import { bootDiskIndex } from "../../appliance/fit/drives.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { loss } from "../losses.js";
import { driveName } from "./devices.js";
import type { VmxEntry } from "./vmx.js";

const WORDS = { disk: "hdd", cdrom: "cdrom", floppy: "floppy" } as const;

/**
 * The boot order of a BIOS machine (Broadcom article 326326: `bios.bootOrder` and `bios.hddOrder`); nothing where the source gives none. An EFI
 * machine keeps its order in its NVRAM alone: a note, where the order is more than "the first disk".
 */
export function bootEntries(machine: Machine, notes: Diagnostic[]): VmxEntry[] {
  if (machine.boot.length === 0) return [];
  if (machine.firmware !== "bios") {
    if (!bootsFirstDiskOnly(machine)) {
      notes.push(
        loss(
          "warning",
          "vmware/boot-order-dropped",
          `${machine.name}: a VMX file cannot hold the boot order of an EFI machine; the first disk with a loader on it boots`,
          {
            data: { machine: machine.id, boot: machine.boot.map((b) => b.device) },
            hint: "Set the order in the firmware's own menu.",
          },
        ),
      );
    }
    return [];
  }
  const words: string[] = [];
  const disks: string[] = [];
  for (const device of machine.boot) {
    // A card that is not there boots nothing.
    if (device.device === "network" && machine.nics[device.index ?? 0] === undefined) continue;
    const word = device.device === "network" ? `ethernet${device.index ?? 0}` : WORDS[device.device];
    if (!words.includes(word)) words.push(word);
    if (device.device === "disk" && device.index !== null) addDisk(machine, device.index, disks);
  }
  // An order that names `hdd` has to name a disk.
  if (words.includes("hdd") && disks.length === 0) addDisk(machine, bootDiskIndex(machine), disks);
  if (words.length === 0) return [];
  const entries: VmxEntry[] = [["bios.bootOrder", words.join(",")]];
  if (disks.length > 0) entries.push(["bios.hddOrder", disks.join(",")]);
  return entries;
}

function addDisk(machine: Machine, index: number, disks: string[]): void {
  const attachment = machine.attachments[index];
  const name = attachment?.device === "disk" ? driveName(machine, attachment) : null;
  if (name !== null && !disks.includes(name)) disks.push(name);
}

function bootsFirstDiskOnly(machine: Machine): boolean {
  const [first] = machine.boot;
  if (first === undefined || machine.boot.length > 1 || first.device !== "disk") return false;
  return first.index === null || first.index === machine.attachments.findIndex((a) => a.device === "disk");
}
