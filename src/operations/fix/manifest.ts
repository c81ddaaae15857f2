/** A manifest as it has to be when files of its package were changed: its lines in their order, each file once. */
import { toHex } from "../../base/bytes.js";
import type { HashName } from "../../base/ids.js";
import type { Context } from "../../io/context.js";
import { hashSource } from "../../io/hash-lane.js";
import { memorySource } from "../../io/sources/memory.js";
import type { ManifestCheck } from "../../package/manifest/compare.js";
import { type Manifest, serializeManifest } from "../../package/manifest/text.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";

/** What a new manifest is made from. */
export interface ManifestInput {
  /** The package with its descriptor as it will be. */
  readonly reader: PackageReader;
  /** `null`: there is none so far. */
  readonly manifest: Manifest | null;
  /** What checking the old one found: digests that need not be computed again. */
  readonly checks: readonly ManifestCheck[];
  /** New names of files. */
  readonly renamed: ReadonlySet<string>;
  /** Whether the descriptor is another than the one that was checked. */
  readonly edited: boolean;
}

/**
 * The text of a manifest in the standard's spelling. Lines keep their order and algorithms; the one about the descriptor gets its new digest,
 * repeated ones and those about manifest and certificate are left out, and files that the package uses and no line names are added. Lines
 * about files that are not there stay.
 */
export async function manifestText(input: ManifestInput, ctx: Context): Promise<Uint8Array> {
  const { reader, manifest, checks, edited, renamed } = input;
  const known = new Map(checks.map(({ name, algorithm, actual }) => [`${algorithm} ${name}`, actual]));
  const lines: { readonly name: string; readonly algorithm: HashName; readonly digest: string }[] = [];
  const seen = new Set<string>();
  const covered = new Set<string>();
  for (const { name, algorithm, digest } of manifest?.entries ?? []) {
    const entry = reader.entry(name);
    if (entry?.role === "manifest" || entry?.role === "certificate") continue;
    const key = `${algorithm} ${entry?.name ?? name}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (entry === undefined) {
      lines.push({ name, algorithm, digest });
      continue;
    }
    covered.add(entry.name);
    const kept = edited && entry.name === reader.descriptor?.name ? null : known.get(`${algorithm} ${name}`);
    const now = renamed.has(entry.name) ? nameFor(entry, reader) : name;
    lines.push({ name: now, algorithm, digest: kept ?? (await digestOf(entry, algorithm, ctx)) });
  }
  const algorithm = manifest?.entries[0]?.algorithm ?? "sha256";
  const added: typeof lines = [];
  const wanted = [...(reader.descriptor === null ? [] : [reader.descriptor]), ...reader.referenced];
  for (const entry of new Set(wanted)) {
    if (covered.has(entry.name) || entry.role === "manifest" || entry.role === "certificate") continue;
    for (const part of entry.chunks ?? [entry]) {
      if (covered.has(part.name)) continue;
      const line = { name: nameFor(part, reader), algorithm, digest: await digestOf(part, algorithm, ctx) };
      if (part.role === "descriptor") lines.unshift(line);
      else added.push(line);
    }
  }
  return serializeManifest([...lines, ...added]);
}

/** A file's name relative to the descriptor. */
export function nameFor({ name }: PackageEntry, { descriptor }: PackageReader): string {
  const folder = /^.*\//.exec(descriptor?.name ?? "")?.[0] ?? "";
  return name.startsWith(folder) ? name.slice(folder.length) : name;
}

async function digestOf(entry: PackageEntry, algorithm: HashName, ctx: Context): Promise<string> {
  const source = await entry.open();
  try {
    const [digest] = await hashSource(source, [algorithm], ctx, { thread: "this" });
    return toHex(digest ?? new Uint8Array());
  } finally {
    await source.close();
  }
}

/** An entry whose bytes are in memory. */
export function memoryEntry(name: string, role: PackageEntry["role"], bytes: Uint8Array): PackageEntry {
  return { name, role, size: bytes.length, open: async () => memorySource(bytes, name) };
}
