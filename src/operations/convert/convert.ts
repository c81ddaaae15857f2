import type { Appliance } from "../../appliance/appliance.js";
import type { GuestHints } from "../../appliance/fit/guest-drivers.js";
import { fit } from "../../appliance/fit.js";
import { wishesOfMachine } from "../../appliance/profile.js";
import { noWishes, type Wishes } from "../../appliance/wish.js";
import { applyWishes, unmetWishes } from "../../appliance/wishes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { PlatformId, TargetId } from "../../base/ids.js";
import { shapeOf } from "../../disk/extents.js";
import { diskFormats } from "../../disk/formats.js";
import type { GuestFacts } from "../../disk/guest/model.js";
import type { VirtualDisk } from "../../disk/model.js";
import { checkSectorSize } from "../../disk/sector-size.js";
import type { Context } from "../../io/context.js";
import { safeStem } from "../../platforms/names.js";
import type { ExportPlan, ImportChoice, Platform } from "../../platforms/platform.js";
import { platforms } from "../../platforms/platforms.js";
import { renderReport } from "../../report/markdown.js";
import { toDiagnosticResult } from "../../report/results.js";
import type { TargetProfile } from "../../targets/profile.js";
import { targets } from "../../targets/targets.js";
import { assumedHardware } from "../bare-disk.js";
import {
  type ComingDisk,
  comesOnce,
  comingDisks,
  comingShape,
  comingStream,
  fetchedFirst,
  settleComing,
} from "../coming.js";
import { type OpenDisks, openDisks } from "../disks.js";
import { fillFirmware } from "../firmware.js";
import { bootDriverNotes, fillGuestSystems, guestHints, guestsOf } from "../guest.js";
import { entryNamed } from "../open.js";
import type { OpenedSource } from "../opened.js";
import { planArchive } from "./archive.js";
import { type ConversionPlan, executeWork, type PlannedDisk, stepsOf, type Work } from "./conversion.js";
import { firstBootLists } from "./first-boot.js";
import { proveConfigs } from "./read-back.js";
import { wishedFiles } from "./wished-files.js";

/** What a user asks for. */
export interface ConvertOptions {
  readonly platform: PlatformId;
  /** One of the platform's profiles; its default otherwise. */
  readonly target?: TargetId;
  readonly choice?: ImportChoice;
  /** Options of the platform's export. */
  readonly exportOptions?: Readonly<Record<string, unknown>>;
  /** Name of the result, for platforms whose result is one file; left out: after the appliance. */
  readonly archive?: string;
  /** Deflate level for packed disks. */
  readonly level?: number;
  /** What is wanted otherwise than the source has it. */
  readonly wishes?: Wishes;
  /** Findings that opening the package brought. */
  readonly findings?: readonly Diagnostic[];
  /** `once`: each disk is read once, from front to back, so that what comes in one pass need not be stored first. */
  readonly reading?: "once";
}

/** A plan with the disks that it holds open. Close it when it was executed, or is not going to be. */
export interface OpenConversion {
  readonly plan: ConversionPlan;
  /** About the source. */
  readonly findings: readonly Diagnostic[];
  close(): Promise<void>;
}

/**
 * Plans the conversion of a package to a platform: reads the appliance, fits it to the target, lays out every disk. Writes nothing.
 * @throws `convert/not-written` for a platform that cannot be written, `convert/wrong-target` for a profile of another platform
 */
export async function planConversion(
  opened: OpenedSource,
  options: ConvertOptions,
  ctx: Context,
): Promise<OpenConversion> {
  const platform = platforms.get(options.platform);
  const target = targetOf(platform, options.target);
  const findings: Diagnostic[] = [...(options.findings ?? [])];
  const own: Context = { ...ctx, report: (finding) => findings.push(finding) };
  const source = opened.appliance(options.choice ?? {}, own);
  const { appliance, notes, wishes } = applyWishes(source, options.wishes ?? noWishes);
  // Archives are laid out by what their disks hold.
  const coming = comingDisks(
    appliance,
    options.reading === "once" && platform.archive === undefined ? opened.coming : undefined,
  );
  for (const disk of appliance.disks) {
    const one = coming.get(disk.id);
    if (one === undefined) continue;
    settleComing(disk, one, own);
    findings.push(comesOnce(disk, one));
  }
  findings.push(...fetchedFirst(appliance, opened.coming, coming));
  const disks = await openDisks(opened.reader, appliance, { compressed: "unpack", later: coming }, own);
  try {
    await fillFirmware(appliance, disks.byId, own);
    const assumed = assumedHardware(opened, wishesOfMachine(wishes, appliance.machines[0]?.id ?? ""));
    const wished = { wishes, notes: assumed === null ? notes : [assumed, ...notes] };
    const guests = await guestsOf(appliance, disks.byId, own);
    const hints = guestHints(source, guests, wishes);
    const planning = { opened, platform, target, appliance, wished, disks, coming, guests, hints, findings, options };
    const plan = await planFor(planning, own);
    return { plan, findings, close: () => disks.close() };
  } catch (cause) {
    await disks.close();
    throw cause;
  }
}

function targetOf(platform: Platform, wanted: TargetId | undefined): TargetProfile {
  const id = wanted ?? platform.defaultTarget;
  if (id === null || platform.exportConfig === undefined) {
    throw new FerryError("convert/not-written", `${platform.label} is read, but not written yet`, {
      hint: `These are written: ${platforms.all
        .filter((known) => known.exportConfig !== undefined)
        .map((known) => known.id)
        .join(", ")}.`,
    });
  }
  const target = targets.get(id);
  if (target.platform === platform.id) return target;
  throw new FerryError("convert/wrong-target", `${id} is a version of ${target.platform}, not of ${platform.id}`, {
    hint: `Use --to ${target.platform}, or another --for.`,
  });
}

interface Planning {
  readonly opened: OpenedSource;
  readonly platform: Platform;
  readonly target: TargetProfile;
  readonly appliance: Appliance;
  readonly wished: { readonly wishes: Wishes; readonly notes: readonly Diagnostic[] };
  readonly disks: OpenDisks;
  /** Disks that are read in one pass, by their ids. */
  readonly coming: ReadonlyMap<string, ComingDisk>;
  /** What boot disks say, by machine id. */
  readonly guests: ReadonlyMap<string, GuestFacts>;
  /** What fitting needs of it. */
  readonly hints: ReadonlyMap<string, GuestHints>;
  readonly findings: Diagnostic[];
  readonly options: ConvertOptions;
}

async function planFor(planning: Planning, ctx: Context): Promise<ConversionPlan> {
  const { opened, platform, target, disks, guests, findings, options } = planning;
  const named = fillGuestSystems(planning.appliance, guests);
  const fitted = fit(planning.appliance, target, planning.hints);
  const { wishes, notes } = planning.wished;
  const chosen = wishedFiles(platform, fitted, wishes);
  const exported = await platform.exportConfig?.(
    fitted.appliance,
    fitted.shapes,
    target,
    { ...(options.exportOptions ?? {}), files: chosen.files },
    ctx,
  );
  if (exported === undefined) throw new FerryError("internal/bug", `${platform.id} has no export`);
  const unmet = [...unmetWishes(fitted.appliance, wishes, target.id), ...chosen.unmet];
  const drivers = bootDriverNotes(fitted.appliance, guests, planning.hints);
  const losses = [...notes, ...named, ...unmet, ...fitted.notes, ...drivers, ...exported.notes];
  if (platform.archive !== undefined) {
    const name = options.archive ?? `${safeStem(fitted.appliance.name ?? "machines")}.${platform.archive}`;
    const { reader } = opened;
    const kind = platform.archive;
    const open = disks.byId;
    return planArchive({ reader, kind, name, fitted: fitted.appliance, exported, open, empty: emptyDisk, losses }, ctx);
  }
  const planned = await planDisks(
    fitted.appliance,
    exported,
    { open: disks.byId, coming: planning.coming },
    options,
    ctx,
  );
  const copies = copiesOf(opened, fitted.appliance, exported);
  const work: Work = {
    reader: opened.reader,
    disks: planned,
    copies,
    blocked: losses.filter((loss) => loss.severity === "error"),
    generated: (integrity) => [
      ...exported.configs,
      {
        name: "REPORT.md",
        bytes: new TextEncoder().encode(
          renderReport({
            source: opened.reader.name,
            platform: platform.label,
            target: target.version,
            integrity,
            machines: fitted.appliance.machines.map((machine) => machine.name),
            files: [
              ...planned.map((disk) => ({
                name: disk.name,
                what: `disk ${disk.id}, ${disk.format.id} ${disk.variant}`,
              })),
              ...copies.map(({ entry, name }) => ({ name, what: `copy of ${entry.name}` })),
              ...exported.configs.map((config) => ({ name: config.name, what: "configuration" })),
            ],
            losses,
            findings,
            firstBoot: firstBootLists(planning.appliance, fitted.appliance, guests, platform.id),
          }),
        ),
      },
    ],
  };
  const generated = [...exported.configs.map((config) => config.name), "REPORT.md"];
  return {
    schema: "vmferry/plan@1",
    losses: losses.map(toDiagnosticResult),
    files: [
      ...planned.flatMap((disk) => [...disk.plan.files]),
      ...copies.map(({ entry, name, packed }) => ({ name, size: packed === true ? null : entry.size })),
      ...exported.configs.map((config) => ({ name: config.name, size: config.bytes.length })),
      { name: "REPORT.md", size: null },
    ],
    steps: stepsOf(work, generated, losses),
    blocked: work.blocked,
    appliance: fitted.appliance,
    diskFiles: new Map(planned.map(({ id, name }) => [id, name])),
    executables: exported.configs.filter((config) => config.executable === true).map((config) => config.name),
    async execute(to, how, scope) {
      // Before hours of copying: it needs no disk.
      if (how.prove === true) proveConfigs(platform, fitted.appliance, exported, scope);
      return executeWork(work, to, how, scope);
    },
  };
}

async function planDisks(
  appliance: Appliance,
  exported: ExportPlan,
  { open, coming }: { readonly open: ReadonlyMap<string, VirtualDisk>; readonly coming: Planning["coming"] },
  options: ConvertOptions,
  ctx: Context,
): Promise<readonly PlannedDisk[]> {
  const planned: PlannedDisk[] = [];
  for (const { disk: id, name, format: formatId, variant, identity } of exported.disks) {
    const disk = appliance.disks.find((candidate) => candidate.id === id);
    if (disk === undefined) throw new FerryError("internal/bug", `an export names the disk ${id}, which is not there`);
    const later = coming.get(id);
    const stored = open.get(id) ?? emptyDisk(disk.capacityBytes);
    const source = later === undefined ? stored : comingStream(later, ctx);
    const format = diskFormats.get(formatId);
    if (format.plan === undefined) throw new FerryError("internal/bug", `${formatId} cannot be written`);
    checkSectorSize(source.info, name, format, ctx);
    const plan = await format.plan(
      later === undefined ? shapeOf(stored, disk.capacityBytes) : comingShape(later, disk.capacityBytes),
      {
        name,
        variant,
        ...(identity === undefined ? {} : { identity }),
        ...(options.level === undefined ? {} : { level: options.level }),
      },
      ctx,
    );
    planned.push({ id, name, source, format, variant, plan });
  }
  return planned;
}

/** A disk that the package does not hold: all zeros. */
export function emptyDisk(size: number): VirtualDisk {
  return {
    info: {
      format: "raw",
      variant: "empty",
      size,
      logicalSectorSize: 512,
      blockSize: 512,
      parent: null,
      identity: null,
      properties: {},
    },
    async *extents(range = { offset: 0, length: size }) {
      if (range.length > 0) yield { ...range, kind: "zero" };
    },
    reads: async () => [],
    units: () => null,
    close: async () => {},
  };
}

function copiesOf(opened: OpenedSource, appliance: Appliance, exported: ExportPlan): Work["copies"] {
  const { reader, packed } = opened;
  return exported.files.flatMap(({ asset, name }) => {
    const file = appliance.files.find((candidate) => candidate.id === asset);
    if (file === undefined) return [];
    return [{ entry: entryNamed(reader, file.name), name, ...(packed.has(file.name) ? { packed: true } : {}) }];
  });
}
