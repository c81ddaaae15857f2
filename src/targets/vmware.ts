import { GIB, MIB, TIB } from "../base/bytes.js";
import type { TargetId } from "../base/ids.js";
import type { MachineShape, TargetLimits, TargetProfile } from "./profile.js";
import { hostedReader, vsphereReader } from "./readers.js";

/*
 * Sources: "Hardware Features Available with Virtual Machine Compatibility Settings" in the vSphere 6.5, 6.7, 7.0 and 8.0 documentation
 * (GUID-789C3913-1053-4850-A0F0-E29C3D32B6DA: processors, memory, controllers and NICs per hardware version); VMware article 1003746 and
 * Broadcom article 315655 (hardware versions per product); "Configuration Maximums" (15 drives on a SCSI or NVMe controller, 30 on SATA).
 * A PVSCSI controller takes 64 drives from version 14 on; what fits all versions is written.
 */
const buses: MachineShape["buses"] = {
  ide: { controllers: 2, slots: 2 },
  sata: { controllers: 4, slots: 30 },
  // Address 7 is the controller's own, as on every parallel SCSI bus.
  scsi: { controllers: 4, slots: 16, reserved: [7], models: ["lsilogic", "buslogic", "lsisas1068", "pvscsi"] },
  nvme: { controllers: 4, slots: 15 },
  floppy: { controllers: 1, slots: 2 },
  usb: { controllers: 3, slots: 0, models: ["usb_xhci", "ehci", "usb"] },
};

/** `vmx-N`, N being the newest hardware version that the product runs: the export writes the lowest one that has what the machine needs. */
function shape(hardwareVersion: number): MachineShape {
  return {
    id: `vmx-${hardwareVersion}`,
    firmware: ["bios", "efi", "efi-secure"],
    // Disks of other platforms' own buses go to SATA: every system of this century has a driver for AHCI.
    bootBuses: ["sata", "scsi", "ide", "nvme"],
    nicModels: ["e1000", "e1000e", "vmxnet3", "vlance", "vmxnet", "vmxnet2"],
    buses,
    // A CD drive on NVMe does not exist.
    cdromBuses: ["sata", "ide", "scsi"],
  };
}

function vsphere(
  version: "6.5" | "7" | "8",
  hardwareVersion: number,
  limits: Omit<TargetLimits, "diskBytes" | "nics">,
): TargetProfile {
  return {
    id: `vsphere-${version}`,
    platform: "vmware",
    version,
    shapes: [shape(hardwareVersion)],
    defaultFirmware: "bios",
    limits: { ...limits, diskBytes: 62 * TIB, nics: 10 },
    memory: { stepBytes: 4 * MIB, minBytes: 4 * MIB },
    // Version 8 and up can be edited by their own clients, version 4 and up run (Broadcom article 315655).
    reader: vsphereReader(hardwareVersion, 4),
    accepts: {
      packages: ["ova", "directory", "vmx"],
      ovfVersions: ["0.9", "1.0", "1.1"],
      digests: version === "6.5" ? ["sha256", "sha1"] : ["sha256", "sha512", "sha1"],
      // Populated packages carry stream-optimized disks; ESXi runs no hosted sparse disk where it lies.
      disks: [{ format: "vmdk", variants: ["streamOptimized"] }],
    },
  };
}

function hosted(id: TargetId, version: string): TargetProfile {
  return {
    id,
    platform: "vmware",
    version,
    shapes: [shape(20)],
    defaultFirmware: "bios",
    // 32 processors and 128 GiB since Workstation 15.5 and Fusion 11.5; 8 TB per disk since Workstation 10.
    limits: { cpus: 32, memoryBytes: 128 * GIB, diskBytes: 8 * TIB, nics: 10 },
    memory: { stepBytes: 4 * MIB, minBytes: 4 * MIB },
    reader: hostedReader(20),
    accepts: {
      packages: ["vmx", "ova", "directory"],
      ovfVersions: ["0.9", "1.0", "1.1"],
      digests: ["sha256", "sha1", "sha512"],
      disks: [
        {
          format: "vmdk",
          variants: [
            "monolithicSparse",
            "streamOptimized",
            "monolithicFlat",
            "twoGbMaxExtentSparse",
            "twoGbMaxExtentFlat",
          ],
        },
      ],
    },
  };
}

/** vSphere and ESXi 6.5. */
export const vsphere65: TargetProfile = vsphere("6.5", 13, { cpus: 128, memoryBytes: 6128 * GIB });
/** vSphere and ESXi 7.0. */
export const vsphere7: TargetProfile = vsphere("7", 17, { cpus: 256, memoryBytes: 6128 * GIB });
/** vSphere and ESXi 8.0. */
export const vsphere8: TargetProfile = vsphere("8", 20, { cpus: 768, memoryBytes: 24560 * GIB });
/** Workstation Pro 17. */
export const workstation17: TargetProfile = hosted("workstation-17", "17");
/** Fusion 13 on Intel: on Apple silicon it runs machines for ARM alone. */
export const fusion13: TargetProfile = hosted("fusion-13", "13");
