import { FerryError } from "../base/errors.js";
import { formatBytes } from "../base/text.js";
import type { Fill } from "../io/target.js";
import type { AmendPlan } from "./model.js";

/** The error for a disk that cannot be given another capacity where it lies. @param why how it is, as a sentence without its subject */
export function cannotResize(label: string, why: string, hint: string): FerryError {
  return new FerryError("disk/cannot-amend", `${label} cannot be resized where it lies: ${why}`, {
    hint,
    location: { at: "bytes", file: label, offset: 0 },
  });
}

/** The error for a disk that holds only changes to another one. */
export function cannotResizeChild(label: string): FerryError {
  return cannotResize(
    label,
    "it holds only changes to another disk",
    "Flatten the chain into a new disk with vmferry disk convert, and resize that one.",
  );
}

/** Holds a new capacity to what is possible. @throws `disk/cannot-shrink`, `disk/too-large` */
export function checkGrowth(label: string, oldBytes: number, newBytes: number, mostBytes: number): void {
  if (newBytes < oldBytes) {
    throw new FerryError(
      "disk/cannot-shrink",
      `${label} has ${formatBytes(oldBytes)} (${oldBytes} bytes) and cannot shrink to ${formatBytes(newBytes)} (${newBytes} bytes)`,
      { hint: "Make the file systems smaller in the guest, and copy them to a new, smaller disk." },
    );
  }
  if (newBytes > mostBytes) {
    throw new FerryError(
      "disk/too-large",
      `${label} can have ${formatBytes(mostBytes)}, not ${formatBytes(newBytes)}`,
      {
        hint: "Convert it to another format, such as qcow2 or raw.",
      },
    );
  }
}

/** A range of zeros, as far as it lies in a file that ends at `fileBytes`: behind that nothing has to be written. */
export function zeroFill(at: number, length: number, fileBytes: number): readonly Fill[] {
  const inFile = Math.min(length, fileBytes - at);
  return inFile > 0 ? [{ at, length: inFile, byte: 0 }] : [];
}

/**
 * The plan of a change of capacity: it mends nothing.
 * @throws `disk/cannot-amend` where it would write a byte twice, or past its end: structures of a damaged image that lie over each other
 */
export function resizePlan(label: string, edit: Omit<AmendPlan, "mended" | "left">): AmendPlan {
  const { patches, moves = [], fills = [], fileBytes } = edit;
  const written = [
    ...moves.map(({ to, length }) => ({ at: to, length })),
    ...fills,
    ...patches.map(({ at, bytes }) => ({ at, length: bytes.length })),
  ]
    .filter(({ length }) => length > 0)
    .sort((a, b) => a.at - b.at);
  let end = 0;
  let fits = true;
  for (const { at, length } of written) {
    fits &&= at >= end;
    end = at + length;
  }
  if (!fits || (fileBytes !== null && end > fileBytes)) {
    throw cannotResize(label, "its structures lie over each other", "Check it with vmferry disk check.");
  }
  return { ...edit, mended: [], left: [] };
}
