import type { Appliance, Machine } from "../appliance/appliance.js";
import { type BootFacts, bootFacts } from "../disk/boot.js";
import { diagnosticOf } from "../disk/findings.js";
import type { VirtualDisk } from "../disk/model.js";
import type { Context } from "../io/context.js";
import { isDamage } from "./damage.js";

/** The disk that a machine boots from: the first attached one, unless its boot order names another. */
export function bootDiskOf(machine: Machine): string | null {
  const attached = machine.attachments.filter((attachment) => attachment.device === "disk" && attachment.disk !== null);
  const chosen = machine.boot.find((device) => device.device === "disk" && device.index !== null);
  const named = chosen === undefined ? undefined : machine.attachments[chosen.index as number];
  return (named?.device === "disk" ? named.disk : null) ?? attached[0]?.disk ?? null;
}

/** What a disk boots by. One that is damaged is a finding: whether that stops anything is for those who read all of it. */
async function firmwareOf(disk: VirtualDisk, ctx: Context): Promise<BootFacts["firmware"]> {
  try {
    return (await bootFacts(disk, ctx)).firmware;
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    ctx.report(diagnosticOf(cause));
    return null;
  }
}

/** Fills in the firmware of machines where nobody said it, by what lies on the boot disk. */
export async function fillFirmware(
  appliance: Appliance,
  disks: ReadonlyMap<string, VirtualDisk>,
  ctx: Context,
): Promise<void> {
  for (const machine of appliance.machines) {
    if (machine.firmware !== "unknown") continue;
    const id = bootDiskOf(machine);
    const disk = id === null ? undefined : disks.get(id);
    if (disk === undefined) continue;
    const firmware = await firmwareOf(disk, ctx);
    if (firmware === null) continue;
    machine.firmware = firmware;
    machine.firmwareFrom = "disk";
  }
}
