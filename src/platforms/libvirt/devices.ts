import type { Attachment, Controller, Machine, Nic } from "../../appliance/appliance.js";
import type { Bus } from "../../base/ids.js";
import { el, type XmlNode } from "../../xml/build.js";
import { sasName } from "../sas.js";

/** Our words for SCSI chips are QEMU's; libvirt has its own. */
const SCSI_MODELS: Readonly<Record<string, string>> = {
  mptsas1068: "lsisas1068",
  pvscsi: "vmpvscsi",
  lsi53c895a: "lsilogic",
};

/** libvirt's name of the bus that a drive says it is on, and the letters that its device name begins with. */
const TARGETS: Readonly<Partial<Record<Bus, { readonly bus: string; readonly prefix: string }>>> = {
  ide: { bus: "ide", prefix: "hd" },
  sata: { bus: "sata", prefix: "sd" },
  scsi: { bus: "scsi", prefix: "sd" },
  "virtio-scsi": { bus: "scsi", prefix: "sd" },
  "virtio-blk": { bus: "virtio", prefix: "vd" },
  floppy: { bus: "fdc", prefix: "fd" },
};

/** Numbers of controllers as libvirt counts them: parallel SCSI, SAS and virtio-scsi share one count. */
export function controllerIndexes(machine: Machine): ReadonlyMap<string, number> {
  const indexes = new Map<string, number>();
  const scsi = machine.controllers.filter((c) => c.bus === "scsi");
  const next = Math.max(-1, ...scsi.map((c) => c.index)) + 1;
  for (const controller of machine.controllers) {
    indexes.set(controller.id, controller.bus === "virtio-scsi" ? next + controller.index : controller.index);
  }
  return indexes;
}

/** Elements for a machine's controllers; `null` for those that libvirt does not name. */
export function controllerElement(controller: Controller, index: number): XmlNode | null {
  switch (controller.bus) {
    case "ide":
    case "floppy":
      // One controller has both channels, and a machine type has it or not.
      return null;
    case "sata":
      return el("controller", { type: "sata", index });
    case "scsi":
      return el("controller", {
        type: "scsi",
        index,
        model: SCSI_MODELS[controller.model ?? ""] ?? controller.model ?? "lsisas1068",
      });
    case "virtio-scsi":
      return el("controller", { type: "scsi", index, model: "virtio-scsi" });
    case "usb":
      return el("controller", { type: "usb", index, model: "qemu-xhci" });
    default:
      return null;
  }
}

/** Hands out device names (`sda`, `vdb`), which need only differ. */
export interface DeviceNames {
  next(prefix: string): string;
}

/** Device names of one machine. */
export function createDeviceNames(): DeviceNames {
  const counts = new Map<string, number>();
  return {
    next(prefix) {
      const count = counts.get(prefix) ?? 0;
      counts.set(prefix, count + 1);
      return prefix + letters(count);
    },
  };
}

/** 0 is `a`, 25 is `z`, 26 is `aa`. */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}

/** A virtio disk has no address that would say its number: its name does. */
function deviceName({ slot }: Attachment, bus: Bus, prefix: string, names: DeviceNames): string {
  return bus === "virtio-blk" && slot !== null ? prefix + letters(slot) : names.next(prefix);
}

/** Where a drive's image is, and what it is. */
export interface DriveImage {
  /** Absolute path. */
  readonly path: string;
  readonly format: "qcow2" | "raw";
}

/** How a machine uses a drive. */
export interface DriveUse {
  /** Place in the boot order, from 1. */
  readonly boot: number | null;
  /** Whether others write to its disk too. */
  readonly shared: boolean;
}

/** Buses on which QEMU has disks that cannot be written to. */
export function takesReadOnly(bus: Bus | undefined): boolean {
  return bus === "scsi" || bus === "virtio-scsi" || bus === "virtio-blk";
}

/** The element for one drive. */
export function driveElement(
  attachment: Attachment,
  controller: Controller | undefined,
  index: number,
  image: DriveImage | null,
  names: DeviceNames,
  { boot, shared }: DriveUse,
): XmlNode {
  const bus = attachment.device === "floppy" ? "floppy" : (controller?.bus ?? "sata");
  const target = TARGETS[bus] ?? { bus: "sata", prefix: "sd" };
  return el(
    "disk",
    { type: "file", device: attachment.device },
    image === null
      ? null
      : el("driver", {
          name: "qemu",
          type: image.format,
          discard: attachment.device === "disk" ? "unmap" : null,
        }),
    image === null ? null : el("source", { file: image.path }),
    el("target", { dev: deviceName(attachment, bus, target.prefix, names), bus: target.bus }),
    attachment.device === "cdrom" || (attachment.readOnly && (bus === "floppy" || takesReadOnly(bus)))
      ? el("readonly")
      : null,
    shared ? el("shareable") : null,
    bus === "scsi" && isSas(controller?.model ?? null) ? el("wwn", {}, sasName(index, attachment.slot ?? 0)) : null,
    boot === null ? null : el("boot", { order: boot }),
    addressElement(bus, controller?.model ?? null, index, attachment.slot ?? 0),
  );
}

/** Whether a SCSI controller is the SAS one: it is where nobody says more. */
function isSas(model: string | null): boolean {
  return (SCSI_MODELS[model ?? ""] ?? model ?? "lsisas1068") === "lsisas1068";
}

/** libvirt's drive address; a virtio disk is a PCI card of its own, which libvirt places. */
function addressElement(bus: Bus, model: string | null, index: number, slot: number): XmlNode | null {
  if (bus === "virtio-blk") return null;
  const [controller, channel, target, unit] = ((): readonly [number, number, number, number] => {
    switch (bus) {
      case "ide":
        return [0, index, 0, slot];
      case "floppy":
        return [0, 0, 0, slot];
      case "virtio-scsi":
        return [index, 0, slot, 0];
      case "scsi":
        // libvirt makes the SCSI id of the unit for the 53c895a, of the target for all others.
        return model === "lsi53c895a" ? [index, 0, 0, slot] : [index, 0, slot, 0];
      default:
        return [index, 0, 0, slot];
    }
  })();
  return el("address", { type: "drive", controller, bus: channel, target, unit });
}

/** The element for one network card, on one of the host's networks. */
export function nicElement(nic: Nic, network: string, boot: number | null, vlan: number | null): XmlNode {
  return el(
    "interface",
    { type: "network" },
    nic.mac === null ? null : el("mac", { address: nic.mac }),
    el("source", { network }),
    nic.model === null ? null : el("model", { type: nic.model }),
    vlan === null ? null : el("vlan", {}, el("tag", { id: vlan })),
    nic.connected ? null : el("link", { state: "down" }),
    boot === null ? null : el("boot", { order: boot }),
  );
}
