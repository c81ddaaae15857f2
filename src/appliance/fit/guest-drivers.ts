/** Places and models that a guest has drivers for, where what it would get needs one that it lacks. */
import type { Diagnostic } from "../../base/diagnostics.js";
import { diskDriverOf, nicDriverOf } from "../../targets/drivers.js";
import type { MachineShape } from "../../targets/profile.js";
import type { Appliance, Controller, Machine, Nic } from "../appliance.js";
import { bootDiskIndex } from "./drives.js";
import { note } from "./note.js";

/** What is known of one driver of a guest. */
export interface KnownDriver {
  /** As Linux names it, with `_`. */
  readonly driver: string;
  /** Whether it is there when it is needed. `source-only`: if the machine, as it was, needed it too. */
  readonly available: "yes" | "source-only" | "no" | "unknown";
  /** `read`: it stands on the disk; `likely`: it follows from what stands there. */
  readonly sure: "read" | "likely" | "unknown";
  readonly reason: string;
}

/** What is known of a machine's guest. */
export interface GuestHints {
  readonly drivers: readonly KnownDriver[];
  /** The driver that the boot disk needed in the source; `null`: nobody knows. */
  readonly sourceDriver: string | null;
  /** Whether the boot disk may hang elsewhere than the source has it: nobody wanted a place. */
  readonly diskMoves: boolean;
  /** Whether a network card may be another model: nobody wanted one. */
  nicChanges(index: number): boolean;
}

/** A machine whose boot disk hangs where its guest has a driver for. */
export interface OtherPlace {
  /** The source's machine, with the disks of one controller on another. */
  readonly machine: Machine;
  readonly controller: Pick<Controller, "bus" | "model">;
  readonly driver: KnownDriver;
  /** What it would have needed. */
  readonly lacking: KnownDriver;
}

/** The controller that a machine's boot disk hangs on. */
function bootController(machine: Machine, disks: ReadonlySet<string>): Controller | undefined {
  const drive = machine.attachments[bootDiskIndex(machine, disks)];
  return machine.controllers.find(({ id }) => id === drive?.controller);
}

function hasInTime({ available, driver }: KnownDriver, { sourceDriver }: GuestHints): boolean {
  // What the old machine needed lies in an initial RAM disk that was made for it.
  return available === "yes" || (available === "source-only" && driver === sourceDriver);
}

/** The driver that a fitted machine's boot disk needs, where the guest is said to lack it; `null`: it has it, or nobody knows. */
export function lackingDriver(fitted: Machine, disks: ReadonlySet<string>, hints: GuestHints): KnownDriver | null {
  const controller = bootController(fitted, disks);
  const name = controller === undefined ? null : diskDriverOf(controller);
  const known = hints.drivers.find(({ driver }) => driver === name);
  if (known === undefined || known.available === "unknown" || hasInTime(known, hints)) return null;
  // It ran with that driver: what was concluded about it weighs less.
  return known.driver === hints.sourceDriver && known.sure !== "read" ? null : known;
}

/** Whether a fitted machine's boot disk needs a driver. */
export function needsDriver(fitted: Machine, disks: ReadonlySet<string>, driver: string): boolean {
  const controller = bootController(fitted, disks);
  return controller !== undefined && diskDriverOf(controller) === driver;
}

/**
 * Other places for a boot disk, the best first: on buses and models of the shapes that firmware boots from and that the guest has a driver for. All disks
 * of its controller go along: a guest's root may lie on several.
 */
export function otherPlaces(
  machine: Machine,
  shapes: readonly MachineShape[],
  disks: ReadonlySet<string>,
  lacking: KnownDriver,
  hints: GuestHints,
): readonly OtherPlace[] {
  const places = new Map<string, OtherPlace>();
  const own = machine.attachments[bootDiskIndex(machine, disks)];
  if (own === undefined) return [];
  for (const { bootBuses, buses } of shapes) {
    for (const bus of bootBuses) {
      for (const model of buses[bus]?.models ?? [null]) {
        const name = diskDriverOf({ bus, model });
        const driver = hints.drivers.find((known) => known.driver === name && hasInTime(known, hints));
        const key = `${bus} ${model ?? ""}`;
        if (driver === undefined || places.has(key)) continue;
        const id = `for-guest-${bus}`;
        const index = machine.controllers.filter((known) => known.bus === bus).length;
        const attachments = machine.attachments.map((drive) => {
          const together = drive === own || (own.controller !== null && drive.controller === own.controller);
          return drive.device === "disk" && together ? { ...drive, controller: id, slot: null } : drive;
        });
        const stays = (known: Controller): boolean =>
          known.id !== own.controller || attachments.some(({ controller }) => controller === known.id);
        const controllers = [...machine.controllers.filter(stays), { id, bus, model, index }];
        places.set(key, {
          machine: { ...machine, controllers, attachments },
          controller: { bus, model },
          driver,
          lacking,
        });
      }
    }
  }
  return [...places.values()];
}

/** That a boot disk hangs elsewhere than it would, and why. */
export function placeNote(appliance: Appliance, machine: Machine, place: OtherPlace): Diagnostic {
  const { controller, driver, lacking } = place;
  const where = controller.model ?? controller.bus;
  const sure = driver.sure === "read" ? "" : ", likely";
  return note(
    appliance,
    "info",
    "fit/bus-by-guest",
    `${machine.name}: the boot disk hangs on ${where}: the guest has ${driver.driver} when it starts (${driver.reason}${sure}), and not ${lacking.driver}, which it would need otherwise (${lacking.reason})`,
    {
      data: {
        machine: machine.id,
        bus: controller.bus,
        model: controller.model,
        driver: driver.driver,
        sure: driver.sure,
        lacking: lacking.driver,
      },
      hint: "Choose another place with --bus; a system that names disks by their place finds them under other names.",
    },
  );
}

/** Network cards that the guest's kernel has no driver for become the first model of the shape that it has one for. */
export function nicsByGuest(
  appliance: Appliance,
  machine: Machine,
  nics: readonly Nic[],
  { nicModels }: MachineShape,
  hints: GuestHints,
): { readonly nics: Nic[]; readonly notes: readonly Diagnostic[] } {
  const notes: Diagnostic[] = [];
  const known = (model: string | null): KnownDriver | undefined => {
    const name = nicDriverOf(model);
    return hints.drivers.find(({ driver }) => driver === name);
  };
  const changed = nics.map((nic, index) => {
    const lacking = known(nic.model);
    if (lacking?.available !== "no" || !hints.nicChanges(index)) return nic;
    const model = nicModels.find((word) => known(word)?.available === "yes");
    if (model === undefined) return nic;
    const { driver = "", reason = "", sure = "unknown" } = known(model) ?? {};
    notes.push(
      note(
        appliance,
        "info",
        "fit/nic-by-guest",
        `${machine.name}: network card ${index} becomes ${model}: the guest has ${driver} (${reason}), and not ${lacking.driver}, which ${nic.model} needs (${lacking.reason})`,
        {
          data: { machine: machine.id, nic: index, from: nic.model, to: model, driver, sure, lacking: lacking.driver },
          hint: "Choose another model with --nic. The interface may have another name in the guest.",
        },
      ),
    );
    return { ...nic, model };
  });
  return { nics: changed, notes };
}
