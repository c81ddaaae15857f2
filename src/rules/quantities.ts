/** Quantities of items, compared exactly: they go up to 2^64 - 1, and their units to any power. */
import { parseUnit, type Unit } from "../ovf/tables/units.js";
import type { ItemFacts } from "./items.js";

/** A quantity with its unit. */
export interface Quantity {
  readonly value: bigint;
  readonly unit: Unit;
}

/** The properties of items that are quantities. */
export type QuantityName = "VirtualQuantity" | "Reservation" | "Limit";

const PIECES: Unit = { base: "count", numerator: 1n, denominator: 1n, standard: true };

const PROCESSOR = 3;

/**
 * The unit of a quantity as it is written; `null`: none, which means pieces. VirtualQuantity is in VirtualQuantityUnits, else in
 * AllocationUnits, which for processors is about reservation and limit alone (DSP0243 8.3).
 */
export function unitTextOf({ properties, resourceType }: ItemFacts, name: QuantityName): string | null {
  const shared = properties.get("AllocationUnits") ?? null;
  if (name !== "VirtualQuantity") return shared;
  return properties.get("VirtualQuantityUnits") ?? (resourceType === PROCESSOR ? null : shared);
}

/** A quantity of an item; `null` where there is none, or none that can be read. */
export function quantityOf(facts: ItemFacts, name: QuantityName): Quantity | null {
  const text = facts.properties.get(name);
  if (text === undefined || !/^\+?[0-9]{1,40}$/.test(text)) return null;
  const written = unitTextOf(facts, name);
  const unit = written === null ? PIECES : parseUnit(written);
  return unit === null ? null : { value: BigInt(text.replace("+", "")), unit };
}

/** How one quantity compares with another, as sorting has it; `null` where they are of different things. */
export function compareQuantities(a: Quantity, b: Quantity): number | null {
  if (a.unit.base !== b.unit.base) return null;
  const left = a.value * a.unit.numerator * b.unit.denominator;
  const right = b.value * b.unit.numerator * a.unit.denominator;
  return left < right ? -1 : left > right ? 1 : 0;
}
