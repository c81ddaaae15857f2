/** What a user wants of single disks: where they hang, and what files they become. */
import { FerryError } from "../base/errors.js";
import type { Bus } from "../base/ids.js";
import { scsiChip } from "../targets/chips.js";
import type { Appliance, Controller, Machine } from "./appliance.js";

/** What is wanted of one disk. `null`: nothing in particular. */
export interface DiskWish {
  readonly bus: Bus | null;
  /** The model of its SCSI controller, by any platform's word: `pvscsi`, `lsilogic`. */
  readonly controller: string | null;
  /** By the words of platforms: `qcow2`, `raw`, `vhdx`. */
  readonly format: string | null;
  readonly variant: string | null;
  /** Its file in the result. */
  readonly name: string | null;
}

/** The parts of a user's wishes that are about disks. */
export interface DiskWishes {
  readonly buses: ReadonlyMap<string, Bus>;
  readonly disks: ReadonlyMap<string, DiskWish>;
}

/** Buses that a disk can be wanted on. */
export const DISK_BUSES: readonly Bus[] = ["ide", "sata", "scsi", "nvme", "virtio-blk", "virtio-scsi"];

/** A disk of which nothing is wanted. */
export const noDiskWish: DiskWish = Object.freeze({
  bus: null,
  controller: null,
  format: null,
  variant: null,
  name: null,
});

/**
 * The disk that a user names by its id or its file.
 * @throws `convert/no-such-disk`
 */
export function diskNamed(appliance: Appliance, word: string): string {
  const found = appliance.disks.find(
    ({ id, file }) => id === word || file === word || file?.slice(file.lastIndexOf("/") + 1) === word,
  );
  if (found !== undefined) return found.id;
  throw new FerryError("convert/no-such-disk", `there is no disk ${JSON.stringify(word)}`, {
    hint:
      appliance.disks.length === 0
        ? "The source has no disks."
        : `There are: ${appliance.disks.map(({ id }) => id).join(", ")}.`,
  });
}

/** What is wanted of each disk, by its id: what is said of all others is filled in where a disk's own words say nothing. */
export function wishedDisks(appliance: Appliance, { buses, disks }: DiskWishes): ReadonlyMap<string, DiskWish> {
  const said = new Map<string, DiskWish>();
  if (buses.size === 0 && disks.size === 0) return said;
  const of = (id: string): DiskWish => said.get(id) ?? noDiskWish;
  for (const [word, bus] of buses) {
    if (word === "*") continue;
    const id = diskNamed(appliance, word);
    said.set(id, { ...of(id), bus });
  }
  for (const [word, wish] of disks) {
    if (word === "*") continue;
    const id = diskNamed(appliance, word);
    said.set(id, over(wish, of(id)));
  }
  const others = over(disks.get("*") ?? noDiskWish, { ...noDiskWish, bus: buses.get("*") ?? null });
  for (const { id } of appliance.disks) {
    const own = of(id);
    // A format of its own does not take over a variant that is of another one.
    const rest = own.format === null ? others : { ...others, variant: null };
    said.set(id, over(own, rest));
  }
  return said;
}

/** What the first says, and the second where it says nothing. */
export function over(first: DiskWish, second: DiskWish): DiskWish {
  return {
    bus: first.bus ?? second.bus,
    controller: first.controller ?? second.controller,
    format: first.format ?? second.format,
    variant: first.variant ?? second.variant,
    name: first.name ?? second.name,
  };
}

/** The bus that a wish means: a controller's model says it, too. */
function busOf({ bus, controller }: DiskWish): Bus | null {
  if (bus !== null || controller === null) return bus;
  return scsiChip(controller) === "virtio" ? "virtio-scsi" : "scsi";
}

/** Hangs disks on controllers of the buses and models that are wanted; where on them is up to fitting. */
export function moveDisks(
  appliance: Appliance,
  machine: Machine,
  wishes: DiskWishes,
  say: (message: string) => void,
): Machine {
  const wanted = wishedDisks(appliance, wishes);
  if (wanted.size === 0) return machine;
  const controllers = [...machine.controllers];
  const attachments = machine.attachments.map((drive) => {
    if (drive.device !== "disk" || drive.disk === null) return drive;
    const wish = wanted.get(drive.disk) ?? noDiskWish;
    const bus = busOf(wish);
    const model = bus === "scsi" ? wish.controller : null;
    const right = (known: Controller): boolean => known.bus === bus && (model === null || isModel(known, model));
    const own = controllers.find(({ id }) => id === drive.controller);
    if (bus === null || (own !== undefined && right(own))) return drive;
    let controller = controllers.find(right);
    if (controller === undefined) {
      const index = controllers.filter((known) => known.bus === bus).length;
      controller = { id: `wished-${bus}${model === null ? "" : `-${model}`}`, bus, model, index };
      controllers.push(controller);
    }
    say(`${machine.name}: disk ${drive.disk} hangs on ${model ?? bus}, as you want it`);
    return { ...drive, controller: controller.id, slot: null };
  });
  return { ...machine, controllers, attachments };
}

function isModel({ model }: Controller, wanted: string): boolean {
  if (model === null) return false;
  const chip = scsiChip(wanted);
  return model.toLowerCase() === wanted.toLowerCase() || (chip !== null && scsiChip(model) === chip);
}

/** Places of a fitted machine's disks that are others than those that were wanted, in words. */
export function unmetPlaces(
  fitted: Appliance,
  machine: Machine,
  wishes: DiskWishes,
  target: string,
): readonly string[] {
  const wanted = wishedDisks(fitted, wishes);
  if (wanted.size === 0) return [];
  return machine.attachments.flatMap(({ disk, controller }) => {
    const wish = disk === null ? undefined : wanted.get(disk);
    const own = machine.controllers.find(({ id }) => id === controller);
    if (wish === undefined || own === undefined) return [];
    const bus = busOf(wish);
    if (bus !== null && own.bus !== bus) return [`${machine.name}: ${target} has no place on ${bus} for disk ${disk}`];
    if (wish.controller === null || own.bus !== "scsi" || own.model === null || isModel(own, wish.controller))
      return [];
    return [`${machine.name}: ${target} has no controller ${wish.controller} for disk ${disk}`];
  });
}
