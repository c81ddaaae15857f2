import { alignUp } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import type { RandomTarget } from "../io/target.js";
import type { Region, UnitKernel, WriteOp, WriteResult } from "./model.js";
import type { PackedUnits } from "./units.js";

/** A file of a target while it is written. */
export interface OpenFile {
  readonly target: RandomTarget;
  /** Where the next appended bytes go. */
  end: number;
  /** Room that alignment left before the end, for packed units. */
  gap: { readonly at: number; readonly end: number } | null;
}

/** Where the units of an op lie. */
export type PlacedUnits = Pick<WriteResult, "at" | "places">;

/** Writes one of a plan's own structures. */
export async function placeRegion(file: OpenFile, region: Region): Promise<void> {
  let at = region.at === "append" ? file.end : region.at;
  const end = at + region.length;
  for (const bytes of region.bytes()) {
    await file.target.writeAt(at, bytes);
    at += bytes.length;
  }
  if (at > end) throw new FerryError("internal/bug", `a region of ${region.length} bytes is longer than planned`);
  if (end > file.end) file.end = end;
}

/** Plain units of a target that workers cannot open. Those that workers wrote are not in `output`. */
export async function placePlain(file: OpenFile, op: WriteOp, at: number, output: PackedUnits): Promise<void> {
  if (output.payload === null) return;
  let taken = 0;
  for (const [i, length] of output.stored.entries()) {
    if (length === 0) continue;
    const whole = Math.min(length, op.length - i * op.unitBytes);
    await file.target.writeAt(at + i * op.unitBytes, new Uint8Array(output.payload, taken, whole));
    taken += length;
  }
}

/** Appends the units of an op: with one write, unless some of them are stored plain at multiples of the unit. */
export async function appendUnits(
  file: OpenFile,
  op: WriteOp,
  unshrunk: UnitKernel["unshrunk"],
  output: PackedUnits,
): Promise<PlacedUnits> {
  const at = file.end;
  if (output.payload === null || output.payloadBytes === 0) return { at };
  const bytes = new Uint8Array(output.payload, 0, output.payloadBytes);
  if (unshrunk === undefined) {
    await append(file, bytes);
    return { at };
  }
  return { at, places: await appendMixed(file, op, output.stored, bytes) };
}

async function append(file: OpenFile, bytes: Uint8Array): Promise<void> {
  if (bytes.length === 0) return;
  await file.target.writeAt(file.end, bytes);
  file.end += bytes.length;
}

/**
 * Packed units fill the gap that alignment left last, as far as they fit, and go on at the end; plain ones follow at a multiple of the
 * unit. Three writes at most.
 */
async function appendMixed(file: OpenFile, op: WriteOp, stored: Uint32Array, bytes: Uint8Array): Promise<Float64Array> {
  const { unitBytes } = op;
  const places = new Float64Array(stored.length);
  const gapAt = file.gap?.at ?? 0;
  const gapRoom = (file.gap?.end ?? 0) - gapAt;
  let inGap = 0;
  let packed = 0;
  for (const [i, length] of stored.entries()) {
    if (length === 0 || length === unitBytes) continue;
    if (packed === inGap && inGap + length <= gapRoom) {
      places[i] = gapAt + inGap;
      inGap += length;
    } else {
      places[i] = file.end + packed - inGap;
    }
    packed += length;
  }
  if (inGap > 0) {
    await file.target.writeAt(gapAt, bytes.subarray(0, inGap));
    file.gap = { at: gapAt + inGap, end: gapAt + gapRoom };
  }
  await append(file, bytes.subarray(inGap, packed));
  if (packed === bytes.length) return places;
  const start = alignUp(file.end, unitBytes);
  if (start - file.end > gapRoom - inGap) file.gap = { at: file.end, end: start };
  file.end = start;
  let plain = start;
  for (const [i, length] of stored.entries()) {
    if (length !== unitBytes) continue;
    places[i] = plain;
    plain += unitBytes;
  }
  await append(file, bytes.subarray(packed));
  return places;
}
