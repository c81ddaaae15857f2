/** What the systems on boot disks say of themselves, and what that means on another platform. */
import type { Appliance, Machine } from "../appliance/appliance.js";
import type { GuestHints } from "../appliance/fit/guest-drivers.js";
import { findGuestSystem } from "../appliance/guest-os.js";
import { guestNamed } from "../appliance/guest-words.js";
import { wishesOfMachine } from "../appliance/profile.js";
import type { Wishes } from "../appliance/wish.js";
import { wishedDisks } from "../appliance/wished-disks.js";
import type { Diagnostic } from "../base/diagnostics.js";
import { guestFacts } from "../disk/guest/facts.js";
import type { DriverFact, GuestFacts } from "../disk/guest/model.js";
import type { VirtualDisk } from "../disk/model.js";
import type { Context } from "../io/context.js";
import { BUSES_WITH_DRIVER, diskDriverOf } from "../targets/drivers.js";
import { isDamage } from "./damage.js";
import { bootDiskOf } from "./firmware.js";

/** What each machine's boot disk says, by machine id. A disk that cannot be read says nothing. */
export async function guestsOf(
  appliance: Appliance,
  disks: ReadonlyMap<string, VirtualDisk>,
  ctx: Context,
): Promise<ReadonlyMap<string, GuestFacts>> {
  const guests = new Map<string, GuestFacts>();
  for (const machine of appliance.machines) {
    const id = bootDiskOf(machine);
    const disk = id === null ? undefined : disks.get(id);
    if (disk === undefined) continue;
    try {
      guests.set(machine.id, await guestFacts(disk, ctx));
    } catch (cause) {
      // Whoever reads all of the disk says what is wrong with it.
      if (!isDamage(cause)) throw cause;
    }
  }
  return guests;
}

/** Names guest systems that nobody named by what their disks say. Returns what was found so. */
export function fillGuestSystems(appliance: Appliance, guests: ReadonlyMap<string, GuestFacts>): readonly Diagnostic[] {
  const notes: Diagnostic[] = [];
  for (const machine of appliance.machines) {
    const guest = guests.get(machine.id);
    if (guest === undefined || findGuestSystem(machine.guestOs).by !== null) continue;
    const found = systemOf(guest);
    if (found === undefined) continue;
    machine.guestOs = { ...machine.guestOs, ...found };
    notes.push({
      code: "guest/system-from-disk",
      severity: "info",
      message: `${machine.name}: its disk says that it is ${guest.prettyName ?? guest.id} (${guest.reason})`,
      data: { machine: machine.id, id: guest.id, versionId: guest.versionId },
    });
  }
  return notes;
}

function systemOf({ id, versionId, system }: GuestFacts): ReturnType<typeof guestNamed> {
  if (id === null) return system === "linux" ? guestNamed("otherlinux-64") : undefined;
  const major = versionId?.split(".")[0] ?? "";
  for (const word of [`${id}${versionId}`, `${id}${major}-64`, `${id}${major}`, `${id}-64`, id]) {
    const found = guestNamed(word);
    if (found !== undefined) return found;
  }
  return system === "linux" ? guestNamed("otherlinux-64") : undefined;
}

/** The driver of Linux that a machine's boot disk needs; `null`: nobody knows which. */
export function bootDriverOf(machine: Machine): string | null {
  const id = bootDiskOf(machine);
  const drive = machine.attachments.find(({ disk }) => disk !== null && disk === id);
  const controller = machine.controllers.find((known) => known.id === drive?.controller);
  return controller === undefined ? null : diskDriverOf(controller);
}

/**
 * What is known of guests' drivers, for fitting: by machine id.
 * @param source the machines as the source has them, before wishes
 */
export function guestHints(
  source: Appliance,
  guests: ReadonlyMap<string, GuestFacts>,
  wishes: Wishes,
): ReadonlyMap<string, GuestHints> {
  const hints = new Map<string, GuestHints>();
  const wanted = wishedDisks(source, wishes);
  for (const machine of source.machines) {
    const drivers = guests.get(machine.id)?.kernels[0]?.drivers ?? [];
    if (drivers.length === 0) continue;
    const wish = wanted.get(bootDiskOf(machine) ?? "");
    const { nics } = wishesOfMachine(wishes, machine.id);
    hints.set(machine.id, {
      drivers,
      sourceDriver: bootDriverOf(machine),
      diskMoves: (wish?.bus ?? wish?.controller ?? null) === null,
      nicChanges: (index) => !nics.has(String(index)) && !nics.has("*"),
    });
  }
  return hints;
}

/** What the kernel that starts first says of a driver. */
export function driverFact(guest: GuestFacts, driver: string | null): DriverFact | null {
  return guest.kernels[0]?.drivers.find((fact) => fact.driver === driver) ?? null;
}

/** Buses of disks whose drivers a guest is said to have in time. */
function busesWithDriver(guest: GuestFacts): readonly string[] {
  return BUSES_WITH_DRIVER.flatMap(([bus, driver]) => (driverFact(guest, driver)?.available === "yes" ? [bus] : []));
}

/** Warnings where a guest may not find its boot disk on the target: the one thing that keeps a machine from starting. */
export function bootDriverNotes(
  fitted: Appliance,
  guests: ReadonlyMap<string, GuestFacts>,
  hints: ReadonlyMap<string, GuestHints> = new Map(),
): readonly Diagnostic[] {
  return fitted.machines.flatMap((machine): readonly Diagnostic[] => {
    const guest = guests.get(machine.id);
    const driver = bootDriverOf(machine);
    const fact = guest === undefined ? null : driverFact(guest, driver);
    if (guest === undefined || fact === null || fact.available === "yes" || fact.available === "unknown") return [];
    // The old machine needed it too: so its initial RAM disk has it.
    if (fact.available === "source-only" && hints.get(machine.id)?.sourceDriver === driver) return [];
    const others = busesWithDriver(guest);
    const why = fact.available === "no" ? "does not have" : "may lack, when it mounts its root,";
    return [
      {
        code: "guest/driver-missing",
        severity: "warning",
        message: `${machine.name}: the guest ${why} ${driver}, which its boot disk needs there (${fact.reason})`,
        hint:
          others.length === 0
            ? `Add ${driver} to the initial RAM disk in the source machine before you convert it.`
            : `Put the disk on a bus that it has a driver for, with --bus ${others.join(" or --bus ")}, where the target has one; or add ${driver} to its initial RAM disk first.`,
        data: { machine: machine.id, driver, available: fact.available, buses: [...others] },
      },
    ];
  });
}
