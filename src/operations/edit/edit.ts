/** Editing a package: its descriptor by data, with manifest and signature in step, and disks as they are. */
import { alignUp } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { Context, EditableFile } from "../../io/context.js";
import type { FileSet } from "../../io/file-set.js";
import type { ByteSource } from "../../io/source.js";
import type { OvfDocument } from "../../ovf/document.js";
import { withoutSecrets } from "../../ovf/secrets.js";
import { readSmallEntry } from "../../package/entries.js";
import { findRole } from "../../package/manifest/read.js";
import { parseManifest } from "../../package/manifest/text.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import { withoutExtension } from "../../package/names.js";
import { filledUp, SLACK_BYTES, slackBytes, type Unit } from "../../package/slack.js";
import { TAR_BLOCK } from "../../package/tar/header.js";
import { readDescriptorEntry } from "../../platforms/ovf/descriptor.js";
import { applyEdits } from "../../platforms/ovf/edit/apply.js";
import { type Edits, isEmpty } from "../../platforms/ovf/edit/edits.js";
import { passwordsIn } from "../../platforms/ovf/edit/properties.js";
import type { EditChange } from "../../platforms/ovf/edit/session.js";
import { unifiedDiff } from "../../report/diff.js";
import type { EditResult } from "../../report/results.js";
import { archiveOrder } from "../archive-order.js";
import { storedFiles } from "../carry.js";
import type { DiskSource } from "../disk/disk.js";
import { openPackage, type PackageInput } from "../open.js";
import { certificateName, readySigning, type Signing } from "../sign/signing.js";
import { closeAll, openAdded, openResized, type WrittenDisk } from "./disks.js";
import { manifestLines, type OldManifest } from "./manifest.js";
import { digestOfBytes, type EditDestination, type EditWork } from "./work.js";
import { applyInPlace, previewEdit, writeEdited } from "./write.js";

/** How a package is edited. */
export interface PackageEditOptions {
  readonly edits: Edits;
  /** The files of `edits.addDisks`, in their order. Whoever opened them closes them. */
  readonly disks?: readonly DiskSource[];
  /** Looks a secret up that is given by reference. Without it values of password properties are refused. */
  readonly secret?: (reference: string, key: string) => Promise<string>;
  /** Who signs the result; nobody by default, which drops a signature. */
  readonly signing?: Signing;
  /** `accept`: a file that is not what the manifest says is taken as it is, and gets a new digest. Refused by default. */
  readonly altered?: "refuse" | "accept";
}

/** What an edit comes to. Nothing is written before one of its functions is called. */
export interface EditPlan {
  /** Whether the package itself is an archive. */
  readonly archive: boolean;
  readonly changes: readonly EditChange[];
  /** The descriptor's changes as a unified diff, secrets hidden. */
  readonly diff: string;
  /** Names of files that are no longer there, for who writes where the package lies. */
  readonly removed: readonly string[];
  /** Names of the old manifest and certificate: in a folder they go first, so that at no moment they vouch for another descriptor. */
  readonly vouching: readonly string[];
  /** Tells what would be done. @param place where it would be written; an archive that lies in a file is looked at */
  preview(place: "elsewhere" | { readonly archive: ByteSource } | "folder", ctx: Context): Promise<EditResult>;
  /**
   * Fills the file set. The caller commits it, or aborts it where this throws.
   * @throws `package/not-intact`, `io/no-space`, and what reading, writing and signing throw
   */
  write(to: FileSet, destination: EditDestination, ctx: Context): Promise<EditResult>;
  /**
   * Changes an archive where it lies: descriptor, manifest and certificate, all or nothing; no disk is read. The plan has to be of the file's own
   * source. `null`: what is new finds no room, and nothing was done: `write` makes the archive anew.
   * @param modified time of the new members
   */
  apply(file: EditableFile, modified: Date, ctx: Context): Promise<EditResult | null>;
  close(): Promise<void>;
}

/**
 * Opens a package and makes edits in memory. What contradicts itself or the package is refused before anything is written.
 * @throws `edit/...`, and what opening packages, disks and signers throws
 */
export async function planEdit(input: PackageInput, options: PackageEditOptions, ctx: Context): Promise<EditPlan> {
  const { altered = "refuse" } = options;
  if (isEmpty(options.edits)) {
    throw new FerryError("edit/nothing", "nothing was given that is to change", {
      hint: "Say what, such as --cpus 4, or name a patch with --patch FILE.",
    });
  }
  const findings: Diagnostic[] = [];
  const own: Context = { ...ctx, report: (finding) => findings.push(finding) };
  const opened = await openPackage(input, {}, own);
  const disks: WrittenDisk[] = [];
  const close = async (): Promise<void> => {
    await closeAll(disks.splice(0));
    await opened.close();
  };
  try {
    const { reader } = opened;
    const { descriptor } = reader;
    if (descriptor === null) throw new FerryError("internal/bug", "an open package has a descriptor");
    const signing = options.signing === undefined ? null : await readySigning(options.signing, ctx);
    findings.push(...(signing?.findings ?? []));
    // Parsed anew: the tree that the package was opened with stays as it was read.
    const document = await readDescriptorEntry(descriptor, ctx, () => {});
    const before = document.xml.serialize();
    const edits = await withSecrets(document, options);
    const added = await openAdded(reader, options.disks ?? [], own);
    disks.push(...added);
    const edited = applyEdits(
      document,
      edits,
      added.map(({ file }) => file),
    );
    findings.push(...edited.notes);
    const resized = await openResized(reader, edited.disks.resized, own);
    disks.push(...resized);

    const gone = new Set(edited.disks.removed.flatMap((href) => reader.entry(href) ?? []));
    const order = reader.kind === "ova" ? reader.entries : [...archiveOrder(reader, descriptor)];
    const anew = new Set(resized.map(({ name }) => name));
    const body = order.filter(({ role }) => role !== "manifest" && role !== "certificate");
    const kept = storedFiles(body.filter((entry) => entry !== descriptor && !gone.has(entry) && !anew.has(entry.name)));
    const manifestEntry = findRole(reader, "manifest");
    const oldManifest = manifestEntry === null ? null : await readOld(manifestEntry, own);
    const lines = manifestLines({
      reader,
      manifest: oldManifest?.manifest ?? null,
      kept,
      written: [descriptor.name, ...resized.map(({ name }) => name), ...added.map(({ name }) => name)],
      signed: signing?.digest ?? null,
      trusted: altered === "refuse",
    });
    const manifestName = manifestEntry?.name ?? `${withoutExtension(descriptor.name)}.mf`;
    const certificate = findRole(reader, "certificate");
    if (certificate !== null && signing === null) findings.push(signatureDropped(certificate));
    const kinds: readonly string[] = signing === null ? [] : [certificateName(manifestName)];
    const dropped = [
      ...storedFiles(gone).map(({ name }) => name),
      ...(certificate === null || kinds.includes(certificate.name) ? [] : [certificate.name]),
    ];
    const unit = unitOf(document.xml.encoding);
    const work: EditWork = {
      reader,
      descriptor,
      document,
      changes: edited.changes,
      diff: unifiedDiff(descriptor.name, withoutSecrets(document.xml.text), withoutSecrets(textOf(document))),
      findings,
      render(sizes): Uint8Array {
        for (const [i, { name }] of added.entries()) setSize(edited.disks.added[i], sizes.get(name) ?? 0);
        for (const { name } of resized) {
          const file = document.references.find(({ href }) => href !== null && reader.entry(href)?.name === name);
          if (file !== undefined && file.size !== null) setSize(file, sizes.get(name) ?? file.size);
        }
        return withSlack(document.xml.serialize(), before, unit);
      },
      fitted: () => fittedTo(document.xml.serialize(), before, unit),
      kept,
      added,
      resized,
      dropped,
      manifestName,
      oldManifest,
      lines,
      signing,
      altered,
      descriptorIntact: await isIntact(oldManifest, reader, before, ctx),
    };
    return {
      archive: reader.kind === "ova",
      changes: edited.changes,
      diff: work.diff,
      removed: dropped,
      vouching: reader.entries.flatMap(({ name, role }) =>
        role === "manifest" || role === "certificate" ? [name] : [],
      ),
      preview: (place, scope) => previewEdit(work, place, scope),
      write: (to, destination, scope) => writeEdited(work, to, destination, scope),
      apply: (file, modified, scope) => applyInPlace(work, file, modified, scope),
      close,
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** Edits with secrets in place of references to them. @throws `edit/plain-secret` */
async function withSecrets(document: OvfDocument, { edits, secret }: PackageEditOptions): Promise<Edits> {
  const resolve = async (key: string, value: string): Promise<string> => {
    if (secret !== undefined && /^(?:env|file|cmd):/.test(value)) return secret(value, key);
    throw new FerryError("edit/plain-secret", `the value of ${key} is a password, and was not given by reference`, {
      hint: "Write env:NAME, file:PATH or cmd:COMMAND in its place.",
    });
  };
  const secrets = passwordsIn(document, edits);
  const values: [string, string][] = [];
  for (const [key, value] of edits.values) {
    values.push([key, secrets.has(key) && value !== "" ? await resolve(key, value) : value]);
  }
  const addProperties: Edits["addProperties"][number][] = [];
  for (const property of edits.addProperties) {
    const { key, password, value } = property;
    addProperties.push(
      password && value !== null && value !== "" ? { ...property, value: await resolve(key, value) } : property,
    );
  }
  return { ...edits, values, addProperties };
}

async function readOld(entry: PackageEntry, ctx: Context): Promise<OldManifest> {
  const bytes = await readSmallEntry(entry, ctx.limits.manifestBytes, ctx);
  // How it is spelled is no matter here.
  return { bytes, manifest: parseManifest(bytes, entry.name, { report: () => {} }) };
}

/** Whether the descriptor is what its line of the manifest says; where there is none, nothing says otherwise. */
async function isIntact(
  old: OldManifest | null,
  reader: PackageReader,
  bytes: Uint8Array,
  ctx: Context,
): Promise<boolean> {
  for (const { name, algorithm, digest } of old?.manifest.entries ?? []) {
    if (reader.entry(name) !== reader.descriptor) continue;
    if ((await digestOfBytes(bytes, algorithm, ctx)) !== digest) return false;
  }
  return true;
}

function setSize(file: { size: number | null } | undefined, size: number): void {
  if (file !== undefined && file.size !== size) file.size = size;
}

function unitOf(encoding: string): Unit {
  return encoding === "utf-16le" || encoding === "utf-16be" ? encoding : "byte";
}

/** White space behind a descriptor from here on was put there for edits. */
const KEPT_SLACK = 512;

/** A descriptor as long as the old one where that has white space for edits; with new white space where it was used up. */
function withSlack(now: Uint8Array, before: Uint8Array, unit: Unit): Uint8Array {
  if (slackBytes(before, unit) < KEPT_SLACK) return now;
  const bare = now.subarray(0, now.length - slackBytes(now, unit));
  return filledUp(bare, before.length, unit) ?? filledUp(bare, bare.length + SLACK_BYTES, unit) ?? now;
}

/** A descriptor that takes as many blocks of an archive as the old one; `null`: it needs more. */
function fittedTo(now: Uint8Array, before: Uint8Array, unit: Unit): Uint8Array | null {
  const bare = now.subarray(0, now.length - slackBytes(now, unit));
  return filledUp(bare, before.length, unit) ?? filledUp(bare, alignUp(before.length, TAR_BLOCK), unit);
}

function textOf({ xml }: OvfDocument): string {
  return new TextDecoder(xml.encoding === "utf-8" ? "utf-8" : xml.encoding).decode(xml.serialize());
}

function signatureDropped({ name }: PackageEntry): Diagnostic {
  return {
    code: "signature/dropped",
    severity: "warning",
    message: `the signature ${name} is dropped: it is of the manifest as it was`,
    hint: "Sign the result: add --key FILE, or use 'vmferry sign'.",
  };
}
