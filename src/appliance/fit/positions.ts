import type { Bus } from "../../base/ids.js";
import type { Controller } from "../appliance.js";

/** Where a drive is: a bus, a controller's number among those of its bus, a drive number. */
export interface Position {
  readonly bus: Bus;
  readonly controller: number;
  readonly slot: number;
}

/** Numbers the controllers of each bus: by their index where that is sound, else by rank. */
export function numberControllers(controllers: readonly Controller[]): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  const byBus = new Map<Bus, Controller[]>();
  for (const controller of controllers) {
    const list = byBus.get(controller.bus);
    if (list === undefined) byBus.set(controller.bus, [controller]);
    else list.push(controller);
  }
  for (const list of byBus.values()) {
    const distinct = new Set(list.map((c) => c.index)).size === list.length;
    const sorted = [...list].sort((a, b) => a.index - b.index);
    for (const [rank, controller] of sorted.entries()) numbers.set(controller.id, distinct ? controller.index : rank);
  }
  return numbers;
}
