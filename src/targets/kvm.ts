import { MIB, TIB } from "../base/bytes.js";
import type { Bus } from "../base/ids.js";
import type { BusShape, MachineShape, TargetProfile } from "./profile.js";
import { proxmoxReader, virtV2vReader } from "./readers.js";

/*
 * Sources: libvirt "Domain XML format" (formatdomain.html: disk buses, controllers and models), QEMU's `-device help` and `-machine help`,
 * hw/scsi/mptsas.h (8 ports), "RHEL 9 technology capabilities and limits" (memory). NIC and controller models are in QEMU's words.
 */
const ide: BusShape = { controllers: 2, slots: 2 };
const sata: BusShape = { controllers: 4, slots: 6 };
/*
 * QEMU has no 53c1030, the chip that VMware and VirtualBox call LSI Logic: its nearest relative is the SAS1068 (the same Fusion-MPT
 * family), which Windows since Vista and Linux have drivers for, unlike the older 53c895a. Seven drives: what every model takes.
 */
const scsi: BusShape = { controllers: 4, slots: 7, models: ["mptsas1068", "pvscsi", "lsi53c895a"] };
const virtioScsi: BusShape = { controllers: 4, slots: 64 };
const virtioBlk: BusShape = { controllers: 1, slots: 16 };
const floppy: BusShape = { controllers: 1, slots: 2 };
const usb: BusShape = { controllers: 1, slots: 0, models: ["qemu-xhci"] };
const nicModels = ["e1000e", "e1000", "virtio", "rtl8139", "vmxnet3", "pcnet"];
const legacyNicModels = ["e1000", "e1000e", "virtio", "rtl8139", "vmxnet3", "pcnet"];

/** The two machine types, without and with NVMe: libvirt before 11.5 has no NVMe disks, QEMU does. */
function shapes(extra: MachineShape["buses"]): readonly MachineShape[] {
  const common = { sata, scsi, "virtio-scsi": virtioScsi, "virtio-blk": virtioBlk, floppy, usb, ...extra };
  const nvme: readonly Bus[] = extra.nvme === undefined ? [] : ["nvme"];
  return [
    {
      id: "q35",
      chipset: "q35",
      firmware: ["bios"],
      bootBuses: ["sata", "scsi", "virtio-scsi", "virtio-blk", ...nvme],
      nicModels,
      buses: common,
      cdromBuses: ["sata", "scsi", "virtio-scsi"],
    },
    {
      id: "q35",
      chipset: "q35",
      // Secure boot needs the system management mode that only q35 has.
      firmware: ["efi", "efi-secure"],
      // OVMF as distributions build it has no driver for the SCSI chips (seen with Debian's 2022.11): a disk there is data, not to boot from.
      bootBuses: ["sata", "virtio-scsi", "virtio-blk", ...nvme],
      nicModels,
      buses: common,
      cdromBuses: ["sata", "virtio-scsi"],
    },
    {
      // IDE exists on this one alone. Firmware descriptors of distributions promise EFI for q35, not everywhere for this one.
      id: "pc",
      chipset: "i440fx",
      firmware: ["bios"],
      bootBuses: ["ide", "sata", "scsi", "virtio-scsi", "virtio-blk", ...nvme],
      nicModels: legacyNicModels,
      buses: { ide, ...common },
      cdromBuses: ["ide", "sata", "scsi", "virtio-scsi"],
    },
  ];
}

const limits = { cpus: 255, memoryBytes: 12 * TIB, diskBytes: Number.MAX_SAFE_INTEGER, nics: 16 };
const memory = { stepBytes: MIB, minBytes: MIB };
const disks = [
  { format: "qcow2", variants: ["uncompressed", "compressed"] },
  { format: "raw", variants: ["raw"] },
] as const;

/** libvirt with QEMU and KVM, 8.6 or newer. */
export const libvirt: TargetProfile = {
  id: "libvirt",
  platform: "libvirt",
  version: "8.6",
  shapes: shapes({}),
  defaultFirmware: "bios",
  limits,
  memory,
  reader: virtV2vReader,
  accepts: { packages: ["libvirt"], ovfVersions: [], digests: [], disks },
};

/** QEMU started from a shell, 6.0 or newer. */
export const qemu: TargetProfile = {
  id: "qemu",
  platform: "qemu",
  version: "6.0",
  shapes: shapes({ nvme: { controllers: 8, slots: 1 } }),
  defaultFirmware: "bios",
  limits,
  memory,
  reader: null,
  accepts: { packages: [], ovfVersions: [], digests: [], disks },
};

/*
 * Proxmox VE. Sources: "Qemu/KVM Virtual Machines" in its administration guide (buses: 4 IDE, 6 SATA and 31 SCSI drives, 16 VirtIO drives, 32
 * network cards; machine types i440fx and q35, SeaBIOS and OVMF).
 */
function proxmox(version: "8" | "9"): TargetProfile {
  const buses: MachineShape["buses"] = {
    ide: { controllers: 2, slots: 2 },
    sata: { controllers: 1, slots: 6 },
    // In Proxmox VE's own words. Chips of LSI Logic take seven drives each, so that the 31 numbers need five of them.
    scsi: { controllers: 5, slots: 31, models: ["lsi", "lsi53c810", "megasas", "pvscsi"] },
    "virtio-scsi": { controllers: 1, slots: 31 },
    "virtio-blk": virtioBlk,
    usb,
  };
  return {
    id: `proxmox-${version}`,
    platform: "proxmox",
    version,
    shapes: [
      {
        id: "pc",
        firmware: ["bios", "efi", "efi-secure"],
        bootBuses: ["scsi", "virtio-scsi", "sata", "ide", "virtio-blk"],
        nicModels: ["virtio", "e1000", "e1000e", "vmxnet3", "rtl8139"],
        buses,
        cdromBuses: ["ide", "sata", "scsi"],
      },
    ],
    defaultFirmware: "bios",
    limits: { ...limits, nics: 32 },
    memory: { stepBytes: MIB, minBytes: 16 * MIB },
    reader: proxmoxReader,
    accepts: { packages: ["ova", "directory"], ovfVersions: ["1.0"], digests: [], disks },
  };
}

/** Proxmox VE 8. */
export const proxmox8: TargetProfile = proxmox("8");
/** Proxmox VE 9. */
export const proxmox9: TargetProfile = proxmox("9");
