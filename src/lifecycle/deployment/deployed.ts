/** Deployments that stand: looked at, started, stopped. */
import { setTimeout as sleep } from "node:timers/promises";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { Driver, MachineState } from "../driver.js";
import { waitAfter } from "./start-order.js";
import type { DeployedMachine, DeploymentState } from "./state.js";

const LOOK_MS = 500;

/** What each machine does, by UUID: in the platform's words, `null` where it is not there; and the addresses that are known of those that run. */
export async function seenOf(
  { machines }: DeploymentState,
  driver: Driver,
  ctx: Context,
): Promise<ReadonlyMap<string, { readonly state: string | null; readonly addresses: readonly string[] }>> {
  const seen = new Map<string, { readonly state: string | null; readonly addresses: readonly string[] }>();
  for (const machine of machines) {
    const state = await driver.stateOf(machine, ctx);
    const addresses = state?.power === "on" ? await driver.addresses?.(machine, ctx) : undefined;
    seen.set(machine.uuid, { state: state?.words ?? null, addresses: addresses ?? [] });
  }
  return seen;
}

/**
 * Starts the machines that are off, in their order, with the pauses between.
 * @throws `deploy/not-whole`, `deploy/refused`
 */
export async function startMachines(
  state: DeploymentState,
  driver: Driver,
  hear: (text: string) => void,
  ctx: Context,
): Promise<void> {
  refusePartial(state);
  for (const [i, machine] of state.machines.entries()) {
    if ((await presentState(machine, driver, ctx)).power !== "off") continue;
    hear(`start ${machine.name}`);
    await driver.start(machine, ctx);
    const wait = waitAfter(state.machines, i);
    if (wait > 0) await sleep(wait * 1000, undefined, { signal: ctx.signal });
  }
}

/** How machines are stopped. */
export interface StopOptions {
  /** Switched off without being asked. */
  readonly force: boolean;
  /** For each machine. */
  readonly timeoutSeconds: number;
}

/**
 * Shuts the machines down, the last one first, each when the one before is off.
 * @throws `deploy/not-whole`, `deploy/refused`, `deploy/still-running`
 */
export async function stopMachines(
  state: DeploymentState,
  { force, timeoutSeconds }: StopOptions,
  driver: Driver,
  hear: (text: string) => void,
  ctx: Context,
): Promise<void> {
  refusePartial(state);
  for (const machine of [...state.machines].reverse()) {
    if ((await presentState(machine, driver, ctx)).power === "off") continue;
    hear(force ? `switch ${machine.name} off` : `shut ${machine.name} down`);
    await stopMachine(machine, { force, timeoutSeconds }, driver, ctx);
  }
}

/** Stops a machine that is on, and waits until it is off. @throws `deploy/still-running`, `deploy/refused` */
export async function stopMachine(
  machine: DeployedMachine,
  { force, timeoutSeconds }: StopOptions,
  driver: Driver,
  ctx: Context,
): Promise<void> {
  await (force ? driver.switchOff(machine, ctx) : driver.shutDown(machine, ctx));
  const end = Date.now() + timeoutSeconds * 1000;
  while ((await presentState(machine, driver, ctx)).power !== "off") {
    throwIfAborted(ctx.signal);
    if (Date.now() >= end) {
      throw new FerryError("deploy/still-running", `${machine.name} is still running after ${timeoutSeconds} seconds`, {
        hint: "Its guest may not listen to ACPI. Wait longer with --timeout, or switch it off with --force.",
      });
    }
    await sleep(LOOK_MS, undefined, { signal: ctx.signal });
  }
}

async function presentState(machine: DeployedMachine, driver: Driver, ctx: Context): Promise<MachineState> {
  const state = await driver.stateOf(machine, ctx);
  if (state !== null) return state;
  throw new FerryError("deploy/refused", `the machine ${machine.name} is not on the platform any more`, {
    hint: "Somebody removed it there. vmferry deployment destroy NAME removes the rest.",
  });
}

function refusePartial({ name, status }: DeploymentState): void {
  if (status === "deployed") return;
  throw new FerryError("deploy/not-whole", `the deployment ${name} is not complete (${status})`, {
    hint: `Run the same vmferry deploy again, or vmferry deployment destroy ${name}.`,
  });
}
