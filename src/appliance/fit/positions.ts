import type { Bus } from "../../base/ids.js";
import type { Attachment, Controller, Machine } from "../appliance.js";

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

/** Buses in the order in which firmware looks at them, where it looks at all of them. */
const BUS_ORDER: readonly (Bus | null)[] = ["ide", "sata", "scsi", "virtio-scsi", "virtio-blk", "nvme"];

/** The first drive of a kind, by where it hangs: lists may be in any order. */
export function firstDrive(machine: Machine, device: Attachment["device"]): Attachment | undefined {
  const numbers = numberControllers(machine.controllers);
  const rank = ({ controller, slot }: Attachment): number => {
    const bus = machine.controllers.find(({ id }) => id === controller)?.bus ?? null;
    const order = BUS_ORDER.indexOf(bus);
    const number = controller === null ? 0 : (numbers.get(controller) ?? 0);
    return ((order < 0 ? BUS_ORDER.length : order) * 1000 + number) * 1000 + (slot ?? 999);
  };
  return machine.attachments
    .filter((drive) => drive.device === device)
    .reduce<Attachment | undefined>(
      (best, drive) => (best === undefined || rank(drive) < rank(best) ? drive : best),
      undefined,
    );
}
