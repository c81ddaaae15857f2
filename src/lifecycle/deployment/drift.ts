/** What differs on a platform from what was deployed there. */
import type { Appliance } from "../../appliance/appliance.js";
import { type ApplianceChange, wholeChange } from "../../appliance/diff/change.js";
import { diffAppliances } from "../../appliance/diff.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { Driver } from "../driver.js";
import { notRead } from "../live.js";
import type { DeployedMachine, DeploymentState, KeptConfiguration, StepRecord } from "./state.js";
import { withUpgradeSteps } from "./upgraded.js";

/** A deployment as it is now, beside what it was. */
export interface Drift {
  readonly changes: readonly ApplianceChange[];
  /** Steps of which nothing is left: volumes that somebody removed. */
  readonly gone: readonly StepRecord[];
}

/**
 * What the platform says of machines now; `null`: their kind of platform is not read, or did not answer. A machine that is not there is left out.
 * @throws `run/canceled`
 */
export async function describeMachines(
  machines: readonly DeployedMachine[],
  { live }: Driver,
  ctx: Context,
): Promise<readonly KeptConfiguration[] | null> {
  if (live === undefined) return null;
  const kept: KeptConfiguration[] = [];
  for (const machine of machines) {
    try {
      const text = await live.describe(machine, ctx);
      if (text !== null) kept.push({ uuid: machine.uuid, text });
    } catch {
      // The deployment stands: nobody takes it back because it cannot be described.
      throwIfAborted(ctx.signal);
      return null;
    }
  }
  return kept;
}

/**
 * Compares what was deployed with what is there: hardware, drives and cards of each machine, and whether what the steps made is left. Whether machines
 * run makes no difference. Changes nothing.
 * @throws `deploy/not-whole`, `deploy/not-read`, `deploy/nothing-kept`, `deploy/refused`
 */
export async function driftOf(state: DeploymentState, driver: Driver, ctx: Context): Promise<Drift> {
  const { name, status, machines, steps, kept } = withUpgradeSteps(state);
  const { live } = driver;
  if (status !== "deployed") {
    throw new FerryError("deploy/not-whole", `the deployment ${name} is not complete (${status})`, {
      hint: `Run the same vmferry deploy again, or vmferry deployment destroy ${name}.`,
    });
  }
  if (live === undefined) throw notRead(driver.label);
  if (kept === undefined) {
    throw new FerryError("deploy/nothing-kept", `nothing is known of what ${name} was when it was deployed`, {
      hint: `An earlier version deployed it. What is there now becomes what counts with: vmferry deployment drift ${name} --accept.`,
    });
  }
  const changes: ApplianceChange[] = [];
  const removed = new Set<string>();
  for (const machine of machines) {
    const before = kept.find(({ uuid }) => uuid === machine.uuid);
    const now = await live.describe(machine, ctx);
    const read = (text: string): Appliance => live.read(text, machine.name, ctx);
    if (now === null) {
      removed.add(machine.uuid);
      const of = { area: "machine", machine: machine.name, subject: null } as const;
      changes.push(wholeChange(of, "removed", before === undefined ? null : sizeOf(read(before.text))));
    } else if (before !== undefined)
      changes.push(...diffAppliances(read(before.text), read(now), { by: "words" }).changes);
  }
  const gone: StepRecord[] = [];
  for (const record of steps) {
    const { kind, uuid } = record.action;
    if (kind === "files" || kind === "start" || record.status !== "done") continue;
    // That the machine is not there was said.
    if (typeof uuid === "string" && removed.has(uuid)) continue;
    const step = driver.step(record, { files: "/nowhere", kept: "", environment: () => null });
    if ((await step.probe(ctx)) === "absent") gone.push(record);
  }
  return { changes, gone };
}

function sizeOf({ machines: [machine] }: Appliance): { readonly cpus: number; readonly memoryBytes: number } | null {
  return machine === undefined ? null : { cpus: machine.cpu.count, memoryBytes: machine.memoryBytes };
}

/** A state for which what is there now is what was deployed. Of a machine that is not there the old words stay. */
export async function acceptDrift(state: DeploymentState, driver: Driver, ctx: Context): Promise<DeploymentState> {
  if (driver.live === undefined) throw notRead(driver.label);
  const now: KeptConfiguration[] = [];
  for (const machine of state.machines) {
    const text = await driver.live.describe(machine, ctx);
    const before = state.kept?.find(({ uuid }) => uuid === machine.uuid);
    if (text !== null) now.push({ uuid: machine.uuid, text });
    else if (before !== undefined) now.push(before);
  }
  return { ...state, kept: now };
}
