import type { Diagnostic, DiagnosticCode } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { FileSet } from "../../io/file-set.js";
import type { OvfDocument } from "../../ovf/document.js";
import { readSmallEntry } from "../../package/entries.js";
import { findRole } from "../../package/manifest/read.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import { withoutExtension } from "../../package/names.js";
import { createOva, ovaBytes } from "../../package/ova/write.js";
import { readDescriptorEntry } from "../../platforms/ovf/descriptor.js";
import { type FixResult, toDiagnosticResult } from "../../report/results.js";
import { endsStream, type PackageFiles, packageFiles } from "../../rules/files.js";
import { strictly } from "../../rules/reported.js";
import type { PackageEdit } from "../../rules/rule.js";
import { archiveOrder } from "../archive-order.js";
import { bytesOf, carryEntry, checkRoom, storedFiles } from "../carry.js";
import { openPackage, type PackageInput } from "../open.js";
import { archiveSet } from "../pack.js";
import { type Rescue, rescueDisks } from "../rescue.js";
import { type Restored, restoreFiles } from "../restore.js";
import type { ValidateOptions } from "../validate.js";
import { checkIntegrity, type Integrity } from "../verify.js";
import { changesOf } from "./changes.js";
import { manifestText, memoryEntry } from "./manifest.js";
import { type Mended, mendDescriptor } from "./mend.js";
import { isLifted, type Leave, refusal, refuses } from "./refusal.js";

/** How a package is fixed. */
export interface FixOptions extends Pick<ValidateOptions, "level" | "targets" | "rules"> {
  /** `accept`: a file that is not what the manifest says is taken as it is, and gets a new digest. Refused by default. */
  readonly altered?: "refuse" | "accept";
  /**
   * `salvage`: disks that are cut off or damaged are written anew with what is whole of them, and `disk/data-lost` stays as an error. Refused by
   * default, with the same finding. Takes scratch space for such disks when it is planned.
   */
  readonly damaged?: "refuse" | "salvage";
}

/** Where a fixed package goes. */
export type FixDestination =
  /** An archive as a file of the set. `modified`: every member's time. */
  | { readonly kind: "ova"; readonly name: string; readonly modified: Date }
  /** A folder: all files, or only those that changed, where the others lie there already. */
  | { readonly kind: "folder"; readonly files: "all" | "changed" };

/** What fixing a package comes to. Nothing is written before `execute`. */
export interface FixPlan {
  /** Whether the package itself is an archive. */
  readonly archive: boolean;
  /** Whether anything would be written where the package lies. */
  readonly changed: boolean;
  readonly changes: FixResult["changes"];
  /** Findings that are gone afterwards. */
  readonly mended: readonly Diagnostic[];
  /** Findings that stay. */
  readonly left: readonly Diagnostic[];
  /** Lines of the manifest that do not agree with their files as they lie there. */
  readonly differing: FixResult["differing"];
  /** The descriptor's name, and the document before and after. */
  readonly descriptor: { readonly name: string; readonly before: OvfDocument; readonly after: OvfDocument };
  /** Names of files that are no longer there, for who writes where the package lies. */
  readonly removed: readonly string[];
  /** Whether nothing may be written: a file was altered or cannot be carried over, and `left` says which. */
  readonly refused: boolean;
  /**
   * Fills the file set. The caller commits it, or aborts it where this throws.
   * @throws `fix/refused`, `io/no-space`, and what reading and writing throw
   */
  execute(to: FileSet, destination: FixDestination, ctx: Context): Promise<void>;
  close(): Promise<void>;
}

/** Findings about a manifest that making it anew mends. */
const RESPELLED: ReadonlySet<DiagnosticCode> = new Set([
  "manifest/odd-spelling",
  "manifest/not-covered",
  "manifest/lists-itself",
  "manifest/duplicate-entry",
]);

/** Findings about an archive that are gone when it is written anew, and that alone are no reason to. */
const GONE_WITH_ARCHIVE: ReadonlySet<DiagnosticCode> = new Set([
  "tar/no-end",
  "tar/trailing-data",
  "tar/name-encoding",
]);

/**
 * Plans to mend what has one right answer: in the descriptor, and around it. What cannot be proven stays and is told.
 * @throws what opening a package throws
 */
export async function planFix(input: PackageInput, options: FixOptions, ctx: Context): Promise<FixPlan> {
  const opening: Diagnostic[] = [];
  const own: Context = { ...ctx, report: (finding) => opening.push(finding) };
  const opened = await openPackage(input, { onDamage: "report" }, own);
  let rescue: Rescue | null = null;
  const close = async (): Promise<void> => {
    await rescue?.close();
    await opened.close();
  };
  try {
    const found = await checkIntegrity(opened.reader, ctx);
    // What is accepted as it is was changed on purpose.
    const given = options.altered === "accept" ? { ...found, checks: [] } : found;
    const restored = await restoreFiles(opened.reader, { integrity: given, document: opened.document }, ctx);
    const { descriptor } = restored.reader;
    if (descriptor === null) throw new FerryError("internal/bug", "an open package has a descriptor");
    const same = descriptor === opened.reader.descriptor;
    const document = same ? opened.document : await readDescriptorEntry(descriptor, ctx, () => {});
    const mode = options.damaged === "salvage" ? "save" : "tell";
    let integrity = restored.reader === opened.reader ? found : await checkIntegrity(restored.reader, ctx);
    rescue = await rescueDisks(restored.reader, { integrity, files: packageFiles(restored.reader, ctx), mode }, ctx);
    const { reader } = rescue;
    if (reader !== restored.reader) integrity = await checkIntegrity(reader, ctx);
    const files = packageFiles(reader, ctx);
    const whole = new Set(integrity.checks.flatMap(({ name, ok }) => (ok ? [reader.entry(name)] : [])));
    for (const entry of await completeStreams(document, reader, files)) whole.add(entry);
    const mended = await mendDescriptor(
      { reader, descriptor, document, files, proven: (entry) => isWhole(entry, whole) },
      options,
      ctx,
    );
    const plan = await planPackage(
      { reader, document, descriptor, opening, integrity, mended, options, rescue, restored },
      ctx,
    );
    return { ...plan, differing: found.checks.filter(({ ok }) => !ok), close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/**
 * Files that prove by themselves that they are complete, whatever size the descriptor says: streams that end at their marker. One that is not
 * what the manifest says keeps the package from being changed at all.
 */
async function completeStreams(
  { references }: OvfDocument,
  reader: PackageReader,
  files: PackageFiles,
): Promise<readonly PackageEntry[]> {
  const complete: PackageEntry[] = [];
  for (const { href, size } of references) {
    const entry = href === null ? undefined : reader.entry(href);
    if (entry === undefined || size === null || size === entry.size) continue;
    const disk = await files.disk(entry);
    const window = await files.window(entry);
    if (disk?.info?.variant === "streamOptimized" && window !== null && endsStream(window)) complete.push(entry);
  }
  return complete;
}

function isWhole(entry: PackageEntry, whole: ReadonlySet<PackageEntry | undefined>): boolean {
  return whole.has(entry) || (entry.chunks?.every((chunk) => whole.has(chunk)) ?? false);
}

interface Fixing {
  readonly reader: PackageReader;
  readonly document: OvfDocument;
  readonly descriptor: PackageEntry;
  readonly opening: readonly Diagnostic[];
  readonly integrity: Integrity;
  readonly mended: Mended;
  readonly options: FixOptions;
  readonly rescue: Rescue;
  readonly restored: Restored;
}

async function planPackage(fixing: Fixing, ctx: Context): Promise<Omit<FixPlan, "close" | "differing">> {
  const { reader, document, descriptor, mended, options, rescue, restored } = fixing;
  const asked = mended.found.flatMap(({ edits }) => edits);
  const dropped = new Set(asked.flatMap((edit) => (edit.edit === "drop" ? [edit.member] : [])));
  const around = filesFindings(fixing);
  const leave: Leave = { altered: options.altered ?? "refuse", rescue };
  const refused = around.some((finding) => refuses(finding, around, leave));
  const lifted = new Set(around.filter((finding) => isLifted(finding, around, leave)));

  const saved = new Set([...rescue.saved, ...restored.written]);

  const oldManifest = findRole(reader, "manifest");
  const manifest = refused ? null : await newManifest(fixing, asked, oldManifest, ctx);
  const certificate = findRole(reader, "certificate");
  if (manifest !== null && certificate !== null) dropped.add(certificate.name);
  const anew = reader.kind === "ova" && asked.some(({ edit }) => edit === "archive");
  const changed =
    !refused && (mended.changed || manifest !== null || dropped.size > 0 || anew || lifted.size > 0 || saved.size > 0);

  const replaced = new Map<string, PackageEntry>();
  if (mended.changed) replaced.set(descriptor.name, memoryEntry(descriptor.name, "descriptor", mended.bytes));
  if (manifest !== null) replaced.set(manifest.name, manifest);
  const fresh = new Set([...mended.added.map(({ name }) => name), ...mended.renamed.values(), ...saved]);
  for (const entry of mended.reader.entries) if (fresh.has(entry.name)) replaced.set(entry.name, entry);
  const kept = mended.reader.entries.filter(({ name }) => !dropped.has(name) && name !== manifest?.name);
  const entries = [...kept.map((entry) => replaced.get(entry.name) ?? entry)];
  const place = reader.entries.findIndex(({ name }) => name === manifest?.name);
  if (manifest !== null) entries.splice(place < 0 ? entries.length : Math.min(place, entries.length), 0, manifest);

  const done: Diagnostic[] = [...restored.findings, ...mended.mended];
  const left: Diagnostic[] = [...mended.conflicts, ...rescue.findings];
  for (const { diagnostic, edits } of mended.found) {
    (!refused && edits.length > 0 && edits.every(isMade) ? done : left).push(diagnostic);
  }
  for (const finding of around) {
    const gone =
      lifted.has(finding) ||
      (manifest !== null && RESPELLED.has(finding.code)) ||
      (changed && reader.kind === "ova" && GONE_WITH_ARCHIVE.has(finding.code));
    (gone ? done : left).push(finding);
  }
  if (certificate !== null && dropped.has(certificate.name) && !refused) left.push(signatureDropped(certificate));

  return {
    archive: reader.kind === "ova",
    changed,
    changes: refused ? [] : changesOf({ mended, descriptor, manifest, oldManifest, dropped, anew, rescue, restored }),
    mended: refused ? [] : done,
    left: refused ? [...restored.findings, ...mended.mended, ...left] : left,
    descriptor: { name: descriptor.name, before: document, after: refused ? document : mended.document },
    removed: refused ? [] : [...dropped, ...mended.renamed.keys(), ...restored.removed],
    refused,
    async execute(to, destination, scope): Promise<void> {
      if (refused) throw refusal(reader, around, leave);
      const ordered = anew || reader.kind !== "ova" ? inOrder(mended.reader, entries) : entries;
      const stored = storedFiles(ordered);
      if (destination.kind === "ova") {
        await checkRoom(to, () => ovaBytes(stored));
        const { name, modified } = destination;
        const ova = await createOva(archiveSet(to), { name, modified, digest: null, descriptor: null }, scope);
        for (const entry of stored) await carryEntry(entry, ova, scope);
        await ova.finish();
        return;
      }
      const written = destination.files === "all" ? stored : [...replaced.values()];
      await checkRoom(to, () => bytesOf(written));
      for (const entry of written) await carryEntry(entry, to, scope);
    },
  };
}

/** Whether a change of the package is one that is made here. */
function isMade({ edit }: PackageEdit): boolean {
  return edit === "drop" || edit === "manifest" || edit === "archive";
}

/** Findings about the files around the descriptor, each once. */
function filesFindings({ reader, opening, integrity, options }: Fixing): readonly Diagnostic[] {
  // Those about the descriptor itself, and about sizes, are found again when it is judged.
  const met = opening.filter(
    ({ code, location }) =>
      code !== "xml/undeclared-prefix" &&
      code !== "package/size-differs" &&
      !(code === "package/missing-file" && location?.at === "member" && reader.entry(location.member) !== undefined),
  );
  const more = integrity.findings.filter(
    ({ code }) => !code.startsWith("tar/") || !met.some((finding) => finding.code === code),
  );
  const all = [...met, ...more];
  return options.level === "strict" ? all.map(strictly) : all;
}

/** The manifest as it has to be; `null`: it stays as it is, or there is none and nothing asks for one. */
async function newManifest(
  { reader, integrity, mended }: Fixing,
  asked: readonly PackageEdit[],
  old: PackageEntry | null,
  ctx: Context,
): Promise<PackageEntry | null> {
  const wanted = asked.some(({ edit }) => edit === "manifest");
  if (old === null && !wanted) return null;
  const odd = integrity.findings.some(({ code }) => RESPELLED.has(code) || code === "manifest/digest-mismatch");
  if (!mended.changed && !odd && !wanted) return null;
  const manifest = await packageFiles(reader, ctx).manifest();
  const text = await manifestText(
    {
      reader: mended.reader,
      manifest,
      checks: integrity.checks,
      renamed: new Set(mended.renamed.values()),
      edited: mended.changed,
    },
    ctx,
  );
  const name = old?.name ?? `${withoutExtension(reader.descriptor?.name ?? "")}.mf`;
  if (old !== null) {
    const before = await readSmallEntry(old, ctx.limits.manifestBytes, ctx);
    if (before.length === text.length && before.every((byte, i) => byte === text[i])) return null;
  }
  return memoryEntry(name, "manifest", text);
}

/** Files in the order of an archive: those that `planPack` has, with what replaces them. */
function inOrder(reader: PackageReader, entries: readonly PackageEntry[]): readonly PackageEntry[] {
  const { descriptor } = reader;
  if (descriptor === null) throw new FerryError("internal/bug", "an open package has a descriptor");
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const ordered = new Set([...archiveOrder(reader, descriptor)].flatMap(({ name }) => byName.get(name) ?? []));
  return [...ordered, ...entries.filter((entry) => !ordered.has(entry))];
}

function signatureDropped({ name }: PackageEntry): Diagnostic {
  return {
    code: "signature/dropped",
    severity: "warning",
    message: `the signature ${name} is dropped: it is of the manifest as it was`,
    hint: "Sign the result again.",
  };
}

/** A plan as the contract shows it. @param applied whether it was carried out @param diff of the descriptor, where it is asked for */
export function fixResult(name: string, plan: FixPlan, applied: boolean, diff: string | null): FixResult {
  return {
    schema: "vmferry/fix@1",
    name,
    applied,
    refused: plan.refused,
    changes: plan.changes,
    mended: plan.mended.map(toDiagnosticResult),
    left: plan.left.map(toDiagnosticResult),
    differing: plan.differing,
    diff,
  };
}
