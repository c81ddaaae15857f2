import type { Appliance } from "../../appliance/appliance.js";

/** Machines that start together, and how long the next ones wait after that. */
export interface StartGroup {
  readonly machines: readonly string[];
  readonly delaySeconds: number;
}

/** The longest wait between two groups that a package may ask for: a day of waiting is nobody's wish. */
const MOST_DELAY_SECONDS = 3600;

/**
 * Machines in the order in which they start (DSP0243 9.7): by their numbers, those without one last. Machines of one number start together; the
 * next ones wait for the longest of their delays.
 */
export function startGroups({ machines, startup }: Pick<Appliance, "machines" | "startup">): readonly StartGroup[] {
  const known = new Set(machines.map(({ id }) => id));
  const byOrder = new Map<number, { machines: string[]; delaySeconds: number }>();
  const placed = new Set<string>();
  for (const { machine, order, startDelaySeconds } of startup) {
    // Order 0 is "whenever": after those whose order is said.
    if (!known.has(machine) || placed.has(machine) || order <= 0) continue;
    placed.add(machine);
    const group = byOrder.get(order) ?? { machines: [], delaySeconds: 0 };
    group.machines.push(machine);
    group.delaySeconds = Math.min(MOST_DELAY_SECONDS, Math.max(group.delaySeconds, startDelaySeconds));
    byOrder.set(order, group);
  }
  const groups: StartGroup[] = [...byOrder].sort(([a], [b]) => a - b).map(([, group]) => group);
  const rest = machines.flatMap(({ id }) => (placed.has(id) ? [] : [id]));
  return rest.length === 0 ? groups : [...groups, { machines: rest, delaySeconds: 0 }];
}
