import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { formatBytes } from "../base/text.js";
import { nicChip } from "../targets/chips.js";
import type { Appliance, GuestOs, Machine } from "./appliance.js";
import { note } from "./fit/note.js";
import { guestNamed } from "./guest-words.js";
import { settleWishes, wishesOfMachine } from "./profile.js";
import type { Wishes } from "./wish.js";
import { diskNamed, moveDisks, unmetPlaces } from "./wished-disks.js";

/** An appliance as a user wants it. */
export interface WishedAppliance {
  readonly appliance: Appliance;
  /** What was changed because somebody wanted it. */
  readonly notes: readonly Diagnostic[];
  /** The wishes with what a profile adds for this source. */
  readonly wishes: Wishes;
}

/**
 * Changes an appliance as a user wants it, before it is fitted to a target. The appliance given stays as it is.
 * @throws `convert/no-such-machine`, `convert/no-such-disk`, `convert/no-such-network`, `convert/unknown-guest`, `convert/one-name`
 */
export function applyWishes(source: Appliance, given: Wishes): WishedAppliance {
  const notes: Diagnostic[] = [];
  const settled = given.profile === null ? { wishes: given, unused: [] } : settleWishes(source, given, given.profile);
  if (settled.unused.length > 0) {
    notes.push(
      note(source, "info", "fit/profile-unused", `the profile has more than this source: ${settled.unused.join(", ")}`),
    );
  }
  const say = (message: string): void => void notes.push(note(source, "info", "fit/as-wished", message));
  let appliance = onlyMachines(source, settled.wishes, say);
  // What a profile says of machines that are left out, and of their disks, means nothing more.
  const wishes =
    given.profile === null
      ? given
      : { ...settleWishes(appliance, given, given.profile).wishes, only: settled.wishes.only, profile: null };
  appliance = withoutDisks(appliance, wishes, say);
  appliance = renamedNetworks(appliance, wishes, say);
  if (wishes.name !== null && appliance.machines.length > 1) {
    throw new FerryError(
      "convert/one-name",
      `${appliance.machines.length} machines cannot all be called ${wishes.name}`,
      {
        hint: "Take one of them with --only MACHINE.",
      },
    );
  }
  const machines = appliance.machines.map((machine): Machine => {
    const own = wishesOfMachine(wishes, machine.id);
    const changed: Machine = { ...machine };
    if (own.name !== null && own.name !== machine.name) {
      changed.name = own.name;
      say(`${machine.name} is called ${own.name}, as you want it`);
    }
    if (own.firmware !== null) {
      changed.firmware = own.firmware;
      changed.firmwareFrom = "declared";
      if (own.firmware !== machine.firmware) say(`${machine.name} boots by ${own.firmware}, as you want it`);
    }
    if (own.cpus !== null) {
      changed.cpu = { ...machine.cpu, count: own.cpus, coresPerSocket: null };
      say(`${machine.name} has ${own.cpus} processors, as you want it`);
    }
    if (own.memoryBytes !== null) {
      changed.memoryBytes = own.memoryBytes;
      changed.dynamicMemory = null;
      say(`${machine.name} has ${formatBytes(own.memoryBytes)} of memory, as you want it`);
    }
    if (own.os !== null) changed.guestOs = guestWanted(own.os);
    return moveDisks(appliance, withNics(changed, own.nics, wishes.macs, say), wishes, say);
  });
  return { appliance: { ...appliance, machines }, notes, wishes };
}

function guestWanted(word: string): GuestOs {
  const os = guestNamed(word);
  if (os !== undefined) return os;
  throw new FerryError("convert/unknown-guest", `no guest system is called ${JSON.stringify(word)}`, {
    hint: "Use a name such as debian12, ubuntu, win11, rhel9-64, Windows2022_64; other and other-64 stand for the rest.",
  });
}

type Say = (message: string) => void;

function onlyMachines(appliance: Appliance, { only }: Wishes, say: Say): Appliance {
  if (only.length === 0) return appliance;
  const wanted = new Set(
    only.map((word) => {
      const found = appliance.machines.find(({ id, name }) => id === word || name === word);
      if (found !== undefined) return found.id;
      throw new FerryError("convert/no-such-machine", `there is no machine ${JSON.stringify(word)}`, {
        hint: `There are: ${appliance.machines.map(({ name }) => name).join(", ")}.`,
      });
    }),
  );
  const machines = appliance.machines.filter(({ id }) => wanted.has(id));
  const others = appliance.machines.filter(({ id }) => !wanted.has(id));
  for (const { name } of others) say(`${name} is left out, as you want it`);
  const kept = usedDisks(appliance, machines);
  const dropped = usedDisks(appliance, others);
  const mine = (machine: string | null): boolean => machine === null || wanted.has(machine);
  return {
    ...appliance,
    machines,
    disks: appliance.disks.filter(({ id }) => kept.has(id) || !dropped.has(id)),
    files: appliance.files.filter(({ id }) => usesFile(machines, id) || !usesFile(others, id)),
    products: appliance.products.filter(({ machine }) => mine(machine)),
    eulas: appliance.eulas.filter(({ machine }) => mine(machine)),
    startup: appliance.startup.filter(({ machine }) => wanted.has(machine)),
    groups: appliance.groups.map((group) => ({
      ...group,
      members: group.members.filter((id) => !others.some((machine) => machine.id === id)),
    })),
    foreign: appliance.foreign.filter(({ machine }) => mine(machine)),
  };
}

/** Disks that machines hang on, and those that they are based on. */
function usedDisks(appliance: Appliance, machines: readonly Machine[]): ReadonlySet<string> {
  const used = new Set(machines.flatMap(({ attachments }) => attachments.flatMap(({ disk }) => disk ?? [])));
  const parents = new Map(appliance.disks.map(({ id, parent }) => [id, parent]));
  // A set goes on over what is added on the way, and adds nothing twice: chains in circles end.
  for (const id of used) {
    const parent = parents.get(id);
    if (parent !== undefined && parent !== null) used.add(parent);
  }
  return used;
}

function usesFile(machines: readonly Machine[], id: string): boolean {
  return machines.some(
    ({ attachments, nvram, directBoot }) =>
      nvram === id ||
      directBoot?.kernel === id ||
      directBoot?.initrd === id ||
      attachments.some(({ file }) => file === id),
  );
}

function withoutDisks(appliance: Appliance, { skipDisks }: Wishes, say: Say): Appliance {
  if (skipDisks.length === 0) return appliance;
  const skipped = new Set(skipDisks.map((word) => diskNamed(appliance, word)));
  for (const id of skipped) say(`disk ${id} is left out, as you want it`);
  const machines = appliance.machines.map((machine): Machine => {
    const places = new Map<number, number>();
    const attachments = machine.attachments.filter(({ disk }, index) => {
      if (disk !== null && skipped.has(disk)) return false;
      places.set(index, places.size);
      return true;
    });
    const boot = machine.boot.flatMap((device) => {
      if (device.device === "network" || device.index === null) return [device];
      const index = places.get(device.index);
      return index === undefined ? [] : [{ ...device, index }];
    });
    return { ...machine, attachments, boot };
  });
  const still = new Set(usedDisks(appliance, machines));
  return { ...appliance, machines, disks: appliance.disks.filter(({ id }) => !skipped.has(id) || still.has(id)) };
}

function renamedNetworks(appliance: Appliance, { networks }: Wishes, say: Say): Appliance {
  if (networks.size === 0) return appliance;
  const named = new Set([
    ...appliance.networks.map(({ name }) => name),
    ...appliance.machines.flatMap(({ nics }) => nics.flatMap(({ network }) => network ?? [])),
  ]);
  for (const from of networks.keys()) {
    if (from === "*" || named.has(from)) continue;
    throw new FerryError("convert/no-such-network", `there is no network ${JSON.stringify(from)}`, {
      hint:
        named.size === 0 ? "The source names none; '*=NAME' means every card." : `There are: ${[...named].join(", ")}.`,
    });
  }
  const others = networks.get("*");
  const renamed = (name: string | null): string | null =>
    name === null ? (others ?? null) : (networks.get(name) ?? others ?? name);
  for (const name of named) {
    const to = renamed(name);
    if (to !== name) say(`network ${name} is called ${to}, as you want it`);
  }
  const seen = new Set<string>();
  const list = appliance.networks.flatMap((network) => {
    const name = renamed(network.name) ?? network.name;
    if (seen.has(name)) return [];
    seen.add(name);
    return [{ ...network, name }];
  });
  const machines = appliance.machines.map((machine) => ({
    ...machine,
    nics: machine.nics.map((nic) => {
      const network = renamed(nic.network);
      // A card that was on a NAT of its own is now on a network with a name.
      return network === nic.network ? nic : { ...nic, network, kind: "network" as const };
    }),
  }));
  for (const { nics } of machines) {
    for (const { network } of nics) {
      if (network === null || seen.has(network)) continue;
      seen.add(network);
      list.push({ name: network, description: null });
    }
  }
  return { ...appliance, networks: list, machines };
}

function withNics(machine: Machine, wanted: Wishes["nics"], macs: Wishes["macs"], say: Say): Machine {
  if (wanted.size === 0 && macs !== "new") return machine;
  if (macs === "new" && machine.nics.some(({ mac }) => mac !== null)) {
    say(`${machine.name}: network cards get new addresses, as you want it`);
  }
  const nics = machine.nics.map((nic, index) => {
    const model = wanted.get(String(index)) ?? wanted.get("*") ?? nic.model;
    if (model !== nic.model) say(`${machine.name}: network card ${index} is ${model}, as you want it`);
    return { ...nic, model, mac: macs === "new" ? null : nic.mac };
  });
  return { ...machine, nics };
}

/** What of the wishes a target could not give: errors, so that nothing is written otherwise than it was wanted. */
export function unmetWishes(fitted: Appliance, wishes: Wishes, target: string): readonly Diagnostic[] {
  const unmet: Diagnostic[] = [];
  const say = (message: string): void =>
    void unmet.push(
      note(fitted, "error", "fit/wish-not-met", message, { hint: "Leave out the option, or choose another." }),
    );
  for (const machine of fitted.machines) {
    const own = wishesOfMachine(wishes, machine.id);
    if (own.firmware !== null && machine.firmware !== own.firmware) {
      say(`${machine.name}: ${target} has no firmware ${own.firmware}`);
    }
    for (const [index, { model }] of machine.nics.entries()) {
      const wanted = own.nics.get(String(index)) ?? own.nics.get("*");
      if (wanted === undefined || model === null || wanted.toLowerCase() === model.toLowerCase()) continue;
      if (nicChip(wanted) !== null && nicChip(wanted) === nicChip(model)) continue;
      say(`${machine.name}: ${target} has no network card ${wanted}`);
    }
    for (const message of unmetPlaces(fitted, machine, wishes, target)) say(message);
  }
  return unmet;
}
