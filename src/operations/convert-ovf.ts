import type { Appliance, Disk } from "../appliance/appliance.js";
import { alignUp, SECTOR, toHex } from "../base/bytes.js";
import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import type { HashName } from "../base/ids.js";
import { shapeOf } from "../disk/extents.js";
import { diskFormats } from "../disk/formats.js";
import type { VirtualDisk } from "../disk/model.js";
import type { Context } from "../io/context.js";
import type { FileSet } from "../io/file-set.js";
import { hashSource } from "../io/hash-lane.js";
import { findRole } from "../package/manifest/read.js";
import { serializeManifest } from "../package/manifest/text.js";
import type { PackageEntry, PackageReader } from "../package/model.js";
import { withoutExtension } from "../package/names.js";
import { createOva } from "../package/ova/write.js";
import { resolveFiles } from "../platforms/ovf/files.js";
import { factsOf } from "../platforms/ovf/platform.js";
import { toDiagnosticResult } from "../report/results.js";
import {
  type ConversionOutcome,
  type ConversionPlan,
  type ExecuteOptions,
  executeWork,
  type PlannedDisk,
  stepsOf,
  type Work,
} from "./conversion.js";
import type { OpenConversion } from "./convert.js";
import { editDescriptor, freeName } from "./descriptor-edits.js";
import { type OpenDisks, openDisks } from "./disks.js";
import type { OpenedPackage } from "./open.js";
import type { OpenedSource } from "./opened.js";
import { archiveSet } from "./pack.js";
import { certificateName, type ReadySigning, readySigning, type Signing } from "./signing.js";
import { ovfOf } from "./source.js";

/** The one disk format that every importer of OVF takes. */
const STREAM = { format: "vmdk", variant: "streamOptimized" } as const;

/** What a user asks for. */
export interface ConvertOvfOptions {
  /** `ova`: one archive; `ovf`: a folder. */
  readonly kind: "ova" | "ovf";
  /** Name of the archive file, for `ova`. */
  readonly archive: string;
  /** The members' time in the archive; now by default. The same time and source make the same bytes. */
  readonly modified?: Date;
  readonly level?: number;
  readonly findings?: readonly Diagnostic[];
  /** Who signs the result; nobody by default. Its digest is that of the manifest too. */
  readonly signing?: Signing;
}

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
 * refer to.
 * @throws `package/not-ovf` for a source of another platform
 */
export async function planOvfConversion(
  source: OpenedSource,
  options: ConvertOvfOptions,
  ctx: Context,
): Promise<OpenConversion> {
  const opened = ovfOf(source, "it has no descriptor to keep");
  const findings: Diagnostic[] = [...(options.findings ?? [])];
  const own: Context = { ...ctx, report: (finding) => findings.push(finding) };
  const signing = options.signing === undefined ? null : await readySigning(options.signing, ctx);
  findings.push(...(signing?.findings ?? []));
  const { reader } = opened;
  const { descriptor } = reader;
  if (descriptor === null) throw new FerryError("internal/bug", "an open package has a descriptor");
  const appliance = opened.appliance({}, own);
  const declared = new Map(appliance.disks.map((disk) => [disk.id, disk.capacityBytes]));
  const disks = await openDisks(reader, appliance, { compressed: "unpack", parents: "refuse" }, own);
  try {
    const files = await planFiles({ opened, appliance, disks, options }, own);
    const losses = lossesOf(reader, files, signing);
    const manifestName = `${withoutExtension(descriptor.name)}.mf`;
    const generated = [descriptor.name, manifestName, ...(signing === null ? [] : [certificateName(manifestName)])];
    const work: Work = {
      reader,
      disks: files.flatMap((file) => (file.disk === null ? [] : [file.disk])),
      copies: files.flatMap(({ disk, carried, entry, name }) =>
        disk === null ? [carried === null ? { entry, name } : { entry, name, disk: carried }] : [],
      ),
      order: files.map((file) => file.name),
      blocked: [],
      generated: () => [],
    };
    // Where an image has more than a rounding of what the descriptor says, importers would cut it off.
    const larger = appliance.disks.filter(
      ({ id, capacityBytes }) => capacityBytes > alignUp(declared.get(id) ?? 0, SECTOR),
    );
    const plan: ConversionPlan = {
      schema: "vmferry/plan@1",
      losses: losses.map(toDiagnosticResult),
      files: [
        { name: descriptor.name, size: null },
        ...files.map((file) => ({ name: file.name, size: file.disk === null ? file.entry.size : null })),
        ...generated.slice(1).map((name) => ({ name, size: null })),
      ],
      steps: stepsOf(work, generated, losses),
      blocked: [],
      appliance,
      executables: [],
      async execute(to, how, scope): Promise<ConversionOutcome> {
        const write = options.kind === "ova" ? writeOva : writeFolder;
        return write({ to, how, work, files, larger, descriptor, manifestName, signing, options }, scope);
      },
    };
    return { plan, findings, close: () => disks.close() };
  } catch (cause) {
    await disks.close();
    throw cause;
  }
}

interface Planning {
  readonly opened: OpenedPackage;
  readonly appliance: Appliance;
  readonly disks: OpenDisks;
  readonly options: ConvertOvfOptions;
}

/** What becomes of the files that the descriptor refers to. */
async function planFiles(
  { opened, appliance, disks, options }: Planning,
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
    const isStream = source?.info.format === STREAM.format && source.info.variant === STREAM.variant;
    if (disk === undefined || source === undefined || (isStream && disk.compression === null)) {
      files.set(entry, { ids: [file.id], name: entry.name, entry, disk: null, carried: source ?? null });
      continue;
    }
    const format = diskFormats.get(STREAM.format);
    const others = reader.entries.filter((other) => other !== entry).map((other) => other.name);
    const stem = disk.compression === null ? file.name : file.name.replace(/\.gz$/i, "");
    const name = freeName(`${withoutExtension(stem)}.vmdk`, [
      ...[...files.values()].map((other) => other.name),
      ...others,
    ]);
    const plan = await format.plan?.(
      shapeOf(source, disk.capacityBytes),
      { name, variant: STREAM.variant, ...(options.level === undefined ? {} : { level: options.level }) },
      ctx,
    );
    if (plan === undefined) throw new FerryError("internal/bug", "stream-optimized VMDK is written");
    const planned = { id: disk.id, name, source, format, variant: STREAM.variant, plan };
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

interface Writing {
  readonly to: FileSet;
  readonly how: ExecuteOptions;
  readonly work: Work;
  readonly files: readonly OutputFile[];
  readonly larger: readonly Disk[];
  readonly descriptor: PackageEntry;
  readonly manifestName: string;
  readonly signing: ReadySigning | null;
  readonly options: ConvertOvfOptions;
}

async function writeOva(writing: Writing, ctx: Context): Promise<ConversionOutcome> {
  const { to, how, work, files, descriptor, options } = writing;
  // The descriptor stands first and is written last: room for as many digits as the sizes may have by then.
  const most = new Map(files.map(({ name, entry, disk }) => [name, disk === null ? entry.size : mostBytes(disk)]));
  const room = (await editedDescriptor(writing, most, ctx)).length;
  const ova = await createOva(
    archiveSet(to),
    {
      name: options.archive,
      modified: options.modified ?? ctx.runtime.now(),
      digest: digestOf(writing),
      descriptor: { name: descriptor.name, room },
    },
    ctx,
  );
  const outcome = await executeWork(work, ova, how, ctx);
  const first = await put(ova, descriptor.name, await editedDescriptor(writing, sizesOf(outcome), ctx));
  const digests = await ova.digests();
  const last = await putManifest(ova, digests, writing, ctx);
  await ova.finish();
  return { ...outcome, files: [first, ...outcome.files, ...last] };
}

async function writeFolder(writing: Writing, ctx: Context): Promise<ConversionOutcome> {
  const { to, how, work, files, descriptor } = writing;
  if (to.readBack === undefined) {
    throw new FerryError("convert/cannot-prove", `${to.label} cannot be read back, so no manifest can be made`, {
      hint: "Write to a folder.",
    });
  }
  const outcome = await executeWork(work, to, how, ctx);
  const first = await put(to, descriptor.name, await editedDescriptor(writing, sizesOf(outcome), ctx));
  const digests = new Map<string, string>();
  for (const name of [descriptor.name, ...files.map((file) => file.name)]) {
    const source = await to.readBack(name);
    try {
      const [digest] = await hashSource(source, [digestOf(writing)], ctx);
      digests.set(name, toHex(digest ?? new Uint8Array()));
    } finally {
      await source.close();
    }
  }
  const last = await putManifest(to, digests, writing, ctx);
  return { ...outcome, files: [first, ...outcome.files, ...last] };
}

function digestOf({ signing }: Writing): HashName {
  return signing?.digest ?? "sha256";
}

/** The manifest, and its signature where somebody signs. */
async function putManifest(
  to: FileSet,
  digests: ReadonlyMap<string, string>,
  writing: Writing,
  ctx: Context,
): Promise<ConversionOutcome["files"]> {
  const { manifestName: name, signing } = writing;
  const algorithm = digestOf(writing);
  const bytes = serializeManifest([...digests].map(([file, digest]) => ({ name: file, algorithm, digest })));
  const manifest = await put(to, name, bytes);
  if (signing === null) return [manifest];
  return [manifest, await put(to, certificateName(name), await signing.sign({ name, bytes }, ctx))];
}

async function put(
  to: FileSet,
  name: string,
  bytes: Uint8Array,
): Promise<{ readonly name: string; readonly size: number }> {
  const target = await to.create(name, bytes.length);
  await target.write(bytes);
  await target.close();
  return { name, size: target.position };
}

function sizesOf(outcome: ConversionOutcome): ReadonlyMap<string, number | null> {
  return new Map(outcome.files.map(({ name, size }) => [name, size]));
}

/** More than a packed disk can take: what does not get smaller is stored with a marker for each grain, and tables are few. */
function mostBytes({ source }: PlannedDisk): number {
  return 2 * source.info.size + 2 ** 20;
}

/** The descriptor with the names, sizes and formats of the files as they are now; everything else is as it was. */
function editedDescriptor(
  { descriptor, files, larger }: Writing,
  sizes: ReadonlyMap<string, number | null>,
  ctx: Context,
): Promise<Uint8Array> {
  const [formatUri = null] = diskFormats.get(STREAM.format).ovfUris;
  const edited = files.flatMap(({ ids, name, entry, disk }) =>
    ids.map((id) => ({
      id,
      was: entry.outside ?? entry.name,
      name,
      size: sizes.get(name) ?? null,
      plain: disk !== null,
      formatUri: disk === null ? null : formatUri,
    })),
  );
  return editDescriptor(descriptor, { files: edited, disks: larger }, ctx);
}
