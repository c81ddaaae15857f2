/** Where XenServer's numbers of drives are on emulated hardware. Sources: xapi's device_number.ml, xenopsd's device.ml. */
import type { Attachment, Machine } from "../../appliance/appliance.js";
import type { Bus } from "../../base/ids.js";

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
