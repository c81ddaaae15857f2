/** What users want of the files of disks, and what of it a result cannot have. */
import type { FitResult } from "../../appliance/fit.js";
import type { Wishes } from "../../appliance/wish.js";
import { wishedDisks } from "../../appliance/wished-disks.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { chooseDiskFiles, type DiskProblem } from "../../platforms/disk-files.js";
import type { OvfFlavour } from "../../platforms/ovf/flavours.js";
import type { DiskFile, Platform } from "../../platforms/platform.js";

/** The files of disks as they are wanted, and errors for what cannot be. */
export function wishedFiles(
  platform: Platform,
  { appliance, shapes }: FitResult,
  wishes: Wishes,
): { readonly files: ReadonlyMap<string, DiskFile>; readonly unmet: readonly Diagnostic[] } {
  const { files, problems } = chooseDiskFiles(platform, appliance, shapes, wishedDisks(appliance, wishes));
  return { files, unmet: problems.map(unmetDisk) };
}

/** Errors for what a package cannot have: there is one format that its consumer takes, and its disks have its name. */
export function unmetPackageFiles(
  { label, disk }: OvfFlavour,
  { appliance, shapes }: FitResult,
  wishes: Wishes,
): readonly Diagnostic[] {
  const wanted = wishedDisks(appliance, wishes);
  const disks = [{ format: disk.format, variants: [disk.variant], extension: `.${disk.format}` }];
  const unnamed = new Map([...wanted].map(([id, wish]) => [id, { ...wish, name: null }]));
  const { problems } = chooseDiskFiles({ label, disks }, appliance, shapes, unnamed);
  const named = [...wanted].flatMap(([id, { name }]): readonly DiskProblem[] =>
    name === null
      ? []
      : [
          {
            disk: id,
            message: `disk ${id} cannot be called ${JSON.stringify(name)}: disks of a package are called after it`,
            hint: "Leave out the name.",
          },
        ],
  );
  return [...problems, ...named].map(unmetDisk);
}

function unmetDisk({ disk, message, hint }: DiskProblem): Diagnostic {
  return { code: "fit/wish-not-met", severity: "error", message, hint, data: { disk } };
}
