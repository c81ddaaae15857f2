/** A libvirt that was looked at: how a source is converted for it, and which steps lead there. */
import { noWishes } from "../../../appliance/wish.js";
import { type DiskWish, noDiskWish } from "../../../appliance/wished-disks.js";
import { FerryError } from "../../../base/errors.js";
import type { Context } from "../../../io/context.js";
import type { ConversionPlan } from "../../../operations/convert/conversion.js";
import { planConversion } from "../../../operations/convert/convert.js";
import type { OpenedSource } from "../../../operations/opened.js";
import { createFileNames } from "../../../platforms/names.js";
import { uuidFor } from "../../deployment/deployed-source.js";
import type { DeployedMachine, StepRecord } from "../../deployment/state.js";
import type { DeployWish, Place, Site } from "../../driver.js";
import { type LibvirtHost, preflight } from "./look.js";
import type { LibvirtAction } from "./steps.js";
import type { Virsh } from "./virsh.js";

/** Files of the conversion that are no part of a machine. */
const OWN_FILES = /\.xml$|^REPORT\.md$/;

/** @param host as it was just seen */
export function siteOf(host: LibvirtHost, virsh: Virsh): Site {
  return {
    plan(source, wish, ctx) {
      const { choice, place, emulate } = wish;
      refusePlaces(place);
      return planConversion(
        source,
        {
          platform: "libvirt",
          choice,
          wishes: { ...noWishes, networks: place.networks, disks: namesOfDisks(source, wish, ctx) },
          exportOptions: {
            folder: host.pool?.folder ?? "/",
            type: emulate ? "qemu" : host.virtualization,
            cards: "own",
          },
        },
        ctx,
      );
    },
    steps: (plan, machines, wish) => [
      ...networkSteps(wish),
      ...volumeSteps(plan, host, new Set()),
      ...machineSteps(plan, machines, wish),
    ],
    upgrade(plan, machines, { kept = new Map(), generation = 1 }, former) {
      const names = new Set(kept.values());
      const configs = configsOf(plan);
      return {
        makes: volumeSteps(plan, host, names),
        swaps: machines.map(({ id, name, uuid }) =>
          stepOf(`redefine.g${generation}:${name}`, `turn ${name} to its new disks`, {
            kind: "redefine",
            uuid,
            file: configs.get(id) ?? "",
          }),
        ),
        replaces: former.flatMap(({ key, action }) =>
          action.kind === "volume" && !names.has(String(action.name)) ? [key] : [],
        ),
      };
    },
    preflight({ wish, plan, machines, steps, bytes }, { signal }) {
      const volumes = steps.filter(({ action }) => action.kind === "volume");
      const own = new Set(volumes.filter(({ status }) => status !== "open").map(({ action }) => String(action.name)));
      const needs = {
        domains: machines,
        volumes: volumes.map(({ action }) => String(action.name)),
        networks: plan.appliance.machines
          .flatMap(({ nics }) => nics.map(({ network }) => network ?? "default"))
          .filter((network) => wish.place.made?.has(network) !== true),
        made: steps
          .filter(({ action }) => action.kind === "network")
          .map(({ action, status }) => ({
            name: String(action.name),
            own: status !== "open",
          })),
        starts: wish.start,
        // What is uploaded already takes its place no second time.
        bytes: own.size > 0 ? 0 : bytes,
        own,
      };
      return preflight(host, needs, virsh, signal);
    },
  };
}

function refusePlaces({ folder, pool }: Place): void {
  if (folder === null && pool === null) return;
  throw new FerryError("deploy/bad-place", "libvirt has neither folders of machines nor resource pools", {
    hint: "Leave out --folder and --pool. The storage pool for the disks is --storage.",
  });
}

function stepOf(key: string, text: string, action: LibvirtAction): StepRecord {
  return { key, text, status: "open", action };
}

function networkSteps({ id, place }: DeployWish): readonly StepRecord[] {
  return [...(place.made ?? [])].map((name) =>
    stepOf(`network:${name}`, `make the private network ${name}`, {
      kind: "network",
      name,
      uuid: uuidFor(id, `network ${name}`),
    }),
  );
}

/** @param kept names of volumes that are there already, and stay */
function volumeSteps({ files }: ConversionPlan, host: LibvirtHost, kept: ReadonlySet<string>): readonly StepRecord[] {
  const pool = host.pool?.name ?? "";
  return files
    .map(({ name }) => name)
    .filter((file) => !OWN_FILES.test(file) && !kept.has(file))
    .map((file) =>
      stepOf(`volume:${file}`, `upload ${file} to the pool ${pool}`, { kind: "volume", pool, name: file, file }),
    );
}

function machineSteps(
  plan: ConversionPlan,
  machines: readonly DeployedMachine[],
  { autostart }: DeployWish,
): readonly StepRecord[] {
  const configs = configsOf(plan);
  return [
    ...machines.map(({ id, name, uuid }) =>
      stepOf(`domain:${name}`, `define the machine ${name}`, {
        kind: "domain",
        name,
        uuid,
        file: configs.get(id) ?? "",
      }),
    ),
    ...(autostart
      ? machines.map(({ name, uuid }) =>
          stepOf(`autostart:${name}`, `let ${name} start with the host`, { kind: "autostart", uuid }),
        )
      : []),
  ];
}

/** One configuration for each machine, in the same order. */
function configsOf({ files, appliance }: ConversionPlan): ReadonlyMap<string, string> {
  const configs = files.map(({ name }) => name).filter((file) => file.endsWith(".xml"));
  return new Map(appliance.machines.map(({ id }, i) => [id, configs[i] ?? ""]));
}

/** Names of volumes where those of the first generation are taken: the kept ones' own, new ones for the rest. */
function namesOfDisks(
  source: OpenedSource,
  { name, choice, generation = 1, kept = new Map() }: DeployWish,
  ctx: Context,
): ReadonlyMap<string, DiskWish> {
  if (generation === 1) return new Map();
  const names = createFileNames();
  const { disks } = source.appliance(choice, { ...ctx, report: () => {} });
  return new Map(
    disks.map(({ id }) => {
      const file = kept.get(id) ?? names.take(`${name}-${id}`, `.g${generation}.qcow2`);
      return [id, { ...noDiskWish, name: file }];
    }),
  );
}
