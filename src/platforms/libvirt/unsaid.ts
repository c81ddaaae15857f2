import type { Appliance, Attachment, Machine } from "../../appliance/appliance.js";
import type { MachineShape } from "../../targets/profile.js";
import { layoutOf } from "../cpu-layout.js";
import { uuidFromText } from "../names-of-devices.js";
import { takesReadOnly } from "./devices.js";
import { serialElement, soundOf, videoOf } from "./hardware.js";
import { type LibvirtOptions, libvirtDefaults } from "./options.js";

/** Bytes of OVMF's variables in the build that distributions install by now: 4 MiB with 528 KiB of them. */
const OVMF_VARIABLES = 528 * 1024;

/** The UUID, where it is one. */
export function uuidOf({ uuid }: Machine): string | null {
  return uuidFromText(uuid);
}

/** Memory that the machine may have while it runs. */
export function mostMemory({ memoryBytes, dynamicMemory }: Machine): number {
  return Math.max(memoryBytes, dynamicMemory?.maxBytes ?? 0);
}

/** Whether the firmware's memory is such as OVMF has: other firmware's has other sizes. */
export function keepsNvram({ nvram, firmware }: Machine, { files }: Appliance): boolean {
  if (nvram === null || firmware === "bios") return false;
  return files.some(({ id, role, size }) => id === nvram && role === "nvram" && size === OVMF_VARIABLES);
}

/** Whether there is a kernel to boot. */
export function bootsKernel({ directBoot }: Machine, { files }: Appliance): boolean {
  return directBoot !== null && files.some(({ id }) => id === directBoot.kernel);
}

/** Whether several machines write to a drive's disk. */
export function isShared({ device, disk }: Attachment, { disks, machines }: Appliance): boolean {
  if (device !== "disk" || disk === null) return false;
  if (disks.some(({ id, shared }) => id === disk && shared)) return true;
  return machines.reduce((sum, machine) => sum + machine.attachments.filter((a) => a.disk === disk).length, 0) > 1;
}

/** libvirt's own network is a bridge of Linux, on which no card has a VLAN: a machine with one would not start. */
export function keepsVlan({ network }: LibvirtOptions): boolean {
  return network !== libvirtDefaults.network;
}

/** A machine without what its domain says: the rest is lost. */
export function unsaid(machine: Machine, shape: MachineShape, fitted: Appliance, o: LibvirtOptions): Machine {
  const { cpu, dynamicMemory, memoryBytes } = machine;
  const { keepsMax, keepsThreads } = layoutOf(cpu);
  const range = dynamicMemory !== null && dynamicMemory.maxBytes > memoryBytes ? dynamicMemory : null;
  const buses = new Map(machine.controllers.map(({ id, bus }) => [id, bus]));
  return {
    ...machine,
    uuid: uuidOf(machine) === null ? machine.uuid : null,
    chipset: shape.chipset === machine.chipset ? null : machine.chipset,
    tpm: null,
    directBoot: bootsKernel(machine, fitted) ? null : machine.directBoot,
    cpu: {
      ...cpu,
      max: keepsMax || cpu.max === null || cpu.max <= cpu.count ? null : cpu.max,
      threadsPerCore: keepsThreads ? null : cpu.threadsPerCore,
      nested: null,
    },
    // How far memory may shrink is up to the host.
    dynamicMemory: range !== null && range.minBytes === memoryBytes ? null : dynamicMemory,
    serialPorts: machine.serialPorts.filter((port) => serialElement(port) === null),
    sound: machine.sound !== null && soundOf(machine.sound) !== null ? null : machine.sound,
    video: videoOf(machine.video).keepsAll ? null : machine.video,
    clock: null,
    nics: machine.nics.map((nic) => ({
      ...nic,
      kind: nic.kind === "nat" && o.network === libvirtDefaults.network ? null : nic.kind,
      vlan: keepsVlan(o) ? null : nic.vlan,
    })),
    attachments: machine.attachments.map((one) =>
      one.device === "disk" && takesReadOnly(buses.get(one.controller ?? "")) ? { ...one, readOnly: false } : one,
    ),
  };
}
