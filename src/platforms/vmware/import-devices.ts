import type { Attachment, Controller } from "../../appliance/appliance.js";
import { blankAttachment, blankNic } from "../../appliance/blank.js";
import type { Location } from "../../base/diagnostics.js";
import type { Bus } from "../../base/ids.js";
import { macFromText } from "../names-of-devices.js";
import type { NamedFile } from "../platform.js";
import type { Reading } from "../reading.js";
import type { VmxView } from "./view.js";

/** Where a setting stands. */
export type PlaceOf = (setting: string) => Location | undefined;

/** A drive of a VMX file, as its settings have it. */
interface VmxDrive {
  /** `scsi0:1`; `floppy0`. */
  readonly name: string;
  readonly bus: Bus;
  readonly controller: number;
  readonly slot: number;
  readonly device: Attachment["device"];
  /** `null`: an empty drive, or one of the host. */
  readonly file: string | null;
  /** What the drive is on the host, where it is no file. */
  readonly host: string | null;
}

const DRIVE = /^(ide|scsi|sata|nvme)([0-9]{1,2}):([0-9]{1,3})\.present$|^(floppy)([0-9])\.present$/;

/** Drives that are present, in the order of buses, controllers and numbers. */
function drivesOf(view: VmxView): readonly VmxDrive[] {
  const drives: VmxDrive[] = [];
  const names = new Set<string>();
  for (const key of view.keys) {
    const match = DRIVE.exec(key);
    if (match !== null) names.add(key.slice(0, -".present".length));
  }
  for (const name of [...names].sort(byName)) {
    if (view.flag(`${name}.present`) !== true) continue;
    const [, bus = "floppy", controller = "0", slot] = /^([a-z]+)([0-9]+)(?::([0-9]+))?$/.exec(name) ?? [];
    const type = (
      view.text(`${name}.deviceType`) ??
      (bus === "floppy" ? view.text(`${name}.fileType`) : null) ??
      ""
    ).toLowerCase();
    const device = bus === "floppy" ? "floppy" : type.includes("cdrom") ? "cdrom" : "disk";
    const file = view.text(`${name}.fileName`);
    const image = device === "disk" || (device === "cdrom" ? type === "cdrom-image" : type === "file");
    drives.push({
      name,
      bus: bus as Bus,
      controller: bus === "floppy" ? 0 : Number(controller),
      slot: bus === "floppy" ? Number(controller) : Number(slot),
      device,
      file: image ? file : null,
      host: image ? null : file,
    });
  }
  return drives;
}

function byName(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** The files that a VMX file names. */
export function namedFiles(view: VmxView): readonly NamedFile[] {
  const files: NamedFile[] = [];
  for (const { name, device, file } of drivesOf(view)) {
    if (file === null) continue;
    files.push({ path: file, role: device === "disk" ? "disk" : device === "cdrom" ? "iso" : "file", id: name });
  }
  const nvram = view.text("nvram");
  // A machine that never ran has none yet.
  if (nvram !== null) files.push({ path: nvram, role: "nvram", id: "nvram", optional: true });
  return files;
}

/** Controllers and drives. */
export function readDrives(view: VmxView, reading: Reading, at: PlaceOf): void {
  const { machine } = reading;
  const controllers = new Map<string, Controller>();
  const controllerOf = (bus: Bus, index: number): Controller => {
    const id = `${bus}${index}`;
    const known = controllers.get(id);
    if (known !== undefined) return known;
    const made: Controller = { id, bus, model: view.text(`${id}.virtualDev`), index };
    // A SCSI controller without a word about it is a BusLogic one to old products, and LSI Logic to all since.
    controllers.set(id, made);
    machine.controllers.push(made);
    reading.origin(`controllers/${id}`, at(`${id}.present`));
    return made;
  };
  for (const key of view.keys) {
    const match = /^(scsi|sata|nvme)([0-9]{1,2})\.present$/.exec(key);
    if (match !== null && view.flag(key) === true) controllerOf(match[1] as Bus, Number(match[2]));
  }
  for (const drive of drivesOf(view)) {
    const { id } = controllerOf(drive.bus, drive.controller);
    const place = { controller: id, slot: drive.slot };
    reading.origin(`attachments/${machine.attachments.length}`, at(`${drive.name}.present`));
    if (drive.device !== "disk") {
      const file = drive.file === null ? null : reading.file(drive.file, drive.device === "cdrom" ? "iso" : "floppy");
      machine.attachments.push(blankAttachment(drive.device, { ...place, file }));
      if (drive.host !== null && !/auto detect|^(?:cd\/dvd|floppy|emptybackingstring)/i.test(drive.host)) {
        reading.foreign("vmware", `${drive.name} of the host`, drive.host);
      }
      continue;
    }
    if (drive.file === null) continue;
    machine.attachments.push(blankAttachment("disk", { ...place, disk: reading.disk(drive.file, drive.name) }));
  }
}

const NIC_KINDS = { nat: "nat", bridged: "bridged", hostonly: "hostonly", custom: "network", pvn: "internal" } as const;

/** Network cards that are present. */
export function readNics(view: VmxView, reading: Reading, at: PlaceOf): void {
  const { machine } = reading;
  for (const key of [...view.keys].sort(byName)) {
    const match = /^(ethernet[0-9]{1,2})\.present$/.exec(key);
    const name = match?.[1];
    if (name === undefined || view.flag(key) !== true) continue;
    const kind = view.text(`${name}.connectionType`)?.toLowerCase() ?? null;
    const network = view.text(`${name}.networkName`) ?? view.text(`${name}.vnet`);
    reading.origin(`nics/${machine.nics.length}`, at(key));
    machine.nics.push(
      blankNic({
        network: network === null ? null : reading.network(network),
        kind:
          kind !== null && Object.hasOwn(NIC_KINDS, kind)
            ? NIC_KINDS[kind as keyof typeof NIC_KINDS]
            : network === null
              ? null
              : "network",
        model: view.text(`${name}.virtualDev`),
        mac: macFromText(view.text(`${name}.address`) ?? view.text(`${name}.generatedAddress`)),
        connected: view.flag(`${name}.startConnected`) !== false,
      }),
    );
  }
}
