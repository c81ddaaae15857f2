/** Wishes that many conversions share, and how they go together with those of one. */
import type { Appliance, Disk } from "./appliance.js";
import type { MachineWishes, ProfileWishes, Wishes } from "./wish.js";
import { type DiskWish, noDiskWish, over } from "./wished-disks.js";

/** A machine of which nothing is wanted. */
export const noMachineWishes: MachineWishes = Object.freeze({
  name: null,
  firmware: null,
  cpus: null,
  memoryBytes: null,
  os: null,
  nics: new Map(),
  bus: null,
});

/** A profile that wants nothing. */
export const noProfile: ProfileWishes = Object.freeze({
  name: null,
  firmware: null,
  cpus: null,
  memoryBytes: null,
  os: null,
  nics: new Map(),
  only: [],
  skipDisks: [],
  networks: new Map(),
  macs: null,
  disks: new Map(),
  machines: new Map(),
});

type Scalars = Pick<MachineWishes, "name" | "firmware" | "cpus" | "memoryBytes" | "os" | "nics">;

function scalarsOver(top: Scalars, below: Scalars): Scalars {
  return {
    name: top.name ?? below.name,
    firmware: top.firmware ?? below.firmware,
    cpus: top.cpus ?? below.cpus,
    memoryBytes: top.memoryBytes ?? below.memoryBytes,
    os: top.os ?? below.os,
    nics: wordsOver(top.nics, below.nics),
  };
}

/** What is said of all counts before what was said of one below it. */
function wordsOver<V>(top: ReadonlyMap<string, V>, below: ReadonlyMap<string, V>): ReadonlyMap<string, V> {
  return top.has("*") ? top : new Map([...below, ...top]);
}

function disksOver(
  top: ReadonlyMap<string, DiskWish>,
  below: ReadonlyMap<string, DiskWish>,
): ReadonlyMap<string, DiskWish> {
  const all = top.get("*") ?? noDiskWish;
  const disks = new Map(top);
  for (const [word, wish] of below) {
    const own = word === "*" ? noDiskWish : (top.get(word) ?? noDiskWish);
    disks.set(word, over(own, over(all, wish)));
  }
  return disks;
}

/** One profile over another: what the upper one says counts. */
export function profileOver(top: ProfileWishes, below: ProfileWishes): ProfileWishes {
  const machines = new Map(below.machines);
  for (const [word, wish] of top.machines) {
    const other = below.machines.get(word) ?? noMachineWishes;
    machines.set(word, { ...scalarsOver(wish, other), bus: wish.bus ?? other.bus });
  }
  return {
    ...scalarsOver(top, below),
    only: top.only.length > 0 ? top.only : below.only,
    skipDisks: [...new Set([...below.skipDisks, ...top.skipDisks])],
    networks: wordsOver(top.networks, below.networks),
    macs: top.macs ?? below.macs,
    disks: disksOver(top.disks, below.disks),
    machines,
  };
}

/** What a profile came to for one source. */
export interface SettledWishes {
  readonly wishes: Wishes;
  /** What of the profile means nothing here: `machines.web`. */
  readonly unused: readonly string[];
}

/** Wishes of one conversion over those of a profile. */
export function settleWishes(appliance: Appliance, wishes: Wishes, profile: ProfileWishes): SettledWishes {
  const unused: string[] = [];
  const here = present(appliance, profile, wishes.skipDisks, unused);
  const said: ProfileWishes = {
    ...noProfile,
    ...wishes,
    machines: new Map(),
    disks: new Map(
      [...busesOf(wishes), ...wishes.disks].map(([word, wish]) => [
        word,
        over(wish, busesOf(wishes).get(word) ?? noDiskWish),
      ]),
    ),
  };
  const { only, skipDisks, networks, macs, disks, ...all } = profileOver(said, here);
  const machines = new Map<string, MachineWishes>();
  for (const { id, name } of appliance.machines) {
    const own = here.machines.get(id) ?? here.machines.get(name);
    if (own === undefined) continue;
    const below = scalarsOver(own, { ...here, name: null });
    machines.set(id, { ...scalarsOver(said, below), bus: own.bus });
  }
  const scalars = scalarsOver(all, noMachineWishes);
  return {
    wishes: { ...wishes, ...scalars, only, skipDisks, networks, macs, disks, buses: new Map(), machines },
    unused,
  };
}

function busesOf({ buses }: Wishes): ReadonlyMap<string, DiskWish> {
  return new Map([...buses].map(([word, bus]) => [word, { ...noDiskWish, bus }]));
}

function isNamed({ id, file }: Disk, word: string): boolean {
  return id === word || file === word || file?.slice(file.lastIndexOf("/") + 1) === word;
}

/** The part of a profile that is about something in the source. */
function present(
  appliance: Appliance,
  profile: ProfileWishes,
  skipped: readonly string[],
  unused: string[],
): ProfileWishes {
  const isDisk = (word: string): boolean => appliance.disks.some((disk) => isNamed(disk, word));
  const isMachine = (word: string): boolean => appliance.machines.some(({ id, name }) => id === word || name === word);
  const networks = new Set([
    ...appliance.networks.map(({ name }) => name),
    ...appliance.machines.flatMap(({ nics }) => nics.flatMap(({ network }) => network ?? [])),
  ]);
  const those = <V>(
    what: string,
    map: ReadonlyMap<string, V>,
    isThere: (word: string) => boolean,
  ): ReadonlyMap<string, V> =>
    new Map(
      [...map].filter(([word]) => {
        const counts = word === "*" || isThere(word);
        if (!counts) unused.push(`${what}.${word}`);
        return counts;
      }),
    );
  const listed = (what: string, words: readonly string[], isThere: (word: string) => boolean): readonly string[] => [
    ...those(what, new Map(words.map((word) => [word, word])), isThere).keys(),
  ];
  const machines = those("machines", profile.machines, isMachine);
  const disks = new Map(those("disks", profile.disks, isDisk));
  for (const { id, name, attachments } of appliance.machines) {
    const bus = (machines.get(id) ?? machines.get(name))?.bus ?? null;
    if (bus === null) continue;
    for (const { disk } of attachments) {
      if (disk !== null) disks.set(disk, over(disks.get(disk) ?? noDiskWish, { ...noDiskWish, bus }));
    }
  }
  const only = listed("only", profile.only, isMachine);
  const skipDisks = listed("skip-disks", profile.skipDisks, isDisk);
  const gone = new Set(
    appliance.disks.filter((disk) => [...skipDisks, ...skipped].some((word) => isNamed(disk, word))),
  );
  for (const word of disks.keys()) if ([...gone].some((disk) => isNamed(disk, word))) disks.delete(word);
  return {
    ...profile,
    // None of them: that is a mistake, which whoever applies it names.
    only: only.length === 0 ? profile.only : only,
    skipDisks,
    networks: those("networks", profile.networks, (word) => networks.has(word)),
    disks,
    machines,
  };
}

/** What is wanted of one machine. */
export function wishesOfMachine(wishes: Wishes, id: string): Omit<MachineWishes, "bus"> {
  return wishes.machines.get(id) ?? wishes;
}
