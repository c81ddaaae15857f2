/** Disks that come in one pass from where they are, so that nothing is stored in between. */
import type { Appliance, Disk } from "../appliance/appliance.js";
import type { Diagnostic } from "../base/diagnostics.js";
import { formatBytes, printable } from "../base/text.js";
import type { DiskInfo, DiskShape, DiskStream, UnitKind } from "../disk/model.js";
import type { Context } from "../io/context.js";
import { settleCapacity } from "./disks.js";

/** A disk file that can be read from front to back, as often as it is asked for. */
export interface ComingDisk {
  /** What its first bytes say. */
  readonly info: DiskInfo;
  /** As of `DiskStream`. */
  units(): UnitKind | null;
  /** Begins to read it. */
  open(ctx: Context): Promise<DiskStream>;
}

/** Disks of an appliance that come, by their ids. What stands on another disk, or is packed as a whole, is none of them. */
export function comingDisks(
  { disks }: Appliance,
  coming: ReadonlyMap<string, ComingDisk> | undefined,
): ReadonlyMap<string, ComingDisk> {
  const found = new Map<string, ComingDisk>();
  for (const { id, file, parent, compression } of disks) {
    const one = file === null ? undefined : coming?.get(file);
    if (one !== undefined && parent === null && compression === null) found.set(id, one);
  }
  return found;
}

/** Fills in what the first bytes of a disk say, as opening it does. */
export function settleComing(disk: Disk, { info }: ComingDisk, ctx: Context): void {
  disk.format = info.format;
  disk.variant = info.variant;
  disk.capacityBytes = settleCapacity(disk, info, ctx);
}

/** The shape of a disk of which nobody knows where its data is. @param size what the guest sees of it, in bytes */
export function comingShape({ info }: ComingDisk, size: number): DiskShape {
  return { info: { ...info, size }, extents: null };
}

/** The disk as a stream that begins when it is first read. */
export function comingStream(coming: ComingDisk, ctx: Context): DiskStream {
  let begun: DiskStream | null = null;
  return {
    info: coming.info,
    units: () => coming.units(),
    async *reads(signal) {
      begun = await coming.open(ctx);
      yield* begun.reads(signal);
    },
    async cancel(reason) {
      await begun?.cancel(reason);
    },
  };
}

/** What is to be said of a disk that nobody looks into before it comes. */
export function comesOnce(disk: Disk, { info }: ComingDisk): Diagnostic {
  return {
    code: "disk/one-pass",
    severity: "info",
    message: `${printable(disk.file ?? disk.id)} (${formatBytes(info.size)}) is read in one pass from where it is, and stored nowhere in between`,
    hint: "What its guest needs to boot elsewhere is not looked at: that takes a disk that can be read in any order, as with --prove.",
  };
}

/** What is to be said of disks that could come in one pass and do not: they take room before. @param now those that come */
export function fetchedFirst(
  { disks }: Appliance,
  coming: ReadonlyMap<string, ComingDisk> | undefined,
  now: ReadonlyMap<string, ComingDisk>,
): readonly Diagnostic[] {
  return disks.flatMap(({ id, file }): Diagnostic[] => {
    const one = file === null || now.has(id) ? undefined : coming?.get(file);
    if (file === null || one === undefined) return [];
    return [
      {
        code: "deploy/fetched",
        severity: "info",
        message: `${printable(file)} is fetched into a temporary file before it is written: what is asked for reads it in another order than it comes in, or twice`,
        hint: "That takes room beside the result until the work is done.",
      },
    ];
  });
}
