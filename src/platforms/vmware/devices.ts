import type { Attachment, Machine, Nic } from "../../appliance/appliance.js";
import { kindOfNetwork } from "../../appliance/networks.js";
import type { Bus } from "../../base/ids.js";
import type { VmxEntry } from "./vmx.js";

/** Buses whose controllers VMX names; IDE channels are always there. */
const PREFIX: Readonly<Partial<Record<Bus, string>>> = { ide: "ide", sata: "sata", scsi: "scsi", nvme: "nvme" };

/** `deviceType` of a disk, where VMware writes one. virt-v2v skips IDE disks without it. */
const DISK_TYPE: Readonly<Partial<Record<Bus, string>>> = { ide: "ata-hardDisk", scsi: "scsi-hardDisk" };

/** Which product reads the file: a hosted one connects drives and networks of the host, ESXi those of a datastore and of port groups. */
export type Product = "hosted" | "esx";

/** Entries for a machine's controllers. `shared`: ids of disks that several machines write to. */
export function controllerEntries(machine: Machine, shared: ReadonlySet<string>): VmxEntry[] {
  const entries: VmxEntry[] = [];
  for (const controller of machine.controllers) {
    const prefix = PREFIX[controller.bus];
    if (prefix === undefined || prefix === "ide") continue;
    const name = `${prefix}${controller.index}`;
    entries.push([`${name}.present`, "TRUE"]);
    if (controller.bus !== "scsi") continue;
    if (controller.model !== null) entries.push([`${name}.virtualDev`, controller.model]);
    const drives = machine.attachments.filter((drive) => drive.controller === controller.id);
    // Sharing by bus is what hosted products know; it holds for every disk on it.
    if (drives.length > 0 && drives.every(({ disk }) => disk !== null && shared.has(disk))) {
      entries.push([`${name}.sharedBus`, "virtual"]);
    }
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

/** How many USB controllers are part of another one, or one of a kind that is there already. */
export function surplusUsb(machine: Machine): number {
  const models = machine.controllers.filter((c) => c.bus === "usb").map((c) => c.model ?? "usb_xhci");
  const kinds = new Set(models);
  if (kinds.has("ehci")) kinds.delete("usb");
  return models.length - kinds.size;
}

/** `sata0:1` of a drive; floppy drives are `floppy0` and `floppy1`. `null`: on no controller that VMX names, or a disk that is none. */
export function driveName(machine: Machine, attachment: Attachment): string | null {
  const slot = attachment.slot ?? 0;
  if (attachment.device === "floppy") return `floppy${slot}`;
  if (attachment.device === "disk" && attachment.disk === null) return null;
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
  shared: ReadonlySet<string>,
): VmxEntry[] {
  const present: VmxEntry = [`${name}.present`, "TRUE"];
  switch (attachment.device) {
    case "disk": {
      const bus = machine.controllers.find((c) => c.id === attachment.controller)?.bus;
      const type = bus === undefined ? undefined : DISK_TYPE[bus];
      const entries: VmxEntry[] = [present, [`${name}.fileName`, file ?? ""]];
      if (type !== undefined) entries.push([`${name}.deviceType`, type]);
      if (attachment.disk !== null && shared.has(attachment.disk)) entries.push([`${name}.sharing`, "multi-writer"]);
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

/** How a card is plugged in, where source and name tell. */
export type Plug = "nat" | "bridged" | "hostonly" | "custom" | "pvn";

/** How a hosted product plugs a card in; `null`: neither its kind nor the name of its network tells. */
export function plugOf({ kind, network }: Nic): Plug | null {
  if (kind === "nat" || kind === "bridged" || kind === "hostonly") return kind;
  if (kind === "internal") return "pvn";
  if (network !== null && /^vmnet[0-9]{1,3}$/i.test(network)) return "custom";
  return kindOfNetwork(network);
}

/** The port group that every ESXi host has when it is new. */
export const FIRST_PORT_GROUP = "VM Network";

/** Entries for one network card. The model is one of VMX's words already. */
export function nicEntries(nic: Nic, index: number, product: Product): VmxEntry[] {
  const name = `ethernet${index}`;
  const { network, model, mac } = nic;
  const entries: VmxEntry[] = [[`${name}.present`, "TRUE"]];
  if (model === "vmxnet2") entries.push([`${name}.virtualDev`, "vmxnet"], [`${name}.features`, "15"]);
  else if (model !== null) entries.push([`${name}.virtualDev`, model]);
  if (product === "hosted") {
    const plug = plugOf(nic) ?? "nat";
    entries.push([`${name}.connectionType`, plug]);
    if (plug === "custom") entries.push([`${name}.vnet`, network ?? ""]);
    if (plug === "pvn") entries.push([`${name}.pvnID`, segmentId(network ?? "")]);
    if (network !== null) entries.push([`${name}.networkName`, network]);
  } else entries.push([`${name}.networkName`, network ?? FIRST_PORT_GROUP]);
  if (!nic.connected) entries.push([`${name}.startConnected`, "FALSE"]);
  if (mac === null) entries.push([`${name}.addressType`, "generated"]);
  else {
    entries.push([`${name}.addressType`, "static"], [`${name}.address`, mac]);
    // Only 00:50:56:00:00:00 to 00:50:56:3f:ff:ff may be set by hand, unless the check is turned off.
    if (!/^00:50:56:[0-3]/.test(mac)) entries.push([`${name}.checkMACAddress`, "FALSE"]);
  }
  return entries;
}

/**
 * The id of a LAN segment: sixteen bytes, which cards of one segment have in common. Made of the network's name, so that machines that are converted
 * one by one meet again. It names nothing but the segment: a plain mix (FNV-1a, four times) does.
 */
export function segmentId(network: string): string {
  const bytes: string[] = [];
  for (let part = 0; part < 4; part++) {
    let hash = 0x811c9dc5;
    for (const byte of new TextEncoder().encode(`${part}${network}`)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    bytes.push(...(hash.toString(16).padStart(8, "0").match(/../g) ?? []));
  }
  return `52 ${bytes.slice(1, 8).join(" ")}-${bytes.slice(8).join(" ")}`;
}
