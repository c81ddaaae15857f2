import type { Appliance, Foreign, Machine } from "../../appliance/appliance.js";
import { driveName } from "./devices.js";
import type { VmxEntry } from "./vmx.js";

/**
 * Settings of a VMX file that the model has no place for, and that mean the same in another VMX file. Nothing that names a file, a device or an
 * address of the old host is among them, and nothing that runs there.
 */
const SETTINGS =
  /^(?:vcpu\.hot(?:add|remove)|mem\.hotadd|disk\.enableuuid|isolation\.[a-z0-9.]+|tools\.(?:synctime|upgrade\.policy)|time\.synchronize\.[a-z0-9.]+|mks\.enable3d|svga\.(?:graphicsmemorykb|maxwidth|maxheight)|sched\.(?:cpu|mem)\.(?:min|max|shares|minsize)|hypervisor\.cpuid\.v0|monitor_control\.[a-z0-9_.]+|numa\.[a-z0-9.]+|bios\.(?:bootdelay|bootretry\.[a-z]+)|rtc\.difffromutc|smc\.present|ich7m\.present|ctkenabled|chipset\.[a-z]+)$/i;
const OF_PORTS = /^serial([0-9]{1,2})\.(?:pipe|network)\.endpoint$/i;
const OF_DRIVES = /^((?:ide|scsi|sata|nvme)[0-9]{1,2}:[0-9]{1,3})\.(mode|writethrough|ctkenabled|virtualssd)$/i;

/** What a machine brings from one VMX file to the next: the entries, and what they were made of. */
export interface Carried {
  readonly entries: readonly VmxEntry[];
  readonly things: ReadonlySet<Foreign>;
}

/** Settings of VMware's own that are written as they were read; those of a drive where it still is what it was. */
export function carried(fitted: Appliance, machine: Machine): Carried {
  const entries: VmxEntry[] = [];
  const things = new Set<Foreign>();
  const names = new Set<string>();
  for (const thing of machine.foreign) {
    const { source, name, payload } = thing;
    if (source !== "vmware" || payload === "" || names.has(name.toLowerCase())) continue;
    if (!SETTINGS.test(name) && !ofPort(machine, name) && !ofDrive(fitted, machine, name)) continue;
    names.add(name.toLowerCase());
    entries.push([name, payload]);
    things.add(thing);
  }
  return { entries, things };
}

function ofPort(machine: Machine, name: string): boolean {
  const index = OF_PORTS.exec(name)?.[1];
  const backing = name.toLowerCase().includes(".pipe.") ? "pipe" : "network";
  return index !== undefined && machine.serialPorts.some((p) => p.index === Number(index) && p.backing === backing);
}

/** Disks are called by their places in the file that they were read from. */
function ofDrive(fitted: Appliance, machine: Machine, name: string): boolean {
  const place = OF_DRIVES.exec(name)?.[1]?.toLowerCase();
  if (place === undefined) return false;
  const drive = machine.attachments.find((attachment) => driveName(machine, attachment) === place);
  return drive?.disk === place && fitted.disks.some(({ id }) => id === place);
}
