/** Where XenServer's numbers of drives are on emulated hardware. Sources: xapi's device_number.ml, xenopsd's device.ml. */
import type { Attachment, Machine } from "../appliance/appliance.js";
import type { Bus } from "../base/ids.js";

/** Drives that are emulated too: the firmware sees no others. */
export const EMULATED = 4;
/** Numbers of drives that xapi gives out. */
export const MOST_DRIVES = 255;

/** A place on a bus. */
export interface DrivePlace {
  readonly bus: Bus;
  readonly controller: number;
  readonly slot: number;
}

/** The number in `userdevice`: `3`, `xvdd`, `hdd`; `null`: none, the host chooses. */
export function deviceNumber(userdevice: string | null): number | null {
  const name = userdevice?.trim().toLowerCase() ?? "";
  const letters = /^(?:xvd|hd|sd)([a-z]{1,2})$/.exec(name)?.[1];
  const number = /^[0-9]{1,3}$/.test(name)
    ? Number(name)
    : letters === undefined
      ? null
      : [...letters].reduce((n, letter) => 26 * n + letter.charCodeAt(0) - 96, 0) - 1;
  return number !== null && number <= MOST_DRIVES ? number : null;
}

/** What a Linux guest calls it: `xvda`. */
export function deviceName(number: number): string {
  const last = String.fromCharCode(97 + (number % 26));
  return number < 26 ? `xvd${last}` : `xvd${String.fromCharCode(96 + Math.floor(number / 26))}${last}`;
}

/**
 * The place of a drive: the first four are on IDE, or for disks of EFI machines on NVMe, until the guest's driver for Xen takes over; all
 * others, and all of PV guests, are Xen's own.
 */
export function placeOf(
  number: number,
  device: Attachment["device"],
  machine: Pick<Machine, "virtualization" | "firmware">,
): DrivePlace {
  if (machine.virtualization === "pv" || machine.virtualization === "pvh" || number >= EMULATED) {
    return { bus: "scsi", controller: 0, slot: number };
  }
  if (device === "floppy") return { bus: "floppy", controller: 0, slot: 0 };
  if (device === "disk" && machine.firmware !== "bios") return { bus: "nvme", controller: 0, slot: number };
  return { bus: "ide", controller: number >> 1, slot: number % 2 };
}

/** The number for a place that `placeOf` gives; `null` for others. */
export function numberOfPlace({ bus, controller, slot }: DrivePlace): number | null {
  if (bus === "ide") return 2 * controller + slot;
  if (bus === "nvme") return slot < EMULATED ? slot : null;
  return bus === "scsi" ? slot : null;
}

/** A drive with its number. */
export interface NumberedDrive {
  readonly attachment: Attachment;
  readonly number: number;
  /** The number that its place means; `null`: it has none. */
  readonly wish: number | null;
}

/**
 * The number of each drive of a machine: that of its place, or the first one that is free. Disks choose before CD drives. `null`: a floppy drive, which
 * XenServer has none of.
 */
export function driveNumbers(machine: Machine): readonly (NumberedDrive | null)[] {
  const byId = new Map(machine.controllers.map((controller) => [controller.id, controller]));
  const wishes = machine.attachments.map(({ controller, slot }) => {
    const at = byId.get(controller ?? "");
    return at === undefined || slot === null ? null : numberOfPlace({ bus: at.bus, controller: at.index, slot });
  });
  const order = [...machine.attachments.keys()].sort(
    (a, b) => rank(machine.attachments[a]) - rank(machine.attachments[b]) || a - b,
  );
  const taken = new Set<number>();
  const numbered: (NumberedDrive | null)[] = machine.attachments.map(() => null);
  for (const index of order) {
    const attachment = machine.attachments[index];
    if (attachment === undefined || attachment.device === "floppy") continue;
    const wish = wishes[index] ?? null;
    const number = wish !== null && !taken.has(wish) ? wish : freeNumber(attachment, taken);
    taken.add(number);
    numbered[index] = { attachment, number, wish };
  }
  return numbered;
}

function rank(drive: Attachment | undefined): number {
  return drive?.device === "disk" ? 0 : 1;
}

/** CD drives stand behind the disks, where the firmware still sees them. */
function freeNumber({ device }: Attachment, taken: ReadonlySet<number>): number {
  if (device === "cdrom") {
    for (let n = EMULATED - 1; n >= 0; n--) if (!taken.has(n)) return n;
  }
  let n = 0;
  while (taken.has(n) && n < MOST_DRIVES) n++;
  return n;
}
