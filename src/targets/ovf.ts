import { GIB, MIB } from "../base/bytes.js";
import type { BusShape, TargetProfile } from "./profile.js";
import { xenCenterReader, xenOrchestraReader } from "./readers.js";

/** More than any descriptor holds. */
const any: BusShape = { controllers: 65_536, slots: 65_536 };

/** The standard alone: it names no limits, no models and no buses that a package may not use. */
export const ovf: TargetProfile = {
  id: "ovf",
  platform: "ovf",
  version: "2.1",
  shapes: [
    {
      id: "ovf",
      firmware: ["bios", "efi", "efi-secure"],
      bootBuses: ["sata", "scsi", "ide", "nvme", "virtio-scsi", "virtio-blk", "usb"],
      nicModels: [],
      buses: {
        ide: any,
        sata: any,
        scsi: any,
        nvme: any,
        "virtio-blk": any,
        "virtio-scsi": any,
        floppy: any,
        usb: any,
      },
    },
  ],
  defaultFirmware: "bios",
  limits: { cpus: 65_536, memoryBytes: Number.MAX_SAFE_INTEGER, diskBytes: Number.MAX_SAFE_INTEGER, nics: 65_536 },
  memory: { stepBytes: 1, minBytes: 1 },
  reader: null,
  accepts: {
    packages: ["ova", "directory"],
    ovfVersions: ["2.1", "2.0", "1.1", "1.0"],
    digests: ["sha256", "sha512", "sha1"],
    disks: [{ format: "vmdk", variants: ["streamOptimized"] }],
  },
};

/** Drives that are Xen's own, behind the four that are emulated too. */
const xenDrives: BusShape = { controllers: 1, slots: 256, reserved: [0, 1, 2, 3], models: ["xen"] };

/*
 * XenServer 8, by XVA or through XenCenter's OVF import. Sources: "XenServer system limits" (docs.xenserver.com: 32 processors, 7 network cards, 255
 * disks, 2 TiB per VDI), xenadmin XenOvfApi (SHA-1 manifests, VHD URI, one CD drive), xenopsd's device.ml (what is emulated: four IDE drives, or NVMe
 * for the disks of EFI machines; RTL8139, E1000 for EFI; a guest's drivers for Xen replace them).
 */
export const xenserver8: TargetProfile = {
  id: "xenserver-8",
  platform: "xenserver",
  version: "8",
  shapes: [
    {
      id: "hvm",
      firmware: ["bios"],
      bootsFirstDisk: true,
      bootBuses: ["ide"],
      nicModels: ["rtl8139"],
      buses: { ide: { controllers: 2, slots: 2 }, scsi: xenDrives },
      cdromBuses: ["ide"],
    },
    {
      id: "hvm",
      firmware: ["efi", "efi-secure"],
      bootsFirstDisk: true,
      bootBuses: ["nvme"],
      nicModels: ["e1000"],
      buses: { nvme: { controllers: 1, slots: 4 }, ide: { controllers: 2, slots: 2 }, scsi: xenDrives },
      cdromBuses: ["ide"],
    },
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
  limits: { cpus: 64, memoryBytes: 1536 * GIB, diskBytes: 2040 * GIB, nics: 7 },
  memory: { stepBytes: MIB, minBytes: 16 * MIB },
  reader: xenCenterReader,
  accepts: {
    packages: ["xva", "ova", "directory"],
    ovfVersions: ["1.0"],
    digests: ["sha1", "sha256"],
    disks: [
      { format: "xva", variants: ["chunks"] },
      { format: "vhd", variants: ["dynamic", "fixed"] },
      { format: "vmdk", variants: ["streamOptimized"] },
    ],
  },
};

/**
 * XCP-ng 8.3, by XVA or through Xen Orchestra's import of OVA. Sources: "Configuration limits" in the XCP-ng documentation (docs.xcp-ng.org), which runs the same
 * hypervisor as XenServer 8; disks are VHD there too, and a VHD holds 2040 GiB.
 */
export const xcpNg83: TargetProfile = {
  ...xenserver8,
  id: "xcp-ng-8.3",
  version: "8.3",
  reader: xenOrchestraReader,
  accepts: {
    packages: ["xva", "ova"],
    ovfVersions: ["1.0"],
    digests: [],
    disks: [
      { format: "xva", variants: ["chunks"] },
      { format: "vmdk", variants: ["streamOptimized"] },
      { format: "vhd", variants: ["dynamic"] },
    ],
  },
};
