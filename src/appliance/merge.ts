import type { Appliance, Attachment, Disk, FileAsset, Foreign, Machine } from "./appliance.js";
import { blankAppliance } from "./blank.js";

/**
 * Machines of several configurations as one appliance. A file that several name is one disk that they share; ids that several use get the
 * machine's id in front.
 */
export function mergeAppliances(name: string | null, parts: readonly Appliance[]): Appliance {
  const [only, second] = parts;
  if (only !== undefined && second === undefined) return only;
  const merged = blankAppliance(name);
  const machineIds = new Set<string>();
  for (const part of parts) addPart(merged, part, machineIds);
  return merged;
}

function addPart(merged: Appliance, part: Appliance, machineIds: Set<string>): void {
  const renamed = new Map<string, string>();
  for (const { id } of part.machines) {
    let free = id;
    for (let n = 2; machineIds.has(free); n++) free = `${id}-${n}`;
    machineIds.add(free);
    renamed.set(id, free);
  }
  const machineId = (id: string): string => renamed.get(id) ?? id;
  const [first] = part.machines;
  const prefix = first === undefined ? "" : `${machineId(first.id)}/`;
  const disks = new Map<string, string>();
  for (const disk of part.disks) disks.set(disk.id, diskId(merged, disk, prefix));
  const files = new Map<string, string>();
  for (const file of part.files) files.set(file.id, fileId(merged, file, prefix));
  for (const disk of part.disks) {
    const id = disks.get(disk.id) ?? disk.id;
    const parent = disk.parent === null ? null : (disks.get(disk.parent) ?? disk.parent);
    if (!merged.disks.some((known) => known.id === id)) merged.disks.push({ ...disk, id, parent });
  }
  const idOfFile = (id: string | null): string | null => (id === null ? null : (files.get(id) ?? id));
  const attachment = (drive: Attachment): Attachment => ({
    ...drive,
    disk: drive.disk === null ? null : (disks.get(drive.disk) ?? drive.disk),
    file: idOfFile(drive.file),
  });
  const foreign = (thing: Foreign): Foreign =>
    thing.machine === null ? thing : { ...thing, machine: machineId(thing.machine) };
  for (const machine of part.machines) {
    const { directBoot } = machine;
    const moved: Machine = {
      ...machine,
      id: machineId(machine.id),
      nvram: idOfFile(machine.nvram),
      directBoot:
        directBoot === null
          ? null
          : { ...directBoot, kernel: idOfFile(directBoot.kernel), initrd: idOfFile(directBoot.initrd) },
      attachments: machine.attachments.map(attachment),
      foreign: machine.foreign.map(foreign),
    };
    merged.machines.push(moved);
  }
  for (const network of part.networks) {
    if (!merged.networks.some((known) => known.name === network.name)) merged.networks.push(network);
  }
  merged.startup.push(...part.startup.map((step) => ({ ...step, machine: machineId(step.machine) })));
  merged.foreign.push(...part.foreign.map(foreign));
  for (const [fact, place] of part.origins) {
    const [kind = "", id = "", ...rest] = fact.split("/");
    merged.origins.set(kind === "machines" ? [kind, machineId(id), ...rest].join("/") : fact, place);
  }
}

/** The id of a disk among all: that of another one in the same file, or its own, with the machine in front where it is taken. */
function diskId(merged: Appliance, disk: Disk, prefix: string): string {
  const same = disk.file === null ? undefined : merged.disks.find((known) => known.file === disk.file);
  if (same !== undefined) return same.id;
  return freeId(disk.id, prefix, (id) => merged.disks.some((known) => known.id === id));
}

function fileId(merged: Appliance, file: FileAsset, prefix: string): string {
  const same = merged.files.find((known) => known.name === file.name && known.role === file.role);
  if (same !== undefined) return same.id;
  const id = freeId(file.id, prefix, (wished) => merged.files.some((known) => known.id === wished));
  merged.files.push({ ...file, id });
  return id;
}

function freeId(wished: string, prefix: string, taken: (id: string) => boolean): string {
  if (!taken(wished)) return wished;
  let id = `${prefix}${wished}`;
  for (let n = 2; taken(id); n++) id = `${prefix}${wished}-${n}`;
  return id;
}
