/** An OVF package of machines of another platform: the descriptor is written anew from what they are. */

import type { Appliance } from "../../appliance/appliance.js";
import { fit } from "../../appliance/fit.js";
import { wishesOfMachine } from "../../appliance/profile.js";
import { noWishes } from "../../appliance/wish.js";
import { applyWishes, unmetWishes } from "../../appliance/wishes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { shapeOf } from "../../disk/extents.js";
import { diskFormats } from "../../disk/formats.js";
import type { VirtualDisk } from "../../disk/model.js";
import { checkSectorSize } from "../../disk/sector-size.js";
import type { Context } from "../../io/context.js";
import { withoutExtension } from "../../package/names.js";
import { SLACK_BYTES } from "../../package/slack.js";
import { exportOvf, type OvfExport } from "../../platforms/ovf/export.js";
import {
  flavours,
  type OvfFlavour,
  profileOf,
  strictFlavour,
  type WrittenVersion,
} from "../../platforms/ovf/flavours.js";
import { toDiagnosticResult } from "../../report/results.js";
import { assumedHardware } from "../bare-disk.js";
import { fetchedFirst } from "../coming.js";
import { openDisks } from "../disks.js";
import { fillFirmware } from "../firmware.js";
import { bootDriverNotes, fillGuestSystems, guestHints, guestsOf } from "../guest.js";
import { entryNamed } from "../open.js";
import type { OpenedSource } from "../opened.js";
import { certificateName, readySigning } from "../sign/signing.js";
import { type ConversionPlan, type PlannedDisk, stepsOf, type Work } from "./conversion.js";
import { emptyDisk, type OpenConversion } from "./convert.js";
import { embeddedFor } from "./ovf-settings.js";
import { type ConvertOvfOptions, mostBytes, type OvfOutput, writeOvf } from "./ovf-write.js";
import { unmetPackageFiles } from "./wished-files.js";

/**
 * The flavour and the version that a user wants, and what follows from one for the other.
 * @throws `ovf/version-not-read` for a version that the flavour's importer does not read
 */
export function flavourOf(options: Pick<ConvertOvfOptions, "flavour" | "version">): {
  readonly flavour: OvfFlavour;
  readonly version: WrittenVersion;
} {
  const { version: wanted } = options;
  const second = wanted?.startsWith("2.") === true;
  // Most importers read the first generation alone: nobody's words are written in the second unless somebody asks.
  const id = options.flavour ?? (second ? "strict" : "vsphere");
  const flavour = flavours.find((known) => known.id === id) ?? strictFlavour;
  const version = wanted ?? flavour.versions[0] ?? "1.0";
  if (!flavour.versions.includes(version)) {
    throw new FerryError("ovf/version-not-read", `${flavour.label} is not written in version ${version}`, {
      hint: `Its importer reads ${flavour.versions.join(", ")}. Choose one of them, or --flavour strict.`,
    });
  }
  return { flavour, version };
}

/** A package that was planned, with its descriptor before there are disks. */
export interface OpenAuthoring extends OpenConversion {
  /** The descriptor as it would be if every file took all the bytes that it may take. */
  preview(): Promise<{ readonly name: string; readonly bytes: Uint8Array; readonly files: OvfOutput["files"] }>;
}

/** Plans a package with a descriptor that is written anew. Writes nothing. */
export async function planOvfAuthoring(
  source: OpenedSource,
  options: ConvertOvfOptions,
  ctx: Context,
): Promise<OpenAuthoring> {
  const { flavour: plain, version } = flavourOf(options);
  const flavour = { ...plain, ...options.tailored };
  const findings: Diagnostic[] = [...(options.findings ?? [])];
  const own: Context = { ...ctx, report: (finding) => findings.push(finding) };
  const signing = options.signing === undefined ? null : await readySigning(options.signing, ctx);
  findings.push(...(signing?.findings ?? []));
  const from = source.appliance(options.choice ?? {}, own);
  const { appliance, notes, wishes } = applyWishes(from, options.wishes ?? noWishes);
  findings.push(...fetchedFirst(appliance, source.coming, new Map()));
  const disks = await openDisks(source.reader, appliance, { compressed: "unpack" }, own);
  try {
    await fillFirmware(appliance, disks.byId, own);
    const [targetId = "ovf"] = flavour.targets;
    const guests = await guestsOf(appliance, disks.byId, own);
    const hints = guestHints(from, guests, wishes);
    const named = fillGuestSystems(appliance, guests);
    const fitted = fit(appliance, profileOf(flavour), hints);
    const exported = exportOvf(fitted.appliance, {
      flavour,
      version,
      ...embeddedFor(fitted, flavour, ctx),
      ...(options.authored === undefined ? {} : { authored: options.authored }),
    });
    const assumed = assumedHardware(source, wishesOfMachine(wishes, appliance.machines[0]?.id ?? ""));
    const losses = [
      ...(assumed === null ? [] : [assumed]),
      ...notes,
      ...named,
      ...fitted.notes,
      ...bootDriverNotes(fitted.appliance, guests, hints),
      ...unmetWishes(fitted.appliance, wishes, targetId),
      ...unmetPackageFiles(flavour, fitted, wishes),
      ...exported.notes,
    ];
    const planning = { source, appliance: fitted.appliance, exported, flavour, open: disks.byId, options };
    const planned = await planDisks(planning, own);
    const populated =
      options.populated === "left-out"
        ? new Map<string, number>()
        : await populatedSizes(fitted.appliance, disks.byId, own);
    const order = exported.files.map((file) => file.name);
    const work: Work = {
      reader: source.reader,
      disks: planned,
      copies: copiesOf(planning, planned),
      order,
      blocked: losses.filter((loss) => loss.severity === "error"),
      generated: () => [],
    };
    const manifestName = `${withoutExtension(exported.name)}.mf`;
    const generated = [exported.name, manifestName, ...(signing === null ? [] : [certificateName(manifestName)])];
    const sizes = new Map<string, number | null>(
      work.copies.map(({ entry, name, packed }) => [name, packed === true ? null : entry.size]),
    );
    const most = new Map(planned.map((disk) => [disk.name, mostBytes(disk)]));
    const output: OvfOutput = {
      kind: options.kind,
      archive: options.archive,
      modified: options.modified ?? null,
      work,
      files: order.map((name) => ({ name, most: most.get(name) ?? sizes.get(name) ?? Number.MAX_SAFE_INTEGER })),
      descriptorName: exported.name,
      manifestName,
      digest: options.digest ?? signing?.digest ?? flavour.digest(version),
      signing,
      slack: SLACK_BYTES,
      descriptor: async (files) => exported.render({ files, populated }),
    };
    const plan: ConversionPlan = {
      schema: "vmferry/plan@1",
      losses: losses.map(toDiagnosticResult),
      files: [
        { name: exported.name, size: null },
        ...order.map((name) => ({ name, size: sizes.get(name) ?? null })),
        ...generated.slice(1).map((name) => ({ name, size: null })),
      ],
      steps: stepsOf(work, generated, losses),
      blocked: work.blocked,
      appliance: fitted.appliance,
      executables: [],
      execute: (to, how, scope) => writeOvf(output, to, how, scope),
    };
    const preview: OpenAuthoring["preview"] = async () => {
      const bytes = await output.descriptor(new Map(output.files.map((file) => [file.name, file.most])), own);
      return { name: exported.name, bytes, files: output.files };
    };
    return { plan, findings, preview, close: () => disks.close() };
  } catch (cause) {
    await disks.close();
    throw cause;
  }
}

interface Planning {
  readonly source: OpenedSource;
  readonly appliance: Appliance;
  readonly exported: OvfExport;
  readonly flavour: OvfFlavour;
  readonly open: ReadonlyMap<string, VirtualDisk>;
  readonly options: ConvertOvfOptions;
}

/** Whether a disk's file can stay as it is. */
function isCarried({ appliance, open, flavour }: Planning, id: string): boolean {
  const disk = appliance.disks.find((candidate) => candidate.id === id);
  const info = open.get(id)?.info;
  return (
    disk?.compression === null &&
    disk.chunkBytes === null &&
    info?.parent === null &&
    info.format === flavour.disk.format &&
    info.variant === flavour.disk.variant
  );
}

async function planDisks(planning: Planning, ctx: Context): Promise<readonly PlannedDisk[]> {
  const { appliance, exported, flavour, open, options } = planning;
  const format = diskFormats.get(flavour.disk.format);
  const planned: PlannedDisk[] = [];
  for (const { disk: id, name } of exported.files) {
    const disk = appliance.disks.find((candidate) => candidate.id === id);
    if (disk === undefined || isCarried(planning, disk.id)) continue;
    const source = open.get(disk.id) ?? emptyDisk(disk.capacityBytes);
    checkSectorSize(source.info, name, format, ctx);
    const { variant } = flavour.disk;
    const plan = await format.plan?.(
      shapeOf(source, disk.capacityBytes),
      { name, variant, ...(options.level === undefined ? {} : { level: options.level }) },
      ctx,
    );
    if (plan === undefined) throw new FerryError("internal/bug", `${format.id} cannot be written`);
    planned.push({ id: disk.id, name, source, format, variant, plan });
  }
  return planned;
}

/** Files that are carried as they are: images of drives, and disks that are in the right format already. */
function copiesOf({ source, appliance, exported, open }: Planning, planned: readonly PlannedDisk[]): Work["copies"] {
  const anew = new Set(planned.map((disk) => disk.id));
  return exported.files.flatMap(({ name, disk: diskId, asset }) => {
    if (diskId !== null && anew.has(diskId)) return [];
    const file =
      appliance.disks.find(({ id }) => id === diskId)?.file ?? appliance.files.find(({ id }) => id === asset)?.name;
    if (file === undefined || file === null) return [];
    const entry = entryNamed(source.reader, file);
    const virtual = diskId === null ? undefined : open.get(diskId);
    const packed = source.packed.has(file) ? { packed: true as const } : {};
    return [{ entry, name, ...(virtual === undefined ? {} : { disk: virtual }), ...packed }];
  });
}

/** Bytes of each disk that hold data, by its id: what a thin disk takes at least. */
async function populatedSizes(
  appliance: Appliance,
  open: ReadonlyMap<string, VirtualDisk>,
  ctx: Context,
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (const { id, capacityBytes } of appliance.disks) {
    const disk = open.get(id);
    if (disk === undefined) continue;
    let bytes = 0;
    for await (const extent of disk.extents(undefined, ctx.signal)) if (extent.kind === "data") bytes += extent.length;
    sizes.set(id, Math.min(bytes, capacityBytes));
  }
  return sizes;
}
