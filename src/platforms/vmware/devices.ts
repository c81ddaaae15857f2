import type { Attachment, Machine, Nic } from "../../appliance/appliance.js";
import type { Bus } from "../../base/ids.js";
import type { VmxEntry } from "./vmx.js";

/** Buses whose controllers VMX names; IDE channels are always there. */
const PREFIX: Readonly<Partial<Record<Bus, string>>> = { ide: "ide", sata: "sata", scsi: "scsi", nvme: "nvme" };

/** `deviceType` of a disk, where VMware writes one. virt-v2v skips IDE disks without it. */
const DISK_TYPE: Readonly<Partial<Record<Bus, string>>> = { ide: "ata-hardDisk", scsi: "scsi-hardDisk" };

/** Which product reads the file: a hosted one connects drives and networks of the host, ESXi those of a datastore and of port groups. */
export type Product = "hosted" | "esx";

/** Entries for a machine's controllers. */
export function controllerEntries(machine: Machine): VmxEntry[] {
  const entries: VmxEntry[] = [];
  for (const controller of machine.controllers) {
    const prefix = PREFIX[controller.bus];
    if (prefix === undefined || prefix === "ide") continue;
    const name = `${prefix}${controller.index}`;
    entries.push([`${name}.present`, "TRUE"]);
    if (controller.bus === "scsi" && controller.model !== null) entries.push([`${name}.virtualDev`, controller.model]);
  }
  for (const name of usbNames(machine)) entries.push([`${name}.present`, "TRUE"]);
  return entries;
}

/** USB controllers, one of a kind. USB 2.0 needs its companion too, which takes what is slower. */
function usbNames(machine: Machine): ReadonlySet<string> {
  const names = new Set<string>();
  for (const controller of machine.controllers) {
    if (controller.bus !== "usb") continue;
    if (controller.model === "ehci") names.add("usb");
    names.add(controller.model ?? "usb_xhci");
  }
  return names;
}

/** How many USB controllers are one of a kind that is there already. */
export function surplusUsb(machine: Machine): number {
  const models = machine.controllers.filter((c) => c.bus === "usb").map((c) => c.model);
  return models.length - new Set(models).size;
}

/** `sata0:1` of a drive; floppy drives are `floppy0` and `floppy1`. `null`: on no controller that VMX names. */
export function driveName(machine: Machine, attachment: Attachment): string | null {
  const slot = attachment.slot ?? 0;
  if (attachment.device === "floppy") return `floppy${slot}`;
  const controller = machine.controllers.find((c) => c.id === attachment.controller);
  const prefix = controller === undefined ? undefined : PREFIX[controller.bus];
  return controller === undefined || prefix === undefined ? null : `${prefix}${controller.index}:${slot}`;
}

/** Entries for one drive. `file`: the name of its image in the result, `null` for an empty drive. */
export function driveEntries(
  machine: Machine,
  attachment: Attachment,
  name: string,
  file: string | null,
  product: Product,
): VmxEntry[] {
  const present: VmxEntry = [`${name}.present`, "TRUE"];
  switch (attachment.device) {
    case "disk": {
      const bus = machine.controllers.find((c) => c.id === attachment.controller)?.bus;
      const type = bus === undefined ? undefined : DISK_TYPE[bus];
      const entries: VmxEntry[] = [present, [`${name}.fileName`, file ?? ""]];
      if (type !== undefined) entries.push([`${name}.deviceType`, type]);
      return entries;
    }
    case "cdrom":
      if (file !== null) return [present, [`${name}.deviceType`, "cdrom-image"], [`${name}.fileName`, file]];
      if (product === "hosted") {
        return [
          present,
          [`${name}.deviceType`, "cdrom-raw"],
          [`${name}.fileName`, "auto detect"],
          [`${name}.autodetect`, "TRUE"],
          [`${name}.startConnected`, "FALSE"],
        ];
      }
      return [
        present,
        [`${name}.deviceType`, "atapi-cdrom"],
        [`${name}.clientDevice`, "TRUE"],
        [`${name}.startConnected`, "FALSE"],
      ];
    case "floppy":
      return [
        present,
        [`${name}.fileType`, file === null ? "device" : "file"],
        [`${name}.fileName`, file ?? ""],
        [`${name}.startConnected`, file === null ? "FALSE" : "TRUE"],
      ];
  }
}

/** How a hosted product connects a card, told by the name that sources give a network; `null`: the name does not tell. */
export function connectionType(network: string | null): "nat" | "bridged" | "hostonly" | null {
  if (network === null) return null;
  const word = network.toLowerCase().replace(/[^a-z]/g, "");
  if (word === "nat" || word === "natnetwork") return "nat";
  if (word === "bridged" || word === "bridge" || word === "bridgednetworking") return "bridged";
  return word === "hostonly" || word === "hostonlynetwork" ? "hostonly" : null;
}

/** Entries for one network card. The model is one of VMX's words already. */
export function nicEntries(nic: Nic, index: number, product: Product): VmxEntry[] {
  const name = `ethernet${index}`;
  const entries: VmxEntry[] = [[`${name}.present`, "TRUE"]];
  if (nic.model !== null) entries.push([`${name}.virtualDev`, nic.model]);
  if (product === "hosted") entries.push([`${name}.connectionType`, connectionType(nic.network) ?? "nat"]);
  if (nic.network !== null) entries.push([`${name}.networkName`, nic.network]);
  if (!nic.connected) entries.push([`${name}.startConnected`, "FALSE"]);
  if (nic.mac === null) entries.push([`${name}.addressType`, "generated"]);
  else {
    entries.push([`${name}.addressType`, "static"], [`${name}.address`, nic.mac]);
    // Only 00:50:56:00:00:00 to 00:50:56:3f:ff:ff may be set by hand, unless the check is turned off.
    if (!/^00:50:56:[0-3]/.test(nic.mac)) entries.push([`${name}.checkMACAddress`, "FALSE"]);
  }
  return entries;
}
