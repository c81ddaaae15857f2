import type { Attachment } from "../../appliance/appliance.js";
import { bootDiskIndex } from "../../appliance/fit/drives.js";
import { loss } from "../losses.js";
import { splitFileName } from "../names.js";
import { deviceName, driveNumbers } from "../xen-places.js";
import type { Writing } from "./export-records.js";
import { NO_REF } from "./records.js";
import { SR, VBD, VDI } from "./write-records.js";

/** Writes the drives of a machine. Returns the references of their records. */
export function writeDrives(writing: Writing, vm: string): readonly string[] {
  const { machine, records } = writing;
  const numbers = numbersOf(writing);
  const boot = bootDiskIndex(machine);
  return machine.attachments.flatMap((drive, index) => {
    const number = numbers[index];
    if (number === undefined || drive.device === "floppy") return [];
    const disk = drive.device === "disk" ? diskOf(writing, drive, index === boot) : imageOf(writing, drive, number);
    return records.add("VBD", {
      ...VBD,
      VM: vm,
      VDI: disk ?? NO_REF,
      userdevice: String(number),
      bootable: index === boot,
      mode: drive.device === "cdrom" || drive.readOnly ? "RO" : "RW",
      type: drive.device === "cdrom" ? "CD" : "Disk",
      unpluggable: drive.device === "disk",
      empty: disk === null,
    });
  });
}

/** The numbers of drives, and a note for each that has another one than its place. */
function numbersOf({ machine, notes }: Writing): readonly (number | undefined)[] {
  return driveNumbers(machine).map((drive) => {
    if (drive === null) return undefined;
    const { number, wish, attachment } = drive;
    if (wish === number) return number;
    const { device, disk } = attachment;
    notes.push(
      loss(
        "info",
        "xenserver/drive-renumbered",
        `${machine.name}: a ${device === "disk" ? "disk" : "CD drive"} becomes ${deviceName(number)}: ${wish === null ? "it has no place of its own" : `${deviceName(wish)} is another drive`}`,
        {
          data: { machine: machine.id, device, disk, to: deviceName(number) },
        },
      ),
    );
    return number;
  });
}

function diskOf(
  { fitted, records, sr, marks, disks }: Writing,
  { disk: id }: Attachment,
  boots: boolean,
): string | null {
  const disk = fitted.disks.find((known) => known.id === id);
  if (disk === undefined) return null;
  const ref = records.once(`disk ${disk.id}`, "VDI", () => ({
    ...VDI,
    name_label: disk.id,
    SR: sr,
    VBDs: [],
    virtual_size: disk.capacityBytes,
    physical_utilisation: disk.capacityBytes,
    type: boots ? "system" : "user",
    sharable: disk.shared || isShared(fitted, disk.id),
    read_only: false,
    other_config: marks,
    location: "",
  }));
  disks.set(disk.id, { disk: disk.id, name: ref, format: "xva", variant: "chunks" });
  return ref;
}

function isShared(fitted: Writing["fitted"], disk: string): boolean {
  const users = fitted.machines.flatMap(({ attachments }) => attachments.filter((drive) => drive.disk === disk));
  return users.length > 1;
}

/** A CD image by its name: the importer puts in the one that a library of the host has under it, or ejects. */
function imageOf(
  { fitted, records, images, machine, notes }: Writing,
  { file: id }: Attachment,
  number: number,
): string | null {
  const file = fitted.files.find((known) => known.id === id);
  if (file === undefined) return null;
  const { stem, extension } = splitFileName(file.name);
  const name = `${stem}${extension}`;
  images.add(file.id);
  notes.push(
    loss(
      "warning",
      "xenserver/image-named",
      `${machine.name}: ${JSON.stringify(name)} in drive ${deviceName(number)} is named and not held: archives have no place for CD images`,
      {
        data: { machine: machine.id, file: file.name },
        hint: `Put it into an ISO library of the host under that name before the import; otherwise the drive comes empty.`,
      },
    ),
  );
  const library = records.once("library", "SR", () => ({
    ...SR,
    name_label: "ISO library",
    type: "iso",
    content_type: "iso",
    VDIs: [],
  }));
  return records.once(`image ${file.id}`, "VDI", () => ({
    ...VDI,
    name_label: name,
    SR: library,
    VBDs: [],
    virtual_size: file.size ?? 0,
    physical_utilisation: file.size ?? 0,
    type: "user",
    sharable: false,
    read_only: true,
    location: name,
  }));
}
