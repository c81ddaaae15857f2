/** Deployments that stand: looked at, started, stopped. */
import { setTimeout as sleep } from "node:timers/promises";
import { FerryError, throwIfAborted } from "../base/errors.js";
import type { DeployedMachine, DeploymentState } from "./deployment/state.js";
import { domainState, type Virsh } from "./drivers/libvirt/virsh.js";
import { waitAfter } from "./plan.js";

const LOOK_MS = 500;

/** What each machine does, by UUID, in the platform's words; `null`: it is not there. */
export async function statesOf(
  { machines }: DeploymentState,
  virsh: Virsh,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string | null>> {
  const states = new Map<string, string | null>();
  for (const { uuid } of machines) states.set(uuid, await domainState(virsh, uuid, signal));
  return states;
}

/**
 * Starts the machines that are off, in their order, with the pauses between.
 * @throws `deploy/not-whole`, `deploy/refused`
 */
export async function startMachines(
  state: DeploymentState,
  virsh: Virsh,
  hear: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  refusePartial(state);
  for (const [i, { name, uuid }] of state.machines.entries()) {
    if ((await presentState(state.machines[i], virsh, signal)) !== "shut off") continue;
    hear(`start ${name}`);
    await virsh.run(["start", `--domain=${uuid}`], signal);
    const wait = waitAfter(state.machines, i);
    if (wait > 0) await sleep(wait * 1000, undefined, { signal });
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
  virsh: Virsh,
  hear: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  refusePartial(state);
  for (const machine of [...state.machines].reverse()) {
    const { name, uuid } = machine;
    if ((await presentState(machine, virsh, signal)) === "shut off") continue;
    hear(force ? `switch ${name} off` : `shut ${name} down`);
    await virsh.run([force ? "destroy" : "shutdown", `--domain=${uuid}`], signal);
    const end = Date.now() + timeoutSeconds * 1000;
    while ((await presentState(machine, virsh, signal)) !== "shut off") {
      throwIfAborted(signal);
      if (Date.now() >= end) {
        throw new FerryError("deploy/still-running", `${name} is still running after ${timeoutSeconds} seconds`, {
          hint: "Its guest may not listen to ACPI. Wait longer with --timeout, or switch it off with --force.",
        });
      }
      await sleep(LOOK_MS, undefined, { signal });
    }
  }
}

async function presentState(machine: DeployedMachine | undefined, virsh: Virsh, signal: AbortSignal): Promise<string> {
  const state = machine === undefined ? null : await domainState(virsh, machine.uuid, signal);
  if (state !== null) return state;
  throw new FerryError("deploy/refused", `the machine ${machine?.name ?? ""} is not on the platform any more`, {
    hint: "Somebody removed it there. vmferry deployment destroy NAME removes the rest.",
  });
}

function refusePartial({ name, status }: DeploymentState): void {
  if (status === "deployed") return;
  throw new FerryError("deploy/not-whole", `the deployment ${name} is not complete (${status})`, {
    hint: `Run the same vmferry deploy again, or vmferry deployment destroy ${name}.`,
  });
}
