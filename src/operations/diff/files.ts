import { toHex } from "../../base/bytes.js";
import type { HashName, JsonValue } from "../../base/ids.js";
import type { Context } from "../../io/context.js";
import { hashSource } from "../../io/hash-lane.js";
import { readManifest } from "../../package/manifest/read.js";
import type { Manifest } from "../../package/manifest/text.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import type { SignatureJudgement } from "../../package/trust/judge.js";
import { trustNobody } from "../../package/trust/trust.js";
import { checkSignature, signerResult } from "../sign/signature.js";

/** What a package says of its own integrity. */
export interface PackageTrust {
  readonly reader: PackageReader;
  readonly manifest: Manifest | null;
  readonly signature: SignatureJudgement | null;
}

/** Reads manifest and signature. What is wrong with them goes to the context's `report`. */
export async function readTrust(reader: PackageReader, ctx: Context): Promise<PackageTrust> {
  const manifest = await readManifest(reader, ctx);
  return { reader, manifest, signature: await checkSignature(reader, trustNobody, ctx) };
}

/** Facts of it that are compared: digests that are listed, who signed, and whether the signature is of this manifest. */
export function trustFacts({ manifest, signature }: PackageTrust): ReadonlyMap<string, JsonValue> {
  const algorithms = manifest === null ? [] : [...new Set(manifest.entries.map(({ algorithm }) => algorithm))].sort();
  const signer = signerResult(signature);
  return new Map<string, JsonValue>([
    ["manifest", manifest === null ? null : algorithms.join(" and ")],
    [
      "signature",
      signature === null
        ? null
        : {
            state: signature.signed === "invalid" ? "wrong" : "right",
            subject: signer?.subject ?? null,
            issuer: signer?.issuer ?? null,
            fingerprint: signer?.fingerprint ?? null,
            notAfter: signer?.notAfter ?? null,
          },
    ],
  ]);
}

/** A file that differs. `null`: it is not there, or nobody knows. */
export interface FileChange {
  readonly name: string;
  readonly kind: "added" | "removed" | "changed";
  readonly fact: "size" | "content" | null;
  readonly from: JsonValue;
  readonly to: JsonValue;
}

/** What became of a package's files. */
export interface FileComparison {
  readonly changes: readonly FileChange[];
  /** Of one name and size, and nothing tells whether their content is one. */
  readonly unknown: readonly string[];
}

const COMPARED_ROLES: ReadonlySet<string> = new Set(["disk", "iso", "nvram", "strings", "file"]);

/** What decides about a file. */
export interface FileQuestion {
  /** `manifest`: digests as the manifests have them; `deep`: digests are made, of whole files. */
  readonly by: "manifest" | "deep";
  /** Names of files that are told elsewhere, by side. */
  readonly told: { readonly a: ReadonlySet<string>; readonly b: ReadonlySet<string> };
}

/** Compares the files of two packages by name, size and digest; descriptors, manifests and certificates are no part of it. */
export async function compareFiles(
  a: PackageTrust,
  b: PackageTrust,
  { by, told }: FileQuestion,
  ctx: Context,
): Promise<FileComparison> {
  const [here, there] = [filesOf(a.reader), filesOf(b.reader)];
  const sums = { a: sumsOf(a), b: sumsOf(b) };
  const changes: FileChange[] = [];
  const unknown: string[] = [];
  for (const [name, entry] of here) {
    const other = there.get(name);
    if (other === undefined) {
      if (!told.a.has(name)) changes.push(whole(name, "removed", entry));
    } else if (told.a.has(name) && told.b.has(name)) continue;
    else if (entry.size !== other.size) {
      changes.push({ name, kind: "changed", fact: "size", from: entry.size, to: other.size });
    } else {
      const digests =
        by === "deep"
          ? await Promise.all([digestOf(entry, ctx), digestOf(other, ctx)])
          : commonDigests(sums.a.get(name), sums.b.get(name));
      if (digests === null) unknown.push(name);
      else if (digests[0] !== digests[1]) {
        changes.push({ name, kind: "changed", fact: "content", from: digests[0], to: digests[1] });
      }
    }
  }
  for (const [name, entry] of there) {
    if (!here.has(name) && !told.b.has(name)) changes.push(whole(name, "added", entry));
  }
  return { changes, unknown };
}

/** Names of files whose bytes differ by size or the manifests' digests: `null` where nothing tells. */
export function sameBytes(a: PackageTrust, b: PackageTrust, nameA: string, nameB: string): boolean | null {
  const [one, other] = [a.reader.entry(nameA), b.reader.entry(nameB)];
  if (one === undefined || other === undefined) return null;
  if (one.size !== other.size) return false;
  const digests = commonDigests(sumsOf(a).get(one.name), sumsOf(b).get(other.name));
  return digests === null ? null : digests[0] === digests[1];
}

function whole(name: string, kind: "added" | "removed", { size }: PackageEntry): FileChange {
  const facts = { size };
  return { name, kind, fact: null, ...(kind === "added" ? { from: null, to: facts } : { from: facts, to: null }) };
}

function filesOf(reader: PackageReader): ReadonlyMap<string, PackageEntry> {
  return new Map(reader.entries.filter(({ role }) => COMPARED_ROLES.has(role)).map((entry) => [entry.name, entry]));
}

type Sums = ReadonlyMap<HashName, string>;

/** What the manifest says of each entry. A file that is listed twice with other digests has none that could be believed. */
function sumsOf({ manifest, reader }: PackageTrust): ReadonlyMap<string, Sums> {
  const sums = new Map<string, Map<HashName, string>>();
  for (const { name, algorithm, digest } of manifest?.entries ?? []) {
    const entry = reader.entry(name);
    if (entry === undefined || entry.chunks !== undefined) continue;
    const own = sums.get(entry.name) ?? new Map<HashName, string>();
    sums.set(entry.name, own);
    const known = own.get(algorithm);
    own.set(algorithm, known === undefined || known === digest ? digest : "");
  }
  return sums;
}

/** The strongest digests that both have. */
function commonDigests(a: Sums | undefined, b: Sums | undefined): readonly [string, string] | null {
  for (const algorithm of ["sha512", "sha384", "sha256", "sha1", "md5"] as const) {
    const [one = "", other = ""] = [a?.get(algorithm), b?.get(algorithm)];
    if (one !== "" && other !== "") return [one, other];
  }
  return null;
}

async function digestOf(entry: PackageEntry, ctx: Context): Promise<string> {
  const source = await entry.open();
  const progress = ctx.progress.child("hash", entry.name, entry.size);
  try {
    const [digest] = await hashSource(source, ["sha256"], ctx, { advanced: (bytes) => progress.advance(bytes) });
    progress.done();
    return toHex(digest as Uint8Array);
  } finally {
    await source.close();
  }
}
