/** The manifest that is signed: the one that is there where it is right, complete and strong, or a new one. */
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { HashName } from "../../base/ids.js";
import { printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import { readSmallEntry } from "../../package/entries.js";
import { isWeak } from "../../package/manifest/algorithms.js";
import type { DigestRequest } from "../../package/manifest/compare.js";
import { findRole } from "../../package/manifest/read.js";
import { type Manifest, parseManifest, serializeManifest } from "../../package/manifest/text.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import { withoutExtension } from "../../package/names.js";
import { archiveOrder } from "../archive-order.js";
import { storedFiles } from "../carry.js";
import { nameFor } from "../fix/manifest.js";
import type { Integrity } from "../verify.js";

/** What a package's manifest has to become, as far as its text alone tells. */
export interface ManifestWish {
  readonly name: string;
  /** Of a manifest that is made. */
  readonly algorithm: HashName;
  /** Why it cannot stay; `null`: it stays where the files are what it says. */
  readonly reason: string | null;
  /** Digests that a new one needs; none where it stays. */
  readonly requests: readonly DigestRequest[];
  /** Bytes of a new one. */
  readonly bytes: number;
  /** As it is; `null`: there is none. */
  readonly old: Uint8Array | null;
}

/** How the manifest is treated. */
export interface ManifestOptions {
  /** `null`: any that is strong, and SHA-256 for a new one. */
  readonly digest: HashName | null;
  readonly altered: "refuse" | "accept";
}

/** A manifest that is to be signed. */
export interface SignedManifest {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly action: "kept" | "made";
  readonly reason: string | null;
  readonly lines: readonly { readonly name: string; readonly algorithm: HashName; readonly digest: string }[];
}

/** Looks at the manifest's text. @throws `io/limit` */
export async function wishFor(reader: PackageReader, options: ManifestOptions, ctx: Context): Promise<ManifestWish> {
  const { digest, altered } = options;
  const entry = findRole(reader, "manifest");
  const name = entry?.name ?? `${withoutExtension(reader.descriptor?.name ?? "")}.mf`;
  const old = entry === null ? null : await readSmallEntry(entry, ctx.limits.manifestBytes, ctx);
  const odd: Diagnostic[] = [];
  const manifest = old === null ? null : parseManifest(old, name, { report: (finding) => odd.push(finding) });
  const algorithm = digest ?? strongestOf(manifest);
  // VirtualBox writes blanks that virt-v2v, open-vmdk and others do not read.
  const isOdd = odd.some(({ code }) => code === "manifest/odd-spelling");
  const spelling = isOdd ? "its spelling is not the standard's" : null;
  const reason = manifest === null ? "there was none" : (whyNot(reader, manifest, digest) ?? spelling);
  const files = listedFiles(reader);
  // Whoever accepts altered files needs the digests of all of them.
  const requests =
    reason === null && altered === "refuse" ? [] : files.map((file) => ({ entry: file, algorithms: [algorithm] }));
  const lines = files.map((file) => ({
    name: nameFor(file, reader),
    algorithm,
    digest: "0".repeat(DIGITS[algorithm]),
  }));
  return { name, algorithm, reason, requests, bytes: serializeManifest(lines).length, old };
}

/** Of a manifest that is made anew: no weaker than the old one, and SHA-256 at least. */
function strongestOf(manifest: Manifest | null): HashName {
  const used = new Set(manifest?.entries.map(({ algorithm }) => algorithm));
  return (["sha512", "sha384"] as const).find((algorithm) => used.has(algorithm)) ?? "sha256";
}

const DIGITS: Readonly<Record<HashName, number>> = { md5: 32, sha1: 40, sha256: 64, sha384: 96, sha512: 128 };

/** Every file that a manifest lists, the descriptor first (DSP0243 5.1), chunks one by one. */
function listedFiles(reader: PackageReader): readonly PackageEntry[] {
  const { descriptor } = reader;
  if (descriptor === null) throw new FerryError("internal/bug", "an open package has a descriptor");
  return storedFiles(archiveOrder(reader, descriptor)).filter(
    ({ role }) => role !== "manifest" && role !== "certificate",
  );
}

/** Why a manifest cannot be what is signed; `null`: nothing is wrong with its text. */
function whyNot(reader: PackageReader, manifest: Manifest, digest: HashName | null): string | null {
  const strong = new Set<string>();
  const listed = new Set<string>();
  const seen = new Set<string>();
  for (const line of manifest.entries) {
    const entry = reader.entry(line.name);
    if (entry?.role === "manifest" || entry?.role === "certificate") return "it lists itself";
    const key = `${line.algorithm} ${entry?.name ?? line.name}`;
    if (seen.has(key)) return "it lists a file twice";
    seen.add(key);
    if (entry === undefined) continue;
    listed.add(entry.name);
    if (digest === null ? !isWeak(line.algorithm) : line.algorithm === digest) strong.add(entry.name);
  }
  const has = (set: ReadonlySet<string>, file: PackageEntry): boolean =>
    set.has(file.name) || (file.chunks?.every((chunk) => set.has(chunk.name)) ?? false);
  const required = [...(reader.descriptor === null ? [] : [reader.descriptor]), ...reader.referenced];
  if (!required.every((file) => has(listed, file))) return "it left files out";
  if (!required.every((file) => has(strong, file))) {
    return digest === null ? "its digests are weak" : "another digest was asked for";
  }
  return null;
}

/**
 * The manifest to sign, when the files have been compared with the one that is there.
 * @throws `sign/refused` where a file is not what it says
 */
export function manifestToSign(
  reader: PackageReader,
  wish: ManifestWish,
  { integrity, opening }: { readonly integrity: Integrity; readonly opening: readonly Diagnostic[] },
  { altered }: ManifestOptions,
): SignedManifest {
  const { name, algorithm, old } = wish;
  const wrong = [...opening.filter(isLoss), ...integrity.findings].filter(({ severity }) => severity === "error");
  const [first] = wrong;
  if (first !== undefined && altered === "refuse") {
    throw new FerryError("sign/refused", `${printable(reader.name)} is not signed: ${first.message}`, {
      hint: "Fetch it again. If you changed the files yourself, use --accept-changes.",
      diagnostics: wrong,
    });
  }
  const reason = wish.reason ?? (integrity.verdict === "altered" ? "files were altered" : null);
  if (old !== null && reason === null) {
    const lines = integrity.checks.map((check) => ({
      name: check.name,
      algorithm: check.algorithm,
      digest: check.expected,
    }));
    return { name, bytes: old, action: "kept", reason: null, lines };
  }
  const lines = listedFiles(reader).map((file) => {
    const digest = integrity.digests.get(file.name)?.[algorithm];
    if (digest !== undefined) return { name: nameFor(file, reader), algorithm, digest };
    throw new FerryError("sign/refused", `${printable(reader.name)} is not signed: ${file.name} cannot be read`, {
      hint: "Fetch it again.",
      diagnostics: integrity.findings,
    });
  });
  return { name, bytes: serializeManifest(lines), action: "made", reason, lines };
}

/** What says that a file is missing: a signature has to be of the whole package. */
function isLoss({ code }: Diagnostic): boolean {
  return code.startsWith("package/") || code.startsWith("tar/");
}
