import type { Attachment } from "../../appliance/appliance.js";
import { bootDiskIndex } from "../../appliance/fit/drives.js";
import { loss } from "../losses.js";
import { splitFileName } from "../names.js";
import type { Writing } from "./export-records.js";
import { deviceName, EMULATED, MOST_DRIVES, numberOfPlace } from "./places.js";
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

/** The number of each drive: that of its place, or the first one that is free. Disks choose before CD drives. */
function numbersOf({ machine, notes }: Writing): readonly (number | undefined)[] {
  const byId = new Map(machine.controllers.map((controller) => [controller.id, controller]));
  const wishes = machine.attachments.map(({ controller, slot }) => {
    const at = byId.get(controller ?? "");
    return at === undefined || slot === null ? null : numberOfPlace({ bus: at.bus, controller: at.index, slot });
  });
  const order = machine.attachments
    .map((_, index) => index)
    .sort((a, b) => rank(machine.attachments[a]) - rank(machine.attachments[b]) || a - b);
  const taken = new Set<number>();
  const numbers: (number | undefined)[] = machine.attachments.map(() => undefined);
  for (const index of order) {
    const drive = machine.attachments[index];
    if (drive === undefined || drive.device === "floppy") continue;
    const wish = wishes[index] ?? null;
    const number = wish !== null && !taken.has(wish) ? wish : freeNumber(drive, taken);
    taken.add(number);
    numbers[index] = number;
    if (wish === number) continue;
    notes.push(
      loss(
        "info",
        "xenserver/drive-renumbered",
        `${machine.name}: a ${drive.device === "disk" ? "disk" : "CD drive"} becomes ${deviceName(number)}: ${wish === null ? "it has no place of its own" : `${deviceName(wish)} is another drive`}`,
        {
          data: { machine: machine.id, device: drive.device, disk: drive.disk, to: deviceName(number) },
        },
      ),
    );
  }
  return numbers;
}

function rank(drive: Attachment | undefined): number {
  return drive?.device === "disk" ? 0 : 1;
}

/** CD drives stand behind the disks, where the firmware still sees them. */
function freeNumber({ device }: Attachment, taken: ReadonlySet<number>): number {
  if (device === "cdrom") {
    for (let n = EMULATED - 1; n >= 0; n--) if (!taken.has(n)) return n;
  }
  let n = 0;
  while (taken.has(n) && n < MOST_DRIVES) n++;
  return n;
}

function diskOf({ fitted, records, sr, disks }: Writing, { disk: id }: Attachment, boots: boolean): string | null {
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
