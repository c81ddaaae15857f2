import type { Appliance, Disk } from "../../appliance/appliance.js";
import { settleWishes } from "../../appliance/profile.js";
import { noWishes, type Wishes } from "../../appliance/wish.js";
import { alignUp, SECTOR } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { shapeOf } from "../../disk/extents.js";
import { diskFormats } from "../../disk/formats.js";
import type { VirtualDisk } from "../../disk/model.js";
import type { Context } from "../../io/context.js";
import { findRole } from "../../package/manifest/read.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import { withoutExtension } from "../../package/names.js";
import { resolveFiles } from "../../platforms/ovf/files.js";
import { type OvfFlavour, strictFlavour } from "../../platforms/ovf/flavours.js";
import { factsOf } from "../../platforms/ovf/platform.js";
import { toDiagnosticResult } from "../../report/results.js";
import { fetchedFirst } from "../coming.js";
import { type OpenDisks, openDisks } from "../disks.js";
import { editDescriptor, freeName } from "../edit/descriptor-edits.js";
import type { OpenedPackage } from "../open.js";
import type { OpenedSource } from "../opened.js";
import { certificateName, type ReadySigning, readySigning } from "../sign/signing.js";
import { type ConversionOutcome, type ConversionPlan, type PlannedDisk, stepsOf, type Work } from "./conversion.js";
import type { OpenConversion } from "./convert.js";
import { flavourOf, planOvfAuthoring } from "./ovf-anew.js";
import { flavoured, staysDocument } from "./ovf-flavour.js";
import { type ConvertOvfOptions, type FileSizes, mostBytes, type OvfOutput, writeOvf } from "./ovf-write.js";

/** How the disks of a package are written. */
type DiskWords = OvfFlavour["disk"];

/** Where nobody is named: the one disk format that every importer of OVF takes. */
const ANYBODY: DiskWords = strictFlavour.disk;

/** A file of the result, in the order of References. */
interface OutputFile {
  /** Ids of its Files: more than one may name it. */
  readonly ids: readonly string[];
  readonly name: string;
  readonly entry: PackageEntry;
  /** Written anew. */
  readonly disk: PlannedDisk | null;
  /** A disk that is carried as it is. */
  readonly carried: VirtualDisk | null;
}

/**
 * Plans a package for importers of OVF: the descriptor stays what it is, byte for byte but for what changed; every disk is stream-optimized VMDK;
 * a new SHA-256 manifest covers all. A signature is dropped, since it is of another manifest, and so are files that the descriptor does not
 * refer to. For a flavour the descriptor is changed where its importer would refuse it. A machine of another platform gets a descriptor written
 * anew, and so does a package that is wanted otherwise, by the standard alone, or in another generation of it.
 * @throws `ovf/version-not-read`
 */
export async function planOvfConversion(
  source: OpenedSource,
  options: ConvertOvfOptions,
  ctx: Context,
): Promise<OpenConversion> {
  const wanted = options.flavour === undefined && options.version === undefined ? null : flavourOf(options);
  const stays =
    source.ovf !== null &&
    asItIs(options.wishes ?? noWishes, () => source.appliance(options.choice ?? {}, { ...ctx, report: () => {} }));
  if (!stays || (wanted !== null && !staysDocument(source.ovf.document, wanted.flavour, options.version))) {
    return planOvfAuthoring(source, options, ctx);
  }
  const findings: Diagnostic[] = [...(options.findings ?? [])];
  const own: Context = { ...ctx, report: (finding) => findings.push(finding) };
  const signing = options.signing === undefined ? null : await readySigning(options.signing, ctx);
  findings.push(...(signing?.findings ?? []));
  const made =
    wanted === null ? null : await flavoured(source.ovf, { flavour: wanted.flavour, version: options.version }, own);
  const opened = made?.opened ?? source.ovf;
  const { reader } = opened;
  const { descriptor } = reader;
  if (descriptor === null) throw new FerryError("internal/bug", "an open package has a descriptor");
  const appliance = opened.appliance({}, own);
  findings.push(...fetchedFirst(appliance, source.coming, new Map()));
  const declared = new Map(appliance.disks.map((disk) => [disk.id, disk.capacityBytes]));
  const disks = await openDisks(reader, appliance, { compressed: "unpack", parents: "refuse" }, own);
  try {
    const words = wanted?.flavour.disk ?? ANYBODY;
    const files = await planFiles({ opened, appliance, disks, options, words }, own);
    const losses = [...(made?.notes ?? []), ...lossesOf(reader, files, signing)];
    const blocked = losses.filter((loss) => loss.severity === "error");
    const manifestName = `${withoutExtension(descriptor.name)}.mf`;
    const generated = [descriptor.name, manifestName, ...(signing === null ? [] : [certificateName(manifestName)])];
    const work: Work = {
      // The manifest is of the descriptor as it was.
      reader: source.reader,
      disks: files.flatMap((file) => (file.disk === null ? [] : [file.disk])),
      copies: files.flatMap(({ disk, carried, entry, name }) =>
        disk === null ? [carried === null ? { entry, name } : { entry, name, disk: carried }] : [],
      ),
      order: files.map((file) => file.name),
      blocked,
      generated: () => [],
    };
    // Where an image has more than a rounding of what the descriptor says, importers would cut it off.
    const larger = appliance.disks.filter(
      ({ id, capacityBytes }) => capacityBytes > alignUp(declared.get(id) ?? 0, SECTOR),
    );
    const output: OvfOutput = {
      kind: options.kind,
      archive: options.archive,
      modified: options.modified ?? null,
      work,
      files: files.map(({ name, entry, disk }) => ({ name, most: disk === null ? entry.size : mostBytes(disk) })),
      descriptorName: descriptor.name,
      manifestName,
      digest: signing?.digest ?? wanted?.flavour.digest(wanted.version) ?? "sha256",
      signing,
      // What stands there stays byte for byte.
      slack: 0,
      descriptor: (sizes, scope) => editedDescriptor({ descriptor, files, larger, words }, sizes, scope),
    };
    const plan: ConversionPlan = {
      schema: "vmferry/plan@1",
      losses: losses.map(toDiagnosticResult),
      files: [
        { name: descriptor.name, size: null },
        ...files.map((file) => ({ name: file.name, size: file.disk === null ? file.entry.size : null })),
        ...generated.slice(1).map((name) => ({ name, size: null })),
      ],
      steps: stepsOf(work, generated, losses),
      blocked,
      appliance,
      executables: [],
      async execute(to, how, scope): Promise<ConversionOutcome> {
        return writeOvf(output, to, how, scope);
      },
    };
    return { plan, findings, close: () => disks.close() };
  } catch (cause) {
    await disks.close();
    throw cause;
  }
}

/** Whether nothing is wanted otherwise than the source has it. */
function asItIs({ profile, ...wishes }: Wishes, appliance: () => Appliance): boolean {
  const settled = profile === null ? wishes : settleWishes(appliance(), { ...wishes, profile: null }, profile).wishes;
  const { networks, buses, disks, nics, machines, only, skipDisks, macs, ...single } = settled;
  const many = networks.size + buses.size + disks.size + nics.size + machines.size + only.length + skipDisks.length;
  return many === 0 && macs !== "new" && Object.values(single).every((wish) => wish === null);
}

interface Planning {
  readonly opened: OpenedPackage;
  readonly appliance: Appliance;
  readonly disks: OpenDisks;
  readonly options: ConvertOvfOptions;
  readonly words: DiskWords;
}

/** What becomes of the files that the descriptor refers to. */
async function planFiles(
  { opened, appliance, disks, options, words }: Planning,
  ctx: Context,
): Promise<readonly OutputFile[]> {
  const { reader, document } = opened;
  const files = new Map<PackageEntry, OutputFile & { readonly ids: string[] }>();
  for (const file of resolveFiles(document, factsOf(reader), () => {}).values()) {
    const entry = reader.entry(file.name);
    if (entry === undefined) continue;
    const known = files.get(entry);
    if (known !== undefined) {
      known.ids.push(file.id);
      continue;
    }
    const disk = appliance.disks.find((candidate) => candidate.file === file.name);
    const source = disk === undefined ? undefined : disks.byId.get(disk.id);
    const isWanted = source?.info.format === words.format && source.info.variant === words.variant;
    if (disk === undefined || source === undefined || (isWanted && disk.compression === null)) {
      files.set(entry, { ids: [file.id], name: entry.name, entry, disk: null, carried: source ?? null });
      continue;
    }
    const format = diskFormats.get(words.format);
    const others = reader.entries.filter((other) => other !== entry).map((other) => other.name);
    const stem = disk.compression === null ? file.name : file.name.replace(/\.gz$/i, "");
    const name = freeName(`${withoutExtension(stem)}${words.extension}`, [
      ...[...files.values()].map((other) => other.name),
      ...others,
    ]);
    const plan = await format.plan?.(
      shapeOf(source, disk.capacityBytes),
      { name, variant: words.variant, ...(options.level === undefined ? {} : { level: options.level }) },
      ctx,
    );
    if (plan === undefined) throw new FerryError("internal/bug", `${words.format} is written`);
    const planned = { id: disk.id, name, source, format, variant: words.variant, plan };
    files.set(entry, { ids: [file.id], name, entry, carried: null, disk: planned });
  }
  return [...files.values()];
}

function lossesOf(
  reader: PackageReader,
  files: readonly OutputFile[],
  signing: ReadySigning | null,
): readonly Diagnostic[] {
  const losses: Diagnostic[] = [];
  if (signing === null && findRole(reader, "certificate") !== null) {
    losses.push({
      code: "signature/dropped",
      severity: "warning",
      message: "the signature is dropped: it is of the old manifest",
      hint: "Sign the result again.",
    });
  }
  const kept = new Set<PackageEntry | null>([reader.descriptor, ...files.map((file) => file.entry)]);
  for (const entry of reader.entries) {
    if (kept.has(entry) || entry.role === "manifest" || entry.role === "certificate") continue;
    losses.push({
      code: "convert/file-dropped",
      severity: "warning",
      message: `${entry.name} is left out: the descriptor does not refer to it`,
      hint: "If it belongs to the package, add a File for it to References.",
      location: { at: "member", file: reader.name, member: entry.name },
    });
  }
  return losses;
}

/** The descriptor with the names, sizes and formats of the files as they are now; everything else is as it was. */
function editedDescriptor(
  {
    descriptor,
    files,
    larger,
    words,
  }: {
    readonly descriptor: PackageEntry;
    readonly files: readonly OutputFile[];
    readonly larger: readonly Disk[];
    readonly words: DiskWords;
  },
  sizes: FileSizes,
  ctx: Context,
): Promise<Uint8Array> {
  const edited = files.flatMap(({ ids, name, entry, disk }) =>
    ids.map((id) => ({
      id,
      was: entry.outside ?? entry.name,
      name,
      size: sizes.get(name) ?? null,
      plain: disk !== null,
      formatUri: disk === null ? null : words.uri,
    })),
  );
  return editDescriptor(descriptor, { files: edited, disks: larger }, ctx);
}
