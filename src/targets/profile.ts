import type { Bus, DiskFormatId, Firmware, HashName, PackageKind, PlatformId, TargetId } from "../base/ids.js";

/** One kind of machine that a target makes: `gen1`, `gen2`, `pc`, `q35`, `vmx-19`. */
export interface MachineShape {
  readonly id: string;
  readonly firmware: readonly Firmware[];
  readonly bootBuses: readonly Bus[];
  /** NIC models in the target's words, the default first. */
  readonly nicModels: readonly string[];
  /** Buses for disks and CD drives: how many controllers, and drives on each. */
  readonly buses: Readonly<Partial<Record<Bus, { readonly controllers: number; readonly slots: number }>>>;
  /** Buses that take a CD drive; left out: every bus that takes a disk. */
  readonly cdromBuses?: readonly Bus[];
}

/** What one version of a platform takes. Fit, rules and preflight read the same profile. */
export interface TargetProfile {
  readonly id: TargetId;
  readonly platform: PlatformId;
  readonly version: string;
  /** Best first. */
  readonly shapes: readonly MachineShape[];
  readonly limits: {
    readonly cpus: number;
    readonly memoryBytes: number;
    readonly diskBytes: number;
    readonly nics: number;
  };
  readonly accepts: {
    readonly packages: readonly PackageKind[];
    readonly ovfVersions: readonly string[];
    readonly digests: readonly HashName[];
    readonly disks: readonly { readonly format: DiskFormatId; readonly variants: readonly string[] }[];
  };
}
