import type { Machine } from "../../appliance/appliance.js";
import { GIB } from "../../base/bytes.js";
import type { MachineShape } from "../../targets/profile.js";

/**
 * The oldest version that is written: ESXi 6.5 and Workstation 14 run it, so that the machine can move on between all targets known here.
 * It has SATA, NVMe and secure boot.
 */
const OLDEST = 13;

/** The first version with a TPM, on EFI machines ("Virtual Trusted Platform Module", vSphere 6.7). */
export const TPM_VERSION = 14;

/**
 * The hardware version of a machine: the lowest that has what the machine uses, not below the one that its source names, not above the shape's.
 * Source: the table of hardware features per compatibility level (see targets/vmware.ts).
 */
export function hardwareVersion(machine: Machine, shape: MachineShape): number {
  const newest = versionOf(shape.id) ?? OLDEST;
  let version = OLDEST;
  for (const type of machine.hardwareTypes) {
    const named = versionOf(type);
    if (named !== null && named <= newest) version = Math.max(version, named);
  }
  if (machine.cpu.count > 128) version = Math.max(version, 15);
  if (machine.cpu.count > 256 || machine.memoryBytes > 6128 * GIB) version = Math.max(version, 18);
  if ((machine.cpu.coresPerSocket ?? 1) > 64) version = Math.max(version, 20);
  if (machine.tpm !== null && machine.firmware !== "bios") version = Math.max(version, TPM_VERSION);
  return Math.min(version, newest);
}

/** The version that a machine has, where it is newer than the target runs. */
export function tooNew(machine: Machine, shape: MachineShape): number | null {
  const newest = versionOf(shape.id) ?? OLDEST;
  const named = machine.hardwareTypes.flatMap((type) => versionOf(type) ?? []);
  const highest = Math.max(0, ...named);
  return highest > newest && named.every((version) => version > newest) ? highest : null;
}

/** `vmx-13` is 13, also written `vmx-07` or `vmx-7`. */
function versionOf(type: string): number | null {
  const match = /^vmx-([0-9]{1,3})$/i.exec(type.trim());
  return match === null ? null : Number(match[1]);
}
