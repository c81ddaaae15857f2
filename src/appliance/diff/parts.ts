import type { JsonValue } from "../../base/ids.js";
import type { Appliance, Disk, Foreign, Product, Property } from "../appliance.js";
import {
  type ApplianceChange,
  type ChangeArea,
  type Facts,
  factChanges,
  type Matched,
  pair,
  sameValue,
  wholeChange,
} from "./change.js";
import { placesOfDisk } from "./machine.js";

/** What machines are called on both sides: by id, the same name for one that is in both. */
export interface MachineNames {
  readonly a: ReadonlyMap<string, string>;
  readonly b: ReadonlyMap<string, string>;
}

/** Disks: sizes, files, formats, chains. */
export function diskChanges(a: Appliance, b: Appliance, matched: Matched): readonly ApplianceChange[] {
  const { by } = matched;
  const facts = (disk: Disk, names: ReadonlyMap<string, string>): Facts => {
    const shared = disk.shared ? true : null;
    const size: [string, JsonValue][] = [["capacityBytes", disk.capacityBytes]];
    if (by === "meaning") return new Map([...size, ["shared", shared]]);
    return new Map<string, JsonValue>([
      ...size,
      ["file", disk.file],
      ["format", disk.format === null ? null : [disk.format, disk.variant].filter((word) => word !== null).join(" ")],
      ["parent", disk.parent === null ? null : (names.get(disk.parent) ?? disk.parent)],
      ["compression", disk.compression],
      ["chunkBytes", disk.chunkBytes],
      ["shared", shared],
    ]);
  };
  return matched.disks.flatMap(([first, second]) => {
    const of = { area: "disk", machine: null, subject: (first ?? second).id } as const;
    if (first === null) return [wholeChange(of, "added", wholeDisk(b, second))];
    if (second === null) return [wholeChange(of, "removed", wholeDisk(a, first))];
    return factChanges(of, facts(first, matched.diskNames.a), facts(second, matched.diskNames.b), by);
  });
}

function wholeDisk(appliance: Appliance, { id, capacityBytes, file }: Disk): JsonValue {
  return { capacityBytes, file, places: placesOfDisk(appliance, id) };
}

/** Lists in which things have a name and facts. */
export function listChanges(
  a: Appliance,
  b: Appliance,
  names: MachineNames,
  by: Matched["by"],
): readonly ApplianceChange[] {
  // Cards tell the names of networks, and who has no list of them says none.
  const networks = by === "meaning" ? [] : things(a, b, networksOf, "network", by);
  return [
    ...networks,
    ...things(a, b, (appliance, side) => licencesOf(appliance, names[side]), "licence", by),
    ...things(a, b, optionsOf, "option", by),
    ...things(a, b, (appliance, side) => startupOf(appliance, names[side]), "startup", by),
    ...things(a, b, (appliance, side) => groupsOf(appliance, names[side]), "group", by),
  ];
}

interface Thing {
  readonly key: string;
  readonly machine: string | null;
  readonly subject: string | null;
  readonly facts: Facts;
}

/** Things of one list. Where the list is empty on one side, and the sides are of two platforms, that one may have no room for it. */
function things(
  a: Appliance,
  b: Appliance,
  list: (appliance: Appliance, side: "a" | "b") => readonly Thing[],
  area: ChangeArea,
  by: Matched["by"],
): readonly ApplianceChange[] {
  const [first, second] = [list(a, "a"), list(b, "b")];
  const silent = by === "meaning" && (first.length === 0 || second.length === 0) ? "unsaid" : "said";
  // Several of one key: first those that are the same.
  const whole = ({ key, facts }: Thing): string => JSON.stringify([key, ...facts]);
  return pair(first, second, whole, ({ key }) => key).flatMap(([one, other]) => {
    const { machine, subject } = one ?? other;
    const of = { area, machine, subject } as const;
    if (one === null) return [wholeChange(of, "added", Object.fromEntries(other.facts), silent)];
    if (other === null) return [wholeChange(of, "removed", Object.fromEntries(one.facts), silent)];
    return factChanges(of, one.facts, other.facts, by);
  });
}

function networksOf({ networks }: Appliance): readonly Thing[] {
  return networks.map(({ name, description }) => ({
    key: name,
    machine: null,
    subject: name,
    facts: new Map([["description", description]]),
  }));
}

function licencesOf({ eulas }: Appliance, names: ReadonlyMap<string, string>): readonly Thing[] {
  return eulas.map(({ machine, text }) => {
    const owner = machine === null ? null : (names.get(machine) ?? machine);
    return { key: JSON.stringify(owner), machine: owner, subject: null, facts: new Map([["text", text]]) };
  });
}

function optionsOf({ options }: Appliance): readonly Thing[] {
  return options.map(({ id, label, default: isDefault }) => ({
    key: id,
    machine: null,
    subject: id,
    facts: new Map<string, JsonValue>([
      ["label", label],
      ["default", isDefault],
    ]),
  }));
}

function startupOf({ startup }: Appliance, names: ReadonlyMap<string, string>): readonly Thing[] {
  return startup.map(({ machine, order, startDelaySeconds }) => {
    const name = names.get(machine) ?? machine;
    return {
      key: name,
      machine: name,
      subject: null,
      facts: new Map([
        ["order", order],
        ["startDelaySeconds", startDelaySeconds],
      ]),
    };
  });
}

function groupsOf({ groups }: Appliance, names: ReadonlyMap<string, string>): readonly Thing[] {
  return groups.map(({ id, name, members }) => ({
    key: id,
    machine: null,
    subject: id,
    facts: new Map<string, JsonValue>([
      ["name", name],
      ["members", members.map((member) => names.get(member) ?? member)],
    ]),
  }));
}

/** Products, and the questions that they ask. Values of passwords are compared and never told. */
export function productChanges(
  a: Appliance,
  b: Appliance,
  names: MachineNames,
  by: Matched["by"],
): readonly ApplianceChange[] {
  const owner = (product: Product, side: "a" | "b"): string | null =>
    product.machine === null ? null : (names[side].get(product.machine) ?? product.machine);
  const silent = by === "meaning" && (a.products.length === 0 || b.products.length === 0) ? "unsaid" : "said";
  const products = pair(
    a.products,
    b.products,
    (product, side) => JSON.stringify([owner(product, side), product.class, product.instance]),
    (product, side) => (product.name === null ? null : JSON.stringify([owner(product, side), product.name])),
  );
  return products.flatMap(([first, second]) => {
    const there = first ?? second;
    const machine = owner(there, first === null ? "b" : "a");
    const of = { area: "product", machine, subject: productName(there) } as const;
    if (first === null) return [wholeChange(of, "added", wholeProduct(second), silent)];
    if (second === null) return [wholeChange(of, "removed", wholeProduct(first), silent)];
    return [
      ...factChanges(of, productFacts(first), productFacts(second), by),
      ...propertyChanges(first, second, machine, by),
    ];
  });
}

function productName({ name, class: of, instance }: Product): string {
  return name ?? [of, instance].filter((word) => word !== null).join(" ");
}

function wholeProduct({ version, fullVersion, properties }: Product): JsonValue {
  return { version: fullVersion ?? version, properties: properties.map(({ key }) => key) };
}

function productFacts({ class: prefix, instance, name, vendor, version, fullVersion }: Product): Facts {
  return new Map<string, JsonValue>([
    ["class", prefix],
    ["instance", instance],
    ["name", name],
    ["vendor", vendor],
    ["version", version],
    ["fullVersion", fullVersion],
  ]);
}

function propertyChanges(
  a: Product,
  b: Product,
  machine: string | null,
  by: Matched["by"],
): readonly ApplianceChange[] {
  const changes: ApplianceChange[] = [];
  for (const [first, second] of pair(a.properties, b.properties, ({ key }) => key)) {
    const of = {
      area: "property",
      machine,
      subject: qualified(first === null ? b : a, (first ?? second).key),
    } as const;
    if (first === null) changes.push(wholeChange(of, "added", wholeProperty(second)));
    else if (second === null) changes.push(wholeChange(of, "removed", wholeProperty(first)));
    else {
      changes.push(...factChanges(of, propertyFacts(first), propertyFacts(second), by));
      const [from, to] = [first.value, second.value].map((value) =>
        typeof value === "object" && value !== null ? { ...value } : (value ?? null),
      ) as [JsonValue, JsonValue];
      if (sameValue(from, to)) continue;
      const hidden = [first, second].some(
        ({ password, value }) => password || (typeof value === "object" && value !== null),
      );
      const shown = hidden ? { from: null, to: null } : { from, to };
      changes.push({ ...of, fact: "value", kind: "changed", ...shown, hidden, unsaid: false });
    }
  }
  return changes;
}

function qualified({ class: prefix, instance }: Product, key: string): string {
  return `${prefix === null ? "" : `${prefix}.`}${key}${instance === null ? "" : `.${instance}`}`;
}

function propertyFacts(property: Property): Facts {
  const { type, password, userConfigurable, label, description, category, qualifiers } = property;
  return new Map<string, JsonValue>([
    ["type", type],
    ["password", password],
    ["userConfigurable", userConfigurable],
    ["label", label],
    ["description", description],
    ["category", category],
    ["qualifiers", qualifiers],
  ]);
}

function wholeProperty({ type, value, password, label }: Property): JsonValue {
  return { type, label, value: password || typeof value !== "string" ? null : value };
}

/** What the model cannot hold: it is told that it differs, and never what it says, which may be a secret. */
export function extraChanges(a: Appliance, b: Appliance, names: MachineNames): readonly ApplianceChange[] {
  const all = (appliance: Appliance): readonly Foreign[] => [
    ...appliance.foreign,
    ...appliance.machines.flatMap((machine) => machine.foreign.map((foreign) => ({ ...foreign, machine: machine.id }))),
  ];
  const owner = (foreign: Foreign, side: "a" | "b"): string | null =>
    foreign.machine === null ? null : (names[side].get(foreign.machine) ?? foreign.machine);
  const key = (foreign: Foreign, side: "a" | "b"): string =>
    JSON.stringify([owner(foreign, side), foreign.source, foreign.name]);
  // First those that are the same, so that one which was added among many of one name is the one that is told.
  return pair(all(a), all(b), (foreign, side) => key(foreign, side) + foreign.payload, key).flatMap(
    ([first, second]) => {
      const there = first ?? second;
      const of = { area: "extra", machine: owner(there, first === null ? "b" : "a"), subject: there.name } as const;
      if (first === null) return [wholeChange(of, "added", null)];
      if (second === null) return [wholeChange(of, "removed", null)];
      if (first.payload === second.payload) return [];
      return [{ ...of, fact: "content", kind: "changed", from: null, to: null, hidden: true, unsaid: false } as const];
    },
  );
}
