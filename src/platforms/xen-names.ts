import type { Diagnostic, Location } from "../base/diagnostics.js";
import { printable } from "../base/text.js";

/** What Xen calls the disks that a guest sees, as far as several configurations use it. Source: Xen's docs/man/xen-vbd-interface.7.pandoc. */

/** The name of a disk in the guest: `hda`, `sdb`, `xvdc1`. */
export interface GuestDiskName {
  /** `hd`, `sd`, `vd`, `xvd`, `fd`, `ubd`. */
  readonly prefix: string;
  /** From 0: `a` is 0, `aa` is 26. */
  readonly index: number;
  /** The image is a partition by itself, such as `sda1`; `null`: a whole disk. */
  readonly partition: number | null;
}

const NAME = /^(?:ioemu:)?(fd|hd|vd|sd|xvd|ubd)([a-z]{1,3})([0-9]{1,3})?$/;

/** Takes a disk's name apart; `null`: it is of no known shape. */
export function guestDiskName(text: string): GuestDiskName | null {
  const match = NAME.exec(text.trim());
  if (match === null) return null;
  const [, prefix = "", letters = "", digits] = match;
  let index = 0;
  for (const letter of letters) index = index * 26 + (letter.charCodeAt(0) - 96);
  return { prefix, index: index - 1, partition: digits === undefined ? null : Number(digits) };
}

/** A finding on a disk that the guest sees as a partition without a disk around it. */
export function partitionDisk(name: string, location: Location | undefined): Diagnostic {
  return {
    code: "xen/partition-disk",
    severity: "warning",
    message: `disk ${printable(name)} is a partition by itself: its image has no partition table`,
    hint: "Only a paravirtual guest of Xen sees it so. Elsewhere, make a disk with a partition table of it, and a boot loader.",
    ...(location === undefined ? {} : { location }),
  };
}

/** The letters of a disk by its number, from 0: `a`, `z`, `aa`. */
export function guestDiskLetters(index: number): string {
  let letters = "";
  for (let rest = index + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(97 + ((rest - 1) % 26)) + letters;
  }
  return letters;
}
