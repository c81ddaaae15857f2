/** Mending a descriptor: what findings ask for is done, and what that uncovers too. */
import type { Appliance } from "../../appliance/appliance.js";
import { type Diagnostic, describeLocation } from "../../base/diagnostics.js";
import type { Context } from "../../io/context.js";
import { type OvfDocument, openOvf } from "../../ovf/document.js";
import { conventionalNamespace } from "../../ovf/prefixes.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import { folderOf, plainName, problemOfName } from "../../package/names.js";
import { importOvf } from "../../platforms/ovf/import.js";
import { factsOf as packageFactsOf } from "../../platforms/ovf/platform.js";
import { attributeEdits } from "../../rules/edits.js";
import { judge } from "../../rules/engine.js";
import type { PackageFiles } from "../../rules/files.js";
import type { PackageEdit } from "../../rules/rule.js";
import { applyXmlEdits, type XmlEdit } from "../../xml/changes.js";
import { parseXml } from "../../xml/parse.js";
import { hrefOf } from "../edit/descriptor-edits.js";
import { emptyStream } from "../empty-disk.js";
import { factsOf, questionOf, type ValidateOptions } from "../validate.js";
import { memoryEntry } from "./manifest.js";

/** Times that a descriptor is judged and mended: one mend uncovers another, and none of them a long row. */
const MOST_ROUNDS = 10;
/** Findings of one rule that are mended at once. */
const MOST_MENDED = 100_000;

/** What is mended. */
export interface Mendable {
  readonly reader: PackageReader;
  readonly descriptor: PackageEntry;
  readonly document: OvfDocument;
  readonly files: PackageFiles;
  /** Whether the bytes of a file are known to be what they should be, so that its size can be taken from it. */
  readonly proven: (entry: PackageEntry) => boolean;
}

/** A descriptor that was mended as far as it could be. */
export interface Mended {
  readonly document: OvfDocument;
  /** The package with the descriptor as it is now. */
  readonly reader: PackageReader;
  /** Files of the package that were not there before. */
  readonly added: readonly PackageEntry[];
  /** New names of files by their old ones. */
  readonly renamed: ReadonlyMap<string, string>;
  /** The descriptor's bytes: those that were read where nothing is changed. */
  readonly bytes: Uint8Array;
  readonly changed: boolean;
  /** What was mended in the descriptor; places are those in the text that was judged. */
  readonly mended: readonly Diagnostic[];
  /** What is found in the end, with the changes of the package around it that each finding asks for. */
  readonly found: readonly { readonly diagnostic: Diagnostic; readonly edits: readonly PackageEdit[] }[];
  /** Mends that contradict each other. */
  readonly conflicts: readonly Diagnostic[];
}

/** What became of the files of a package so far. */
interface Changes {
  readonly added: PackageEntry[];
  /** Files with their new names, by the names that they had. */
  readonly renamed: Map<string, PackageEntry>;
}

interface Rename {
  readonly entry: PackageEntry;
  readonly name: string;
}

function rename({ renamed }: Changes, entry: PackageEntry, name: string): void {
  const was = [...renamed].find(([, now]) => now.name === entry.name)?.[0] ?? entry.name;
  renamed.set(was, { ...entry, name });
}

type EmptyDisk = Extract<PackageEdit, { readonly edit: "empty-disk" }>;

interface Round {
  readonly edits: readonly XmlEdit[];
  /** Images that go with them. */
  readonly images: readonly EmptyDisk[];
  readonly renames: readonly Rename[];
  readonly mended: readonly Diagnostic[];
  readonly found: Mended["found"];
}

/** Mends a descriptor in memory. No tree that was given is changed. @throws what `judge` throws */
export async function mendDescriptor(given: Mendable, options: ValidateOptions, ctx: Context): Promise<Mended> {
  const quiet: Context = { ...ctx, report: () => {} };
  const before = given.document.xml.serialize();
  const mended = new Map<string, Diagnostic>();
  const conflicts: Diagnostic[] = [];
  const changes: Changes = { added: [], renamed: new Map() };
  let bytes = before;
  // Parsed anew, since edits change the tree.
  let now = withDescriptor(given, bytes, changes, quiet);
  let settled = false;
  for (let round = 0; ; round++) {
    const { edits, images, renames, mended: these, found } = await judgeOnce(now, options, quiet);
    if (edits.length === 0 || settled || round === MOST_ROUNDS) {
      const left = new Set(found.map(({ diagnostic }) => keyOf(diagnostic)));
      const done = [...mended.values()].filter((diagnostic) => !left.has(keyOf(diagnostic)));
      return {
        document: now.document,
        reader: now.reader,
        added: changes.added,
        renamed: new Map([...changes.renamed].map(([name, entry]) => [name, entry.name])),
        bytes,
        changed: !sameBytes(bytes, before),
        mended: done,
        found,
        conflicts: dedupe(conflicts),
      };
    }
    for (const conflict of applyXmlEdits(now.document.xml, edits)) conflicts.push(conflict);
    const next = now.document.xml.serialize();
    // Edits that change nothing would be asked for for ever.
    settled = sameBytes(next, bytes);
    if (!settled) {
      bytes = next;
      for (const { member, capacity } of images) {
        if (changes.added.some(({ name }) => name === member)) continue;
        changes.added.push(memoryEntry(member, "disk", await emptyStream(member, capacity, quiet)));
      }
      for (const { entry, name } of renames) rename(changes, entry, name);
      for (const diagnostic of these) mended.set(placeOf(diagnostic), diagnostic);
    }
    now = withDescriptor(given, bytes, changes, quiet);
  }
}

async function judgeOnce(now: Mendable, options: ValidateOptions, ctx: Context): Promise<Round> {
  const { document } = now;
  const edits: XmlEdit[] = [];
  const images: EmptyDisk[] = [];
  const renames: Rename[] = [];
  const mended: Diagnostic[] = [];
  const found: { readonly diagnostic: Diagnostic; readonly edits: readonly PackageEdit[] }[] = [];
  const take = (diagnostic: Diagnostic, these: readonly XmlEdit[]): void => {
    edits.push(...these);
    mended.push(diagnostic);
  };
  for (const problem of document.xml.problems) {
    const edit = declared(document, problem);
    if (edit !== null) take(problem, [edit]);
    found.push({ diagnostic: problem, edits: [] });
  }
  // Names that meant nothing so far mean something in the next round.
  if (edits.length > 0) return { edits, images, renames, mended, found };
  for (const { diagnostic, these } of sizes(now)) {
    if (these.length > 0) take(diagnostic, these);
    found.push({ diagnostic, edits: [] });
  }
  const subject = { package: now.reader, files: now.files, document, appliance: () => applianceOf(now) };
  const question = { ...questionOf(options), most: MOST_MENDED };
  for await (const { rule, node, finding, facts, diagnostic } of judge(factsOf(subject), question, ctx)) {
    const asked = rule.mend?.(node, finding, facts) ?? [];
    const others = asked.filter((edit): edit is PackageEdit => edit.edit !== "xml");
    const named = others.flatMap((edit) => (edit.edit === "rename" ? renameEdits(now, edit) : []));
    const xml = [...asked.filter((edit): edit is XmlEdit => edit.edit === "xml"), ...named.flatMap((one) => one.edits)];
    if (xml.length > 0) {
      take(diagnostic, xml);
      renames.push(...named);
      images.push(...others.filter((edit): edit is EmptyDisk => edit.edit === "empty-disk"));
    }
    found.push({ diagnostic, edits: xml.length > 0 ? [] : others });
  }
  return { edits, images, renames, mended, found };
}

function applianceOf({ document, reader }: Mendable): Appliance {
  return importOvf(document, packageFactsOf(reader), {}, () => {});
}

/** What gives a file another name in References; empty where it is not there, or in chunks. */
function renameEdits(
  { document, reader }: Mendable,
  edit: Extract<PackageEdit, { readonly edit: "rename" }>,
): readonly (Rename & { readonly edits: readonly XmlEdit[] })[] {
  const entry = reader.entry(edit.member);
  const folder = folderOf(reader.descriptor?.name ?? "");
  const name = folder + edit.name;
  if (entry === undefined || entry.chunks !== undefined || problemOfName(name) !== null) return [];
  const href = hrefOf(name, folder);
  const edits: XmlEdit[] = [];
  for (const file of document.references) {
    if (file.href === null || reader.entry(file.href) !== entry) continue;
    edits.push(...attributeEdits(document, file.element, "href", href));
    for (const disk of [...document.disks, ...document.sharedDisks]) {
      // oVirt refers to files by their href.
      if (disk.fileRef !== file.href || document.file(disk.fileRef) !== undefined) continue;
      edits.push(...attributeEdits(document, disk.element, "fileRef", href));
    }
  }
  return edits.length === 0 ? [] : [{ entry, name, edits }];
}

/** The declaration of a prefix by what everybody means by it. */
function declared({ xml }: OvfDocument, { data }: Diagnostic): XmlEdit | null {
  const prefix = String(data?.prefix ?? "");
  const namespace = conventionalNamespace(prefix, xml.root.namespace);
  return namespace === null ? null : { edit: "xml", element: xml.root, change: { declare: prefix, as: namespace } };
}

/** Files whose `ovf:size` is another than theirs. */
function* sizes({ document, reader, proven }: Mendable): Iterable<{
  readonly diagnostic: Diagnostic;
  readonly these: readonly XmlEdit[];
}> {
  for (const file of document.references) {
    const { href, size, element } = file;
    const entry = href === null ? undefined : reader.entry(href);
    if (entry === undefined || size === null || size === entry.size) continue;
    const diagnostic: Diagnostic = {
      code: "package/size-differs",
      severity: "warning",
      message: `'${entry.name}' is ${entry.size} bytes long; the descriptor says ${size}`,
      hint: "The file may be cut off or changed: check the manifest.",
      location: element.location,
      data: { declared: size, actual: entry.size },
    };
    yield { diagnostic, these: proven(entry) ? attributeEdits(document, element, "size", String(entry.size)) : [] };
  }
}

/** A package with another descriptor in the place of its own. */
export function withDescriptorBytes(given: Mendable, bytes: Uint8Array, ctx: Context): Mendable {
  return withDescriptor(given, bytes, { added: [], renamed: new Map() }, ctx);
}

/** The package with another descriptor in the place of its own, and more files. */
function withDescriptor(given: Mendable, bytes: Uint8Array, { added, renamed }: Changes, ctx: Context): Mendable {
  const { descriptor: old, reader: from } = given;
  const descriptor = memoryEntry(old.name, "descriptor", bytes);
  const document = openOvf(parseXml(bytes, given.document.xml.file, ctx.limits), () => {});
  const folder = folderOf(old.name);
  const swap = (entry: PackageEntry): PackageEntry =>
    entry.name === old.name ? descriptor : (renamed.get(entry.name) ?? entry);
  const made = [...added, ...renamed.values()];
  const entry: PackageReader["entry"] = (name) => {
    const plain = [folder + name, folder + plainName(name)];
    const found = made.find((one) => plain.includes(one.name)) ?? from.entry(name);
    return found === undefined ? undefined : swap(found);
  };
  const referenced = document.references.flatMap(({ href }) => (href === null ? [] : (entry(href) ?? [])));
  const reader: PackageReader = {
    ...from,
    descriptor,
    entries: [...from.entries.map(swap), ...added],
    referenced: [...new Set(referenced)],
    entry,
  };
  return { ...given, reader, descriptor, document };
}

function keyOf({ code, message }: Diagnostic): string {
  return `${code} ${message}`;
}

function placeOf(diagnostic: Diagnostic): string {
  const { location } = diagnostic;
  return `${keyOf(diagnostic)} ${location === undefined ? "" : describeLocation(location)}`;
}

function dedupe(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...new Map(diagnostics.map((diagnostic) => [keyOf(diagnostic), diagnostic])).values()];
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
