/*
 * VirtualBox's words for hardware. Sources: files that VirtualBox 4.2 to 7.2 wrote, `VBoxManage storagectl`, `VBoxManage modifyvm`, and what
 * `VBoxManage showvminfo` answers for them.
 */
import type { Bus } from "../../base/ids.js";

/** A kind of storage controller. */
export interface StorageKind {
  /** `type` of a StorageController. */
  readonly type: string;
  readonly bus: Bus;
  /** Ports that it has where nothing is said. */
  readonly ports: number;
  /** What of VirtualBox's own buses it is on: one controller of each can be in a machine with a PIIX3. */
  readonly family: "ide" | "sata" | "scsi" | "sas" | "nvme" | "virtio-scsi" | "floppy" | "usb";
}

/** Every kind, the usual one of a bus first. */
export const STORAGE_KINDS: readonly StorageKind[] = [
  { type: "PIIX4", bus: "ide", ports: 2, family: "ide" },
  { type: "PIIX3", bus: "ide", ports: 2, family: "ide" },
  { type: "ICH6", bus: "ide", ports: 2, family: "ide" },
  { type: "AHCI", bus: "sata", ports: 1, family: "sata" },
  { type: "LsiLogic", bus: "scsi", ports: 16, family: "scsi" },
  { type: "BusLogic", bus: "scsi", ports: 16, family: "scsi" },
  { type: "LsiLogicSas", bus: "scsi", ports: 8, family: "sas" },
  { type: "NVMe", bus: "nvme", ports: 1, family: "nvme" },
  { type: "VirtioSCSI", bus: "virtio-scsi", ports: 1, family: "virtio-scsi" },
  { type: "I82078", bus: "floppy", ports: 1, family: "floppy" },
  { type: "USB", bus: "usb", ports: 8, family: "usb" },
];

/** The kind of a type as files spell it. */
export function storageKind(type: string): StorageKind | undefined {
  const word = type.toLowerCase();
  return STORAGE_KINDS.find((kind) => kind.type.toLowerCase() === word);
}

/** Base port and interrupt of the four serial ports of a PC. */
export const SERIAL_PLACES: readonly { readonly base: string; readonly irq: number }[] = [
  { base: "0x3f8", irq: 4 },
  { base: "0x2f8", irq: 3 },
  { base: "0x3e8", irq: 4 },
  { base: "0x2e8", irq: 3 },
];

/** What VirtualBox calls its hardware in every package that it writes. */
export const HARDWARE_TYPE = "virtualbox-2.2";
