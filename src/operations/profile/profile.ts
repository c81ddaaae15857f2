/** Profiles: YAML files with what many conversions want (`--profile FILE`). */
import { guestNamed } from "../../appliance/guest-words.js";
import { noMachineWishes, noProfile, profileOver } from "../../appliance/profile.js";
import type { MachineWishes, ProfileWishes } from "../../appliance/wish.js";
import { DISK_BUSES, type DiskWish, noDiskWish } from "../../appliance/wished-disks.js";
import { type FlavourId, flavours, type WrittenVersion } from "../../platforms/ovf/flavours.js";
import { platforms } from "../../platforms/platforms.js";
import { targets } from "../../targets/targets.js";
import { readYaml, type YamlEntry, type YamlReader } from "../yaml.js";
import { DISK_KEYS, type ProfileField, profileFields } from "./fields.js";

/** Bytes of a profile. */
export const MOST_PROFILE_BYTES: number = 1024 * 1024;
/** Machines, disks and networks that a profile names, at most. */
const MOST_NAMES = 10_000;

/** Firmware that a machine can be wanted with. */
export const FIRMWARE = ["bios", "efi", "efi-secure"] as const;
/** Versions of OVF that are written. */
export const OVF_VERSIONS: readonly WrittenVersion[] = ["1.0", "1.1", "2.0", "2.1"];

/** What a profile says of one target, or of all. */
export interface ProfileSection {
  readonly wishes: ProfileWishes;
  /** Options of the platform. */
  readonly options: ReadonlyMap<string, string>;
  readonly flavour: FlavourId | null;
  readonly ovfVersion: WrittenVersion | null;
}

/** A profile that was read. */
export interface Profile {
  readonly all: ProfileSection;
  /** By words such as `libvirt`, `vsphere-8`, `ova`, `ova:virtualbox`. */
  readonly targets: ReadonlyMap<string, ProfileSection>;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const noSection: ProfileSection = Object.freeze({
  wishes: noProfile,
  options: new Map(),
  flavour: null,
  ovfVersion: null,
});

/** Words that sections of targets can have. */
export const targetWords: readonly string[] = [
  ...platforms.all.filter(({ exportConfig }) => exportConfig !== undefined).map(({ id }) => id),
  ...targets.all.filter(({ platform }) => isWritten(platform)).map(({ id }) => id),
  ...["ova", "ovf"].flatMap((kind) => [kind, ...flavours.map(({ id }) => `${kind}:${id}`)]),
];

function isWritten(platform: string): boolean {
  return platforms.all.some(({ id, exportConfig }) => id === platform && exportConfig !== undefined);
}

/**
 * Reads a profile. Nothing is guessed: what is not understood is refused with its place.
 * @param name how places call the file
 * @throws `config/bad-yaml`, `config/unknown-key`, `config/bad-value`
 */
export function parseProfile(text: string, name: string): Profile {
  const yaml = readYaml(text, name, "networks: { VM Network: LAN }");
  if (yaml.contents === null) return { all: noSection, targets: new Map() };
  const entries = yaml.entries(yaml.contents, "the file");
  const sections = new Map<string, ProfileSection>();
  const own = entries.filter(([key, , value]) => {
    if (key !== "targets") return true;
    for (const [word, node, section] of yaml.entries(value, key)) {
      if (!targetWords.includes(word)) {
        yaml.refuse(
          "config/bad-value",
          `${JSON.stringify(word)} is nothing that is written`,
          node,
          `It is one of: ${targetWords.join(", ")}.`,
        );
      }
      sections.set(word, sectionIn(yaml, yaml.entries(section, word), word));
    }
    return false;
  });
  return { all: sectionIn(yaml, own, null), targets: sections };
}

/**
 * What a profile says for one target: what is said of a version or a consumer counts before what is said of the platform or the package, and that before
 * what is said of all.
 * @param words from the widest to the narrowest: `vmware`, `vsphere-8`
 */
export function sectionFor({ all, targets: sections }: Profile, words: readonly string[]): ProfileSection {
  return words.reduce<ProfileSection>((below, word) => {
    const own = sections.get(word);
    if (own === undefined) return below;
    return {
      wishes: profileOver(own.wishes, below.wishes),
      options: new Map([...below.options, ...own.options]),
      flavour: own.flavour ?? below.flavour,
      ovfVersion: own.ovfVersion ?? below.ovfVersion,
    };
  }, all);
}

function fieldsFor(target: string | null): readonly ProfileField[] {
  const isPackage = target !== null && /^ov[af](?::|$)/.test(target);
  return profileFields.filter(({ where }) => {
    if (where === "platform") return target !== null && !isPackage;
    if (where === "package") return isPackage;
    return where !== "top" || target === null;
  });
}

function sectionIn(yaml: YamlReader, entries: readonly YamlEntry[], target: string | null): ProfileSection {
  const fields = fieldsFor(target);
  const wishes: Writable<ProfileWishes> = { ...noProfile };
  const section: Writable<ProfileSection> = { ...noSection, wishes };
  const disks = new Map<string, DiskWish>();
  for (const [key, node, value] of entries) {
    const field = fields.find((known) => known.key === key);
    switch (field?.kind) {
      case undefined:
      case "targets":
        yaml.unknownKey(
          key,
          node,
          fields.map((known) => known.key),
        );
        break;
      case "mac":
        wishes.macs = yaml.oneOf(value, ["keep", "new"]);
        break;
      case "words": {
        const words = yaml.list(value, key).map((item) => textIn(yaml, item));
        if (key === "only") wishes.only = words;
        else wishes.skipDisks = words;
        break;
      }
      case "names":
        wishes.networks = new Map(namesIn(yaml, value, key).map(([word, , to]) => [word, textIn(yaml, to)]));
        break;
      case "disks":
        for (const [word, , wish] of namesIn(yaml, value, key)) disks.set(word, diskIn(yaml, wish, disks.get(word)));
        break;
      case "machines":
        wishes.machines = new Map(
          namesIn(yaml, value, key).map(([word, , machine]) => [word, machineIn(yaml, machine, word)]),
        );
        break;
      case "options":
        section.options = optionsIn(yaml, value, target ?? "");
        break;
      case "flavour":
        section.flavour = yaml.oneOf(
          value,
          flavours.map(({ id }) => id),
        );
        break;
      case "version":
        section.ovfVersion = yaml.oneOf(value, OVF_VERSIONS);
        break;
      default: {
        const { bus, ...rest } = settingIn(yaml, key, value, { ...noMachineWishes, ...wishes, bus: null });
        Object.assign(wishes, pickScalars(rest));
        if (bus !== null) disks.set("*", { ...(disks.get("*") ?? noDiskWish), bus: disks.get("*")?.bus ?? bus });
      }
    }
  }
  wishes.disks = disks;
  return section;
}

function pickScalars({
  name,
  cpus,
  memoryBytes,
  firmware,
  os,
  nics,
}: Omit<MachineWishes, "bus">): Omit<MachineWishes, "bus"> {
  return { name, cpus, memoryBytes, firmware, os, nics };
}

/** One of the settings that machines have, too. */
function settingIn(yaml: YamlReader, key: string, value: unknown, before: MachineWishes): MachineWishes {
  switch (key) {
    case "name":
      return { ...before, name: textIn(yaml, value) };
    case "cpus":
      return { ...before, cpus: numberIn(yaml, value, 4096) };
    case "memory":
      return { ...before, memoryBytes: sizeIn(yaml, value) };
    case "firmware":
      return { ...before, firmware: yaml.oneOf(value, FIRMWARE) };
    case "os": {
      const os = textIn(yaml, value);
      if (guestNamed(os) !== undefined) return { ...before, os };
      return yaml.refuse(
        "config/bad-value",
        `no guest system is called ${JSON.stringify(os)}`,
        value,
        "Use a name such as debian12, win11, rhel9-64; other and other-64 stand for the rest.",
      );
    }
    case "bus":
      return { ...before, bus: yaml.oneOf(value, DISK_BUSES) };
    default: {
      const all = yaml.scalar(value);
      if (all !== null) return { ...before, nics: new Map([["*", textIn(yaml, value)]]) };
      const nics = namesIn(yaml, value, key).map(([number, node, model]) => {
        if (!/^(?:\*|\d{1,3})$/.test(number)) {
          yaml.refuse(
            "config/bad-value",
            `${JSON.stringify(number)} is no number of a network card`,
            node,
            "They count from 0; '*' is all others.",
          );
        }
        return [number, textIn(yaml, model)] as const;
      });
      return { ...before, nics: new Map(nics) };
    }
  }
}

function machineIn(yaml: YamlReader, node: unknown, name: string): MachineWishes {
  const fields = profileFields.filter(({ where }) => where === "machine").map(({ key }) => key);
  let wishes: MachineWishes = noMachineWishes;
  for (const [key, keyNode, value] of yaml.entries(node, name)) {
    if (!fields.includes(key)) yaml.unknownKey(key, keyNode, fields);
    wishes = settingIn(yaml, key, value, wishes);
  }
  return wishes;
}

function diskIn(yaml: YamlReader, node: unknown, before: DiskWish = noDiskWish): DiskWish {
  const wish: Writable<DiskWish> = { ...before };
  for (const [key, keyNode, value] of yaml.entries(node, "the disk")) {
    const known = DISK_KEYS.find((word) => word === key);
    if (known === undefined) yaml.unknownKey(key, keyNode, DISK_KEYS);
    else if (known === "bus") wish.bus = yaml.oneOf(value, DISK_BUSES);
    else wish[known] = textIn(yaml, value);
  }
  return wish;
}

function optionsIn(yaml: YamlReader, node: unknown, target: string): ReadonlyMap<string, string> {
  const id = targets.all.find((known) => known.id === target)?.platform ?? target;
  const platform = platforms.all.find((known) => known.id === id);
  const names = Object.keys(platform?.defaults ?? {}).filter((name) => name !== "folder");
  return new Map(
    yaml.entries(node, "options").map(([name, nameNode, value]) => {
      if (!names.includes(name)) yaml.unknownKey(name, nameNode, names);
      const words = platform?.choices?.[name];
      return [name, words === undefined ? textIn(yaml, value) : yaml.oneOf(value, words)];
    }),
  );
}

function namesIn(yaml: YamlReader, node: unknown, what: string): readonly YamlEntry[] {
  const entries = yaml.entries(node, what);
  const empty = entries.find(([word]) => word === "");
  if (empty !== undefined) yaml.refuse("config/bad-value", `a name in ${what} is empty`, empty[1]);
  if (entries.length > MOST_NAMES) {
    yaml.refuse("config/bad-value", `${what} has ${entries.length} names, at most ${MOST_NAMES} are read`, node);
  }
  return entries;
}

function textIn(yaml: YamlReader, node: unknown): string {
  const text = yaml.scalar(node);
  if (text !== null && text !== "") return text;
  return yaml.refuse("config/bad-value", "a word is wanted here", node);
}

function numberIn(yaml: YamlReader, node: unknown, most: number): number {
  const text = yaml.scalar(node) ?? "";
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= most) return number;
  return yaml.refuse("config/bad-value", "this is no such number", node, `It is a whole number from 1 to ${most}.`);
}

const UNITS: Readonly<Record<string, number>> = { "": 1, B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

function sizeIn(yaml: YamlReader, node: unknown): number {
  const [, digits = "", unit = ""] = /^(\d{1,12})\s*(?:([KMGT])(?:iB)?|B)?$/i.exec(yaml.scalar(node) ?? "") ?? [];
  const size = digits === "" ? 0 : Number(digits) * (UNITS[unit.toUpperCase()] ?? 0);
  if (size >= 512 && size % 512 === 0 && size <= Number.MAX_SAFE_INTEGER) return size;
  return yaml.refuse("config/bad-value", "this is no size", node, "It is bytes, or a number with a binary unit: 4GiB.");
}
