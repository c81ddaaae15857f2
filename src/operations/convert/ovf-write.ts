/** Writing an OVF package: the descriptor that waits for the sizes of its files, the files, the manifest and its signature. */

import type { Wishes } from "../../appliance/wish.js";
import { toHex } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { HashName } from "../../base/ids.js";
import type { Context } from "../../io/context.js";
import type { FileSet } from "../../io/file-set.js";
import { hashSource } from "../../io/hash-lane.js";
import { serializeManifest } from "../../package/manifest/text.js";
import { createOva } from "../../package/ova/write.js";
import type { OvfAuthored } from "../../platforms/ovf/authored.js";
import type { FlavourId, OvfFlavour, WrittenVersion } from "../../platforms/ovf/flavours.js";
import type { ImportChoice } from "../../platforms/platform.js";
import { archiveSet } from "../pack.js";
import { certificateName, type ReadySigning, type Signing } from "../sign/signing.js";
import { type ConversionOutcome, type ExecuteOptions, executeWork, type PlannedDisk, type Work } from "./conversion.js";

/** What a user asks for. */
export interface ConvertOvfOptions {
  /** Whom the package is made for; `vsphere` by default where it is written anew. */
  readonly flavour?: FlavourId;
  /** The version that a package is written anew in; the flavour's by default. */
  readonly version?: WrittenVersion;
  /** `ova`: one archive; `ovf`: a folder. */
  readonly kind: "ova" | "ovf";
  /** Name of the archive file, for `ova`. */
  readonly archive: string;
  /** The members' time in the archive; now by default. The same time and source make the same bytes. */
  readonly modified?: Date;
  readonly level?: number;
  /** What is wanted otherwise than the source has it: then the descriptor is written anew. */
  readonly wishes?: Wishes;
  /** The configuration, and answers to questions, where the descriptor is written anew. */
  readonly choice?: ImportChoice;
  readonly findings?: readonly Diagnostic[];
  /** What an author says beyond the machines. */
  readonly authored?: OvfAuthored;
  /** What of the flavour is otherwise: the versions of its consumer that it is for, and disks without an image. */
  readonly tailored?: Partial<Pick<OvfFlavour, "targets" | "emptyDisks">>;
  /** `left-out`: the descriptor says nothing that depends on how a file system keeps the disks' holes. */
  readonly populated?: "left-out";
  /** The digest of the manifest; left out: that of the signature, or the flavour's. */
  readonly digest?: HashName;
  /** Who signs the result; nobody by default. Its digest is that of the manifest too. */
  readonly signing?: Signing;
}

/** Sizes in bytes, by file name; `null`: not known. */
export type FileSizes = ReadonlyMap<string, number | null>;

/** A package that was planned. */
export interface OvfOutput {
  /** `ova`: one archive; `ovf`: a folder. */
  readonly kind: "ova" | "ovf";
  /** Name of the archive file, for `ova`. */
  readonly archive: string;
  /** The members' time in the archive; `null`: now. */
  readonly modified: Date | null;
  readonly work: Work;
  /** Files behind the descriptor, in their order, with the bytes that each takes at most. */
  readonly files: readonly { readonly name: string; readonly most: number }[];
  readonly descriptorName: string;
  readonly manifestName: string;
  readonly digest: HashName;
  readonly signing: ReadySigning | null;
  /** Bytes of white space behind the descriptor in an archive, for edits where it lies. */
  readonly slack: number;
  /** The descriptor for these sizes. */
  descriptor(sizes: FileSizes, ctx: Context): Promise<Uint8Array>;
}

/** Fills a file set with a package. */
export async function writeOvf(
  output: OvfOutput,
  to: FileSet,
  how: ExecuteOptions,
  ctx: Context,
): Promise<ConversionOutcome> {
  return output.kind === "ova" ? writeOva(output, to, how, ctx) : writeFolder(output, to, how, ctx);
}

async function writeOva(output: OvfOutput, to: FileSet, how: ExecuteOptions, ctx: Context): Promise<ConversionOutcome> {
  const { work, files, descriptorName } = output;
  // The descriptor stands first and is written last: room for as many digits as the sizes may have by then.
  const most = new Map(files.map((file) => [file.name, file.most]));
  const room = (await output.descriptor(most, ctx)).length + output.slack;
  const ova = await createOva(
    archiveSet(to),
    {
      name: output.archive,
      modified: output.modified ?? ctx.runtime.now(),
      digest: output.digest,
      descriptor: { name: descriptorName, room },
    },
    ctx,
  );
  const outcome = await executeWork(work, ova, how, ctx);
  const first = await put(ova, descriptorName, await output.descriptor(sizesOf(outcome), ctx));
  const digests = await ova.digests();
  const last = await putManifest(ova, digests, output, ctx);
  await ova.finish();
  return { ...outcome, files: [first, ...outcome.files, ...last] };
}

async function writeFolder(
  output: OvfOutput,
  to: FileSet,
  how: ExecuteOptions,
  ctx: Context,
): Promise<ConversionOutcome> {
  const { work, files, descriptorName } = output;
  if (to.readBack === undefined) {
    throw new FerryError("convert/cannot-prove", `${to.label} cannot be read back, so no manifest can be made`, {
      hint: "Write to a folder.",
    });
  }
  const outcome = await executeWork(work, to, how, ctx);
  const first = await put(to, descriptorName, await output.descriptor(sizesOf(outcome), ctx));
  const digests = new Map<string, string>();
  for (const name of [descriptorName, ...files.map((file) => file.name)]) {
    const source = await to.readBack(name);
    try {
      const [digest] = await hashSource(source, [output.digest], ctx);
      digests.set(name, toHex(digest ?? new Uint8Array()));
    } finally {
      await source.close();
    }
  }
  const last = await putManifest(to, digests, output, ctx);
  return { ...outcome, files: [first, ...outcome.files, ...last] };
}

/** The manifest, and its signature where somebody signs. */
async function putManifest(
  to: FileSet,
  digests: ReadonlyMap<string, string>,
  { manifestName: name, signing, digest: algorithm }: OvfOutput,
  ctx: Context,
): Promise<ConversionOutcome["files"]> {
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

function sizesOf(outcome: ConversionOutcome): FileSizes {
  return new Map(outcome.files.map(({ name, size }) => [name, size]));
}

/** More than a packed disk can take: what does not get smaller is stored with a marker for each grain, and tables are few. */
export function mostBytes({ source }: PlannedDisk): number {
  return 2 * source.info.size + 2 ** 20;
}
