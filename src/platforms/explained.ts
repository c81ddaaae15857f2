/** Which facts of a machine each note accounts for: what is lost or changed without a note is a fault of ours. */
import type { FactChange, FactName } from "../appliance/portrait.js";
import type { Diagnostic, DiagnosticCode } from "../base/diagnostics.js";
import type { HeldFact } from "./facts.js";

/** Facts of disks that follow from one another: a disk on another bus hangs on another controller at another place. */
const MOVED: readonly FactName[] = ["disk.bus", "disk.place", "disk.controller"];

/** Facts by the code of the note. */
export const explanations: Readonly<Record<DiagnosticCode, readonly FactName[]>> = {
  "fit/name-changed": ["name", "nic.network"],
  "fit/text-cleaned": ["annotation"],
  "fit/firmware-assumed": ["firmware"],
  "fit/secure-boot-dropped": ["firmware"],
  "fit/no-such-firmware": ["firmware"],
  "fit/drive-without-disk": ["disk", "boot"],
  "fit/bus-by-guest": [...MOVED, "cdrom.bus", "chipset"],
  "fit/nic-by-guest": ["nic.model"],
  "fit/drive-placed": MOVED,
  "fit/disk-moved": MOVED,
  // Another controller of the bus may be another chip.
  "fit/drive-renumbered": ["disk.place", "disk.controller"],
  "fit/no-room-for-disk": ["disk", "disk.readOnly", "disk.shared", ...MOVED, "boot"],
  "fit/cdrom-moved": ["cdrom.bus"],
  "fit/cdrom-dropped": ["cdrom", "cdrom.bus", "cdrom.image", "boot"],
  "fit/floppy-dropped": ["floppy", "floppy.image", "boot"],
  "fit/controller-model-chosen": ["disk.controller"],
  "fit/controller-model-changed": ["disk.controller"],
  "fit/nic-model-chosen": ["nic.model"],
  "fit/nic-model-changed": ["nic.model"],
  "fit/mac-dropped": ["nic.mac"],
  "fit/cpus-raised": ["cpu.count"],
  "fit/cores-per-socket-dropped": ["cpu.coresPerSocket"],
  "fit/memory-raised": ["memoryBytes", "dynamicMemory"],
  "fit/boot-device-dropped": ["boot"],
  "platform/port-profile-dropped": ["nic.portProfile"],
  "platform/disk-shared": ["disk.shared"],
  "platform/nvram-dropped": ["nvram"],
  "vmware/guest-os-unknown": ["guestOs"],
  "vmware/guest-os-mapped": ["guestOs"],
  "vmware/network-chosen": ["nic.network", "nic.kind"],
  "vmware/boot-order-dropped": ["boot"],
  "libvirt/name-changed": ["name"],
  "libvirt/guest-os-dropped": ["guestOs"],
  "libvirt/network-chosen": ["nic.network", "nic.kind"],
  "qemu/guest-os-dropped": ["guestOs"],
  "qemu/annotation-dropped": ["annotation"],
  "qemu/network-chosen": ["nic.network", "nic.kind"],
  "proxmox/name-changed": ["name"],
  "proxmox/guest-os-mapped": ["guestOs"],
  "proxmox/memory-starts-full": ["memoryBytes", "dynamicMemory"],
  "proxmox/one-scsi-controller": MOVED,
  "proxmox/drive-renumbered": ["disk.place", "disk.controller"],
  "proxmox/no-room": ["disk", "disk.readOnly", ...MOVED, "boot"],
  "proxmox/device-changed": ["serialPorts", "sound", "video"],
  "proxmox/network-chosen": ["nic.network", "nic.kind"],
  "proxmox/vlan-dropped": ["nic.vlan"],
  "proxmox/read-only-dropped": ["disk.readOnly"],
  "xenserver/drive-left-out": [
    "disk",
    "cdrom",
    "cdrom.bus",
    "cdrom.image",
    "disk.readOnly",
    "disk.shared",
    ...MOVED,
    "boot",
  ],
  "xenserver/drive-renumbered": ["disk.place", "cdrom.bus"],
  "xenserver/image-named": ["cdrom.image"],
  "xenserver/max-cpus-lowered": ["cpu.max"],
  "xenserver/memory-range-widened": ["dynamicMemory"],
  "xenserver/serial-port-dropped": ["serialPorts"],
  "xenserver/template-chosen": ["guestOs"],
  "xenserver/video-changed": ["video"],
  "ovf/guest-os-coarse": ["guestOs"],
  "xen/name-changed": ["name"],
  "xen/annotation-as-comment": ["annotation"],
  "xen/guest-os-dropped": ["guestOs"],
  "xen/sockets-dropped": ["cpu.coresPerSocket"],
  "xen/network-chosen": ["nic.network", "nic.kind"],
  "xen/card-connected": ["nic.connected"],
  "xen/boot-by-kind": ["boot"],
  "xen/memory-range-cut": ["dynamicMemory"],
  "xen/chipset-changed": ["chipset"],
  "xen/serial-port-dropped": ["serialPorts"],
  "xen/video-changed": ["video"],
  "xen/sound-dropped": ["sound"],
  "ovf/boot-order-dropped": ["boot"],
  "ovf/firmware-dropped": ["firmware"],
  "ovf/sockets-dropped": ["cpu.coresPerSocket"],
  "ovf/video-cut": ["video"],
  "ovf/guest-os-unknown": ["guestOs"],
  "hyperv/guest-os-dropped": ["guestOs"],
  "hyperv/sockets-dropped": ["cpu.coresPerSocket"],
  "hyperv/switch-by-name": ["nic.network", "nic.kind"],
  "hyperv/boot-order-reduced": ["boot"],
  "hyperv/no-network-boot": ["boot"],
  "virtualbox/uuid-dropped": ["uuid"],
  "virtualbox/secure-boot-by-hand": ["firmware"],
  "virtualbox/guest-os-unknown": ["guestOs"],
  "virtualbox/guest-os-mapped": ["guestOs"],
  "virtualbox/chipset-changed": ["chipset"],
  "virtualbox/cores-dropped": ["cpu.coresPerSocket"],
  "virtualbox/max-cpus-lowered": ["cpu.max"],
  "virtualbox/boot-by-kind": ["boot"],
  "virtualbox/video-changed": ["video"],
  "virtualbox/sound-changed": ["sound"],
  "virtualbox/usb-full": ["disk", ...MOVED],
  "virtualbox/network-chosen": ["nic.network", "nic.kind"],
  "virtualbox/interface-to-choose": ["nic.network"],
  "virtualbox/serial-dropped": ["serialPorts"],
  "virtualbox/read-only-dropped": ["disk.readOnly"],
  "hyperv/dynamic-memory-changed": ["dynamicMemory"],
  "hyperv/tpm-dropped": ["tpm"],
  "hyperv/serial-port-dropped": ["serialPorts"],
  "hyperv/floppy-implied": ["floppy", "boot"],
  "hyperv/network-unnamed": ["nic.network", "nic.kind", "nic.connected"],
  "hyperv/network-dropped": ["nic.network", "nic.kind"],
};

/** What `platform/fact-dropped` names. */
const HELD: Partial<Readonly<Record<HeldFact, readonly FactName[]>>> = {
  uuid: ["uuid"],
  chipset: ["chipset"],
  virtualization: ["virtualization"],
  tpm: ["tpm"],
  directBoot: ["directBoot"],
  threadsPerCore: ["cpu.threadsPerCore"],
  maxCpus: ["cpu.max"],
  nested: ["cpu.nested"],
  dynamicMemory: ["dynamicMemory"],
  serialPorts: ["serialPorts"],
  sound: ["sound"],
  video: ["video"],
  clock: ["clock"],
  nicKind: ["nic.kind"],
  vlan: ["nic.vlan"],
  readOnly: ["disk.readOnly"],
};

/** The notes that account for a change; empty: nobody said a word. */
export function explanationsOf(change: FactChange, notes: readonly Diagnostic[]): readonly Diagnostic[] {
  return notes.filter((note) => {
    const machine = note.data?.machine;
    if (typeof machine === "string" && machine !== change.machine) return false;
    return factsOfNote(note).includes(change.name);
  });
}

function factsOfNote({ code, data }: Diagnostic): readonly FactName[] {
  if (code !== "platform/fact-dropped") return Object.hasOwn(explanations, code) ? (explanations[code] ?? []) : [];
  const fact = data?.fact;
  return typeof fact === "string" && Object.hasOwn(HELD, fact) ? (HELD[fact as HeldFact] ?? []) : [];
}
