import type { Diagnostic } from "../../base/diagnostics.js";
import type { Bus } from "../../base/ids.js";
import { scsiChip, usbChip } from "../../targets/chips.js";
import type { MachineShape } from "../../targets/profile.js";
import type { Appliance, Controller, Machine } from "../appliance.js";
import { note } from "./note.js";
import { numberControllers, type Position } from "./positions.js";

/** The controllers that a machine gets. */
export interface ControllerFit {
  readonly controllers: Controller[];
  readonly notes: readonly Diagnostic[];
  /** Id of the controller at a place that was given to a drive. */
  idOf(position: Position): string;
}

/** Keeps the source's controllers where the shape has them, adds those that drives moved to, and picks a model for each. */
export function fitControllers(
  appliance: Appliance,
  machine: Machine,
  shape: MachineShape,
  places: ReadonlyMap<number, Position>,
): ControllerFit {
  const notes: Diagnostic[] = [];
  const controllers: Controller[] = [];
  const ids = new Map<string, string>();
  const taken = new Set(machine.controllers.map((c) => c.id));
  const numbers = numberControllers(machine.controllers);
  const used = new Set([...places.values()].map((p) => `${p.bus} ${p.controller}`));
  const drives = new Set(machine.attachments.map((a) => a.controller));
  const dropped = new Map<Bus, number>();

  for (const controller of machine.controllers) {
    const number = numbers.get(controller.id) ?? controller.index;
    const bus = shape.buses[controller.bus];
    const place = `${controller.bus} ${number}`;
    if (bus === undefined || number >= bus.controllers) {
      // Where its drives went is said of each drive.
      if (!drives.has(controller.id)) dropped.set(controller.bus, (dropped.get(controller.bus) ?? 0) + 1);
      continue;
    }
    if (!used.has(place) && drives.has(controller.id)) continue;
    ids.set(place, controller.id);
    controllers.push({ ...controller, index: number, model: modelFor(appliance, machine, shape, controller, notes) });
  }
  for (const place of [...used].sort()) {
    if (ids.has(place)) continue;
    const [bus, number] = place.split(" ") as [Bus, string];
    let id = `${bus}${number}`;
    while (taken.has(id)) id = `${id}+`;
    taken.add(id);
    ids.set(place, id);
    controllers.push({ id, bus, model: modelOfNew(machine, shape, place, places), index: Number(number) });
  }
  for (const [bus, count] of dropped) {
    const data = { machine: machine.id, bus, count };
    notes.push(
      note(
        appliance,
        "info",
        "fit/controller-dropped",
        `${machine.name}: ${count} ${bus} controller${count === 1 ? "" : "s"} without drives left out: a ${shape.id} machine has none`,
        { data },
      ),
    );
  }
  return {
    controllers,
    notes,
    idOf: (position) => ids.get(`${position.bus} ${position.controller}`) ?? "",
  };
}

/** A controller that takes what its neighbour has no room for is of the neighbour's model. */
function modelOfNew(
  machine: Machine,
  shape: MachineShape,
  place: string,
  places: ReadonlyMap<number, Position>,
): string | null {
  for (const [index, position] of places) {
    if (`${position.bus} ${position.controller}` !== place) continue;
    const source = machine.controllers.find((c) => c.id === machine.attachments[index]?.controller);
    const word = source?.bus === position.bus ? wordFor(shape, source) : null;
    if (word !== null) return word;
  }
  const bus = place.slice(0, place.indexOf(" ")) as Bus;
  return shape.buses[bus]?.models?.[0] ?? null;
}

/** The target's word for a controller's chip; `null`: it has none. */
function wordFor(shape: MachineShape, controller: Controller): string | null {
  const { bus, model } = controller;
  const models = shape.buses[bus]?.models;
  if (models === undefined || model === null) return model;
  const chipOf = bus === "usb" ? usbChip : scsiChip;
  const chip = chipOf(model);
  return (
    models.find((m) => m.toLowerCase() === model.toLowerCase()) ??
    (chip === null ? null : (models.find((m) => chipOf(m) === chip) ?? null))
  );
}

/** The target's word for a controller's chip; the target's default, with a note, where it has none. */
function modelFor(
  appliance: Appliance,
  machine: Machine,
  shape: MachineShape,
  controller: Controller,
  notes: Diagnostic[],
): string | null {
  const { bus, model } = controller;
  const models = shape.buses[bus]?.models;
  const fallback = models?.[0];
  if (models === undefined || fallback === undefined) return model;
  const data = { machine: machine.id, bus, index: controller.index, from: model, to: fallback };
  if (model === null) {
    notes.push(
      note(
        appliance,
        "info",
        "fit/controller-model-chosen",
        `${machine.name}: the source does not say what ${bus} controller ${controller.index} is; it becomes ${fallback}`,
        { data },
      ),
    );
    return fallback;
  }
  const same = wordFor(shape, controller);
  if (same !== null) return same;
  // USB controllers carry no drives, and every system finds them by class.
  const harmless = bus === "usb";
  notes.push(
    note(
      appliance,
      harmless ? "info" : "warning",
      "fit/controller-model-changed",
      `${machine.name}: ${bus} controller ${controller.index} (${model}) becomes ${fallback}: a ${shape.id} machine has no ${model}`,
      {
        data,
        ...(harmless ? {} : { hint: `The guest needs a driver for ${fallback} when it boots.` }),
      },
    ),
  );
  return fallback;
}
