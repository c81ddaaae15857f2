/** What a deployment is going to do, and what the platform says to it. Changes nothing. */
import { createHash, randomUUID } from "node:crypto";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { version } from "../../base/version.js";
import type { Context } from "../../io/context.js";
import type { ConversionPlan } from "../../operations/convert/conversion.js";
import type { OpenedSource } from "../../operations/opened.js";
import type { ImportChoice } from "../../platforms/platform.js";
import type { KeptAnswer } from "../answers.js";
import type { Bridge } from "../bridges.js";
import type { Access, DeployWish, Driver, Place, Site } from "../driver.js";
import { deployedSource } from "./deployed-source.js";
import { askedMachines, toldByDisc } from "./environment.js";
import { machinesOf, waitAfter } from "./start-order.js";
import type { DeployedDisk, DeployedMachine, DeploymentState, KeptWish, StepRecord } from "./state.js";

/** What a user asks for. */
export interface DeployRequest {
  readonly name: string;
  readonly access: Access;
  /** As the user wrote it. */
  readonly source: string;
  readonly place: Place;
  readonly choice: ImportChoice;
  /** To the questions of the package; those to passwords are references. */
  readonly answers: readonly KeptAnswer[];
  /** The OVF environment of a machine as XML, by its id; `null`: there is none. */
  readonly environment: (machine: string) => string | null;
  readonly start: boolean;
  readonly autostart: boolean;
  /** Whether the processor is emulated where the host could do better, too. */
  readonly emulate: boolean;
  /** How guests are told their environment beside the package's own way. */
  readonly bridges: readonly Bridge[];
  /** What an earlier run of the same deployment left; `null`: nothing. */
  readonly known: DeploymentState | null;
}

/** A deployment that was planned, with what it holds open. */
export interface PlannedDeployment {
  /** With all steps open, or as far as an earlier run came. */
  readonly state: DeploymentState;
  readonly plan: ConversionPlan;
  /** Of the files that are uploaded. */
  readonly bytes: number;
  /** What the platform says to it. Where one is of severity error, it cannot be carried out. */
  readonly problems: readonly Diagnostic[];
  /** About the source. */
  readonly findings: readonly Diagnostic[];
  close(): Promise<void>;
}

/**
 * Plans a deployment, and looks at the platform. Changes nothing.
 * @throws `deploy/other-work` where a deployment of this name is another one, `deploy/not-whole`, and what reading the source and the platform throws
 */
export async function planDeployment(
  source: OpenedSource,
  request: DeployRequest,
  driver: Driver,
  ctx: Context,
): Promise<PlannedDeployment> {
  const { known, name, place, choice, start, autostart, emulate } = request;
  if (known?.status === "destroying") {
    throw new FerryError("deploy/not-whole", `the deployment ${name} is being removed`, {
      hint: `Finish that first: vmferry deployment destroy ${name}.`,
    });
  }
  const id = known?.id ?? randomUUID();
  const { bridges } = request;
  refuseBridges(bridges, driver);
  const read = source.appliance(choice, { ...ctx, report: () => {} });
  const told = toldByDisc(read, request.environment);
  const asked = askedMachines(read, request.environment);
  const wish: DeployWish = { name, id, place, choice, start, autostart, emulate, told, asked, bridges };
  const site = await driver.look(place, ctx);
  refuseMade(place, driver);
  const { environment } = request;
  const opened = deployedSource(source, {
    ...{ name, id, generation: 1, kept: new Set<string>() },
    told: { environment, ids: told, brought: site.bringsEnvironments === true, seeded: bridges.includes("cloud-init") },
    modified: ctx.runtime.now(),
  });
  const conversion = await site.plan(opened, wish, ctx);
  try {
    const plan = withoutCovered(conversion.plan, wish);
    const work = workOf(request, plan);
    if (known !== null && known.work !== work) {
      throw new FerryError("deploy/other-work", `there is a deployment called ${name}, made of ${known.source}`, {
        hint: `What is asked for now is not the same. Choose another --name, or remove it: vmferry deployment destroy ${name}.`,
      });
    }
    const machines = machinesOf(plan.appliance);
    const { target, ...access } = request.access;
    const state: DeploymentState = known ?? {
      schema: "vmferry/deployment-state@1",
      name,
      id,
      target,
      access,
      source: request.source,
      work,
      status: "deploying",
      generation: 1,
      wish: keptWish(request),
      disks: disksOf(plan),
      machines,
      steps: allSteps(site, plan, machines, wish),
      upgrade: null,
    };
    const bytes = plan.files.reduce((sum, { size }) => sum + (size ?? 0), 0);
    const need = { wish, plan, machines: state.machines, steps: state.steps, bytes };
    const problems = known?.status === "deployed" ? [] : await site.preflight(need, ctx);
    return {
      state,
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

/** Those of the driver between those of the engine. */
function allSteps(
  site: Site,
  plan: ConversionPlan,
  machines: readonly DeployedMachine[],
  wish: DeployWish,
): readonly StepRecord[] {
  const starts = machines.map(
    ({ name, uuid }, at): StepRecord => ({
      key: `start:${name}`,
      text: `start ${name}`,
      status: "open",
      action: { kind: "start", uuid, waitSeconds: waitAfter(machines, at) },
    }),
  );
  return [filesRecord(plan), ...site.steps(plan, machines, wish), ...(wish.start ? starts : [])];
}

/** The step of the files. */
export function filesRecord({ files }: ConversionPlan): StepRecord {
  return { key: "files", text: `convert the disks (${files.length} files)`, status: "open", action: { kind: "files" } };
}

/** Disks by the files that they become. Those that the package brings empty are for data. */
export function disksOf({ diskFiles, appliance }: ConversionPlan): readonly DeployedDisk[] {
  return [...(diskFiles ?? [])].map(([id, file]) => ({
    id,
    file,
    data: appliance.disks.find((disk) => disk.id === id)?.file === null,
  }));
}

/** What a later run asks for again. */
export function keptWish({
  place,
  choice,
  answers,
  autostart,
  emulate,
  bridges,
}: Pick<DeployRequest, "place" | "choice" | "answers" | "autostart" | "emulate" | "bridges">): KeptWish {
  const { storage, folder, pool, networks } = place;
  const configuration = choice.configuration ?? null;
  return { storage, folder, pool, networks: [...networks], configuration, answers, autostart, emulate, bridges };
}

/** A plan without the losses of a conversion that a deployment makes up for: it starts machines in their order, and tells guests their properties. */
export function withoutCovered(
  plan: ConversionPlan,
  { told, bridges }: Pick<DeployWish, "told" | "bridges">,
): ConversionPlan {
  const asking = plan.appliance.products.filter(({ properties }) => properties.length > 0);
  const allTold =
    bridges.length > 0 || asking.every(({ machine }) => (machine === null ? told.size > 0 : told.has(machine)));
  const covered = ["platform/startup-dropped", ...(allTold ? ["platform/product-dropped"] : [])];
  return { ...plan, losses: plan.losses.filter(({ code }) => !covered.includes(code)) };
}

/** @throws `deploy/bad-place` for a way that the platform does not have */
export function refuseBridges(wanted: readonly Bridge[], { bridges = ["cloud-init"], label }: Driver): void {
  const wrong = wanted.find((one) => !bridges.includes(one));
  if (wrong === undefined) return;
  throw new FerryError("deploy/bad-place", `guests on ${label} are not told their properties by ${wrong}`, {
    hint: `What it has: --bridge ${bridges.join(", ")}.`,
  });
}

function refuseMade({ made }: Place, { makesNetworks, label }: Driver): void {
  if (made === undefined || made.size === 0 || makesNetworks === true) return;
  throw new FerryError("deploy/bad-place", `networks are not made on ${label}`, {
    hint: "Make the network there, and map the package's to it with --map-network FROM=TO.",
  });
}

/** Tells one deployment from another: what goes on where another run stopped has to be the same. */
function workOf(request: DeployRequest, plan: ConversionPlan): string {
  const { access, source, place, start, autostart, emulate, choice, answers } = request;
  const { files, steps, losses } = plan;
  const where = { ...place, networks: [...place.networks], made: [...(place.made ?? [])] };
  const { bridges } = request;
  const asked = { target: access.target, source, where, start, autostart, emulate, bridges, choice, answers };
  return createHash("sha256").update(JSON.stringify({ version, asked, files, steps, losses })).digest("hex");
}
