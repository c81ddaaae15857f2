import type { Bus } from "../../base/ids.js";

/** What an item of virtual hardware is for. */
export type ResourceKind =
  | "cpu"
  | "memory"
  | "controller"
  | "nic"
  | "floppy"
  | "cdrom"
  | "disk"
  | "serial"
  | "parallel"
  | "video"
  | "sound"
  | "other";

/** One value of CIM_ResourceAllocationSettingData.ResourceType. */
export interface ResourceType {
  readonly id: number;
  readonly label: string;
  readonly kind: ResourceKind;
}

/** CIM_ResourceAllocationSettingData.ResourceType (CIM 2.22), and 35 as VMware and VirtualBox use it. */
export const RESOURCE_TYPES: readonly ResourceType[] = [
  { id: 1, label: "Other", kind: "other" },
  { id: 2, label: "Computer System", kind: "other" },
  { id: 3, label: "Processor", kind: "cpu" },
  { id: 4, label: "Memory", kind: "memory" },
  { id: 5, label: "IDE Controller", kind: "controller" },
  { id: 6, label: "Parallel SCSI HBA", kind: "controller" },
  { id: 7, label: "FC HBA", kind: "other" },
  { id: 8, label: "iSCSI HBA", kind: "other" },
  { id: 9, label: "IB HCA", kind: "other" },
  { id: 10, label: "Ethernet Adapter", kind: "nic" },
  { id: 11, label: "Other Network Adapter", kind: "other" },
  { id: 12, label: "I/O Slot", kind: "other" },
  { id: 13, label: "I/O Device", kind: "other" },
  { id: 14, label: "Floppy Drive", kind: "floppy" },
  { id: 15, label: "CD Drive", kind: "cdrom" },
  { id: 16, label: "DVD Drive", kind: "cdrom" },
  { id: 17, label: "Disk Drive", kind: "disk" },
  { id: 18, label: "Tape Drive", kind: "other" },
  // XenServer writes its disks as 19.
  { id: 19, label: "Storage Extent", kind: "disk" },
  { id: 20, label: "Other storage device", kind: "controller" },
  { id: 21, label: "Serial port", kind: "serial" },
  { id: 22, label: "Parallel port", kind: "parallel" },
  { id: 23, label: "USB Controller", kind: "controller" },
  { id: 24, label: "Graphics controller", kind: "video" },
  { id: 25, label: "IEEE 1394 Controller", kind: "other" },
  { id: 26, label: "Partitionable Unit", kind: "other" },
  { id: 27, label: "Base Partitionable Unit", kind: "other" },
  { id: 28, label: "Power", kind: "other" },
  { id: 29, label: "Cooling Capacity", kind: "other" },
  { id: 30, label: "Ethernet Switch Port", kind: "other" },
  { id: 31, label: "Logical Disk", kind: "disk" },
  { id: 32, label: "Storage Volume", kind: "other" },
  { id: 33, label: "Ethernet Connection", kind: "other" },
  { id: 35, label: "Sound card", kind: "sound" },
];

/** What is known about a resource type; `undefined` for vendor types (32768 and up) and for those that do not exist. */
export function resourceType(id: number): ResourceType | undefined {
  return RESOURCE_TYPES.find((type) => type.id === id);
}

/** Sub types of "other storage device" and of SCSI adapters that are no parallel SCSI, in lower case. */
const BUS_BY_SUBTYPE: ReadonlyMap<string, Bus> = new Map<string, Bus>(
  Object.entries({
    ahci: "sata",
    "vmware.sata.ahci": "sata",
    sata: "sata",
    nvme: "nvme",
    "vmware.nvme.controller": "nvme",
    virtioscsi: "virtio-scsi",
    "virtio-scsi": "virtio-scsi",
    "virtio-blk": "virtio-blk",
  }),
);

/** The bus of a controller item. `null`: one that the model has no bus for, such as a persistent-memory controller. */
export function controllerBus(type: number, subTypes: readonly string[]): Bus | null {
  for (const subType of subTypes) {
    const bus = BUS_BY_SUBTYPE.get(subType.toLowerCase());
    if (bus !== undefined) return bus;
  }
  if (type === 5) return "ide";
  if (type === 6) return "scsi";
  if (type === 23) return "usb";
  return null;
}
