/** What files a user wants disks to become, held against what a platform makes of disks. */
import type { Appliance } from "../appliance/appliance.js";
import type { DiskWish } from "../appliance/wished-disks.js";
import type { DiskFormatId } from "../base/ids.js";
import type { MachineShape } from "../targets/profile.js";
import { safeStem, splitFileName } from "./names.js";
import type { DiskFile, DiskKind, Platform } from "./platform.js";

/** A wish that the platform cannot take. */
export interface DiskProblem {
  readonly disk: string;
  readonly message: string;
  readonly hint: string;
}

/** The files of disks as they are wanted, by the disks' ids. */
export interface ChosenDisks {
  readonly files: ReadonlyMap<string, DiskFile>;
  readonly problems: readonly DiskProblem[];
}

/**
 * Chooses the kind and the name of each disk's file by what is wanted.
 * @param shapes of the fitted machines, by their ids: some run fewer formats than the platform
 */
export function chooseDiskFiles(
  { label, disks: kinds }: Pick<Platform, "label" | "disks">,
  fitted: Appliance,
  shapes: ReadonlyMap<string, MachineShape>,
  wanted: ReadonlyMap<string, DiskWish>,
): ChosenDisks {
  const files = new Map<string, DiskFile>();
  const problems: DiskProblem[] = [];
  const names = new Map<string, string>();
  for (const [disk, wish] of wanted) {
    const { format, variant, name } = wish;
    if (format === null && variant === null && name === null) continue;
    const able = kinds?.filter((kind) => takes(fitted, shapes, disk, kind.format)) ?? [];
    const refuse = (message: string): void => void problems.push({ disk, message, hint: hintOf(label, able) });
    if (kinds === undefined) {
      refuse(`disk ${disk}: there is nothing to choose of how ${label} holds its disks`);
      continue;
    }
    const extension = name === null ? "" : splitFileName(name).extension;
    const kind = able.find(
      (known) =>
        (format === null || known.format === format) &&
        (variant === null || known.variants.includes(variant)) &&
        (format !== null || name === null || known.extension === extension),
    );
    if (kind === undefined) {
      const words = [format, variant].filter((word) => word !== null).join(" ");
      refuse(
        words === ""
          ? `disk ${disk} cannot be called ${JSON.stringify(name)}: its ending is of no format that it can have there`
          : `disk ${disk} cannot be ${words}${name === null ? "" : ` and called ${JSON.stringify(name)}`}: ${label} has no such disks${sameFormat(kinds, able, format)}`,
      );
      continue;
    }
    if (name !== null) {
      const stem = name.slice(0, name.length - extension.length);
      const twin = names.get(name.toLowerCase());
      names.set(name.toLowerCase(), disk);
      if (extension !== kind.extension) {
        refuse(`disk ${disk} cannot be called ${JSON.stringify(name)}: such a file ends in ${kind.extension}`);
        continue;
      }
      if (safeStem(stem) !== stem) {
        refuse(`disk ${disk} cannot be called ${JSON.stringify(name)}: that is no name that every system takes`);
        continue;
      }
      if (twin !== undefined) {
        refuse(`disks ${twin} and ${disk} cannot both be called ${JSON.stringify(name)}`);
        continue;
      }
    }
    const isKind = format !== null || variant !== null || name !== null;
    files.set(disk, {
      ...(isKind ? { kind } : {}),
      ...(variant === null ? {} : { variant }),
      ...(name === null ? {} : { name }),
    });
  }
  return { files, problems };
}

/** Whether every machine that a disk hangs on runs a format. */
function takes(
  fitted: Appliance,
  shapes: ReadonlyMap<string, MachineShape>,
  disk: string,
  format: DiskFormatId,
): boolean {
  return fitted.machines.every((machine) => {
    const { diskFormats } = shapes.get(machine.id) ?? {};
    const uses = machine.attachments.some((drive) => drive.disk === disk);
    return !uses || diskFormats === undefined || diskFormats.includes(format);
  });
}

function sameFormat(kinds: readonly DiskKind[], able: readonly DiskKind[], format: string | null): string {
  const has = (list: readonly DiskKind[]): boolean => list.some((kind) => kind.format === format);
  return has(kinds) && !has(able) ? " for this machine" : "";
}

function hintOf(label: string, able: readonly DiskKind[]): string {
  if (able.length === 0) return "Leave out format, variant and name.";
  const words = able.map(({ format, variants, extension }) => `${format} (${variants.join(", ")}; ${extension})`);
  return `${label} takes: ${words.join(", ")}. A name has letters, digits, dots, hyphens and underscores, and the format's ending.`;
}
