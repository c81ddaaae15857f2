import { GIB, MIB, TIB } from "../base/bytes.js";
import type { TargetProfile } from "./profile.js";
import { awsReader } from "./readers.js";

/*
 * Amazon EC2 through VM Import/Export. Sources: VM Import/Export user guide, "System requirements" (formats: OVA, stream-optimized VMDK, fixed
 * and dynamic VHD and VHDX, raw) and "Limitations for resources being imported" (at most 21 volumes; no parents, no encrypted volumes); Amazon
 * EBS volumes of 16 TiB. What the machine gets is the instance type's: processors and memory of the package are not used.
 */
export const aws: TargetProfile = {
  id: "aws",
  platform: "ovf",
  version: "1",
  shapes: [
    {
      id: "instance",
      firmware: ["bios", "efi"],
      bootBuses: ["nvme", "scsi", "sata", "ide", "virtio-scsi", "virtio-blk"],
      nicModels: [],
      buses: {
        nvme: { controllers: 21, slots: 21 },
        scsi: { controllers: 21, slots: 21 },
        sata: { controllers: 21, slots: 21 },
        ide: { controllers: 21, slots: 21 },
        "virtio-scsi": { controllers: 21, slots: 21 },
        "virtio-blk": { controllers: 21, slots: 21 },
      },
    },
  ],
  defaultFirmware: "bios",
  limits: { cpus: 896, memoryBytes: 24 * TIB, diskBytes: 16 * 1024 * GIB, nics: 15 },
  memory: { stepBytes: MIB, minBytes: MIB },
  reader: awsReader,
  accepts: {
    packages: ["ova"],
    ovfVersions: ["0.9", "1.0", "1.1"],
    digests: [],
    disks: [
      { format: "vmdk", variants: ["streamOptimized"] },
      { format: "vhd", variants: ["fixed", "dynamic"] },
      { format: "vhdx", variants: ["fixed", "dynamic"] },
      { format: "raw", variants: ["raw"] },
    ],
  },
};
