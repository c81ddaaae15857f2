import { GIB, MIB, TIB } from "../base/bytes.js";
import type { BusShape, MachineShape, TargetProfile } from "./profile.js";

/*
 * Xen by itself, with xl. Sources: xl.cfg(5), xl-disk-configuration(5) and xen-vbd-interface(7) of Xen 4.17: a guest on emulated hardware sees the first
 * four disks on IDE, or six on AHCI (`hdtype`), and all disks as Xen's own too, numbered in one row; SUPPORT.md (processors, memory).
 */
const usb: BusShape = { controllers: 1, slots: 0, models: ["piix3-uhci", "ich9-usb-ehci1", "nec-usb-xhci"] };
/** Drives that are Xen's own alone, behind those that are emulated. */
const behind = (emulated: number): BusShape => ({
  controllers: 1,
  slots: 256,
  reserved: Array.from({ length: emulated }, (_, number) => number),
  models: ["xen"],
});

function emulated(buses: MachineShape["buses"], boot: "ide" | "sata"): MachineShape {
  return {
    id: "hvm",
    chipset: "i440fx",
    firmware: ["bios", "efi"],
    bootBuses: [boot],
    nicModels: ["e1000", "rtl8139", "e1000e", "vmxnet3", "pcnet"],
    buses: { ...buses, usb },
    cdromBuses: [boot],
    // The boot order has a letter for each kind of device.
    bootsFirstDisk: true,
  };
}

/** Xen 4.17 and newer. */
export const xen: TargetProfile = {
  id: "xen",
  platform: "xen",
  version: "4.17",
  shapes: [
    emulated({ ide: { controllers: 2, slots: 2 }, scsi: behind(4) }, "ide"),
    emulated({ sata: { controllers: 1, slots: 6 }, scsi: behind(6) }, "sata"),
    {
      id: "pv",
      firmware: ["bios"],
      guests: ["pv", "pvh"],
      bootBuses: ["scsi"],
      nicModels: ["xen"],
      buses: { scsi: { controllers: 1, slots: 256, models: ["xen"] } },
      cdromBuses: ["scsi"],
    },
  ],
  defaultFirmware: "bios",
  limits: { cpus: 128, memoryBytes: 1536 * GIB, diskBytes: 16 * TIB, nics: 8 },
  memory: { stepBytes: MIB, minBytes: 16 * MIB },
  reader: null,
  accepts: {
    packages: ["xl"],
    ovfVersions: [],
    digests: [],
    disks: [
      { format: "qcow2", variants: ["uncompressed", "compressed"] },
      { format: "raw", variants: ["raw"] },
      { format: "vhd", variants: ["dynamic"] },
    ],
  },
};
