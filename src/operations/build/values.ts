/** Values of a YAML that is written. */
import type { Appliance } from "../../appliance/appliance.js";

/** A value of the YAML. Maps keep their order, whatever their keys are called. */
export type Value = string | number | readonly Value[] | Map<string, Value>;

/** What is written. */
export interface SpecSource {
  /** By default. */
  readonly appliance: Appliance;
  /** What it is in each deployment option, by its id. */
  readonly options: ReadonlyMap<string, Appliance>;
  /** How the spec names a file of the source. */
  readonly fileName: (name: string) => string;
  /** What the source says and an appliance does not. */
  readonly notes?: readonly string[];
}

/** What stands for itself in a text: `${` would be a variable. */
export function text(value: string): string {
  return value.replaceAll("${", () => "$${");
}

/** A setting and its value; `null` leaves it out, and yes and no are words. */
export type Field = readonly [key: string, value: Value | boolean | null | undefined];

/** Sets a value, where there is one. */
export function put(map: Map<string, Value>, key: string, value: Field[1]): void {
  if (value === null || value === undefined) return;
  if (typeof value === "boolean") map.set(key, value ? "yes" : "no");
  else map.set(key, typeof value === "string" ? text(value) : value);
}

/** A map of settings, in their order. */
export function fields(list: readonly Field[]): Map<string, Value> {
  const map = new Map<string, Value>();
  for (const [key, value] of list) put(map, key, value);
  return map;
}

/** A size with the largest unit that it is a whole number of. */
export function sizeOf(bytes: number): Value {
  for (const [unit, factor] of [
    ["TiB", 2 ** 40],
    ["GiB", 2 ** 30],
    ["MiB", 2 ** 20],
    ["KiB", 2 ** 10],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return bytes;
}

/** A list; `null`: there is nothing in it. */
export function some<T extends Value>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}
