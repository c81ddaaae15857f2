import type { Controller } from "../../appliance/appliance.js";
import type { Bus } from "../../base/ids.js";
import type { XmlElement } from "../../xml/tree.js";
import type { DomainReading } from "./import-scope.js";
import { attr, numberFrom } from "./view.js";

/** Where libvirt puts a drive. */
export interface Place {
  /** `xen`: Xen's own disks, which hang on no controller that a guest would see. */
  readonly bus: Bus | "xen";
  /** As libvirt counts: parallel SCSI and virtio-scsi share one count; IDE counts channels. */
  readonly number: number;
  readonly slot: number;
  /** Chip of a controller that the domain does not list. */
  readonly model?: string | null;
}

/** Controllers of a domain while they are read. */
export interface Buses {
  /** Takes a `<controller>`. */
  declare(element: XmlElement): void;
  /** A free place for a drive, the wished one where it is. */
  place(place: Place, drive: string): { readonly controller: string; readonly slot: number };
  all(): readonly Controller[];
}

/** libvirt's words for SCSI chips that are others' words for other chips; ours are QEMU's. */
const SCSI: Readonly<Record<string, string>> = {
  lsilogic: "lsi53c895a",
  lsisas1068: "mptsas1068",
  lsisas1078: "megasas",
  vmpvscsi: "pvscsi",
};

/** The SCSI chip that a domain has without a word about it; `null`: not known. Seen with libvirt 9.0 and its QEMU driver. */
export function defaultScsi(x86: boolean, emulated: boolean): string | null {
  return emulated && x86 ? "lsi53c895a" : null;
}

/** Starts with no controllers. */
export function createBuses(reading: DomainReading): Buses {
  const { x86, emulated, left } = reading;
  const known = new Map<string, Controller>();
  const taken = new Set<string>();
  /** By libvirt's numbers, for what shares them. */
  const numbers = new Map<Controller, number>();

  const add = (id: string, bus: Bus, model: string | null, number: number, element?: XmlElement): Controller => {
    const made: Controller = { id, bus, model, index: number };
    known.set(id, made);
    numbers.set(made, number);
    reading.origin(`controllers/${id}`, element?.location);
    return made;
  };
  const scsi = (number: number, word: string | null, element?: XmlElement): Controller => {
    const model = word === null || word === "auto" ? defaultScsi(x86, emulated) : (SCSI[word] ?? word);
    const virtio = model === "virtio-scsi" || model?.startsWith("virtio-") === true;
    return add(`scsi${number}`, virtio ? "virtio-scsi" : "scsi", virtio ? null : model, number, element);
  };
  const controllerAt = ({ bus, number }: Place): Controller => {
    const id = bus === "floppy" ? `fdc${number}` : `${bus}${number}`;
    const old = known.get(id);
    if (old !== undefined) return old;
    if (bus === "scsi") return scsi(number, null);
    return bus === "xen" ? add(id, "scsi", "xen", 0) : add(id, bus, null, number);
  };

  // Without a word libvirt counts the controllers of a type itself.
  const next = new Map<string, number>();
  return {
    declare(element) {
      const type = attr(element, "type") ?? "";
      const number = numberFrom(attr(element, "index")) ?? next.get(type) ?? 0;
      next.set(type, Math.max(number + 1, next.get(type) ?? 0));
      const model = attr(element, "model");
      if (type === "scsi") {
        if (!known.has(`scsi${number}`)) scsi(number, model, element);
      } else if (type === "sata" || type === "nvme") {
        if (!known.has(`${type}${number}`)) add(`${type}${number}`, type, model, number, element);
      } else if (type === "usb") {
        // The companions of an EHCI controller share its number.
        if (model === "none" || known.has(`usb${number}`)) return;
        add(`usb${number}`, "usb", model ?? (emulated && x86 ? "piix3-uhci" : null), number, element);
      } else if (!/^(?:ide|fdc|pci|virtio-serial|ccid|xenbus|isa)$/.test(type)) {
        left(`controller ${type}`, element.markup);
      }
    },
    place(place, drive) {
      const controller = controllerAt(place);
      let { slot } = place;
      if (taken.has(`${controller.id} ${slot}`)) {
        left(`place of ${drive}`, `${controller.id}:${slot}`);
        for (slot = 0; taken.has(`${controller.id} ${slot}`); ) slot++;
      }
      taken.add(`${controller.id} ${slot}`);
      return { controller: controller.id, slot };
    },
    all() {
      const controllers = [...known.values()];
      for (const bus of ["scsi", "virtio-scsi"] as const) {
        const own = controllers.filter((controller) => controller.bus === bus);
        const rank = ({ id }: Controller, number: number): number => (id === "xen0" ? Number.MAX_SAFE_INTEGER : number);
        own.sort((a, b) => rank(a, numbers.get(a) ?? 0) - rank(b, numbers.get(b) ?? 0));
        for (const [index, controller] of own.entries()) controller.index = index;
      }
      return controllers;
    },
  };
}
