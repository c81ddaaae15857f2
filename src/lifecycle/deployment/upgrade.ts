/** Upgrades of deployments: machines on new system disks, data disks as they are, and a way back until the upgrade is settled. */
import { createHash } from "node:crypto";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { version } from "../../base/version.js";
import type { Context } from "../../io/context.js";
import type { ConversionPlan } from "../../operations/convert/conversion.js";
import type { OpenedSource } from "../../operations/opened.js";
import type { DeployWish, Driver } from "../driver.js";
import { deployedSource } from "./deployed-source.js";
import { askedMachines, toldByDisc } from "./environment.js";
import {
  type DeployRequest,
  disksOf,
  filesRecord,
  keptWish,
  type PlannedDeployment,
  refuseBridges,
  withoutCovered,
} from "./plan.js";
import { machinesOf, waitAfter } from "./start-order.js";
import type { DeployedDisk, DeployedMachine, DeploymentState, StepRecord, UpgradeRecord } from "./state.js";

/** What a user asks for. Place, option and answers that are not said again are those of the deployment: the caller put them in. */
export interface UpgradeRequest
  extends Pick<
    DeployRequest,
    "source" | "place" | "choice" | "answers" | "environment" | "autostart" | "emulate" | "bridges"
  > {
  readonly state: DeploymentState;
  /** Ids of disks that are kept beside those that were empty in the package. */
  readonly keepDisks: readonly string[];
  /** How long a guest has for shutting down before its power is taken away. */
  readonly patienceSeconds: number;
}

/** An upgrade that was planned, with what it holds open. The state has it with all steps open, or as far as an earlier run came. */
export type PlannedUpgrade = PlannedDeployment & {
  readonly upgrade: UpgradeRecord;
  /** Disks that stay as they are. */
  readonly kept: readonly DeployedDisk[];
};

/**
 * Plans an upgrade, and looks at the platform. Changes nothing.
 * @throws `deploy/not-whole`, `deploy/unsettled`, `deploy/cannot-upgrade`, `deploy/other-machines`, `deploy/no-such-disk`
 */
export async function planUpgrade(
  source: OpenedSource,
  request: UpgradeRequest,
  driver: Driver,
  ctx: Context,
): Promise<PlannedUpgrade> {
  const { state, place, choice, environment, autostart, emulate, bridges } = request;
  refuseUnready(state);
  const { name, id } = state;
  const generation = state.generation + 1;
  const kept = keptDisks(state, request.keepDisks);
  const read = source.appliance(choice, { ...ctx, report: () => {} });
  const ids = toldByDisc(read, environment);
  const wish: DeployWish = {
    ...{ name, id, place, choice, start: false, autostart, emulate, told: ids, bridges, generation },
    asked: askedMachines(read, environment),
    kept: new Map(kept.map((disk) => [disk.id, disk.file])),
  };
  refuseBridges(bridges, driver);
  const site = await driver.look(place, ctx);
  if (site.upgrade === undefined) {
    throw new FerryError("deploy/cannot-upgrade", `deployments to ${driver.label} are not upgraded in place`, {
      hint: "Deploy the new package under another --name, carry the data over in the guests, and destroy the old one.",
    });
  }
  const keptIds = new Set(kept.map((disk) => disk.id));
  const opened = deployedSource(source, {
    ...{ name, id, generation, kept: keptIds },
    told: { environment, ids, brought: site.bringsEnvironments === true, seeded: bridges.includes("cloud-init") },
    modified: ctx.runtime.now(),
  });
  const conversion = await site.plan(opened, wish, ctx);
  try {
    const plan = withoutCovered(conversion.plan, wish);
    const machines = machinesOf(plan.appliance);
    refuseOthers(state, machines);
    refuseLost(kept, plan);
    const work = workOf(request, plan);
    const former = state.upgrade;
    if (former !== null && former.work !== work) throw unsettled(state);
    const { makes, swaps, replaces } = site.upgrade(plan, machines, wish, state.steps);
    const upgrade: UpgradeRecord = former ?? {
      status: "upgrading",
      source: request.source,
      work,
      wish: keptWish(request),
      // One that was kept once is kept by the next upgrade, too.
      disks: disksOf(plan).map((disk) => ({ ...disk, data: keptIds.has(disk.id) || disk.data })),
      machines,
      steps: [filesRecord(plan), ...makes, ...(await turning(machines, swaps, request, driver, ctx))],
      makes: makes.map(({ key }) => key),
      replaces,
    };
    const bytes = plan.files.reduce((sum, { size }) => sum + (size ?? 0), 0);
    const need = { wish, plan, machines, steps: upgrade.steps, bytes };
    const problems: readonly Diagnostic[] = await site.preflight(need, ctx);
    return {
      state: { ...state, upgrade },
      upgrade,
      kept,
      plan,
      bytes,
      problems: [...plan.blocked, ...problems],
      findings: conversion.findings,
      close: () => conversion.close(),
    };
  } catch (cause) {
    await conversion.close();
    throw cause;
  }
}

/** Machines that run are shut down, the last one first; turned; and those that ran started, the first one first. */
async function turning(
  machines: readonly DeployedMachine[],
  swaps: readonly StepRecord[],
  { state, patienceSeconds: seconds }: UpgradeRequest,
  driver: Driver,
  ctx: Context,
): Promise<readonly StepRecord[]> {
  const generation = state.generation + 1;
  const ran = new Set<string>();
  for (const machine of machines) {
    const found = await driver.stateOf(machine, ctx);
    if (found !== null && found.power !== "off") ran.add(machine.uuid);
  }
  const step = (kind: string, text: string, uuid: string, more: StepRecord["action"]): StepRecord => ({
    key: `${kind}.g${generation}:${uuid}`,
    text,
    status: "open",
    action: { kind, uuid, ...more },
  });
  return [
    ...[...machines]
      .reverse()
      .map(({ name, uuid }) =>
        step("halt", `shut ${name} down, if it runs`, uuid, { ran: ran.has(uuid) ? 1 : 0, seconds }),
      ),
    ...swaps,
    ...machines.flatMap(({ name, uuid }, at) =>
      ran.has(uuid) ? [step("resume", `start ${name}`, uuid, { waitSeconds: waitAfter(machines, at), seconds })] : [],
    ),
  ];
}

function refuseUnready(state: DeploymentState): void {
  const { name, status, upgrade } = state;
  if (status !== "deployed") {
    throw new FerryError("deploy/not-whole", `the deployment ${name} is not complete (${status})`, {
      hint: `Run the same vmferry deploy again, or vmferry deployment destroy ${name}.`,
    });
  }
  if (upgrade !== null && upgrade.status !== "upgrading") throw unsettled(state);
}

function unsettled({ name, upgrade }: DeploymentState): FerryError {
  const { status = "upgraded", source = "" } = upgrade ?? {};
  const again = status === "upgrading" ? "Run the same command as before, and it goes on. " : "";
  return new FerryError("deploy/unsettled", `the deployment ${name} has an upgrade to ${source} (${status})`, {
    hint: `${again}vmferry deployment upgrade ${name} --undo goes back; --settle keeps it and removes the former disks.`,
  });
}

function keptDisks({ disks, name }: DeploymentState, wanted: readonly string[]): readonly DeployedDisk[] {
  for (const id of wanted) {
    if (disks.some((disk) => disk.id === id)) continue;
    throw new FerryError("deploy/no-such-disk", `the deployment ${name} has no disk ${JSON.stringify(id)}`, {
      hint: `It has: ${disks.map((disk) => disk.id).join(", ")}.`,
    });
  }
  return disks.filter(({ id, data }) => data || wanted.includes(id));
}

/** A data disk that the new machines have no place for would be lost in silence. */
function refuseLost(kept: readonly DeployedDisk[], { appliance }: ConversionPlan): void {
  for (const { id } of kept) {
    const used = appliance.machines.some(({ attachments }) => attachments.some(({ disk }) => disk === id));
    if (used) continue;
    throw new FerryError("deploy/no-such-disk", `the new package has no disk ${JSON.stringify(id)}, which holds data`, {
      hint: "A data disk has the same id in both. Copy what is on it elsewhere, or give the new package such a disk.",
    });
  }
}

function refuseOthers(state: DeploymentState, machines: readonly DeployedMachine[]): void {
  const ids = (of: readonly DeployedMachine[]): string =>
    of
      .map(({ id }) => id)
      .sort()
      .join(", ");
  if (ids(state.machines) === ids(machines)) return;
  throw new FerryError("deploy/other-machines", `the new package has other machines (${ids(machines)})`, {
    hint: `The deployment has ${ids(state.machines)}. An upgrade keeps machines; deploy the new ones by themselves.`,
  });
}

/** Tells one upgrade from another. */
function workOf(request: UpgradeRequest, { files, steps, losses }: ConversionPlan): string {
  const { state, source, keepDisks } = request;
  const asked = { from: state.work, source, keepDisks, wish: keptWish(request) };
  return createHash("sha256").update(JSON.stringify({ version, asked, files, steps, losses })).digest("hex");
}
