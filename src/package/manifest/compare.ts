/** What a manifest says against what the files are. Pure: the digests are computed by others. */
import type { Diagnostic, Location } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { HashName } from "../../base/ids.js";
import { plural, printable } from "../../base/text.js";
import type { PackageEntry } from "../model.js";
import type { EntryLookup } from "../resolver.js";
import { isWeak, manifestToken } from "./algorithms.js";
import type { Manifest, ManifestEntry } from "./text.js";

/** A file and the digests of it that a manifest calls for. */
export interface DigestRequest {
  readonly entry: PackageEntry;
  readonly algorithms: readonly HashName[];
}

/** Digests as lower-case hexadecimal, by the name of the package's entry. */
export type Digests = ReadonlyMap<string, Readonly<Partial<Record<HashName, string>>>>;

/** One line of a manifest against the file. */
export interface ManifestCheck {
  /** As the manifest has it. */
  readonly name: string;
  readonly algorithm: HashName;
  readonly expected: string;
  /** `null`: the package has no such file, or it cannot be read. */
  readonly actual: string | null;
  readonly ok: boolean;
}

/** What a comparison found. */
export interface ManifestComparison {
  /** In the manifest's order; duplicate lines once. */
  readonly checks: readonly ManifestCheck[];
  /** Severity error: a file is altered or missing, or the manifest contradicts itself. */
  readonly findings: readonly Diagnostic[];
}

/** What is compared. */
export interface ManifestComparisonInput {
  readonly manifest: Manifest;
  readonly lookup: EntryLookup;
  /** The files that a manifest has to list: the descriptor, and what it refers to. */
  readonly required: readonly PackageEntry[];
  readonly digests: Digests;
  /** Files that could not be read to their end, which was reported: they are not what the manifest lists. */
  readonly unreadable?: ReadonlySet<PackageEntry>;
  /** What locations call the manifest; its name by default. */
  readonly file?: string;
}

/** What has to be hashed to check a manifest: each file once, with all algorithms that lines about it use. */
export function digestsFor(manifest: Manifest, lookup: EntryLookup): readonly DigestRequest[] {
  const wanted = new Map<PackageEntry, Set<HashName>>();
  for (const { name, algorithm } of manifest.entries) {
    const entry = lookup(name);
    if (entry === undefined || signsItself(entry)) continue;
    const algorithms = wanted.get(entry) ?? new Set();
    wanted.set(entry, algorithms.add(algorithm));
  }
  return [...wanted].map(([entry, algorithms]) => ({ entry, algorithms: [...algorithms] }));
}

/** The manifest and the certificate: neither can hold the digest of what is made from it. */
function signsItself(entry: PackageEntry): boolean {
  return entry.role === "manifest" || entry.role === "certificate";
}

/**
 * Compares every line with the file that it names, and asks which files no line names.
 * @throws `internal/bug` where a digest of `digestsFor` was not computed
 */
export function compareManifest(input: ManifestComparisonInput): ManifestComparison {
  const { manifest, lookup, digests } = input;
  const findings: Diagnostic[] = [];
  const checks: ManifestCheck[] = [];
  const covered = new Set<string>();
  const seen = new Map<string, ManifestEntry>();
  const repeated = new Set<string>();
  const place = (line: number): Location => ({ at: "text", file: input.file ?? manifest.name, line, column: 1 });

  for (const line of manifest.entries) {
    const { name, algorithm, digest } = line;
    const entry = lookup(name);
    const shown = printable(name.slice(0, 200));
    if (entry !== undefined && signsItself(entry)) {
      findings.push({
        code: "manifest/lists-itself",
        severity: "warning",
        message: `the manifest lists '${shown}', whose digest cannot be known before the manifest is complete`,
        hint: "The line is not checked. Make the manifest anew without it.",
        location: place(line.line),
      });
      continue;
    }
    const key = `${algorithm} ${entry?.name ?? name}`;
    const earlier = seen.get(key);
    if (earlier !== undefined) {
      if (earlier.digest === digest && repeated.has(key)) continue;
      repeated.add(key);
      findings.push(duplicate(line, earlier, place(line.line)));
      if (earlier.digest === digest) continue;
    }
    seen.set(key, line);
    const unreadable = entry !== undefined && input.unreadable?.has(entry) === true;
    const actual = entry === undefined || unreadable ? null : digestOf(digests, entry, algorithm);
    checks.push({ name, algorithm, expected: digest, actual, ok: actual === digest });
    if (entry !== undefined) covered.add(entry.name);
    if (actual === digest || unreadable) continue;
    findings.push(actual === null ? missing(shown, place(line.line)) : altered(shown, line, actual, place(line.line)));
  }

  for (const entry of uncoveredBy(covered, input.required)) {
    findings.push({
      code: "manifest/not-covered",
      severity: "warning",
      message: `the manifest does not list '${printable(entry.name)}'`,
      hint: "Nobody can tell whether this file was changed. Make the manifest anew if you trust it.",
      location: { at: "member", file: input.file ?? manifest.name, member: entry.name },
      data: { name: entry.name, role: entry.role },
    });
  }
  findings.push(...weakness(checks));
  return { checks, findings };
}

/** The files that a manifest has to list and does not, each once. A chunked file is listed by its chunks. @param covered names of entries */
export function* uncoveredBy(covered: ReadonlySet<string>, required: readonly PackageEntry[]): Iterable<PackageEntry> {
  for (const entry of new Set(required)) {
    const chunked = entry.chunks?.every((chunk) => covered.has(chunk.name)) ?? false;
    if (!covered.has(entry.name) && !chunked) yield entry;
  }
}

function digestOf(digests: Digests, entry: PackageEntry, algorithm: HashName): string {
  const digest = digests.get(entry.name)?.[algorithm];
  if (digest === undefined) throw new FerryError("internal/bug", `the ${algorithm} of ${entry.name} was not computed`);
  return digest;
}

function duplicate(line: ManifestEntry, earlier: ManifestEntry, location: Location): Diagnostic {
  const same = line.digest === earlier.digest;
  return {
    code: "manifest/duplicate-entry",
    severity: same ? "warning" : "error",
    message: `the manifest lists '${printable(line.name.slice(0, 200))}' again, after line ${earlier.line}${same ? "" : ", with another digest"}`,
    hint: "A manifest lists each file once: make it anew.",
    location,
  };
}

function missing(shown: string, location: Location): Diagnostic {
  return {
    code: "manifest/missing-file",
    severity: "error",
    message: `the manifest lists '${shown}', which is not in the package`,
    hint: "The package is incomplete, or a file was renamed. Fetch it again.",
    location,
  };
}

function altered(shown: string, line: ManifestEntry, actual: string, location: Location): Diagnostic {
  return {
    code: "manifest/digest-mismatch",
    severity: "error",
    message: `the ${manifestToken(line.algorithm)} of '${shown}' is not what the manifest says`,
    hint: "The file was altered or damaged after the manifest was made. Fetch the package again.",
    location,
    data: { name: line.name, algorithm: line.algorithm, expected: line.digest, actual },
  };
}

/** One finding where files are covered by weak digests alone. */
function* weakness(checks: readonly ManifestCheck[]): Iterable<Diagnostic> {
  const strong = new Set(checks.filter(({ algorithm }) => !isWeak(algorithm)).map(({ name }) => name));
  const weak = checks.filter(({ algorithm, name }) => isWeak(algorithm) && !strong.has(name));
  if (weak.length === 0) return;
  const algorithms = [...new Set(weak.map(({ algorithm }) => manifestToken(algorithm)))].join(" and ");
  yield {
    code: "manifest/weak-algorithm",
    severity: "info",
    message: `${plural(new Set(weak.map(({ name }) => name)).size, "file")} of the manifest can be checked by ${algorithms} only`,
    hint: "Such a digest shows accidents, but two files with the same digest can be made on purpose.",
  };
}
