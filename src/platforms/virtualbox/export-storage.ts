import type { Attachment, Controller, Machine } from "../../appliance/appliance.js";
import { bootDiskIndex } from "../../appliance/fit/drives.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { el, type XmlNode } from "../../xml/build.js";
import type { ResultFiles } from "../files.js";
import { loss } from "../losses.js";
import { STORAGE_KINDS, type StorageKind, storageKind } from "./words.js";

/** What VirtualBox knows images by. */
export interface Images {
  /** UUID of a disk's image, which is in its header, too. */
  disk(id: string): string;
  /** UUID of a CD or floppy image. */
  file(id: string): string;
  /** Whether nothing writes to a disk. */
  readOnly(disk: string): boolean;
  /** Whether several drives write to a disk. */
  shared(disk: string): boolean;
}

/** What is known about a result while its machines are written. */
export interface Scope {
  readonly files: Pick<ResultFiles, "of" | "format">;
  readonly images: Images;
  readonly notes: Diagnostic[];
  /** The machine's own UUID. */
  readonly own: string;
  /** `own`: networks are called as the host has them; `null`: as another host had them. */
  readonly cards: "own" | null;
  /** The address of a card that has none, as settings have it; `null`: it is left out. */
  address(slot: number): string | null;
}

/** The media that a machine has in its drives. */
export function registryElement(machine: Machine, { files, images, notes }: Scope): XmlNode {
  const disks = new Map<string, XmlNode>();
  const dvds = new Map<string, XmlNode>();
  const floppies = new Map<string, XmlNode>();
  for (const attachment of machine.attachments) {
    const location = files.of(machine, attachment);
    if (location === null) continue;
    const { device, disk, file } = attachment;
    if (device === "disk" && disk !== null) {
      if (attachment.readOnly && !images.readOnly(disk)) {
        notes.push(
          loss(
            "warning",
            "virtualbox/read-only-dropped",
            `${machine.name}: a drive reads disk ${disk} that another one writes to; to VirtualBox, both write`,
            { data: { machine: machine.id, disk } },
          ),
        );
      }
      const type = images.readOnly(disk) ? "Readonly" : images.shared(disk) ? "Shareable" : "Normal";
      disks.set(
        disk,
        el("HardDisk", { uuid: `{${images.disk(disk)}}`, location, format: files.format(disk).toUpperCase(), type }),
      );
    } else if (device !== "disk" && file !== null) {
      (device === "cdrom" ? dvds : floppies).set(
        file,
        el("Image", { uuid: `{${images.file(`${device} ${file}`)}}`, location }),
      );
    }
  }
  const list = (name: string, media: ReadonlyMap<string, XmlNode>): XmlNode | null =>
    media.size === 0 ? null : el(name, {}, ...media.values());
  return el("MediaRegistry", {}, list("HardDisks", disks), list("DVDImages", dvds), list("FloppyImages", floppies));
}

/** One controller of VirtualBox's: both channels of an IDE one, the USB drives of all host controllers. */
interface Unit {
  readonly kind: StorageKind;
  readonly drives: { readonly attachment: Attachment; readonly port: number; readonly device: number }[];
}

const NAMES: Readonly<Record<StorageKind["family"], string>> = {
  ide: "IDE",
  sata: "SATA",
  scsi: "SCSI",
  sas: "SAS",
  nvme: "NVMe",
  "virtio-scsi": "VirtioSCSI",
  floppy: "Floppy",
  usb: "USB",
};

/** Controllers with their drives. */
export function storageElement(machine: Machine, scope: Scope): XmlNode {
  const counts = new Map<string, number>();
  const controllers = unitsOf(machine, scope).map(({ kind, drives }) => {
    const count = (counts.get(kind.family) ?? 0) + 1;
    counts.set(kind.family, count);
    const hostCache = kind.family === "ide" || kind.family === "floppy";
    const ports = Math.max(kind.ports, ...drives.map(({ port }) => port + 1));
    return el(
      "StorageController",
      {
        name: `${NAMES[kind.family]}${count === 1 ? "" : ` ${count}`}`,
        type: kind.type,
        PortCount: ports,
        useHostIOCache: hostCache,
        Bootable: true,
      },
      ...drives.map((drive) => driveElement(machine, drive, kind.bus === "usb", scope)),
    );
  });
  return el("StorageControllers", {}, ...controllers);
}

function driveElement(
  machine: Machine,
  { attachment, port, device: place }: Unit["drives"][number],
  hotpluggable: boolean,
  scope: Scope,
): XmlNode {
  const { device, disk, file } = attachment;
  const type = { disk: "HardDisk", cdrom: "DVD", floppy: "Floppy" }[device];
  const there = scope.files.of(machine, attachment) !== null;
  const uuid = !there
    ? null
    : device === "disk"
      ? scope.images.disk(disk ?? "")
      : scope.images.file(`${device} ${file ?? ""}`);
  return el(
    "AttachedDevice",
    { passthrough: device === "cdrom" ? false : null, type, hotpluggable, port, device: place },
    uuid === null ? null : el("Image", { uuid: `{${uuid}}` }),
  );
}

function unitsOf(machine: Machine, scope: Scope): readonly Unit[] {
  const byController = new Map<string, Unit>();
  const units: Unit[] = [];
  const unit = (kind: StorageKind): Unit => {
    const made: Unit = { kind, drives: [] };
    units.push(made);
    return made;
  };
  let usb: Unit | null = null;
  let ide: Unit | null = null;
  const used = new Set(machine.attachments.map(({ controller }) => controller));
  // VirtualBox numbers the controllers of a kind as they come.
  for (const controller of inOrder(machine)) {
    if (controller.bus === "usb") {
      if (!used.has(controller.id)) continue;
      usb ??= unit(kindOf(controller));
      byController.set(controller.id, usb);
    } else if (controller.bus === "ide") {
      ide ??= unit(kindOf(controller));
      byController.set(controller.id, ide);
    } else byController.set(controller.id, unit(kindOf(controller)));
  }
  const usbPorts = new Set<number>();
  for (const attachment of machine.attachments) {
    const controller = machine.controllers.find(({ id }) => id === attachment.controller);
    const home = controller === undefined ? undefined : byController.get(controller.id);
    if (controller === undefined || home === undefined) continue;
    const slot = attachment.slot ?? 0;
    if (controller.bus === "ide") home.drives.push({ attachment, port: controller.index, device: slot });
    else if (controller.bus === "floppy") home.drives.push({ attachment, port: 0, device: slot });
    else if (controller.bus === "usb") {
      const port = freePort(usbPorts, slot, home.kind.ports);
      if (port === null) {
        scope.notes.push(
          loss(
            "error",
            "virtualbox/usb-full",
            `${machine.name} has more USB drives than VirtualBox has ports for: ${home.kind.ports}`,
            {
              data: { machine: machine.id },
              hint: "Put some of them on another bus with --bus.",
            },
          ),
        );
        continue;
      }
      usbPorts.add(port);
      home.drives.push({ attachment, port, device: 0 });
    } else home.drives.push({ attachment, port: slot, device: 0 });
  }
  return units;
}

/** Controllers bus by bus, that of the boot disk first, then as the source has the buses; each in the order of its numbers. */
function inOrder(machine: Machine): readonly Controller[] {
  const { controllers } = machine;
  const boot = machine.attachments[bootDiskIndex(machine)];
  const first = controllers.find(({ id }) => id === boot?.controller);
  const buses = [...new Set([...(first === undefined ? [] : [first]), ...controllers].map(({ bus }) => bus))];
  return buses.flatMap((name) => controllers.filter(({ bus }) => bus === name).sort((a, b) => a.index - b.index));
}

/** The port that is wanted, or the first one that is free. */
function freePort(used: ReadonlySet<number>, wanted: number, ports: number): number | null {
  if (wanted < ports && !used.has(wanted)) return wanted;
  for (let port = 0; port < ports; port++) if (!used.has(port)) return port;
  return null;
}

/** The kind of a controller by its model's word, or the usual one of its bus. */
function kindOf(controller: Controller): StorageKind {
  const exact = storageKind(controller.model ?? "");
  if (exact !== undefined && exact.bus === controller.bus) return exact;
  // A bus that VirtualBox does not have is none that fit leaves a drive on.
  return STORAGE_KINDS.find(({ bus }) => bus === controller.bus) ?? (STORAGE_KINDS[3] as StorageKind);
}
