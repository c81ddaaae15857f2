import type { Appliance } from "../appliance/appliance.js";
import type { Diagnostic } from "../base/diagnostics.js";
import type { DiskFormatId, PackageKind, PlatformId, TargetId } from "../base/ids.js";
import type { Context } from "../io/context.js";
import type { DeploymentChoice } from "../ovf/deployment.js";
import type { PackageReader } from "../package/model.js";
import type { MachineShape, TargetProfile } from "../targets/profile.js";

/** What a user chose among what a package offers. */
export type ImportChoice = DeploymentChoice;

/** A disk of the result. */
export interface ExportDisk {
  /** Id in the appliance. */
  readonly disk: string;
  /** File name in the result. */
  readonly name: string;
  readonly format: DiskFormatId;
  readonly variant: string;
}

/** All files of a platform's result, with disks yet to be copied. */
export interface ExportPlan {
  readonly configs: readonly { readonly name: string; readonly bytes: Uint8Array; readonly executable?: boolean }[];
  /** Losses and notes, each with a code. */
  readonly notes: readonly Diagnostic[];
  readonly disks: readonly ExportDisk[];
  readonly files: readonly { readonly asset: string; readonly name: string }[];
}

/** One platform: reads its configurations into an appliance, writes them from one. Pure: no process, no network. */
export interface Platform<O extends object = object> {
  readonly id: PlatformId;
  readonly label: string;
  /** Package kinds that `importConfig` reads. */
  readonly reads: readonly PackageKind[];
  /** The profile that `exportConfig` writes for unless another is named; `null`: not written. */
  readonly defaultTarget: TargetId | null;
  readonly defaults: Readonly<O>;
  /** The configuration names its disks by absolute path: `exportConfig` has to know, as option `folder`, where they are going to lie. */
  readonly namesFolder?: true;
  /** Resolves the choice first. Findings go to `ctx.report`. */
  importConfig?(files: PackageReader, choice: ImportChoice, ctx: Context): Promise<Appliance>;
  /**
   * Writes the machines of a fitted appliance.
   * @param shapes one for each machine, by machine id
   */
  exportConfig?(
    fitted: Appliance,
    shapes: ReadonlyMap<string, MachineShape>,
    target: TargetProfile,
    options: Partial<O>,
    ctx: Context,
  ): Promise<ExportPlan>;
}
