import { alignUp } from "../base/bytes.js";
import type { Diagnostic } from "../base/diagnostics.js";
import type { Firmware } from "../base/ids.js";
import { formatBytes } from "../base/text.js";
import type { MachineShape, TargetLimits, TargetProfile } from "../targets/profile.js";
import type { Appliance, BootDevice, Machine } from "./appliance.js";
import { bootDiskIndex, type DriveFit, fitDrives } from "./fit/drives.js";
import {
  type GuestHints,
  lackingDriver,
  needsDriver,
  nicsByGuest,
  otherPlaces,
  placeNote,
} from "./fit/guest-drivers.js";
import { fitNics } from "./fit/nics.js";
import { note } from "./fit/note.js";
import { fitTexts } from "./fit/text.js";

/** An appliance as a target can make it. */
export interface FitResult {
  readonly appliance: Appliance;
  /** The shape chosen for each machine, by machine id. */
  readonly shapes: ReadonlyMap<string, MachineShape>;
  /** Every change. `error`: the target cannot take the appliance; `warning`: something is lost; `info`: something was decided. */
  readonly notes: readonly Diagnostic[];
}

/**
 * Fits an appliance to what a target has: chooses a shape for each machine by its firmware and its drives, places drives on the shape's buses,
 * maps controller and NIC models, compares sizes with limits. The appliance given stays as it is. Pure.
 * @param guests what is known of the guests' drivers, by machine id: a boot disk goes where its guest has one, if the target has such a place
 */
export function fit(
  appliance: Appliance,
  target: TargetProfile,
  guests: ReadonlyMap<string, GuestHints> = new Map(),
): FitResult {
  const notes: Diagnostic[] = [];
  const texts = fitTexts(appliance);
  notes.push(...texts.notes);
  const source = texts.appliance;
  const shapes = new Map<string, MachineShape>();
  const machines: Machine[] = [];
  const disks = new Set(source.disks.map(({ id }) => id));
  for (const machine of source.machines) {
    const fitted = fitMachine(source, machine, target, disks, notes, guests.get(machine.id) ?? null);
    shapes.set(machine.id, fitted.shape);
    machines.push(fitted.machine);
  }
  for (const disk of source.disks) {
    if (disk.capacityBytes <= target.limits.diskBytes) continue;
    notes.push(
      note(
        source,
        "error",
        "fit/disk-too-large",
        `disk ${disk.id} holds ${formatBytes(disk.capacityBytes)}, ${target.id} takes ${formatBytes(target.limits.diskBytes)}`,
        {
          data: { disk: disk.id, capacityBytes: disk.capacityBytes, limit: target.limits.diskBytes },
          hint: "Make the disk smaller in its machine first, or choose another target.",
        },
      ),
    );
  }
  return { appliance: { ...source, machines }, shapes, notes };
}

function fitMachine(
  appliance: Appliance,
  machine: Machine,
  target: TargetProfile,
  disks: ReadonlySet<string>,
  notes: Diagnostic[],
  hints: GuestHints | null,
): { machine: Machine; shape: MachineShape } {
  const guests = shapesOfGuest(machine, target);
  // What Xen's guests boot is no matter of firmware.
  const firmware = guests === null ? fitFirmware(appliance, machine, target, notes) : machine.firmware;
  const able = guests ?? shapesFor(target, firmware);
  const usual = chooseShape(appliance, machine, able, target, disks);
  const other = hints === null ? null : placeOfGuest(appliance, machine, able, target, disks, usual, hints);
  const { shape, drives } = other ?? usual;
  const fittedNics = fitNics(appliance, machine, shape);
  const nics = hints === null ? null : nicsByGuest(appliance, machine, fittedNics.nics, shape, hints);
  notes.push(...drives.notes, ...(other?.notes ?? []), ...fittedNics.notes, ...(nics?.notes ?? []));
  const limits: TargetLimits = { ...target.limits, ...shape.limits };
  const { cpu, memoryBytes } = fitSizes(appliance, machine, target, limits, notes);
  if (machine.nics.length > limits.nics) {
    notes.push(
      note(
        appliance,
        "error",
        "fit/too-many-nics",
        `${machine.name} has ${machine.nics.length} network cards, a ${shape.id} machine takes ${limits.nics}`,
        {
          data: { machine: machine.id, nics: machine.nics.length, limit: limits.nics },
        },
      ),
    );
  }
  const boot = fitBoot(appliance, machine, drives, notes);
  const firmwareFrom = firmware !== "unknown" && machine.firmware === "unknown" ? "default" : machine.firmwareFrom;
  return {
    shape,
    machine: {
      ...machine,
      firmware,
      firmwareFrom,
      cpu,
      memoryBytes,
      controllers: drives.controllers,
      attachments: drives.attachments,
      nics: nics?.nics ?? fittedNics.nics,
      boot,
    },
  };
}

function fitFirmware(appliance: Appliance, machine: Machine, target: TargetProfile, notes: Diagnostic[]): Firmware {
  const origin = `machines/${machine.id}/firmware`;
  if (machine.firmware === "unknown") {
    const chosen = target.defaultFirmware;
    notes.push(
      note(
        appliance,
        "warning",
        "fit/firmware-assumed",
        `${machine.name}: nothing says whether it boots by BIOS or EFI; ${chosen} is assumed`,
        {
          data: { machine: machine.id, firmware: chosen },
          origin,
          hint: "If the machine does not start, its disk wants the other one.",
        },
      ),
    );
    return chosen;
  }
  const has = (firmware: Firmware): boolean => target.shapes.some((shape) => shape.firmware.includes(firmware));
  if (has(machine.firmware)) return machine.firmware;
  if (machine.firmware === "efi-secure" && has("efi")) {
    notes.push(
      note(
        appliance,
        "warning",
        "fit/secure-boot-dropped",
        `${machine.name}: ${target.id} has EFI without secure boot`,
        {
          data: { machine: machine.id },
          origin,
        },
      ),
    );
    return "efi";
  }
  const data = { machine: machine.id, firmware: machine.firmware };
  notes.push(
    note(
      appliance,
      "error",
      "fit/no-such-firmware",
      `${machine.name} boots by ${machine.firmware}, which ${target.id} does not have`,
      { data, origin },
    ),
  );
  return target.defaultFirmware;
}

/** Shapes for a guest of Xen that knows that it is one; `null`: it is none, or the target has none for it. */
function shapesOfGuest({ virtualization }: Machine, { shapes }: TargetProfile): readonly MachineShape[] | null {
  if (virtualization !== "pv" && virtualization !== "pvh") return null;
  const own = shapes.filter(({ guests }) => guests?.includes(virtualization) === true);
  return own.length === 0 ? null : own;
}

function shapesFor({ shapes }: TargetProfile, firmware: Machine["firmware"]): readonly MachineShape[] {
  return shapes.filter((shape) => shape.guests === undefined && shape.firmware.some((known) => known === firmware));
}

/** A shape with a machine's drives on it. */
interface ChosenShape {
  readonly shape: MachineShape;
  readonly drives: DriveFit;
  readonly cost: number;
}

/** The first of the shapes that move the fewest drives and leave the chip set and every card. */
function chooseShape(
  appliance: Appliance,
  machine: Machine,
  shapes: readonly MachineShape[],
  target: TargetProfile,
  disks: ReadonlySet<string>,
): ChosenShape {
  let best: ChosenShape | null = null;
  for (const shape of shapes) {
    const drives = fitDrives(appliance, machine, shape, disks);
    const otherChipset = shape.chipset !== undefined && (machine.chipset ?? shape.chipset) !== shape.chipset;
    const surplusNics = machine.nics.length > (shape.limits?.nics ?? target.limits.nics);
    const cost = drives.cost + (otherChipset ? 1 : 0) + (surplusNics ? 1000 : 0);
    if (best === null || cost < best.cost) best = { shape, drives, cost };
  }
  if (best !== null) return best;
  // A profile's default firmware is that of one of its shapes: targets.test.ts.
  const shape = target.shapes[0] as MachineShape;
  return { shape, drives: fitDrives(appliance, machine, shape, disks), cost: 0 };
}

/** A cost that says that drives were left out. */
const DRIVES_LEFT_OUT = 100;

/** Where the guest lacks the driver that its boot disk would need: the cheapest place that it has one for, if no more drives are left out there. */
function placeOfGuest(
  appliance: Appliance,
  machine: Machine,
  shapes: readonly MachineShape[],
  target: TargetProfile,
  disks: ReadonlySet<string>,
  usual: ChosenShape,
  hints: GuestHints,
): (ChosenShape & { readonly notes: readonly Diagnostic[] }) | null {
  if (!hints.diskMoves) return null;
  const withDrives = ({ drives }: ChosenShape): Machine => {
    const boot = fitBoot(appliance, machine, drives, []);
    return { ...machine, controllers: drives.controllers, attachments: drives.attachments, boot };
  };
  const lacking = lackingDriver(withDrives(usual), disks, hints);
  if (lacking === null) return null;
  let best: (ChosenShape & { readonly notes: readonly Diagnostic[] }) | null = null;
  for (const place of otherPlaces(machine, shapes, disks, lacking, hints)) {
    const chosen = chooseShape(appliance, place.machine, shapes, target, disks);
    if (!needsDriver(withDrives(chosen), disks, place.driver.driver)) continue;
    if (chosen.cost >= (best?.cost ?? usual.cost + DRIVES_LEFT_OUT)) continue;
    best = { ...chosen, notes: [placeNote(appliance, machine, place)] };
  }
  return best;
}

function fitSizes(
  appliance: Appliance,
  machine: Machine,
  target: TargetProfile,
  limits: TargetLimits,
  notes: Diagnostic[],
): Pick<Machine, "cpu" | "memoryBytes"> {
  const { name, id } = machine;
  const say = (
    severity: "error" | "warning",
    code: Diagnostic["code"],
    message: string,
    fact: string,
    from: number,
    to: number,
  ): void => {
    notes.push(
      note(appliance, severity, code, message, { data: { machine: id, from, to }, origin: `machines/${id}/${fact}` }),
    );
  };
  let { count, coresPerSocket } = machine.cpu;
  if (count < 1) {
    say("warning", "fit/cpus-raised", `${name} has ${count} processors; it gets 1`, "cpu", count, 1);
    count = 1;
  }
  if (count > limits.cpus) {
    say(
      "error",
      "fit/too-many-cpus",
      `${name} has ${count} processors, ${target.id} takes ${limits.cpus}`,
      "cpu",
      count,
      limits.cpus,
    );
  }
  if (coresPerSocket !== null && (coresPerSocket < 1 || count % coresPerSocket !== 0)) {
    say(
      "warning",
      "fit/cores-per-socket-dropped",
      `${name}: ${count} processors do not make whole sockets of ${coresPerSocket} cores`,
      "cpu",
      coresPerSocket,
      1,
    );
    coresPerSocket = null;
  }
  const { stepBytes, minBytes } = target.memory;
  const memoryBytes = Math.max(minBytes, alignUp(machine.memoryBytes, stepBytes));
  if (memoryBytes !== machine.memoryBytes) {
    const message = `${name} has ${formatBytes(machine.memoryBytes)} of memory; it gets ${formatBytes(memoryBytes)}, as ${target.id} wants`;
    say("warning", "fit/memory-raised", message, "memoryBytes", machine.memoryBytes, memoryBytes);
  }
  if (memoryBytes > limits.memoryBytes) {
    const message = `${name} has ${formatBytes(memoryBytes)} of memory, ${target.id} takes ${formatBytes(limits.memoryBytes)}`;
    say("error", "fit/too-much-memory", message, "memoryBytes", memoryBytes, limits.memoryBytes);
  }
  return { cpu: { ...machine.cpu, count, coresPerSocket }, memoryBytes };
}

/** The boot order, with the drives' new places in the list. */
function fitBoot(appliance: Appliance, machine: Machine, drives: DriveFit, notes: Diagnostic[]): BootDevice[] {
  const boot: BootDevice[] = [];
  for (const named of machine.boot) {
    // "The first disk" is another one when disks have moved: it is settled by where they were.
    const first = named.device === "disk" && named.index === null ? bootDiskIndex(machine) : -1;
    const device = first >= 0 ? { ...named, index: first } : named;
    if (device.index === null || device.device === "network") {
      boot.push({ ...device });
      continue;
    }
    const index = drives.moved[device.index] ?? null;
    if (index !== null) boot.push({ ...device, index });
    else {
      const data = { machine: machine.id, device: device.device };
      notes.push(
        note(
          appliance,
          "warning",
          "fit/boot-device-dropped",
          `${machine.name}: a ${device.device} is left out of the boot order with its drive`,
          { data },
        ),
      );
    }
  }
  return boot;
}
