import type { Attachment, Controller } from "../../appliance/appliance.js";
import { blankAttachment, blankNic } from "../../appliance/blank.js";
import { alignUp, SECTOR } from "../../base/bytes.js";
import { printable } from "../../base/text.js";
import { macFromText } from "../names-of-devices.js";
import type { NamedFile } from "../platform.js";
import type { Reading } from "../reading.js";
import { deviceName, deviceNumber, placeOf } from "../xen-places.js";
import { type RpcStruct, sizeOf, type XapiExport, type XapiRecord } from "./records.js";

/** A drive of a machine. */
interface XapiDrive {
  readonly vbd: RpcStruct;
  /** `null`: the host chooses. */
  readonly number: number | null;
  readonly device: Attachment["device"];
  readonly vdi: XapiRecord | null;
  /** In a library of CD images, which exports do not hold. */
  readonly isImage: boolean;
}

const DEVICES = { disk: "disk", cd: "cdrom", floppy: "floppy" } as const;

/** The drives of a machine by their numbers; those without one behind the others. */
function drivesOf(xapi: XapiExport, machine: XapiRecord): readonly XapiDrive[] {
  const drives = xapi.ofKind("VBD").flatMap(({ fields }): XapiDrive[] => {
    if (fields.text("VM") !== machine.id) return [];
    const type = fields.text("type")?.trim().toLowerCase() ?? "disk";
    const device = Object.hasOwn(DEVICES, type) ? DEVICES[type as keyof typeof DEVICES] : "disk";
    const vdi = fields.flag("empty") === true ? null : (xapi.find(fields.text("VDI"), "VDI") ?? null);
    const sr = xapi.find(vdi?.fields.text("SR") ?? null, "SR");
    const isImage = sr?.fields.text("content_type") === "iso";
    return [{ vbd: fields, number: deviceNumber(fields.text("userdevice")), device, vdi, isImage }];
  });
  const last = Number.MAX_SAFE_INTEGER;
  return [...drives].sort((a, b) => (a.number ?? last) - (b.number ?? last));
}

/** The disks of a machine that the archive holds, or should hold. */
export function disksOf(xapi: XapiExport, machine: XapiRecord): readonly NamedFile[] {
  return drivesOf(xapi, machine).flatMap(({ device, vdi, isImage, number }): NamedFile[] =>
    device !== "disk" || vdi === null || isImage ? [] : [{ path: vdi.id, role: "disk", id: deviceName(number ?? 0) }],
  );
}

/** Drives and the controllers that they hang on. */
export function readDrives(xapi: XapiExport, record: XapiRecord, reading: Reading): void {
  const { machine } = reading;
  const taken = new Set<number>();
  const free = (): number => {
    for (let n = 0; ; n++) if (!taken.has(n)) return n;
  };
  const drives = drivesOf(xapi, record);
  for (const { number } of drives) if (number !== null) taken.add(number);
  for (const drive of drives) {
    const number = drive.number ?? free();
    taken.add(number);
    const { device, vbd, vdi } = drive;
    if (device === "disk" && (vdi === null || drive.isImage)) {
      reading.report({
        code: "xenserver/drive-left-out",
        severity: "warning",
        message: `${machine.name}: drive ${deviceName(number)} is a disk that the export does not hold, and left out`,
        location: vbd.location,
        hint: "A CD image that is attached as a disk stays in its library: attach it again on the new platform.",
      });
      continue;
    }
    const place = placeOf(number, device, machine);
    const at = { controller: controllerOf(reading, place), slot: place.slot };
    reading.origin(`attachments/${machine.attachments.length}`, vbd.location);
    if (device === "disk" && vdi !== null) machine.attachments.push(diskDrive(drive, vdi, number, at, reading));
    else {
      if (vdi !== null) sayImage(reading, drive, number);
      machine.attachments.push(blankAttachment(device, at));
    }
    if (device !== "floppy" && vbd.flag("bootable") === true && machine.virtualization !== "hvm") {
      machine.boot.push({ device, index: machine.attachments.length - 1 });
    }
    const qos = vbd.filled("qos_algorithm_type");
    if (qos !== null) reading.foreign("xenserver", `${deviceName(number)}: qos_algorithm_type`, qos);
  }
}

function diskDrive(
  { vbd }: XapiDrive,
  { id, fields }: XapiRecord,
  number: number,
  at: Pick<Attachment, "controller" | "slot">,
  reading: Reading,
): Attachment {
  const size = sizeOf(fields);
  const disk = reading.disk(id, deviceName(number), {
    format: "xva",
    variant: "chunks",
    capacityBytes: size === null ? 0 : alignUp(size, SECTOR),
    shared: fields.flag("sharable") === true,
  });
  if (fields.text("on_boot") === "reset") {
    reading.foreign("xenserver", `${deviceName(number)}: on_boot`, "reset");
  }
  const readOnly = vbd.text("mode")?.trim().toUpperCase() === "RO" || fields.flag("read_only") === true;
  return blankAttachment("disk", { ...at, disk, readOnly });
}

/** An image of a library is named and not held. */
function sayImage({ report, machine }: Reading, { vdi, vbd }: XapiDrive, number: number): void {
  const image = vdi?.fields.filled("location") ?? vdi?.fields.filled("name_label") ?? "an image";
  report({
    code: "xenserver/image-elsewhere",
    severity: "warning",
    message: `${machine.name}: drive ${deviceName(number)} holds '${printable(image)}' of the host's library, which the export does not hold: it is read as empty`,
    location: vbd.location,
    hint: "Put the image into the drive on the new platform if the guest needs it.",
  });
}

function controllerOf({ machine }: Reading, { bus, controller }: ReturnType<typeof placeOf>): string {
  const id = `${bus}${controller}`;
  if (!machine.controllers.some((known) => known.id === id)) {
    const made: Controller = { id, bus, model: bus === "scsi" ? "xen" : null, index: controller };
    machine.controllers.push(made);
  }
  return id;
}

/** Network cards by their numbers. */
export function readNics(xapi: XapiExport, record: XapiRecord, reading: Reading): void {
  const { machine } = reading;
  const cards = xapi.ofKind("VIF").filter(({ fields }) => fields.text("VM") === record.id);
  const numberOf = ({ fields }: XapiRecord): number => fields.number("device") ?? Number.MAX_SAFE_INTEGER;
  for (const { fields } of [...cards].sort((a, b) => numberOf(a) - numberOf(b))) {
    const index = machine.nics.length;
    const network = xapi.find(fields.text("network"), "network")?.fields;
    const name = network?.filled("name_label") ?? network?.filled("bridge") ?? null;
    const locking = fields.filled("locking_mode") ?? "network_default";
    reading.origin(`nics/${index}`, fields.location);
    machine.nics.push(
      blankNic({
        network: name === null ? null : reading.network(name, network?.filled("name_description") ?? null),
        kind: name === null ? null : "network",
        model: modelOf(machine),
        mac: macFromText(fields.text("MAC")),
        connected: locking !== "disabled",
      }),
    );
    if (locking === "locked" || locking === "unlocked")
      reading.foreign("xenserver", `VIF ${index}: locking_mode`, locking);
    const allowed = [...fields.list("ipv4_allowed"), ...fields.list("ipv6_allowed")].join(" ");
    if (allowed !== "") reading.foreign("xenserver", `VIF ${index}: addresses allowed`, allowed);
    const mtu = fields.number("MTU");
    if (mtu !== null && mtu !== 0 && mtu !== 1500) reading.foreign("xenserver", `VIF ${index}: MTU`, String(mtu));
    const qos = fields.filled("qos_algorithm_type");
    if (qos !== null) reading.foreign("xenserver", `VIF ${index}: qos_algorithm_type`, qos);
  }
}

/** The card that XenServer emulates until the guest's driver for Xen takes over. */
function modelOf({ virtualization, firmware }: Reading["machine"]): string | null {
  if (virtualization !== "hvm") return "xen";
  return firmware === "bios" ? "rtl8139" : "e1000";
}
