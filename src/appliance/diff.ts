/** What two appliances do not share: machines, hardware, disks, networks, products, licences, options, order. Pure. */
import type { Appliance, Disk, Machine } from "./appliance.js";
import { type ApplianceChange, type DiffOptions, type Matched, type Pair, pair, wholeChange } from "./diff/change.js";
import { machineChanges } from "./diff/machine.js";
import { diskChanges, extraChanges, listChanges, type MachineNames, productChanges } from "./diff/parts.js";

export type { ApplianceChange, ChangeArea, DiffOptions, Pair } from "./diff/change.js";

/** Disks of two appliances that are the same one in both: by id, file, the stem of its name, and where they hang. */
export type DiskPair = Pair<Disk>;

/** A comparison of two appliances. */
export interface ApplianceDiff {
  /** In the order of the first appliance; what only the second has comes last among its kind. */
  readonly changes: readonly ApplianceChange[];
  readonly disks: readonly DiskPair[];
}

/**
 * Compares two appliances. Machines are paired by id, then by name; a single one on each side is the same one. Exchanging the sides exchanges
 * `from` and `to`, and `added` and `removed`. Values of password properties are in no change.
 */
export function diffAppliances(a: Appliance, b: Appliance, { by }: DiffOptions): ApplianceDiff {
  const single = a.machines.length === 1 && b.machines.length === 1;
  const machines = pair(
    a.machines,
    b.machines,
    ({ id }) => id,
    ({ name }) => name,
    () => (single ? "the only one" : null),
  );
  const matched = matchDisks(a, b, machines, by);
  const names = namesOf(machines);
  const changes = machines.flatMap(([first, second]): readonly ApplianceChange[] => {
    if (first !== null && second !== null) {
      const [one, other] = [
        { appliance: a, machine: first, diskNames: matched.diskNames.a },
        { appliance: b, machine: second, diskNames: matched.diskNames.b },
      ];
      return machineChanges(one, other, matched);
    }
    const { name, cpu, memoryBytes } = first ?? second;
    const of = { area: "machine", machine: name, subject: null } as const;
    return [wholeChange(of, first === null ? "added" : "removed", { cpus: cpu.count, memoryBytes })];
  });
  return {
    changes: [
      ...changes,
      ...diskChanges(a, b, matched),
      ...listChanges(a, b, names, by),
      ...productChanges(a, b, names, by),
      ...(by === "words" ? extraChanges(a, b, names) : []),
    ],
    disks: matched.disks,
  };
}

function namesOf(machines: readonly Pair<Machine>[]): MachineNames {
  const names = { a: new Map<string, string>(), b: new Map<string, string>() };
  for (const [first, second] of machines) {
    const { name } = first ?? second;
    if (first !== null) names.a.set(first.id, name);
    if (second !== null) names.b.set(second.id, name);
  }
  return names;
}

function matchDisks(a: Appliance, b: Appliance, machines: readonly Pair<Machine>[], by: DiffOptions["by"]): Matched {
  const places = { a: drivePlaces(machines, 0), b: drivePlaces(machines, 1) };
  const place = ({ id }: Disk, side: "a" | "b"): string | null => places[side].get(id) ?? null;
  const disks =
    by === "words"
      ? pair(
          a.disks,
          b.disks,
          ({ id }) => id,
          ({ file }) => file,
          place,
        )
      : // Each platform has ids of its own, which mean nothing to others.
        pair(a.disks, b.disks, stemOf, place, ({ id }) => id);
  const diskNames = { a: new Map<string, string>(), b: new Map<string, string>() };
  const alone = new Set<string>();
  const taken = new Set<string>();
  for (const [number, [first, second]] of disks.entries()) {
    // An id of one side may be that of another disk on the other side.
    const { id } = first ?? second;
    const name = taken.has(id) ? `${id} (${number})` : id;
    taken.add(name);
    if (first !== null) diskNames.a.set(first.id, name);
    if (second !== null) diskNames.b.set(second.id, name);
    if (first === null || second === null) alone.add(name);
  }
  return { by, disks, diskNames, alone };
}

/** The name of a disk's file without folders and ending; `null`: there is none. */
function stemOf({ file }: Disk): string | null {
  const name = file === null ? "" : file.slice(Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\")) + 1);
  return name === "" ? null : name.replace(/\.[^.]*$/, "").toLowerCase();
}

/** Which disk of which machine each one is, by id, for machines that are on both sides and have as many disks on both. */
function drivePlaces(machines: readonly Pair<Machine>[], side: 0 | 1): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  for (const [number, [first, second]] of machines.entries()) {
    if (first === null || second === null) continue;
    const [own, others] = side === 0 ? [first, second] : [second, first];
    const drives = disksOf(own);
    if (drives.length !== disksOf(others).length) continue;
    for (const [index, id] of drives.entries()) if (!places.has(id)) places.set(id, `${number}:${index}`);
  }
  return places;
}

function disksOf({ attachments }: Machine): readonly string[] {
  return attachments.flatMap(({ device, disk }) => (device === "disk" && disk !== null ? [disk] : []));
}
