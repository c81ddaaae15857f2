import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { descriptor } from "../../../scripts/demo/appliance.js";
import type { BootGuest } from "../boot-guest.js";
import type { Ferry } from "../ferry.js";

/** Controllers as OVF writes them: the resource type, and the subtype where one is needed. */
export const CONTROLLERS = {
  ide: [5, ""],
  scsi: [6, "lsilogic"],
  sata: [20, "vmware.sata.ahci"],
  nvme: [20, "vmware.nvme.controller"],
} as const;
export type ControllerName = keyof typeof CONTROLLERS;

/**
 * A package with a guest's disk on a controller: a descriptor beside a VMDK. It says no firmware: that has to be read from the disk.
 * @returns the descriptor's path
 */
export async function packageGuest(
  ferry: Ferry,
  guest: BootGuest,
  controller: ControllerName,
  folder: string,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  await ferry.convertDisk(guest.disk, join(folder, "disk.vmdk"), { variant: "streamOptimized" });
  const [type, subtype] = CONTROLLERS[controller];
  const item = `${subtype === "" ? "" : `<rasd:ResourceSubType>${subtype}</rasd:ResourceSubType>\n        `}<rasd:ResourceType>${type}</rasd:ResourceType>`;
  const text = descriptor("disk.vmdk")
    .replace("<rasd:ResourceType>5</rasd:ResourceType>", item)
    .replaceAll("128", "512");
  const source = join(folder, "ferry.ovf");
  await writeFile(source, text);
  return source;
}
