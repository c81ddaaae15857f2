/** Resource types and sub types: what each flavour calls a device. */
import type { Attachment, Controller } from "../../appliance/appliance.js";
import { cleanText } from "../../appliance/fit/text.js";
import type { Bus } from "../../base/ids.js";
import { controllerBus } from "../../ovf/tables/resource-types.js";
import { nicChip, scsiChip, usbChip } from "../../targets/chips.js";
import type { OvfFlavour } from "./flavours.js";

/** What an item is, in the words of a flavour. */
export interface DeviceWords {
  readonly resourceType: number;
  readonly subType: string | null;
}

const CONTROLLER_TYPES: Readonly<Partial<Record<Bus, number>>> = {
  ide: 5,
  scsi: 6,
  sata: 20,
  nvme: 20,
  "virtio-scsi": 20,
  "virtio-blk": 20,
  usb: 23,
};

/** Sub types of the buses that share type 20: without one nobody can tell them apart. */
const STORAGE: Readonly<Partial<Record<Bus, { readonly plain: string; readonly vmware: string }>>> = {
  sata: { plain: "AHCI", vmware: "vmware.sata.ahci" },
  nvme: { plain: "NVMe", vmware: "vmware.nvme.controller" },
  "virtio-scsi": { plain: "VirtioSCSI", vmware: "VirtioSCSI" },
  "virtio-blk": { plain: "virtio-blk", vmware: "virtio-blk" },
};

const VMWARE_SCSI: ReadonlyMap<string | null, string> = new Map<string | null, string>([
  ["53c1030", "lsilogic"],
  ["buslogic", "buslogic"],
  ["sas1068", "lsilogicsas"],
  ["pvscsi", "VirtualSCSI"],
]);

/** A controller's words; `null`: OVF has no item for it. */
export function controllerWords({ bus, model }: Controller, { vmware }: OvfFlavour): DeviceWords | null {
  const resourceType = CONTROLLER_TYPES[bus];
  if (resourceType === undefined) return null;
  const storage = STORAGE[bus];
  if (storage !== undefined) return { resourceType, subType: vmware ? storage.vmware : storage.plain };
  if (!vmware) {
    const word = model === null ? null : subTypeWord(model);
    // A word that importers take for another bus says nothing true.
    return { resourceType, subType: word !== null && controllerBus(resourceType, [word]) === bus ? word : null };
  }
  if (bus === "scsi") return { resourceType, subType: VMWARE_SCSI.get(scsiChip(model ?? "")) ?? "lsilogic" };
  // USB 1.1 alone has no word: the controller of USB 2.0 has it beside it.
  if (bus === "usb") {
    return { resourceType, subType: usbChip(model ?? "") === "xhci" ? "vmware.usb.xhci" : "vmware.usb.ehci" };
  }
  // vSphere takes no sub type of an IDE controller.
  return { resourceType, subType: null };
}

const VMWARE_NICS: ReadonlyMap<string | null, string> = new Map<string | null, string>([
  ["e1000", "E1000"],
  ["e1000e", "E1000e"],
  ["vmxnet3", "VmxNet3"],
  ["vmxnet", "VmxNet2"],
  ["pcnet", "PCNet32"],
]);

/** What a network card is called. */
export function nicWord(model: string | null, { vmware }: OvfFlavour): string | null {
  if (model === null) return null;
  return (vmware ? VMWARE_NICS.get(nicChip(model)) : undefined) ?? subTypeWord(model);
}

/** What a drive is. */
export function driveWords({ device }: Attachment, image: boolean, { vmware }: OvfFlavour): DeviceWords {
  if (device === "disk") return { resourceType: 17, subType: null };
  if (device === "floppy") {
    return { resourceType: 14, subType: vmware ? `vmware.floppy.${image ? "image" : "remotedevice"}` : null };
  }
  return { resourceType: 15, subType: vmware ? `vmware.cdrom.${image ? "iso" : "remotepassthrough"}` : null };
}

/** A sub type is one word: importers take blanks and commas for lists. */
export function subTypeWord(text: string): string | null {
  const word = cleanText(text)
    .replace(/[\s,]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return word === "" ? null : word;
}
