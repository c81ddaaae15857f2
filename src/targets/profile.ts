import type { Bus, DiskFormatId, Firmware, HashName, PackageKind, PlatformId, TargetId } from "../base/ids.js";

/** What a machine shape has of one bus. */
export interface BusShape {
  readonly controllers: number;
  /** Drive numbers on each controller: `0` to `slots - 1`. 0: the bus is there, but takes no disks and CD drives. */
  readonly slots: number;
  /** Drive numbers that no drive may have: a SCSI controller's own address. */
  readonly reserved?: readonly number[];
  /** Controller models in the target's words, the default first; left out: the target has no choice of models. */
  readonly models?: readonly string[];
}

/** One kind of machine that a target makes: `gen1`, `gen2`, `pc`, `q35`, `vmx-19`. */
export interface MachineShape {
  readonly id: string;
  readonly firmware: readonly Firmware[];
  /** Buses that a machine can boot from, the best first: a drive that has to move goes to the first one with room. */
  readonly bootBuses: readonly Bus[];
  /** NIC models in the target's words, the default first; empty: every model is kept as it is. */
  readonly nicModels: readonly string[];
  /** Buses for disks and CD drives: how many controllers, and drives on each. */
  readonly buses: Readonly<Partial<Record<Bus, BusShape>>>;
  /** Buses that take a CD drive; left out: every bus that takes a disk. */
  readonly cdromBuses?: readonly Bus[];
  /** The firmware boots the first disk by position alone: an order among disks cannot be written down. */
  readonly bootsFirstDisk?: true;
  /** Where this shape takes less than the target. */
  readonly limits?: Partial<Omit<TargetLimits, "diskBytes">>;
}

/** The most that a machine of a target may have. */
export interface TargetLimits {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly nics: number;
}

/** What one version of a platform takes. Fit, rules and preflight read the same profile. */
export interface TargetProfile {
  readonly id: TargetId;
  readonly platform: PlatformId;
  readonly version: string;
  /** Best first. */
  readonly shapes: readonly MachineShape[];
  /** What a machine gets whose source says nothing about its firmware. */
  readonly defaultFirmware: Firmware;
  readonly limits: TargetLimits;
  /** Memory is a multiple of `stepBytes`, and at least `minBytes`. */
  readonly memory: { readonly stepBytes: number; readonly minBytes: number };
  readonly accepts: {
    readonly packages: readonly PackageKind[];
    readonly ovfVersions: readonly string[];
    readonly digests: readonly HashName[];
    readonly disks: readonly { readonly format: DiskFormatId; readonly variants: readonly string[] }[];
  };
}
