import type { Diagnostic } from "../../base/diagnostics.js";
import type { Bus } from "../../base/ids.js";
import type { BusShape, MachineShape } from "../../targets/profile.js";
import type { Appliance, Attachment, Controller, Machine } from "../appliance.js";
import { fitControllers } from "./controllers.js";
import { note } from "./note.js";
import { firstDrive, numberControllers, type Position } from "./positions.js";

/** A machine's drives on a shape. */
export interface DriveFit {
  readonly controllers: Controller[];
  readonly attachments: Attachment[];
  /** By index in the source's attachments: the index in the result, `null` where the drive was left out. */
  readonly moved: readonly (number | null)[];
  readonly notes: readonly Diagnostic[];
  /** 0: every drive stays on its bus. For choosing between shapes. */
  readonly cost: number;
}

/** A drive of the source, with what is known about its place. */
interface Drive {
  readonly index: number;
  readonly attachment: Attachment;
  readonly boots: boolean;
  /** Bus that the source names. */
  readonly bus: Bus | null;
  /** Number of its controller among those of the bus. */
  readonly controller: number | null;
  readonly slot: number | null;
}

/**
 * The attachment that a machine boots from among its disks: the one named first, or else the first one. -1: no disk. A drive that holds no disk is none.
 * @param disks ids of the appliance's disks, where a drive may name one that is not there
 */
export function bootDiskIndex(machine: Machine, disks: ReadonlySet<string> | null = null): number {
  const holds = ({ device, disk }: Attachment): boolean =>
    device === "disk" && disk !== null && (disks === null || disks.has(disk));
  for (const { device, index } of machine.boot) {
    if (device !== "disk" || index === null) continue;
    const named = machine.attachments[index];
    if (named !== undefined && holds(named)) return index;
  }
  const first = machine.attachments.findIndex(holds);
  // An order of kinds alone means the firmware's own: by places, wherever a list has the disk.
  const byKind = machine.boot.some(({ device, index }) => device === "disk" && index === null);
  const placed = byKind ? firstDrive(machine, "disk") : undefined;
  return placed === undefined ? first : machine.attachments.indexOf(placed);
}

/**
 * Places drives on the buses of a shape: on their own bus where it has room, else on the first bus to boot from that has. The boot disk
 * always gets a bus that the firmware boots from. Nothing moves without a note.
 * @param disks ids of the appliance's disks: an appliance may have ten thousand machines, and as many disks
 */
export function fitDrives(
  appliance: Appliance,
  machine: Machine,
  shape: MachineShape,
  disks: ReadonlySet<string>,
): DriveFit {
  const notes: Diagnostic[] = [];
  const drives = sourceDrives(appliance, machine, disks, notes);
  let places = place(drives, shape, "in place first");
  if (drives.some((d) => !places.has(d.index))) places = place(drives, shape, "the narrow ones first");
  if (shape.bootsFirstDisk === true) bringBootDiskForward(drives, places);

  let cost = 0;
  for (const drive of drives) {
    const position = places.get(drive.index);
    if (position === undefined) {
      cost += drive.attachment.device === "disk" ? 1000 : 100;
      notes.push(leftOut(appliance, machine, shape, drive));
      continue;
    }
    if (drive.bus !== null && drive.bus !== position.bus) cost += drive.attachment.device === "disk" ? 10 : 1;
    const moved = movedNote(appliance, machine, shape, drive, position);
    if (moved !== null) notes.push(moved);
  }

  const fitted = fitControllers(appliance, machine, shape, places);
  notes.push(...fitted.notes);
  const attachments: Attachment[] = [];
  const moved: (number | null)[] = machine.attachments.map(() => null);
  for (const drive of drives) {
    const position = places.get(drive.index);
    if (position === undefined) continue;
    moved[drive.index] = attachments.length;
    attachments.push({ ...drive.attachment, controller: fitted.idOf(position), slot: position.slot });
  }
  return { controllers: fitted.controllers, attachments, moved, notes, cost };
}

function sourceDrives(
  appliance: Appliance,
  machine: Machine,
  disks: ReadonlySet<string>,
  notes: Diagnostic[],
): Drive[] {
  const numbers = numberControllers(machine.controllers);
  const byId = new Map(machine.controllers.map((c) => [c.id, c]));
  const boot = bootDiskIndex(machine, disks);
  const drives: Drive[] = [];
  for (const [index, attachment] of machine.attachments.entries()) {
    if (attachment.device === "disk" && (attachment.disk === null || !disks.has(attachment.disk))) {
      notes.push(
        note(
          appliance,
          "warning",
          "fit/drive-without-disk",
          `${machine.name}: a disk drive names no disk of the package; it is left out`,
          {
            data: { machine: machine.id, disk: attachment.disk },
          },
        ),
      );
      continue;
    }
    const controller = attachment.controller === null ? undefined : byId.get(attachment.controller);
    drives.push({
      index,
      attachment,
      boots: index === boot,
      bus: controller?.bus ?? null,
      controller: controller === undefined ? null : (numbers.get(controller.id) ?? 0),
      slot: attachment.slot,
    });
  }
  return drives;
}

/** Buses that may take a drive, the best first. */
function busesFor(drive: Drive, shape: MachineShape): Bus[] {
  if (drive.attachment.device === "floppy") return takes(shape.buses.floppy) ? ["floppy"] : [];
  const able = (Object.keys(shape.buses) as Bus[]).filter((bus) => bus !== "floppy" && takes(shape.buses[bus]));
  const preferred = [...shape.bootBuses, ...able.filter((bus) => !shape.bootBuses.includes(bus))].filter((bus) =>
    able.includes(bus),
  );
  if (drive.boots) return preferred.filter((bus) => shape.bootBuses.includes(bus));
  const { cdromBuses } = shape;
  if (drive.attachment.device !== "cdrom" || cdromBuses === undefined) return preferred;
  return cdromBuses.filter((bus) => able.includes(bus));
}

function takes(bus: BusShape | undefined): boolean {
  return bus !== undefined && bus.slots > 0;
}

/** Drives that have fewer buses to choose from come first. */
function narrowness(drive: Drive): number {
  if (drive.boots) return 0;
  return drive.attachment.device === "disk" ? 2 : 1;
}

function place(
  drives: readonly Drive[],
  shape: MachineShape,
  order: "in place first" | "the narrow ones first",
): Map<number, Position> {
  const places = new Map<number, Position>();
  const used = new Set<string>();
  const take = (drive: Drive, position: Position): void => {
    places.set(drive.index, position);
    used.add(key(position));
  };
  const byNarrowness = [...drives].sort((a, b) => narrowness(a) - narrowness(b) || a.index - b.index);
  if (order === "in place first") {
    for (const drive of drives) {
      const wanted = wantedPosition(drive, shape);
      if (wanted !== null && !used.has(key(wanted))) take(drive, wanted);
    }
  }
  for (const drive of byNarrowness) {
    if (places.has(drive.index)) continue;
    const wanted = wantedPosition(drive, shape);
    const position = wanted !== null && !used.has(key(wanted)) ? wanted : freePosition(drive, shape, used);
    if (position !== null) take(drive, position);
  }
  return places;
}

/**
 * The place that the source names, where the shape has it. Some sources hang four drives on one IDE controller: numbers 2 and 3 are the second
 * channel.
 */
function wantedPosition(drive: Drive, shape: MachineShape): Position | null {
  if (drive.bus === null || drive.controller === null || drive.slot === null) return null;
  if (!busesFor(drive, shape).includes(drive.bus)) return null;
  const bus = shape.buses[drive.bus];
  if (bus === undefined) return null;
  const channel = drive.bus === "ide" ? Math.floor(drive.slot / bus.slots) : 0;
  const controller = drive.controller + channel;
  const slot = drive.slot - channel * bus.slots;
  if (controller >= bus.controllers || slot >= bus.slots || isReserved(bus, slot)) return null;
  return { bus: drive.bus, controller, slot };
}

function freePosition(drive: Drive, shape: MachineShape, used: ReadonlySet<string>): Position | null {
  const buses = busesFor(drive, shape);
  const own = drive.bus !== null && buses.includes(drive.bus) ? [drive.bus] : [];
  for (const name of [...own, ...buses]) {
    const bus = shape.buses[name];
    if (bus === undefined) continue;
    const first =
      name === drive.bus && drive.controller !== null && drive.controller < bus.controllers ? drive.controller : 0;
    // A machine has few drives, so the first free place is near however large the bus is.
    for (let i = 0; i < bus.controllers; i++) {
      const controller = (first + i) % bus.controllers;
      for (let slot = 0; slot < bus.slots; slot++) {
        const position = { bus: name, controller, slot };
        if (!isReserved(bus, slot) && !used.has(key(position))) return position;
      }
    }
  }
  return null;
}

function isReserved(bus: BusShape, slot: number): boolean {
  return bus.reserved?.includes(slot) ?? false;
}

function key(position: Position): string {
  return `${position.bus} ${position.controller}:${position.slot}`;
}

/** Swaps the boot disk with the first disk of its bus. */
function bringBootDiskForward(drives: readonly Drive[], places: Map<number, Position>): void {
  const boot = drives.find((d) => d.boots);
  const own = boot === undefined ? undefined : places.get(boot.index);
  if (boot === undefined || own === undefined) return;
  let first = boot;
  let lowest = own;
  for (const drive of drives) {
    const position = places.get(drive.index);
    if (position === undefined || drive.attachment.device !== "disk" || position.bus !== own.bus) continue;
    if (
      position.controller < lowest.controller ||
      (position.controller === lowest.controller && position.slot < lowest.slot)
    ) {
      first = drive;
      lowest = position;
    }
  }
  places.set(first.index, own);
  places.set(boot.index, lowest);
}

function describe(drive: Drive): string {
  const { attachment } = drive;
  if (attachment.device === "disk") return `disk ${attachment.disk}`;
  return attachment.device === "cdrom" ? "a CD drive" : "a floppy drive";
}

function leftOut(appliance: Appliance, machine: Machine, shape: MachineShape, drive: Drive): Diagnostic {
  const data = { machine: machine.id, disk: drive.attachment.disk, bus: drive.bus, shape: shape.id };
  if (drive.attachment.device === "disk") {
    return note(
      appliance,
      "error",
      "fit/no-room-for-disk",
      `${machine.name}: ${describe(drive)} has no place: a ${shape.id} machine takes no more drives`,
      {
        data,
      },
    );
  }
  if (drive.attachment.device === "floppy") {
    return note(
      appliance,
      "warning",
      "fit/floppy-dropped",
      `${machine.name}: a floppy drive is left out: a ${shape.id} machine has no place for it`,
      { data },
    );
  }
  return note(
    appliance,
    "warning",
    "fit/cdrom-dropped",
    `${machine.name}: a CD drive is left out: a ${shape.id} machine has no place for it`,
    { data },
  );
}

function movedNote(
  appliance: Appliance,
  machine: Machine,
  shape: MachineShape,
  drive: Drive,
  to: Position,
): Diagnostic | null {
  const { bus, controller, slot } = drive;
  const place = `${to.bus} ${to.controller}:${to.slot}`;
  const data = {
    machine: machine.id,
    disk: drive.attachment.disk,
    device: drive.attachment.device,
    from: bus === null ? null : `${bus} ${controller ?? "?"}:${slot ?? "?"}`,
    to: place,
  };
  if (bus === null) {
    // The floppy drive has but one place to be.
    if (drive.attachment.device === "floppy") return null;
    return note(
      appliance,
      "info",
      "fit/drive-placed",
      `${machine.name}: the source names no controller for ${describe(drive)}; it is placed on ${place}`,
      { data },
    );
  }
  if (bus !== to.bus) {
    if (drive.attachment.device === "disk") {
      return note(
        appliance,
        "warning",
        "fit/disk-moved",
        `${machine.name}: ${describe(drive)} moves from ${bus} to ${place}: a ${shape.id} machine ${
          takes(shape.buses[bus])
            ? `has no room for it on ${bus}, or cannot boot from there`
            : `has no ${bus} for disks`
        }`,
        {
          data,
          hint: `The guest needs a driver for ${to.bus} when it boots; a system that names disks by their place finds them under other names.`,
        },
      );
    }
    return note(
      appliance,
      "info",
      "fit/cdrom-moved",
      `${machine.name}: ${describe(drive)} moves from ${bus} to ${place}`,
      { data },
    );
  }
  if (slot === null || (controller === to.controller && slot === to.slot)) return null;
  return note(
    appliance,
    "info",
    "fit/drive-renumbered",
    `${machine.name}: ${describe(drive)} moves from ${bus} ${controller}:${slot} to ${place}`,
    { data },
  );
}
