/** Drives under the names of Proxmox VE, which has one kind of SCSI controller for all drives of a machine. */
import type { Attachment, Controller, Machine } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { scsiChip } from "../../targets/chips.js";
import { loss } from "../losses.js";

/** A drive and its name. */
export interface NamedDrive {
  /** `scsi0`. */
  readonly name: string;
  readonly attachment: Attachment;
  /** In the machine's list. */
  readonly index: number;
}

/** The drives of a machine. */
export interface ArrangedDrives {
  /** `scsihw`; `null`: no drive is on SCSI. */
  readonly scsihw: string | null;
  readonly drives: readonly NamedDrive[];
}

const MOST_SCSI = 31;

/** Names all drives of a fitted machine. What gets another controller or number is noted. */
export function arrangeDrives(machine: Machine, notes: Diagnostic[]): ArrangedDrives {
  const byId = new Map(machine.controllers.map((controller) => [controller.id, controller]));
  const drives: NamedDrive[] = [];
  const scsi: { attachment: Attachment; index: number; controller: Controller }[] = [];
  for (const [index, attachment] of machine.attachments.entries()) {
    const controller = attachment.controller === null ? undefined : byId.get(attachment.controller);
    if (controller === undefined) continue;
    const slot = attachment.slot ?? 0;
    if (controller.bus === "ide") drives.push({ name: `ide${2 * controller.index + slot}`, attachment, index });
    else if (controller.bus === "sata") drives.push({ name: `sata${slot}`, attachment, index });
    else if (controller.bus === "virtio-blk") drives.push({ name: `virtio${slot}`, attachment, index });
    else if (controller.bus === "scsi" || controller.bus === "virtio-scsi")
      scsi.push({ attachment, index, controller });
  }
  const [first] = scsi;
  if (first === undefined) return { scsihw: null, drives: inOrder(drives) };
  const chosen = (scsi.find(({ index }) => machine.boot.some((b) => b.index === index)) ?? first).controller;
  const scsihw = scsihwOf(chosen);
  const lsi = scsihw.startsWith("lsi");
  const numbers = new Map<number, number>();
  const taken = new Set<number>();
  for (const { attachment, index, controller } of scsi) {
    const slot = attachment.slot ?? 0;
    const number = lsi ? (slot < 7 ? 7 * controller.index + slot : null) : controller.index === 0 ? slot : null;
    if (scsihwOf(controller) !== scsihw || number === null || number >= MOST_SCSI || taken.has(number)) continue;
    numbers.set(index, number);
    taken.add(number);
  }
  for (const { attachment, index, controller } of scsi) {
    const own = numbers.get(index);
    if (own !== undefined) {
      drives.push({ name: `scsi${own}`, attachment, index });
      continue;
    }
    let number = 0;
    while (taken.has(number)) number++;
    taken.add(number);
    const what = attachment.device === "disk" ? `disk ${attachment.disk}` : "a CD drive";
    const data = { machine: machine.id, disk: attachment.disk, number, scsihw };
    if (number >= MOST_SCSI) {
      const message = `${machine.name}: ${what} has no place: a machine takes ${MOST_SCSI} drives on SCSI`;
      notes.push(loss("error", "proxmox/no-room", message, { data }));
      continue;
    }
    const other = scsihwOf(controller) !== scsihw;
    notes.push(
      other
        ? loss(
            "warning",
            "proxmox/one-scsi-controller",
            `${machine.name}: ${what} moves from ${scsihwOf(controller)} to ${scsihw} as scsi${number}: Proxmox VE has one kind of SCSI controller in a machine`,
            { data, hint: `The guest needs a driver for ${scsihw}.` },
          )
        : loss("info", "proxmox/drive-renumbered", `${machine.name}: ${what} becomes scsi${number}`, { data }),
    );
    drives.push({ name: `scsi${number}`, attachment, index });
  }
  return { scsihw, drives: inOrder(drives) };
}

function scsihwOf({ bus, model }: Controller): string {
  if (bus === "virtio-scsi") return model === "virtio-scsi-single" ? model : "virtio-scsi-pci";
  switch (model === null ? null : scsiChip(model)) {
    case "53c810":
      return "lsi53c810";
    case "megasas":
      return "megasas";
    case "pvscsi":
      return "pvscsi";
    default:
      return "lsi";
  }
}

const KINDS = ["ide", "scsi", "virtio", "sata"];

/** In the order in which Proxmox VE goes through drives. */
function inOrder(drives: readonly NamedDrive[]): readonly NamedDrive[] {
  const rank = ({ name }: NamedDrive): number => {
    const [, kind = "", number = ""] = /^([a-z]+)([0-9]+)$/.exec(name) ?? [];
    return KINDS.indexOf(kind) * 100 + Number(number);
  };
  return [...drives].sort((a, b) => rank(a) - rank(b));
}
