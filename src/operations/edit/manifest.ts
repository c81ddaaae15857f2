/** The manifest of a package that is edited: digests of files that stay are taken over, those of what is written are new. */
import type { HashName } from "../../base/ids.js";
import { isWeak } from "../../package/manifest/algorithms.js";
import type { DigestRequest } from "../../package/manifest/compare.js";
import { type Manifest, serializeManifest } from "../../package/manifest/text.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import { nameFor } from "../fix/manifest.js";

/** One line of the new manifest. */
export interface ManifestLine {
  /** As the manifest calls the file. */
  readonly name: string;
  readonly algorithm: HashName;
  /** The old digest; `null`: it has to be made. */
  readonly known: string | null;
  /** Name of the file in the package. */
  readonly file: string;
}

/** What a new manifest is made from. */
export interface EditedManifest {
  readonly reader: PackageReader;
  /** `null`: there is none so far. */
  readonly manifest: Manifest | null;
  /** Files of the result that stay as they are, the descriptor not among them. */
  readonly kept: readonly PackageEntry[];
  /** Names of files that are written, the descriptor first. */
  readonly written: readonly string[];
  /** Whether the manifest is signed, with this digest where a new one is needed: weak lines are made anew then. */
  readonly signed: HashName | null;
  /** Whether old digests of files that stay are to be believed. */
  readonly trusted: boolean;
}

/**
 * The lines of a new manifest in the order of the old; `null`: there was none, and nothing asks for one. Files that no line named stay unnamed,
 * unless the manifest is signed: then all are listed.
 */
export function manifestLines(given: EditedManifest): readonly ManifestLine[] | null {
  const { reader, manifest, kept, written, signed, trusted } = given;
  if (manifest === null && signed === null) return null;
  const files = new Map(kept.map((entry) => [entry.name, entry]));
  const fresh = new Set(written);
  const lines: ManifestLine[] = [];
  const seen = new Set<string>();
  const covered = new Set<string>();
  for (const { name, algorithm: said, digest } of manifest?.entries ?? []) {
    const entry = reader.entry(name);
    if (entry === undefined || entry.role === "manifest" || entry.role === "certificate") continue;
    if (!files.has(entry.name) && !fresh.has(entry.name)) continue;
    const algorithm = signed !== null && isWeak(said) ? signed : said;
    const key = `${algorithm} ${entry.name}`;
    if (seen.has(key)) continue;
    seen.add(key);
    covered.add(entry.name);
    const stays = trusted && algorithm === said && !fresh.has(entry.name);
    lines.push({ name, algorithm, known: stays ? digest : null, file: entry.name });
  }
  const algorithm = signed ?? manifest?.entries[0]?.algorithm ?? "sha256";
  const more = [...written, ...(signed === null ? [] : files.keys())];
  for (const file of new Set(more)) {
    if (covered.has(file)) continue;
    const line = { name: nameFor({ name: file } as PackageEntry, reader), algorithm, known: null, file };
    if (file === reader.descriptor?.name) lines.unshift(line);
    else lines.push(line);
  }
  return lines;
}

/** Digests of files that stay which have to be made. */
export function requestsFor(lines: readonly ManifestLine[], kept: readonly PackageEntry[]): readonly DigestRequest[] {
  return lines.flatMap(({ known, file, algorithm }) => {
    const entry = known === null ? kept.find(({ name }) => name === file) : undefined;
    return entry === undefined ? [] : [{ entry, algorithms: [algorithm] }];
  });
}

/** A digest by the file's name. */
export type DigestOf = (file: string, algorithm: HashName) => string;

/**
 * The text of a manifest. Where only digests are others than in the old one, they alone are changed, and its spelling stays.
 * @param old as it was; `null`: there was none
 */
export function manifestBytes(lines: readonly ManifestLine[], digestOf: DigestOf, old: OldManifest | null): Uint8Array {
  const made = lines.map(({ name, algorithm, known, file }) => ({
    name,
    algorithm,
    digest: known ?? digestOf(file, algorithm),
  }));
  return (old === null ? null : respelled(made, old)) ?? serializeManifest(made);
}

/** Digests that are changed in a text: each is looked for from its start. More make a new text. */
const MOST_RESPELLED = 100;

/** A manifest as it was. */
export interface OldManifest {
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
}

/** The old text with other digests; `null` where other lines differ too, or a digest cannot be found. */
function respelled(
  made: readonly { readonly name: string; readonly algorithm: HashName; readonly digest: string }[],
  { bytes, manifest: { entries } }: OldManifest,
): Uint8Array | null {
  if (entries.length !== made.length) return null;
  const same = entries.every(({ name, algorithm }, i) => made[i]?.name === name && made[i]?.algorithm === algorithm);
  // Latin-1 gives every byte a character, and digits are ASCII in all encodings that are met but UTF-16.
  if (!same || bytes.includes(0)) return null;
  let text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  let changed = 0;
  for (const [i, { digest }] of entries.entries()) {
    const now = made[i]?.digest ?? digest;
    if (now === digest) continue;
    if (++changed > MOST_RESPELLED) return null;
    const lower = text.toLowerCase();
    const at = lower.indexOf(digest);
    // Two files with one digest: which is which, only a new text says.
    if (at < 0 || lower.indexOf(digest, at + 1) >= 0) return null;
    const upper = /[A-F]/.test(text.slice(at, at + digest.length));
    text = text.slice(0, at) + (upper ? now.toUpperCase() : now) + text.slice(at + digest.length);
  }
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
