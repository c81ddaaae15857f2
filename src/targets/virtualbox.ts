import { MIB, TIB } from "../base/bytes.js";
import type { Bus } from "../base/ids.js";
import type { BusShape, MachineShape, TargetProfile } from "./profile.js";
import { virtualBoxReader } from "./readers.js";

/*
 * VirtualBox 7, in the words of its own settings. Sources: `VBoxManage list systemproperties` of 7.2 (controllers of each kind and cards by
 * chip set, ports of each kind, processors, memory), `VBoxManage modifyvm` (models of cards), VirtualBox ApplianceImpl.cpp (disk formats and
 * digests of packages).
 */
const ide: BusShape = { controllers: 2, slots: 2 };
const floppy: BusShape = { controllers: 1, slots: 2 };
/** Host controllers; USB drives share eight ports between them. */
const usb: BusShape = { controllers: 3, slots: 8 };
const nicModels = ["82540EM", "82545EM", "82543GC", "Am79C973", "Am79C970A", "Am79C960", "virtio"];
const bootBuses: readonly Bus[] = ["sata", "ide", "scsi", "virtio-scsi", "nvme"];
const cdromBuses: readonly Bus[] = ["sata", "ide", "scsi", "virtio-scsi", "usb"];

function shape(
  id: string,
  chipset: "i440fx" | "q35",
  controllers: number,
  limits: MachineShape["limits"],
): MachineShape {
  return {
    id,
    chipset,
    // Whether secure boot is on stands in the NVRAM file; the machine itself can have it.
    firmware: ["bios", "efi", "efi-secure"],
    bootBuses,
    nicModels,
    buses: {
      ide,
      sata: { controllers, slots: 30 },
      // A SAS controller has 255 ports; one count for all kinds.
      scsi: { controllers, slots: 16, reserved: [7], models: ["LsiLogic", "BusLogic", "LsiLogicSas"] },
      nvme: { controllers, slots: 255 },
      "virtio-scsi": { controllers, slots: 256 },
      floppy,
      usb,
    },
    cdromBuses,
    // The boot order names kinds of devices: of the disks, the first is meant.
    bootsFirstDisk: true,
    ...(limits === undefined ? {} : { limits }),
  };
}

/** VirtualBox 7: packages that it imports, and machines in its own settings. */
export const virtualbox7: TargetProfile = {
  id: "virtualbox-7",
  platform: "virtualbox",
  version: "7",
  shapes: [shape("piix3", "i440fx", 1, { nics: 8 }), shape("ich9", "q35", 8, undefined)],
  defaultFirmware: "bios",
  limits: { cpus: 64, memoryBytes: 2 * TIB, diskBytes: 2048 * TIB, nics: 36 },
  memory: { stepBytes: MIB, minBytes: 4 * MIB },
  reader: virtualBoxReader,
  accepts: {
    packages: ["ova", "directory", "vbox"],
    ovfVersions: ["1.0", "2.0", "0.9"],
    digests: ["sha256", "sha1", "sha512"],
    disks: [
      { format: "vmdk", variants: ["streamOptimized", "monolithicSparse"] },
      { format: "vhd", variants: ["dynamic", "fixed"] },
    ],
  },
};
