/** Writing an edited package: to another place in one pass, or where it lies. */
import { toHex } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { HashName } from "../../base/ids.js";
import { copyDisk } from "../../disk/copy.js";
import type { Context, EditableFile } from "../../io/context.js";
import type { FileSet } from "../../io/file-set.js";
import { hashSource } from "../../io/hash-lane.js";
import type { ByteSource } from "../../io/source.js";
import type { FileEdit } from "../../io/target.js";
import type { PackageEntry } from "../../package/model.js";
import { planReplacement } from "../../package/ova/replace.js";
import { createOva, type OvaWriter, ovaBytes } from "../../package/ova/write.js";
import { readTarIndex } from "../../package/tar/index.js";
import type { EditResult } from "../../report/results.js";
import { bytesOf, carryEntry, checkRoom } from "../carry.js";
import { archiveSet } from "../pack.js";
import { certificateName } from "../sign/signing.js";
import { together } from "../together.js";
import { prepareIntegrity } from "../verify.js";
import { mostBytesOf, type WrittenDisk } from "./disks.js";
import { manifestBytes, requestsFor } from "./manifest.js";
import { resultOf, unchecked } from "./result.js";
import { digestOfBytes, type EditDestination, type EditWork } from "./work.js";

/** Digests that were made, by algorithm and name. */
type Made = Map<string, string>;

/** Tells what would be done. */
export async function previewEdit(
  work: EditWork,
  place: "elsewhere" | { readonly archive: ByteSource } | "folder",
  ctx: Context,
): Promise<EditResult> {
  const sizes = new Map<string, number | null>();
  const descriptor = work.render(new Map(written(work).map((disk) => [disk.name, mostBytesOf(disk)])));
  if (written(work).length === 0) sizes.set(work.descriptor.name, descriptor.length);
  if (place === "elsewhere" || place === "folder") {
    return resultOf(work, { way: place === "folder" ? "replaced" : "copied", sizes, applied: false });
  }
  // What is not known yet has its size all the same: a digest has as many digits as any other.
  const edit = await placeEdit(work, place.archive, { modified: new Date(0), sign: "later" }, ctx);
  return resultOf(work, {
    way: edit === null ? "rewritten" : "patched",
    sizes,
    applied: false,
    place: place.archive.size,
  });
}

/** Fills a file set. */
export async function writeEdited(
  work: EditWork,
  to: FileSet,
  destination: EditDestination,
  ctx: Context,
): Promise<EditResult> {
  const sizes = new Map<string, number>();
  const findings: Diagnostic[] = [];
  const disks = written(work);
  const carried = destination.kind === "folder" && destination.files === "changed" ? [] : work.kept;
  const made: Made = new Map();
  let room = 0;
  for (const disk of disks) if (disk.plan.acceptsUnits === null) room += mostBytesOf(disk);
  await checkRoom(
    to,
    () => room + bytesOf(carried) + ovaBytes([{ name: work.descriptor.name, size: work.descriptor.size }]),
  );
  if (destination.kind === "folder") {
    const inPlace = destination.files === "changed";
    await besideCheck(work, { read: inPlace ? "none" : "all", findings, made }, ctx, async (own) => {
      for (const entry of carried) await carryEntry(entry, to, own);
      for (const disk of disks) await writeDisk(work, disk, to, { sizes, made }, own);
    });
    await descriptorInto(work, to, { sizes, made }, ctx);
    for (const [name, bytes] of await proofs(work, made, ctx)) sizes.set(name, await put(to, name, bytes));
    if (inPlace) findings.push(...unchecked(work));
    return resultOf(work, { way: inPlace ? "replaced" : "copied", sizes, applied: true, findings });
  }

  const { name: archive, modified } = destination;
  const most = new Map(disks.map((disk) => [disk.name, mostBytesOf(disk)]));
  const kept = disks.length === 0 ? null : { name: work.descriptor.name, room: work.render(most).length };
  const ova = await createOva(archiveSet(to), { name: archive, modified, digest: null, descriptor: kept }, ctx);
  // Where no digest has to be waited for, manifest and certificate stand where they stood; else they come last (DSP0243 5.3).
  const first = kept === null && isKnown(work);
  await besideCheck(work, { read: "all", findings, made }, ctx, async (own) => {
    if (kept === null) await descriptorInto(work, ova, { sizes, made }, own);
    const early = first ? await proofs(work, made, own) : [];
    const place = first ? placeOfManifest(work) : -1;
    for (const [i, entry] of work.kept.entries()) {
      if (i === place) for (const [name, bytes] of early) sizes.set(name, await put(ova, name, bytes));
      await carryEntry(entry, ova, own);
    }
    if (place >= work.kept.length) for (const [name, bytes] of early) sizes.set(name, await put(ova, name, bytes));
    for (const disk of disks) await writeDisk(work, disk, ova, { sizes, made }, own);
  });
  if (kept !== null) await descriptorInto(work, ova, { sizes, made }, ctx);
  if (!first) for (const [name, bytes] of await proofs(work, made, ctx)) sizes.set(name, await put(ova, name, bytes));
  await ova.finish();
  return resultOf(work, { way: destination.rewrite ? "rewritten" : "copied", sizes, applied: true, findings });
}

/** Changes an archive where it lies; `null`: there is no room. */
export async function applyInPlace(
  work: EditWork,
  file: EditableFile,
  modified: Date,
  ctx: Context,
): Promise<EditResult | null> {
  refuseAltered(work);
  const edit = await placeEdit(work, file.source, { modified, sign: "now" }, ctx);
  if (edit === null) return null;
  const { sizes, ...change } = edit;
  await file.apply(change, ctx.signal);
  return resultOf(work, { way: "patched", sizes, applied: true, findings: unchecked(work) });
}

/** The change of an archive's file; `null`: what is new finds no room, or other files come and go. */
async function placeEdit(
  work: EditWork,
  source: ByteSource,
  { modified, sign }: { readonly modified: Date; readonly sign: "now" | "later" },
  ctx: Context,
): Promise<(FileEdit & { readonly sizes: ReadonlyMap<string, number> }) | null> {
  if (written(work).length > 0) return null;
  const bytes = work.fitted();
  if (bytes === null) return null;
  const index = await readTarIndex(source, { ...ctx, report: () => {} }, { onDamage: "refuse" });
  const made: Made = new Map();
  await hashDescriptor(work, bytes, made, ctx);
  const put = [{ name: work.descriptor.name, bytes }];
  if (sign === "now" || work.signing === null) {
    for (const { entry, algorithms } of requestsFor(work.lines ?? [], work.kept)) {
      for (const algorithm of algorithms)
        made.set(keyOf(algorithm, entry.name), await digestOfEntry(entry, algorithm, ctx));
    }
    for (const [name, content] of await proofs(work, made, ctx)) put.push({ name, bytes: content });
  }
  const edit = planReplacement(index, {
    put,
    drop: new Set(work.dropped),
    mtime: Math.floor(modified.getTime() / 1000),
  });
  return edit === null ? null : { ...edit, sizes: new Map(put.map(({ name, bytes: { length } }) => [name, length])) };
}

function written({ added, resized }: EditWork): readonly WrittenDisk[] {
  return [...resized, ...added];
}

/** Whether the manifest is known before any file is read. */
function isKnown(work: EditWork): boolean {
  return (work.lines ?? []).every(({ known, file }) => known !== null || file === work.descriptor.name);
}

/** Before which of the files that stay the manifest stands: where the old one stood, else behind all. */
function placeOfManifest({ reader, kept, manifestName }: EditWork): number {
  const stored = reader.stored ?? [];
  const at = stored.indexOf(manifestName);
  if (at < 0) return kept.length;
  const before = new Set(stored.slice(0, at));
  const place = kept.findIndex(({ name }) => !before.has(name));
  return place < 0 ? kept.length : place;
}

type Sized = { readonly sizes: Map<string, number>; readonly made: Made };

async function writeDisk(
  work: EditWork,
  disk: WrittenDisk,
  to: FileSet,
  { sizes, made }: Sized,
  ctx: Context,
): Promise<void> {
  const { name, source, plan } = disk;
  const { files } = await copyDisk(source, [{ plan, files: to }], ctx);
  sizes.set(name, files[0]?.get(name) ?? 0);
  const algorithms = (work.lines ?? []).flatMap((line) => (line.file === name ? [line.algorithm] : []));
  if (algorithms.length === 0) return;
  if (to.readBack === undefined) {
    throw new FerryError("convert/cannot-prove", `${to.label} cannot be read back, so no manifest can be made`, {
      hint: "Write to a file or a folder.",
    });
  }
  const back = await to.readBack(name);
  try {
    const digests = await hashSource(back, algorithms, ctx);
    for (const [i, algorithm] of algorithms.entries())
      made.set(keyOf(algorithm, name), toHex(digests[i] ?? new Uint8Array()));
  } finally {
    await back.close();
  }
}

async function descriptorInto(work: EditWork, to: FileSet, { sizes, made }: Sized, ctx: Context): Promise<void> {
  const bytes = work.render(sizes);
  const { name } = work.descriptor;
  // An archive that kept room for it fills that up with white space: its bytes are read back.
  sizes.set(name, await put(to, name, bytes));
  if (to.readBack === undefined || sizes.get(name) === bytes.length) return hashDescriptor(work, bytes, made, ctx);
  const back = await to.readBack(name);
  try {
    await hashDescriptor(work, await back.read(0, back.size, ctx.signal), made, ctx);
  } finally {
    await back.close();
  }
}

async function hashDescriptor(work: EditWork, bytes: Uint8Array, made: Made, ctx: Context): Promise<void> {
  for (const { file, algorithm } of work.lines ?? []) {
    if (file === work.descriptor.name) made.set(keyOf(algorithm, file), await digestOfBytes(bytes, algorithm, ctx));
  }
}

async function digestOfEntry(entry: PackageEntry, algorithm: HashName, ctx: Context): Promise<string> {
  const source = await entry.open();
  try {
    const [digest] = await hashSource(source, [algorithm], ctx);
    return toHex(digest ?? new Uint8Array());
  } finally {
    await source.close();
  }
}

function keyOf(algorithm: HashName, name: string): string {
  return `${algorithm} ${name}`;
}

/** Manifest and certificate, where the result has them, in this order. */
async function proofs(
  { lines, oldManifest, manifestName, signing }: EditWork,
  made: Made,
  ctx: Context,
): Promise<readonly (readonly [name: string, bytes: Uint8Array])[]> {
  if (lines === null) return [];
  const digestOf = (file: string, algorithm: HashName): string => {
    const digest = made.get(keyOf(algorithm, file));
    if (digest !== undefined) return digest;
    throw new FerryError("internal/bug", `there is no digest of ${file}`);
  };
  const bytes = manifestBytes(lines, digestOf, oldManifest);
  if (signing === null) return [[manifestName, bytes]];
  return [
    [manifestName, bytes],
    [certificateName(manifestName), await signing.sign({ name: manifestName, bytes }, ctx)],
  ];
}

async function put(to: FileSet | OvaWriter, name: string, bytes: Uint8Array): Promise<number> {
  const target = await to.create(name, bytes.length);
  await target.write(bytes);
  await target.close();
  return target.position;
}

/**
 * Does work and compares the source with its manifest beside it; digests that the new manifest needs are made in the same pass.
 * @throws `package/not-intact`
 */
async function besideCheck(
  work: EditWork,
  { read, findings, made }: { readonly read: "all" | "none"; readonly findings: Diagnostic[]; readonly made: Made },
  ctx: Context,
  act: (ctx: Context) => Promise<void>,
): Promise<void> {
  const { reader, lines, kept, altered } = work;
  refuseAltered(work);
  const requests = requestsFor(lines ?? [], kept);
  if (read === "none") {
    for (const { entry, algorithms } of requests) {
      for (const algorithm of algorithms)
        made.set(keyOf(algorithm, entry.name), await digestOfEntry(entry, algorithm, ctx));
    }
    return act(ctx);
  }
  const { ctx: own, causes, watch } = together(ctx);
  const prepared = await prepareIntegrity(reader, { place: "beside", more: requests }, own);
  const acting = watch(act(own));
  acting.catch(() => {});
  const judging = async (): Promise<void> => {
    const integrity = await prepared.judge(acting);
    const stays = new Set(kept.map(({ name }) => name));
    for (const [name, digests] of integrity.digests) {
      // What is written anew has another by now.
      if (!stays.has(name)) continue;
      for (const [algorithm, digest] of Object.entries(digests)) made.set(`${algorithm} ${name}`, digest);
    }
    const wrong = integrity.findings.filter(({ severity }) => severity === "error");
    const [first] = wrong;
    if (first !== undefined && altered === "refuse") throw notIntact(work, first.message, wrong);
    findings.push(
      ...integrity.findings.map(
        (finding): Diagnostic => (finding.severity === "error" ? { ...finding, severity: "warning" } : finding),
      ),
    );
  };
  const [judged] = await Promise.allSettled([watch(judging()), acting]);
  if (causes.length > 0 || judged.status === "rejected") throw causes[0];
}

/** @throws `package/not-intact` where the descriptor is not what the manifest says */
function refuseAltered(work: EditWork): void {
  if (work.descriptorIntact || work.altered === "accept") return;
  throw notIntact(work, `${work.descriptor.name} is not what the manifest says`, []);
}

function notIntact({ reader }: EditWork, message: string, diagnostics: readonly Diagnostic[]): FerryError {
  return new FerryError("package/not-intact", `${reader.name} is not intact: ${message}`, {
    hint: "Fetch it again. If you changed the files yourself, use --accept-changes.",
    diagnostics,
  });
}
