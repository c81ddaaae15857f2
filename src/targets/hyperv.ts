import { MIB, TIB } from "../base/bytes.js";
import type { BusShape, MachineShape, TargetProfile } from "./profile.js";

/*
 * Sources: "Plan for Hyper-V scalability in Windows Server" (learn.microsoft.com; maxima per version and generation),
 * "Should I create a generation 1 or 2 virtual machine in Hyper-V?" (firmware, boot devices, controllers per generation).
 */
// The SCSI controller is a channel of the VM bus: no chip that another platform has.
const scsi: BusShape = { controllers: 4, slots: 64, models: ["synthetic"] };

function generation1(nics: number): MachineShape {
  return {
    id: "gen1",
    firmware: ["bios"],
    // "Generation 1 boots from IDE or a legacy network adapter": SCSI disks appear with the driver, long after the BIOS.
    bootBuses: ["ide"],
    cdromBuses: ["ide"],
    nicModels: ["synthetic", "legacy"],
    buses: {
      ide: { controllers: 2, slots: 2 },
      scsi,
      floppy: { controllers: 1, slots: 1 },
    },
    // Set-VMBios orders kinds of devices, not disks.
    bootsFirstDisk: true,
    limits: { cpus: 64, memoryBytes: TIB, nics: nics + 4 },
  };
}

const generation2: MachineShape = {
  id: "gen2",
  firmware: ["efi", "efi-secure"],
  bootBuses: ["scsi"],
  nicModels: ["synthetic"],
  diskFormats: ["vhdx"],
  buses: { scsi },
};

function hyperv(
  version: "2019" | "2022" | "2025",
  limits: { cpus: number; memoryBytes: number; nics: number },
): TargetProfile {
  return {
    id: `hyperv-${version}`,
    platform: "hyperv",
    version,
    shapes: [generation2, generation1(limits.nics)],
    defaultFirmware: "bios",
    limits: { ...limits, diskBytes: 64 * TIB },
    memory: { stepBytes: 2 * MIB, minBytes: 32 * MIB },
    // SCVMM had a tool that read OVF; Hyper-V itself has none.
    reader: null,
    accepts: {
      packages: ["hyperv"],
      ovfVersions: [],
      digests: [],
      disks: [
        { format: "vhdx", variants: ["dynamic", "fixed"] },
        { format: "vhd", variants: ["dynamic", "fixed"] },
      ],
    },
  };
}

/** Hyper-V of Windows Server 2019. */
export const hyperv2019: TargetProfile = hyperv("2019", { cpus: 240, memoryBytes: 12 * TIB, nics: 8 });
/** Hyper-V of Windows Server 2022, and of Windows 10 and 11. */
export const hyperv2022: TargetProfile = hyperv("2022", { cpus: 1024, memoryBytes: 12 * TIB, nics: 64 });
/** Hyper-V of Windows Server 2025. */
export const hyperv2025: TargetProfile = hyperv("2025", { cpus: 2048, memoryBytes: 240 * TIB, nics: 64 });
