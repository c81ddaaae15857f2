import type { Attachment, Machine, Nic } from "../appliance/appliance.js";
import { bootDiskIndex } from "../appliance/fit/drives.js";

/** One device of a boot order. */
export type BootStep = { readonly drive: Attachment } | { readonly nic: Nic };

/**
 * The devices that a machine tries to boot from, each once: the source's order, with a device for every kind that it names; the boot disk and then
 * the first CD drive with an image where the source gives none.
 */
export function bootSequence(machine: Machine): BootStep[] {
  const steps: BootStep[] = [];
  const add = (step: BootStep | null): void => {
    if (step !== null && !steps.some((s) => same(s, step))) steps.push(step);
  };
  for (const device of machine.boot) {
    if (device.device === "network") {
      const nic = machine.nics[device.index ?? 0];
      add(nic === undefined ? null : { nic });
    } else if (device.device === "disk") add(drive(machine, device.index ?? bootDiskIndex(machine)));
    else add(drive(machine, device.index ?? machine.attachments.findIndex((a) => a.device === device.device)));
  }
  if (machine.boot.length > 0) return steps;
  add(drive(machine, bootDiskIndex(machine)));
  add(
    drive(
      machine,
      machine.attachments.findIndex((a) => a.device === "cdrom" && a.file !== null),
    ),
  );
  return steps;
}

/** Place in the order, from 1; `null`: not in it. */
export function bootPlace(steps: readonly BootStep[], device: Attachment | Nic): number | null {
  const index = steps.findIndex((s) => ("drive" in s ? s.drive === device : s.nic === device));
  return index < 0 ? null : index + 1;
}

function drive(machine: Machine, index: number): BootStep | null {
  const attachment = machine.attachments[index];
  return attachment === undefined ? null : { drive: attachment };
}

function same(a: BootStep, b: BootStep): boolean {
  if ("drive" in a) return "drive" in b && a.drive === b.drive;
  return "nic" in b && a.nic === b.nic;
}
