import type { Appliance } from "../../appliance/appliance.js";
import type { DeployedMachine } from "./state.js";

/** Machines in the order in which they start (DSP0243 9.9): those that nothing is said of come last. */
export function machinesOf({ machines, startup }: Appliance): readonly DeployedMachine[] {
  return machines
    .map(({ id, name, uuid }): DeployedMachine => {
      const step = startup.find(({ machine }) => machine === id);
      const [order, startDelaySeconds] = step === undefined ? [null, 0] : [step.order, step.startDelaySeconds];
      return { id, name, uuid: uuid ?? "", order, startDelaySeconds };
    })
    .sort((a, b) => (a.order ?? Number.MAX_SAFE_INTEGER) - (b.order ?? Number.MAX_SAFE_INTEGER));
}

/** Seconds after the start of a machine before the next one starts: those of its whole number are waited for together. */
export function waitAfter(machines: readonly DeployedMachine[], at: number): number {
  const [machine, next] = [machines[at], machines[at + 1]];
  if (machine === undefined || next === undefined || machine.order === next.order) return 0;
  return Math.max(...machines.filter(({ order }) => order === machine.order).map((one) => one.startDelaySeconds));
}
