/** Options of conversions that want something otherwise than the source has it. */
import * as path from "node:path";
import { noWishes, type Wishes } from "../appliance/wish.js";
import { DISK_BUSES, type DiskWish, noDiskWish } from "../appliance/wished-disks.js";
import type { Bus, Firmware } from "../base/ids.js";
import type { OpenSourceOptions } from "../operations/opened.js";
import type { ProfileSection } from "../operations/profile/profile.js";
import type { PlacedFile } from "../package/machine/open.js";
import { openFolderAccess } from "../runtime/node/folder.js";
import type { OptionSpec } from "./command.js";
import { bytes, choice, flag, invalid, list, pairs, text, wholeNumber } from "./options.js";
import type { Session } from "./session.js";

const BUS = "--bus [DISK=]BUS";
const NIC = "--nic [NUMBER=]MODEL";

/** What `--bus` and `--nic` take: one word for all, or for one. */
function words(flags: string, what: string): OptionSpec<ReadonlyMap<string, string>> {
  const read = (given: readonly string[]): ReadonlyMap<string, string> =>
    new Map(
      given.map((word) => {
        const at = word.lastIndexOf("=");
        if (word === "" || at === 0 || at === word.length - 1)
          throw invalid(flags, word, `It is written as in ${flags}.`);
        return at < 0 ? ["*", word] : [word.slice(0, at), word.slice(at + 1)];
      }),
    );
  return { flags, what, repeated: true, read };
}

function buses(): OptionSpec<ReadonlyMap<string, Bus>> {
  const spec = words(BUS, `where disks hang, or one of them: ${DISK_BUSES.join(", ")}`);
  return {
    ...spec,
    read: (given) => new Map([...spec.read(given)].map(([disk, word]) => [disk, busNamed(BUS, word)])),
  };
}

const DISK = "--disk ID:KEY=VALUE,...";
const DISK_KEYS = ["format", "variant", "name", "bus", "controller"] as const;

/**
 * What `--disk` takes: a disk, and what is wanted of it. Ids may have colons (`scsi0:0`): the last one before a word and `=` ends them. Commas end a
 * value where another key follows.
 */
function disks(): OptionSpec<ReadonlyMap<string, DiskWish>> {
  const one = (word: string): readonly [string, DiskWish] => {
    const [, id = "", said = ""] = /^(.+?):([A-Za-z]+=.*)$/.exec(word) ?? [];
    if (id === "") throw invalid(DISK, word, `It is written as in --disk vda:format=raw,bus=sata.`);
    const wish: { -readonly [K in keyof DiskWish]: DiskWish[K] } = { ...noDiskWish };
    for (const pair of said.split(/,(?=[A-Za-z]+=)/)) {
      const at = pair.indexOf("=");
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      const key = DISK_KEYS.find((known) => known === name);
      if (key === undefined || value === "") throw invalid(DISK, word, `KEY is one of: ${DISK_KEYS.join(", ")}.`);
      if (key === "bus") wish.bus = busNamed(DISK, value);
      else wish[key] = value;
    }
    return [id, wish];
  };
  return {
    flags: DISK,
    what: "what a disk becomes, '*' all others: format, variant, name, bus, controller (can be repeated)",
    repeated: true,
    read(given) {
      const wishes = new Map<string, DiskWish>();
      for (const word of given) {
        const [id, wish] = one(word);
        const known = wishes.get(id) ?? noDiskWish;
        const said = Object.entries(wish).filter(([, value]) => value !== null);
        wishes.set(id, { ...known, ...Object.fromEntries(said) });
      }
      return wishes;
    },
  };
}

function busNamed(flags: string, word: string): Bus {
  const bus = DISK_BUSES.find((known) => known === word);
  if (bus === undefined) throw invalid(flags, word, `It is one of: ${DISK_BUSES.join(", ")}.`);
  return bus;
}

/** Options that change what comes out. */
export const wishOptions: {
  readonly name: OptionSpec<string | null>;
  readonly only: OptionSpec<readonly string[]>;
  readonly skipDisk: OptionSpec<readonly string[]>;
  readonly mapNetwork: OptionSpec<readonly (readonly [string, string])[]>;
  readonly mac: OptionSpec<"keep" | "new" | null>;
  readonly firmware: OptionSpec<Firmware | null>;
  readonly bus: OptionSpec<ReadonlyMap<string, Bus>>;
  readonly disk: OptionSpec<ReadonlyMap<string, DiskWish>>;
  readonly nic: OptionSpec<ReadonlyMap<string, string>>;
  readonly cpus: OptionSpec<number | null>;
  readonly memory: OptionSpec<number | null>;
  readonly os: OptionSpec<string | null>;
} = {
  name: text("--name NAME", "the name of the machine"),
  only: list("--only MACHINE", "convert this machine alone, by id or name (can be repeated)"),
  skipDisk: list("--skip-disk ID", "leave out a disk, by id or file name (can be repeated)"),
  mapNetwork: pairs("--map-network FROM=TO", "another name for a network; '*=TO' for all others (can be repeated)"),
  mac: choice("--mac MODE", "keep: addresses of network cards stay; new: the target gives new ones", ["keep", "new"]),
  firmware: choice("--firmware KIND", "what the machine boots by", ["bios", "efi", "efi-secure"]),
  bus: buses(),
  disk: disks(),
  nic: words(NIC, "the model of network cards, or of one of them, from 0"),
  cpus: wholeNumber("--cpus N", "processors", 1, 4096),
  memory: bytes("--memory SIZE", "memory, such as 4GiB"),
  os: text("--os NAME", "the guest system, such as debian12, win11, rhel9-64"),
};

/** What `wishOptions` were given. */
export type WishChoice = {
  readonly [K in keyof typeof wishOptions]: (typeof wishOptions)[K] extends OptionSpec<infer V> ? V : never;
};

/**
 * The wishes that a command line says.
 * @param section what a profile says for the same result
 */
export function wishesOf(options: WishChoice, section: ProfileSection | null): Wishes {
  return {
    ...noWishes,
    name: options.name,
    only: options.only,
    skipDisks: options.skipDisk,
    networks: new Map(options.mapNetwork),
    macs: options.mac,
    firmware: options.firmware,
    buses: options.bus,
    disks: options.disk,
    nics: options.nic,
    cpus: options.cpus,
    memoryBytes: options.memory,
    os: options.os,
    profile: section?.wishes ?? null,
  };
}

/** Options for files that lie elsewhere than a configuration says. */
export const placeOptions: {
  readonly mapDisk: OptionSpec<readonly (readonly [string, string])[]>;
  readonly allowExternal: OptionSpec<boolean>;
} = {
  mapDisk: pairs(
    "--map-disk ID=PATH",
    "where a disk lies that the configuration names by another path (can be repeated)",
  ),
  allowExternal: flag("--allow-external", "open files by the absolute paths that configurations and images name"),
};

/** How a source is opened with them. */
export function placesOfFiles(
  options: { readonly mapDisk: readonly (readonly [string, string])[]; readonly allowExternal: boolean },
  session: Session,
): Pick<OpenSourceOptions, "placed" | "external"> {
  const { native } = session.runtime;
  const placeOf = (file: string): PlacedFile => {
    const full = path.resolve(file);
    return { folder: openFolderAccess(path.dirname(full), native), name: path.basename(full) };
  };
  return {
    placed: new Map(options.mapDisk.map(([id, file]) => [id, placeOf(file)])),
    ...(options.allowExternal ? { external: (file) => (path.isAbsolute(file) ? placeOf(file) : null) } : {}),
  };
}
