import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { HashName } from "../../base/ids.js";
import type { Context, EditableFile } from "../../io/context.js";
import type { FileSet } from "../../io/file-set.js";
import type { FileEdit } from "../../io/target.js";
import { findRole } from "../../package/manifest/read.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import { namesAfter, planReplacement, type Replacement } from "../../package/ova/replace.js";
import { createOva, type OvaWriter, ovaBytes } from "../../package/ova/write.js";
import { readTarIndex, type TarIndex } from "../../package/tar/index.js";
import { type SignResult, toDiagnosticResult } from "../../report/results.js";
import { archiveOrder } from "../archive-order.js";
import { bytesOf, carryEntry, checkRoom, storedFiles } from "../carry.js";
import { openPackage, type PackageInput } from "../open.js";
import { archiveSet } from "../pack.js";
import { together } from "../together.js";
import { type Integrity, type PreparedIntegrity, prepareIntegrity } from "../verify.js";
import { type ManifestOptions, type ManifestWish, manifestToSign, type SignedManifest, wishFor } from "./manifest.js";
import { certificateName, type ReadySigning, readySigning, type Signing } from "./signing.js";

/** How a package is signed. */
export interface SignOptions extends Omit<Signing, "digest"> {
  /** Of the manifest where it is made, and of the signature. `null`: the manifest stays where it is strong, and SHA-256. */
  readonly digest?: HashName | null;
  /** `accept`: a file that is not what the manifest says is taken as it is, and gets a new digest. Refused by default. */
  readonly altered?: "refuse" | "accept";
}

/** Where a signed package goes. */
export type SignDestination =
  /** An archive as a file of the set. `modified`: every member's time. */
  | { readonly kind: "ova"; readonly name: string; readonly modified: Date }
  /** A folder: all files, or manifest and certificate, where the others lie there already. */
  | { readonly kind: "folder"; readonly files: "all" | "signature" };

/** A package that is to be signed. Nothing is written before one of its functions is called. */
export interface SignPlan {
  /** Whether the package itself is an archive. */
  readonly archive: boolean;
  /** Names of files that are replaced under another name, for who writes where the package lies. */
  readonly removed: readonly string[];
  /** Hashes the files, and tells what would be done. @throws `sign/refused` */
  preview(ctx: Context): Promise<SignResult>;
  /**
   * Fills the file set with the signed package. The caller commits it, or aborts it where this throws.
   * @throws `sign/refused`, `sign/failed`, `sign/wrong-signature`, `io/no-space`, and what reading and writing throw
   */
  write(to: FileSet, destination: SignDestination, ctx: Context): Promise<SignResult>;
  /**
   * Signs an archive where it lies: everything at once or nothing, and no other member moves. The plan has to be of the file's own source.
   * `null`: manifest or certificate lie between others and need more room, so nothing was done.
   * @param modified time of the new members
   * @throws as `write`, and what `apply` of the file throws
   */
  apply(file: EditableFile, modified: Date, ctx: Context): Promise<SignResult | null>;
  close(): Promise<void>;
}

/**
 * Opens a package that is to be signed, and looks at the signer.
 * @throws what opening a package and looking at a signer throw
 */
export async function planSign(input: PackageInput, options: SignOptions, ctx: Context): Promise<SignPlan> {
  const opening: Diagnostic[] = [];
  const own: Context = { ...ctx, report: (finding) => opening.push(finding) };
  const opened = await openPackage(input, {}, own);
  try {
    const { digest = null, altered = "refuse", signer, certificates = "own", accept = "valid" } = options;
    const how = { signer, certificates, accept, ...(digest === null ? {} : { digest }) };
    const signing = await readySigning(how, ctx);
    const manifestOptions = { digest, altered };
    const wish = await wishFor(opened.reader, manifestOptions, own);
    return {
      ...planOf({ reader: opened.reader, opening, signing, wish, manifestOptions }),
      close: () => opened.close(),
    };
  } catch (cause) {
    await opened.close();
    throw cause;
  }
}

interface Work {
  readonly reader: PackageReader;
  readonly opening: readonly Diagnostic[];
  readonly signing: ReadySigning;
  readonly wish: ManifestWish;
  readonly manifestOptions: ManifestOptions;
}

/** The change where the archive lies; `null` where there is no room, or manifest and certificate would not stand together (DSP0243 5.3). */
function editOf(index: TarIndex, replacement: Replacement, manifest: string): FileEdit | null {
  const names = namesAfter(index, replacement);
  const certificate = replacement.put.at(-1)?.name;
  if (names[names.indexOf(manifest) + 1] !== certificate) return null;
  return planReplacement(index, replacement);
}

function planOf(work: Work): Omit<SignPlan, "close"> {
  const { reader, signing, wish } = work;
  const certificate = certificateName(wish.name);
  const old = findRole(reader, "certificate");
  const removed = old === null || old.name === certificate ? [] : [old.name];
  let known: Integrity | null = null;

  async function judged(ctx: Context): Promise<Integrity> {
    known ??= await (await prepared("alone", ctx)).judge(Promise.resolve());
    return known;
  }

  async function prepared(place: "alone" | "beside", ctx: Context): Promise<PreparedIntegrity> {
    const { requests } = wish;
    return known === null
      ? prepareIntegrity(reader, { place, more: requests }, ctx)
      : { judge: async () => known as Integrity };
  }

  const manifestOf = (integrity: Integrity): SignedManifest =>
    manifestToSign(reader, wish, { integrity, opening: work.opening }, work.manifestOptions);

  return {
    archive: reader.kind === "ova",
    removed,
    async preview(ctx): Promise<SignResult> {
      const integrity = await judged(ctx);
      return resultOf(work, manifestOf(integrity), integrity, "preview");
    },
    async write(to, destination, ctx): Promise<SignResult> {
      if (destination.kind === "folder") return writeFolder(to, destination.files, ctx);
      return writeArchive(to, destination, ctx);
    },
    async apply(file, modified, ctx): Promise<SignResult | null> {
      const integrity = await judged(ctx);
      const manifest = manifestOf(integrity);
      const bytes = await signing.sign(manifest, ctx);
      const index = await readTarIndex(file.source, { ...ctx, report: () => {} }, { onDamage: "refuse" });
      const signature = { name: certificate, bytes };
      const both = [{ name: manifest.name, bytes: manifest.bytes }, signature];
      const how = { drop: new Set(removed), mtime: Math.floor(modified.getTime() / 1000) };
      // A manifest that is kept stays where it is, unless it is in the way.
      const kept = manifest.action === "kept" ? editOf(index, { ...how, put: [signature] }, manifest.name) : null;
      const edit = kept ?? editOf(index, { ...how, put: both }, manifest.name);
      if (edit === null) return null;
      await file.apply(edit, ctx.signal);
      return resultOf(work, manifest, integrity, "applied");
    },
  };

  async function writeFolder(to: FileSet, files: "all" | "signature", ctx: Context): Promise<SignResult> {
    const carried = files === "all" ? filesOf(work) : [];
    await checkRoom(to, () => bytesOf(carried) + wish.bytes);
    const { integrity } = await besideCopy(ctx, async (own) => {
      for (const entry of carried) await carryEntry(entry, to, own);
    });
    const manifest = manifestOf(integrity);
    const bytes = await signing.sign(manifest, ctx);
    await put(to, manifest.name, manifest.bytes);
    await put(to, certificate, bytes);
    return resultOf(work, manifest, integrity, "applied");
  }

  /**
   * Descriptor, manifest and certificate in front, as the standard has it (DSP0243 5.3), where their sizes are known before all is hashed; else
   * they stand at the end.
   */
  async function writeArchive(
    to: FileSet,
    { name, modified }: Extract<SignDestination, { kind: "ova" }>,
    ctx: Context,
  ): Promise<SignResult> {
    const files = filesOf(work);
    const certificateBytes = await signing.bytesFor(wish.name);
    const manifestBytes =
      wish.reason === null && work.manifestOptions.altered === "refuse" ? (wish.old?.length ?? 0) : null;
    const sizeOfManifest = manifestBytes ?? (wish.reason === null ? null : wish.bytes);
    await checkRoom(to, () =>
      ovaBytes([...files, { name: wish.name, size: wish.bytes }, { name: certificate, size: 65_536 }]),
    );
    const ova: OvaWriter = await createOva(archiveSet(to), { name, modified, digest: null, descriptor: null }, ctx);
    const [descriptor, ...rest] = files;
    if (descriptor === undefined) throw new FerryError("internal/bug", "an open package has a descriptor");
    const inFront = certificateBytes !== null && sizeOfManifest !== null;
    const slots = { manifest: null as Target | null, certificate: null as Target | null };
    const { integrity } = await besideCopy(ctx, async (own) => {
      await carryEntry(descriptor, ova, own);
      if (inFront) {
        slots.manifest = await ova.create(wish.name, sizeOfManifest);
        slots.certificate = await ova.create(certificate, certificateBytes);
      }
      for (const entry of rest) await carryEntry(entry, ova, own);
    });
    const manifest = manifestOf(integrity);
    const bytes = await signing.sign(manifest, ctx);
    await fill(slots.manifest ?? (await ova.create(manifest.name, manifest.bytes.length)), manifest.bytes);
    await fill(slots.certificate ?? (await ova.create(certificate, bytes.length)), bytes);
    await ova.finish();
    return resultOf(work, manifest, integrity, "applied");
  }

  /** Copies and hashes beside each other. What fails first stops the other. */
  async function besideCopy(
    ctx: Context,
    copy: (ctx: Context) => Promise<void>,
  ): Promise<{ readonly integrity: Integrity }> {
    const { ctx: own, causes, watch } = together(ctx);
    const ready = await prepared("beside", own);
    const copying = watch(copy(own));
    copying.catch(() => {});
    const [integrity] = await Promise.allSettled([watch(ready.judge(copying)), copying]);
    if (causes.length > 0 || integrity.status === "rejected") throw causes[0];
    known = integrity.value;
    return { integrity: integrity.value };
  }
}

type Target = Awaited<ReturnType<FileSet["create"]>>;

async function put(to: FileSet, name: string, bytes: Uint8Array): Promise<void> {
  await fill(await to.create(name, bytes.length), bytes);
}

async function fill(target: Target, bytes: Uint8Array): Promise<void> {
  await target.write(bytes);
  await target.close();
}

/** What is carried over: everything but manifest and certificate, the descriptor first. */
function filesOf({ reader }: Work): readonly PackageEntry[] {
  const { descriptor } = reader;
  if (descriptor === null) throw new FerryError("internal/bug", "an open package has a descriptor");
  const files = storedFiles(archiveOrder(reader, descriptor));
  return files.filter(({ role }) => role !== "manifest" && role !== "certificate");
}

function resultOf(work: Work, manifest: SignedManifest, integrity: Integrity, what: "preview" | "applied"): SignResult {
  const { reader, opening, signing } = work;
  // What was wrong with the old manifest is gone with it.
  const kept = manifest.action === "kept" ? integrity.findings : [];
  return {
    schema: "vmferry/sign@1",
    name: reader.name,
    applied: what === "applied",
    manifest: {
      name: manifest.name,
      action: manifest.action,
      reason: manifest.reason,
      algorithms: [...new Set(manifest.lines.map(({ algorithm }) => algorithm))],
    },
    certificate: {
      name: certificateName(manifest.name),
      algorithm: signing.digest,
      replaced: findRole(reader, "certificate") !== null,
    },
    signer: signing.signer,
    files: manifest.lines,
    diagnostics: [...opening, ...signing.findings, ...kept].map(toDiagnosticResult),
  };
}
