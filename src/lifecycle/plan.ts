/** What a deployment is going to do, and what the platform says to it. Changes nothing. */
import { createHash, randomUUID } from "node:crypto";
import type { Appliance } from "../appliance/appliance.js";
import { noWishes } from "../appliance/wish.js";
import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { version } from "../base/version.js";
import type { Context } from "../io/context.js";
import type { ConversionPlan } from "../operations/conversion.js";
import { planConversion } from "../operations/convert.js";
import type { OpenedSource } from "../operations/opened.js";
import { createFileNames } from "../platforms/names.js";
import type { ImportChoice } from "../platforms/platform.js";
import type { DeployedMachine, DeploymentState, StepRecord } from "./deployment/state.js";
import { type LibvirtHost, lookAtHost, preflight } from "./drivers/libvirt/look.js";
import type { LibvirtAction } from "./drivers/libvirt/steps.js";
import type { Virsh } from "./drivers/libvirt/virsh.js";
import { withEnvironments, withPrefix } from "./environment.js";
import type { KeptAnswer } from "./state.js";

/** What a user asks for. */
export interface DeployRequest {
  readonly name: string;
  /** As the user wrote them. */
  readonly target: string;
  readonly source: string;
  /** Storage pool for the disks. */
  readonly storage: string;
  /** Names of the host's networks by those of the source; `*`: of all others. */
  readonly networks: ReadonlyMap<string, string>;
  readonly choice: ImportChoice;
  /** To the questions of the package; those to passwords are references. */
  readonly answers: readonly KeptAnswer[];
  /** The CD with the OVF environment of a machine, by its id; `null`: there is none. */
  readonly environment: (machine: string) => Uint8Array | null;
  readonly start: boolean;
  readonly autostart: boolean;
  /** Whether the processor is emulated where the host has KVM, too. */
  readonly emulate: boolean;
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

/** Files of the conversion that are no part of a machine. */
const OWN_FILES = /\.xml$|^REPORT\.md$/;

/**
 * Plans a deployment to libvirt, and looks at the host. Changes nothing.
 * @throws `deploy/other-work` where a deployment of this name is another one, `deploy/not-whole`, and what reading the source and the host throws
 */
export async function planDeployment(
  source: OpenedSource,
  request: DeployRequest,
  virsh: Virsh,
  ctx: Context,
): Promise<PlannedDeployment> {
  const { known, name } = request;
  if (known?.status === "destroying") {
    throw new FerryError("deploy/not-whole", `the deployment ${name} is being removed`, {
      hint: `Finish that first: vmferry deployment destroy ${name}.`,
    });
  }
  const id = known?.id ?? randomUUID();
  const host = await lookAtHost(virsh, request.storage, ctx.signal);
  const answered = withPrefix(withEnvironments(source, request.environment), name);
  const opened: OpenedSource = {
    ...answered,
    appliance: (choice, scope) => asDeployed(answered.appliance(choice, scope), name, id),
  };
  const conversion = await planConversion(
    opened,
    {
      platform: "libvirt",
      choice: request.choice,
      wishes: { ...noWishes, networks: request.networks },
      exportOptions: {
        folder: host.pool?.folder ?? "/",
        type: request.emulate ? "qemu" : host.virtualization,
        cards: "own",
      },
    },
    ctx,
  );
  try {
    const { plan } = conversion;
    const volumes = plan.files.filter(({ name: file }) => !OWN_FILES.test(file));
    const machines = machinesOf(plan.appliance);
    const steps = stepsOf(request, plan, machines);
    const work = workOf(request, plan);
    if (known !== null && known.work !== work) {
      throw new FerryError("deploy/other-work", `there is a deployment called ${name}, made of ${known.source}`, {
        hint: `What is asked for now is not the same. Choose another --name, or remove it: vmferry deployment destroy ${name}.`,
      });
    }
    const state: DeploymentState = known ?? {
      schema: "vmferry/deployment-state@1",
      name,
      id,
      target: request.target,
      source: request.source,
      work,
      status: "deploying",
      machines,
      steps,
    };
    const bytes = volumes.reduce((sum, { size }) => sum + (size ?? 0), 0);
    const problems =
      known?.status === "deployed" ? [] : await problemsOf(state, plan, host, bytes, request, virsh, ctx);
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

async function problemsOf(
  state: DeploymentState,
  plan: ConversionPlan,
  host: LibvirtHost,
  bytes: number,
  request: DeployRequest,
  virsh: Virsh,
  ctx: Context,
): Promise<readonly Diagnostic[]> {
  const volumes = state.steps.flatMap(({ action, status }) =>
    action.kind === "volume" ? [{ name: String(action.name), mine: status !== "open" }] : [],
  );
  const own = new Set(volumes.filter(({ mine }) => mine).map(({ name }) => name));
  const needs = {
    domains: state.machines,
    volumes: volumes.map(({ name }) => name),
    networks: plan.appliance.machines.flatMap(({ nics }) => nics.map(({ network }) => network ?? "default")),
    starts: request.start,
    // What is uploaded already takes its place no second time.
    bytes: own.size > 0 ? 0 : bytes,
    own,
  };
  return preflight(host, needs, virsh, ctx.signal);
}

/** An appliance whose machines have the names and ids that they get on the platform. */
function asDeployed(source: Appliance, name: string, id: string): Appliance {
  const names = createFileNames();
  const single = source.machines.length === 1;
  const machines = source.machines.map((machine) => ({
    ...machine,
    name: single ? name : names.take(`${name}-${machine.name}`, ""),
    uuid: uuidFor(id, machine.id),
  }));
  return { ...source, machines };
}

/** A UUID that follows from the deployment: the same in every run. Version 8 (RFC 9562, 5.8). */
function uuidFor(id: string, machine: string): string {
  const hex = createHash("sha256").update(`${id}/${machine}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Machines in the order in which they start (DSP0243 9.9): those that nothing is said of come last. */
function machinesOf({ machines, startup }: Appliance): readonly DeployedMachine[] {
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

type Action = LibvirtAction | { readonly kind: "files" };

function stepsOf(
  { storage, start, autostart }: DeployRequest,
  plan: ConversionPlan,
  machines: readonly DeployedMachine[],
): readonly StepRecord[] {
  const step = (key: string, text: string, action: Action): StepRecord => ({ key, text, status: "open", action });
  const files = plan.files.map(({ name }) => name);
  // One configuration for each machine, in the same order.
  const configs = files.filter((file) => file.endsWith(".xml"));
  const configOf = new Map(plan.appliance.machines.map(({ id }, i) => [id, configs[i] ?? ""]));
  return [
    step("files", `convert the disks (${files.filter((file) => !OWN_FILES.test(file)).length} files)`, {
      kind: "files",
    }),
    ...files
      .filter((file) => !OWN_FILES.test(file))
      .map((file) =>
        step(`volume:${file}`, `upload ${file} to the pool ${storage}`, {
          kind: "volume",
          pool: storage,
          name: file,
          file,
        }),
      ),
    ...machines.map(({ id, name, uuid }) =>
      step(`domain:${name}`, `define the machine ${name}`, {
        kind: "domain",
        name,
        uuid,
        file: configOf.get(id) ?? "",
      }),
    ),
    ...(autostart
      ? machines.map(({ name, uuid }) =>
          step(`autostart:${name}`, `let ${name} start with the host`, { kind: "autostart", uuid }),
        )
      : []),
    ...(start
      ? machines.map(({ name, uuid }, i) =>
          step(`start:${name}`, `start ${name}`, { kind: "start", uuid, waitSeconds: waitAfter(machines, i) }),
        )
      : []),
  ];
}

/** Tells one deployment from another: what goes on where another run stopped has to be the same. */
function workOf(request: DeployRequest, plan: ConversionPlan): string {
  const { target, source, storage, start, autostart, emulate, networks, choice, answers } = request;
  const { files, steps, losses } = plan;
  const asked = { target, source, storage, start, autostart, emulate, networks: [...networks], choice, answers };
  return createHash("sha256").update(JSON.stringify({ version, asked, files, steps, losses })).digest("hex");
}
