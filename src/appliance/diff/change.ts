import type { JsonValue } from "../../base/ids.js";
import type { Disk } from "../appliance.js";

/** What a change is about. */
export type ChangeArea =
  | "machine"
  | "controller"
  | "drive"
  | "nic"
  | "disk"
  | "network"
  | "product"
  | "property"
  | "licence"
  | "option"
  | "startup"
  | "group"
  | "extra"
  /** Of packages, not of appliances. */
  | "descriptor"
  | "trust"
  | "file";

/** One fact that two appliances do not share, or a thing that only one of them has. */
export interface ApplianceChange {
  readonly area: ChangeArea;
  /** What the machine is called, in the first appliance where it is in both; `null`: it is of the whole appliance. */
  readonly machine: string | null;
  /** Which one of its kind; `null`: the machine itself. */
  readonly subject: string | null;
  /** `null`: the thing as a whole came or went. */
  readonly fact: string | null;
  readonly kind: "added" | "removed" | "changed";
  /** `null`: not there, not said, or hidden. */
  readonly from: JsonValue;
  readonly to: JsonValue;
  /** Whether the values are secrets, or may be: they are `null` then. */
  readonly hidden: boolean;
  /** Whether the source on one side says nothing about it: platforms differ in what they say. Never so where both are of one platform. */
  readonly unsaid: boolean;
}

/** How two appliances are compared. */
export interface DiffOptions {
  /**
   * `words`: both are of one platform, and each fact counts as it is written. `meaning`: they are of two; models count by their chips, guest
   * systems by the name that all tables share, drives by their places, and names that only one platform has do not count.
   */
  readonly by: "words" | "meaning";
}

/** A thing on both sides, or on one. */
export type Pair<T> = readonly [a: T, b: T] | readonly [a: T, b: null] | readonly [a: null, b: T];

/** Facts of a thing by name, in the order in which they are told. `null`: not said. */
export type Facts = ReadonlyMap<string, JsonValue>;

/** What both appliances are called in changes: pairs of machines and disks, found once. */
export interface Matched {
  readonly by: DiffOptions["by"];
  readonly disks: readonly Pair<Disk>[];
  /** Names of disks that are the same on both sides, by id. */
  readonly diskNames: { readonly a: ReadonlyMap<string, string>; readonly b: ReadonlyMap<string, string> };
  /** Ids of disks that are only there. */
  readonly alone: ReadonlySet<string>;
}

/** Pairs things: each key in turn, among those that are left; of several with one key the first goes with the first. Exchanging the sides exchanges the pairs. */
export function pair<T>(
  a: readonly T[],
  b: readonly T[],
  ...keys: readonly ((thing: T, side: "a" | "b") => string | null)[]
): readonly Pair<T>[] {
  const partner = new Map<number, number>();
  const taken = new Set<number>();
  for (const key of keys) {
    const waiting = new Map<string, number[]>();
    for (const [index, thing] of b.entries()) {
      if (taken.has(index)) continue;
      const name = key(thing, "b");
      if (name === null) continue;
      const others = waiting.get(name);
      if (others === undefined) waiting.set(name, [index]);
      else others.push(index);
    }
    for (const queue of waiting.values()) queue.reverse();
    for (const [index, thing] of a.entries()) {
      if (partner.has(index)) continue;
      const name = key(thing, "a");
      const found = name === null ? undefined : waiting.get(name)?.pop();
      if (found === undefined) continue;
      partner.set(index, found);
      taken.add(found);
    }
  }
  const pairs: Pair<T>[] = a.map((thing, index) => {
    const found = partner.get(index);
    return found === undefined ? [thing, null] : [thing, b[found] as T];
  });
  for (const [index, thing] of b.entries()) if (!taken.has(index)) pairs.push([null, thing]);
  return pairs;
}

/** What changes have in common that are about one thing. */
export type Subject = Pick<ApplianceChange, "area" | "machine" | "subject">;

/** The facts that differ. Neither list need hold what is not said. */
export function factChanges(of: Subject, a: Facts, b: Facts, by: DiffOptions["by"]): readonly ApplianceChange[] {
  const changes: ApplianceChange[] = [];
  for (const fact of new Set([...a.keys(), ...b.keys()])) {
    const [from, to] = [a.get(fact) ?? null, b.get(fact) ?? null];
    if (sameValue(from, to)) continue;
    const unsaid = by === "meaning" && (from === null || to === null);
    changes.push({ ...of, fact, kind: "changed", from, to, hidden: false, unsaid });
  }
  return changes;
}

/** A thing that only one side has. @param facts what is told of it */
export function wholeChange(
  of: Subject,
  kind: "added" | "removed",
  facts: JsonValue,
  unsaid: "unsaid" | "said" = "said",
): ApplianceChange {
  const value = kind === "added" ? { from: null, to: facts } : { from: facts, to: null };
  return { ...of, fact: null, kind, ...value, hidden: false, unsaid: unsaid === "unsaid" };
}

/** Whether two values are the same, whatever the order of keys. */
export function sameValue(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((value, index) => sameValue(value, b[index]));
  }
  const [first, second] = [a, b] as readonly Readonly<Record<string, JsonValue>>[];
  const keys = new Set([...Object.keys(first ?? {}), ...Object.keys(second ?? {})]);
  return [...keys].every((key) => sameValue(first?.[key] ?? null, second?.[key] ?? null));
}
