/** What users want otherwise than the source has it, as data. */
import type { Bus, Firmware } from "../base/ids.js";
import type { DiskWish } from "./wished-disks.js";

/** What a user wants otherwise than the source has it. */
export interface Wishes {
  /** The name of the only machine. */
  readonly name: string | null;
  /** Ids or names of machines; empty: all of them. */
  readonly only: readonly string[];
  /** Ids or file names of disks that are left out. */
  readonly skipDisks: readonly string[];
  /** New names of networks by their old ones; `*`: of all others. */
  readonly networks: ReadonlyMap<string, string>;
  /** `new`: addresses of network cards are left to the target; `null`: not said, they stay. */
  readonly macs: "keep" | "new" | null;
  readonly firmware: Firmware | null;
  /** Where disks hang: by their ids or file names; `*`: all others. */
  readonly buses: ReadonlyMap<string, Bus>;
  /** What single disks are: by their ids or file names; `*`: all others. Where one says a bus, that counts before `buses`. */
  readonly disks: ReadonlyMap<string, DiskWish>;
  /** Models of network cards by their numbers; `*`: of all others. */
  readonly nics: ReadonlyMap<string, string>;
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  /** A guest system by any name: `debian12`, `windows2019srv-64`, `Ubuntu_64`. */
  readonly os: string | null;
  /** What is wanted of single machines, by their ids: all of it counts before what is wanted of all. */
  readonly machines: ReadonlyMap<string, MachineWishes>;
  /** What counts where nothing of the above says anything. */
  readonly profile: ProfileWishes | null;
}

/** Everything as the source has it. */
export const noWishes: Wishes = Object.freeze({
  name: null,
  only: [],
  skipDisks: [],
  networks: new Map(),
  macs: null,
  firmware: null,
  buses: new Map(),
  disks: new Map(),
  nics: new Map(),
  cpus: null,
  memoryBytes: null,
  os: null,
  machines: new Map(),
  profile: null,
});

/** What is wanted of one machine, or of all. `null` and empty: nothing in particular. */
export interface MachineWishes {
  readonly name: string | null;
  readonly firmware: Firmware | null;
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  readonly os: string | null;
  /** Models of network cards by their numbers; `*`: of all others. */
  readonly nics: ReadonlyMap<string, string>;
  /** Where the machine's disks hang. */
  readonly bus: Bus | null;
}

/** What a profile wants. Names in it may be of other sources: those that are not there mean nothing. */
export interface ProfileWishes extends Omit<MachineWishes, "bus"> {
  readonly only: readonly string[];
  readonly skipDisks: readonly string[];
  readonly networks: ReadonlyMap<string, string>;
  readonly macs: "keep" | "new" | null;
  /** By ids or file names of disks; `*`: all others. */
  readonly disks: ReadonlyMap<string, DiskWish>;
  /** By ids or names of machines. */
  readonly machines: ReadonlyMap<string, MachineWishes>;
}
