/** The packages that machines are imported from: one OVF of one machine each, all in the folder of a deployment. */
import type { Appliance, Machine } from "../../../appliance/appliance.js";
import { noWishes } from "../../../appliance/wish.js";
import { applyWishes } from "../../../appliance/wishes.js";
import type { Diagnostic } from "../../../base/diagnostics.js";
import { defaultLimits } from "../../../base/limits.js";
import type { Context } from "../../../io/context.js";
import type { FileSet } from "../../../io/file-set.js";
import type { ConversionOutcome, ConversionPlan } from "../../../operations/convert/conversion.js";
import type { OpenConversion } from "../../../operations/convert/convert.js";
import { type OpenAuthoring, planOvfAuthoring } from "../../../operations/convert/ovf-anew.js";
import type { OpenedSource } from "../../../operations/opened.js";
import type { ImportChoice } from "../../../platforms/platform.js";
import { toDiagnosticResult } from "../../../report/results.js";
import { parseXml } from "../../../xml/parse.js";

const OVF = "http://schemas.dmtf.org/ovf/envelope/1";

/** A machine as it is imported. */
export interface MachinePackage {
  readonly machine: Machine;
  /** What its files begin with in the folder of the deployment. */
  readonly prefix: string;
  /** Name of its descriptor, behind the prefix. */
  readonly descriptor: string;
  /** The descriptor with the most bytes that its files can have, for asking beforehand. */
  readonly preview: string;
  /** Bytes of its disks that hold data. */
  readonly populatedBytes: number;
  /** Bytes that its disks can grow to. */
  readonly capacityBytes: number;
}

/** All of a deployment. */
export interface VspherePackages extends OpenConversion {
  readonly machines: readonly MachinePackage[];
}

/** What the plan of a source is made by. */
export interface PackageWish {
  readonly choice: ImportChoice;
  readonly networks: ReadonlyMap<string, string>;
}

/**
 * Plans one package for each machine of a source. Its questions are answered before, and its licences accepted: machines are imported without them, so
 * that nobody but this deployment answers for what a guest is told.
 */
export async function planPackages(
  source: OpenedSource,
  { choice, networks }: PackageWish,
  ctx: Context,
): Promise<VspherePackages> {
  const quiet: Context = { ...ctx, report: () => {} };
  const wished = applyWishes(source.appliance(choice, quiet), { ...noWishes, networks });
  const open: { readonly authoring: OpenAuthoring; readonly made: MachinePackage }[] = [];
  const close = async (): Promise<void> => {
    for (const { authoring } of open) await authoring.close();
  };
  try {
    for (const [at, { id }] of wished.appliance.machines.entries()) {
      const narrowed: OpenedSource = {
        ...source,
        ovf: null,
        // What the source reports is heard with the first machine.
        appliance: (chosen, scope) => {
          source.appliance(chosen, at === 0 ? scope : quiet);
          return onlyMachine(wished.appliance, id);
        },
      };
      const authoring = await planOvfAuthoring(narrowed, { kind: "ovf", archive: "", flavour: "vsphere", choice }, ctx);
      open.push({ authoring, made: await packageOf(authoring, `${at + 1}-`) });
    }
    const machines = open.map(({ made }) => made);
    const plans = open.map(({ authoring }) => authoring.plan);
    return {
      plan: together(wished.appliance, plans, machines, wished.notes),
      findings: open.flatMap(({ authoring }) => authoring.findings),
      machines,
      close,
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

async function packageOf(authoring: OpenAuthoring, prefix: string): Promise<MachinePackage> {
  const { name, bytes } = await authoring.preview();
  const [machine] = authoring.plan.appliance.machines;
  if (machine === undefined) throw new Error("a package of no machine");
  const { root } = parseXml(bytes, name, defaultLimits);
  let [populatedBytes, capacityBytes] = [0, 0];
  for (const disk of root.element(OVF, "DiskSection")?.elements(OVF, "Disk") ?? []) {
    populatedBytes += Number(disk.attribute(OVF, "populatedSize") ?? 0);
    capacityBytes += Number(disk.attribute(OVF, "capacity") ?? 0);
  }
  const preview = new TextDecoder().decode(bytes);
  return { machine, prefix, descriptor: name, preview, populatedBytes, capacityBytes };
}

/** A machine with its disks and files, alone. */
function onlyMachine(whole: Appliance, id: string): Appliance {
  const machines = whole.machines
    .filter((machine) => machine.id === id)
    // A package holds no UUID: the import gives it.
    .map((machine) => ({ ...machine, uuid: null, transports: [] }));
  const uses = new Set<string | null>(
    machines.flatMap(({ attachments, nvram, directBoot }) => [
      ...attachments.flatMap(({ disk, file }) => [disk, file]),
      nvram,
      directBoot?.kernel ?? null,
      directBoot?.initrd ?? null,
    ]),
  );
  const plugged = new Set(machines.flatMap(({ nics }) => nics.map(({ network }) => network)));
  return {
    ...whole,
    name: machines[0]?.name ?? null,
    machines,
    networks: whole.networks.filter(({ name }) => plugged.has(name)),
    disks: withParents(whole.disks, uses),
    files: whole.files.filter((file) => uses.has(file.id)),
    products: [],
    eulas: [],
    options: [],
    startup: [],
    groups: [],
    foreign: whole.foreign.filter(({ machine }) => machine === id),
  };
}

/** Disks that are used, and those below them. */
function withParents(disks: Appliance["disks"], uses: ReadonlySet<string | null>): Appliance["disks"] {
  const kept = new Set<string>();
  const below = disks.filter(({ id }) => uses.has(id));
  for (let disk = below.pop(); disk !== undefined; disk = below.pop()) {
    if (kept.has(disk.id)) continue;
    kept.add(disk.id);
    const { parent } = disk;
    below.push(...disks.filter(({ id }) => id === parent));
  }
  return disks.filter(({ id }) => kept.has(id));
}

function together(
  whole: Appliance,
  plans: readonly ConversionPlan[],
  machines: readonly MachinePackage[],
  notes: readonly Diagnostic[],
): ConversionPlan {
  const named = (at: number, name: string): string => `${machines[at]?.prefix ?? ""}${name}`;
  const shared = sharedDisks(whole);
  const own = [...notes, ...shared];
  return {
    schema: "vmferry/plan@1",
    losses: [...own.map(toDiagnosticResult), ...plans.flatMap(({ losses }) => losses)],
    files: plans.flatMap(({ files }, at) => files.map(({ name, size }) => ({ name: named(at, name), size }))),
    steps: plans.flatMap(({ steps }, at) =>
      steps.map((step) => (step.action === "drop" ? step : { ...step, subject: named(at, step.subject) })),
    ),
    blocked: [...shared, ...plans.flatMap(({ blocked }) => blocked)],
    appliance: {
      ...whole,
      machines: machines.map(({ machine }, at) => ({ ...machine, uuid: whole.machines[at]?.uuid ?? null })),
    },
    executables: [],
    async execute(to, how, ctx) {
      const outcomes: ConversionOutcome[] = [];
      for (const [at, plan] of plans.entries()) {
        // All files are compared with the manifest once, beside the first machine: what they are is remembered, and nothing is committed before the end.
        const options = at === 0 ? how : { ...how, integrity: false };
        outcomes.push(await plan.execute(prefixed(to, machines[at]?.prefix ?? ""), options, ctx));
      }
      const [first] = outcomes;
      if (first === undefined)
        return { integrity: "unchecked", findings: [], proof: null, codec: null, threads: null, files: [] };
      return {
        ...first,
        files: outcomes.flatMap(({ files }, at) => files.map(({ name, size }) => ({ name: named(at, name), size }))),
      };
    },
  };
}

/** Disks that several machines use: each import has files of its own. */
function sharedDisks({ machines, disks }: Appliance): readonly Diagnostic[] {
  return disks.flatMap(({ id }): Diagnostic[] => {
    const users = machines.filter(({ attachments }) => attachments.some(({ disk }) => disk === id));
    if (users.length < 2) return [];
    return [
      {
        code: "deploy/shared-disk",
        severity: "error",
        message: `the disk ${id} is shared by ${users.map(({ name }) => name).join(" and ")}, and each machine is imported with disks of its own`,
        hint: "Leave the disk out of the package, and make it on the platform with the multi-writer flag.",
      },
    ];
  });
}

/** A part of a file set: all names begin with a prefix. What the whole does about its end is left to whoever has it. */
function prefixed(to: FileSet, prefix: string): FileSet {
  const { createRandom, readBack, log } = to;
  return {
    label: to.label,
    create: (name, size) => to.create(prefix + name, size),
    ...(createRandom === undefined
      ? {}
      : { createRandom: (name: string, size: number | null) => createRandom.call(to, prefix + name, size) }),
    ...(readBack === undefined ? {} : { readBack: (name: string) => readBack.call(to, prefix + name) }),
    ...(log === undefined
      ? {}
      : {
          log: {
            everyBytes: log.everyBytes,
            earlier: (file: string) => log.earlier(prefix + file),
            add: (file: string, ...more: Parameters<typeof log.add> extends [string, ...infer R] ? R : never) =>
              log.add(prefix + file, ...more),
          },
        }),
    room: () => to.room(),
    commit: async () => {},
    abort: async () => {},
  };
}
