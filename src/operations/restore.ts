/** Files that are not what the manifest says, put back where a digest proves what was done to them: then that is the one right answer. */
import { concatBytes, isZero, toHex } from "../base/bytes.js";
import type { Diagnostic, DiagnosticCode } from "../base/diagnostics.js";
import type { HashName } from "../base/ids.js";
import { plural, printable } from "../base/text.js";
import type { Context } from "../io/context.js";
import { hashSource } from "../io/hash-lane.js";
import type { ByteSource } from "../io/source.js";
import { memorySource } from "../io/sources/memory.js";
import { sliceSource } from "../io/sources/slice.js";
import type { OvfDocument } from "../ovf/document.js";
import { readSmallEntry } from "../package/entries.js";
import type { PackageEntry, PackageReader } from "../package/model.js";
import { folderOf, resolveName } from "../package/names.js";
import type { FixChange } from "../report/results.js";
import type { Integrity } from "./verify.js";

/** Files without a line in the manifest that are tried for one that is missing, at most. */
const MOST_STRAYS = 1000;

/** What came of it. */
export interface Restored {
  /** The package as it was when its manifest was made, as far as that could be proven. */
  readonly reader: PackageReader;
  /** What was found, and is mended. */
  readonly findings: readonly Diagnostic[];
  readonly changes: readonly FixChange[];
  /** Names whose bytes are others than those that lie there. */
  readonly written: ReadonlySet<string>;
  /** Names that are gone. */
  readonly removed: ReadonlySet<string>;
}

/** What the manifest wants of one file. */
interface Wanted {
  /** As the package calls it, or would. */
  readonly name: string;
  /** `undefined`: it is not there. */
  readonly entry: PackageEntry | undefined;
  readonly expected: Partial<Record<HashName, string>>;
  readonly actual: Partial<Record<HashName, string>>;
}

/** A file as it was. */
interface Cause {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly change: FixChange["change"];
  readonly subject: string;
  readonly detail: string;
  readonly entry: PackageEntry;
}

/**
 * Looks for what turns a file into the one that the manifest has a digest of: other line ends of a text, bytes behind its end, the name of
 * another file. Nothing else is tried, and what no digest proves stays as it is.
 * @throws what reading throws
 */
export async function restoreFiles(
  reader: PackageReader,
  { integrity, document }: { readonly integrity: Integrity; readonly document: OvfDocument },
  ctx: Context,
): Promise<Restored> {
  const wanted = wantedFiles(reader, integrity);
  const causes = new Map<string, Cause>();
  const removed = new Set<string>();
  if (wanted.length > 0) {
    const moves = await movedFiles(reader, wanted, integrity, ctx);
    for (const { name, from } of moves) {
      const there = wanted.some((file) => file.name === from.name);
      if (!there) removed.add(from.name);
      causes.set(name, moved(name, from, there ? "package/files-swapped" : "package/file-renamed"));
    }
    for (const file of wanted) {
      if (file.entry === undefined || causes.has(file.name)) continue;
      const cause = (await otherText(file, file.entry, ctx)) ?? (await longer(file, file.entry, document, reader, ctx));
      if (cause !== null) causes.set(file.name, cause);
    }
  }
  const found = [...causes.values()];
  return {
    reader: causes.size === 0 ? reader : withFiles(reader, causes, removed),
    findings: found.map(({ code, message, entry }) => ({
      code,
      severity: "error",
      message,
      hint: "The digest in the manifest proves what the file was: `vmferry fix` puts it back.",
      location: { at: "member", file: reader.name, member: entry.name },
    })),
    changes: found.map(({ change, subject, detail }) => ({ change, subject, detail })),
    written: new Set(causes.keys()),
    removed,
  };
}

/** Files that are not what their lines say, or not there. Those that cannot be read are left out. */
function wantedFiles(reader: PackageReader, { checks }: Integrity): readonly Wanted[] {
  const folder = folderOf(reader.descriptor?.name ?? "");
  const files = new Map<string, Wanted>();
  const broken = new Set(checks.flatMap(({ name, ok }) => (ok ? [] : [name])));
  for (const { name, algorithm, expected, actual } of checks) {
    if (!broken.has(name)) continue;
    const entry = reader.entry(name);
    const place = entry?.name ?? resolveName(folder, name);
    if (place === null || (entry !== undefined && actual === null)) continue;
    const known = files.get(place);
    files.set(place, {
      name: place,
      entry,
      expected: { ...known?.expected, [algorithm]: expected },
      actual: actual === null ? {} : { ...known?.actual, [algorithm]: actual },
    });
  }
  return [...files.values()];
}

const algorithmsOf = ({ expected }: Wanted): readonly HashName[] => Object.keys(expected) as HashName[];

function fits(file: Wanted, digests: Partial<Record<HashName, string>>): boolean {
  return algorithmsOf(file).every((algorithm) => file.expected[algorithm] === digests[algorithm]);
}

/** Files whose bytes lie under another name: that of another file of the manifest, or one that it does not know. */
async function movedFiles(
  reader: PackageReader,
  wanted: readonly Wanted[],
  { checks }: Integrity,
  ctx: Context,
): Promise<readonly { readonly name: string; readonly from: PackageEntry }[]> {
  const moves = new Map<string, PackageEntry>();
  for (const file of wanted) {
    const other = wanted.find(
      ({ name, entry, actual }) => entry !== undefined && name !== file.name && fits(file, actual),
    );
    if (other?.entry !== undefined) moves.set(file.name, other.entry);
  }
  const lost = wanted.filter(({ name, entry }) => entry === undefined && !moves.has(name));
  const listed = new Set(checks.map(({ name }) => reader.entry(name)));
  const strays = reader.entries.filter((entry) => entry.role !== "descriptor" && isStray(entry, reader, listed));
  const algorithms = [...new Set(lost.flatMap(algorithmsOf))];
  for (const entry of lost.length === 0 ? [] : strays.slice(0, MOST_STRAYS)) {
    const digests = await withSource(entry, (source) => digestsOf(source, algorithms, ctx));
    const file = lost.find((one) => !moves.has(one.name) && fits(one, digests));
    if (file !== undefined) moves.set(file.name, entry);
  }
  // A file must not go elsewhere where nothing takes its own place.
  for (let stable = false; !stable; ) {
    stable = true;
    for (const [name, from] of moves) {
      if (!wanted.some((file) => file.name === from.name) || moves.has(from.name)) continue;
      moves.delete(name);
      stable = false;
    }
  }
  return [...moves].map(([name, from]) => ({ name, from }));
}

function isStray(entry: PackageEntry, reader: PackageReader, listed: ReadonlySet<PackageEntry | undefined>): boolean {
  if (entry.role === "manifest" || entry.role === "certificate" || entry.present !== undefined) return false;
  return entry.chunks === undefined && !listed.has(entry) && !reader.referenced.includes(entry);
}

function moved(name: string, from: PackageEntry, code: "package/files-swapped" | "package/file-renamed"): Cause {
  const [shown, shownFrom] = [printable(name), printable(from.name)];
  const swapped = code === "package/files-swapped";
  return {
    code,
    message: swapped
      ? `'${shownFrom}' holds what the manifest calls '${shown}': files were exchanged`
      : `'${shownFrom}' is what the manifest calls '${shown}', which is missing: the file was renamed`,
    change: "rename",
    subject: from.name,
    detail: name,
    entry: { name, role: from.role, size: from.size, open: () => from.open() },
  };
}

/** A text with other line ends, byte order mark or end, as editors and transfers in text mode leave it. */
async function otherText(file: Wanted, entry: PackageEntry, ctx: Context): Promise<Cause | null> {
  if (entry.chunks !== undefined || entry.size > ctx.limits.manifestBytes || entry.role === "disk") return null;
  const bytes = await readSmallEntry(entry, ctx.limits.manifestBytes, ctx);
  if (bytes.includes(0)) return null;
  for (const text of textsLike(bytes)) {
    if (!fits(file, await digestsOf(memorySource(text, file.name), algorithmsOf(file), ctx))) continue;
    return {
      code: "package/line-ends-changed",
      message: `'${printable(file.name)}' has other line ends, another byte order mark or another end than when its digest was made, and is the same text`,
      change: "rewrite",
      subject: file.name,
      detail: "line ends as the manifest has them",
      entry: { name: entry.name, role: entry.role, size: text.length, open: async () => memorySource(text, file.name) },
    };
  }
  return null;
}

const BOM = Uint8Array.of(0xef, 0xbb, 0xbf);
const LF = 0x0a;
const CR = 0x0d;

/** The same text in the ways in which programs write it. */
function* textsLike(bytes: Uint8Array): Iterable<Uint8Array> {
  const marked = BOM.every((byte, i) => bytes[i] === byte);
  const text = withLineFeeds(marked ? bytes.subarray(3) : bytes);
  let end = text.length;
  while (end > 0 && text[end - 1] === LF) end--;
  for (const body of [text, text.subarray(0, end), concatBytes([text.subarray(0, end), Uint8Array.of(LF)])]) {
    for (const lines of [body, withReturns(body)]) {
      yield lines;
      yield concatBytes([BOM, lines]);
    }
  }
}

function withLineFeeds(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte, i) => byte !== CR || bytes[i + 1] !== LF);
}

function withReturns(bytes: Uint8Array): Uint8Array {
  const lines = bytes.reduce((count, byte) => count + (byte === LF ? 1 : 0), 0);
  const out = new Uint8Array(bytes.length + lines);
  let at = 0;
  for (const byte of bytes) {
    if (byte === LF) out[at++] = CR;
    out[at++] = byte;
  }
  return out;
}

/** A file with something behind its end: its front, of the size that the descriptor says. */
async function longer(
  file: Wanted,
  entry: PackageEntry,
  { references }: OvfDocument,
  reader: PackageReader,
  ctx: Context,
): Promise<Cause | null> {
  const declared = references.find(({ href }) => href !== null && reader.entry(href) === entry)?.size ?? null;
  if (declared === null || declared >= entry.size || entry.chunks !== undefined) return null;
  const front = async (): Promise<ByteSource> => {
    const whole = await entry.open();
    return { ...sliceSource(whole, 0, declared, whole.label), close: () => whole.close() };
  };
  const part: PackageEntry = { name: entry.name, role: entry.role, size: declared, open: front };
  if (!fits(file, await withSource(part, (source) => digestsOf(source, algorithmsOf(file), ctx)))) return null;
  const more = entry.size - declared;
  const tail = await withSource(entry, (source) => source.read(declared, Math.min(more, 4096), ctx.signal));
  return {
    code: "package/bytes-appended",
    message: `${plural(more, "byte")} follow the end of '${printable(file.name)}'${isZero(tail) ? ", zeros at first" : ""}: the rest is what the manifest says`,
    change: "rewrite",
    subject: file.name,
    detail: `the first ${plural(declared, "byte")} of it`,
    entry: part,
  };
}

async function digestsOf(
  source: ByteSource,
  algorithms: readonly HashName[],
  ctx: Context,
): Promise<Partial<Record<HashName, string>>> {
  const made = await hashSource(source, algorithms, ctx, { thread: "this" });
  return Object.fromEntries(algorithms.map((algorithm, i) => [algorithm, toHex(made[i] ?? new Uint8Array())]));
}

async function withSource<T>(entry: PackageEntry, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const source = await entry.open();
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

function withFiles(
  reader: PackageReader,
  causes: ReadonlyMap<string, Cause>,
  removed: ReadonlySet<string>,
): PackageReader {
  const current = (entry: PackageEntry): PackageEntry => causes.get(entry.name)?.entry ?? entry;
  const names = new Map([...causes].map(([name, { subject }]) => [subject, name]));
  // What was renamed keeps its place.
  const entries = reader.entries.map((entry) => {
    const name = removed.has(entry.name) ? names.get(entry.name) : undefined;
    return (name === undefined ? undefined : causes.get(name)?.entry) ?? current(entry);
  });
  const folder = folderOf(reader.descriptor?.name ?? "");
  const added = (name: string): PackageEntry | undefined => {
    const place = resolveName(folder, name);
    return entries.find((entry) => entry.name === name || entry.name === place);
  };
  const entry = (name: string): PackageEntry | undefined => {
    const known = reader.entry(name);
    return known === undefined || removed.has(known.name) ? added(name) : current(known);
  };
  return {
    ...reader,
    descriptor: reader.descriptor === null ? null : current(reader.descriptor),
    entries,
    ...(reader.stored === undefined
      ? {}
      : { stored: reader.stored.map((name) => (removed.has(name) ? (names.get(name) ?? name) : name)) }),
    referenced: [
      ...reader.referenced.map(current),
      ...[...causes.values()].flatMap(({ code, entry: one }) => (code === "package/file-renamed" ? [one] : [])),
    ],
    entry,
  };
}
