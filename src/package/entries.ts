/** From the files of a container to the entries of a package: roles, chunks, and what the descriptor says of them. */
import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { formatBytes, printable } from "../base/text.js";
import type { Context } from "../io/context.js";
import type { RemoteFiles } from "../io/remote.js";
import type { ByteSource, SourceResolver } from "../io/source.js";
import { chunkedEntry, chunkName, parseChunkName } from "./chunks.js";
import type { EntryRole, PackageEntry, PackageReference, ReadReferences } from "./model.js";
import { folderOf, percentDecoded, plainName, resolveName } from "./names.js";
import { isRemoteHref, remoteEntries } from "./remote.js";
import { type EntryLookup, entryLookup, packageResolver } from "./resolver.js";
import { findParts, type PackageParts, roleOfName, strayManifests } from "./roles.js";

/** A file that a container holds. Its name is safe and unlike every other's. */
export interface StoredFile {
  readonly name: string;
  readonly size: number;
  /** As of `PackageEntry`. */
  readonly present?: NonNullable<PackageEntry["present"]>;
  open(): Promise<ByteSource>;
}

/** How entries are made. */
export interface EntryOptions {
  /** The container, for messages and labels. */
  readonly label: string;
  /** The descriptor's name; `null`: there is none, and all roles come from names. */
  readonly descriptor: string | null;
  readonly references: ReadReferences | null;
  readonly parents: "inside" | "never";
  readonly remote: RemoteFiles | null;
}

/** The entries of a package, and how they are found. */
export interface EntryTable {
  readonly descriptor: PackageEntry | null;
  readonly entries: readonly PackageEntry[];
  readonly referenced: readonly PackageEntry[];
  readonly lookup: EntryLookup;
  readonly resolver: SourceResolver;
}

/** What a file in a package is called in messages, and the label of its source: `app.ova!disk.vmdk`. */
export function entryLabel(container: string, name: string): string {
  return `${container}!${name}`;
}

/**
 * Makes entries of files. Reads the descriptor's references where the caller can, and reports files that they name
 * and the package lacks, or that have another size.
 */
export async function makeEntries(
  files: readonly StoredFile[],
  options: EntryOptions,
  ctx: Context,
): Promise<EntryTable> {
  const names = files.map((file) => file.name);
  const parts = options.descriptor === null ? null : findParts(options.descriptor, names);
  const labels = new Map<string, string>();
  const entryOf = (file: StoredFile, role: EntryRole): PackageEntry => ({
    name: file.name,
    size: file.size,
    role,
    ...(file.present === undefined ? {} : { present: file.present }),
    async open(): Promise<ByteSource> {
      const source = await file.open();
      labels.set(source.label, file.name);
      return source;
    },
  });

  const ovf = files.find((file) => file.name === parts?.descriptor);
  const descriptor = ovf === undefined ? null : entryOf(ovf, "descriptor");
  const references = descriptor === null || options.references === null ? [] : await options.references(descriptor);
  const folder = folderOf(parts?.descriptor ?? "");
  const roles = referencedRoles(references, folder);

  const entries: PackageEntry[] = [];
  const chunks = groupChunks(files, roles);
  for (const file of files) {
    const chunk = parseChunkName(file.name);
    const group = chunk === null ? undefined : chunks.get(chunk.file);
    if (chunk === null || group === undefined || chunk.index >= group.length) {
      const special = parts === null ? null : specialRole(file.name, parts);
      const role = special ?? roles.get(file.name) ?? roleOfName(file.name);
      entries.push(descriptor !== null && role === "descriptor" ? descriptor : entryOf(file, role));
    } else if (chunk.index === 0) {
      const role = roles.get(chunk.file) ?? roleOfName(chunk.file);
      const label = entryLabel(options.label, chunk.file);
      labels.set(label, chunk.file);
      const whole = group.map((part) => entryOf(part, role));
      entries.push(chunkedEntry(chunk.file, role, whole, label));
    }
  }

  for (const [name, group] of chunks) reportLostChunks(name, group.length, names, options.label, ctx);
  const outside = options.remote === null ? [] : await remoteEntries(references, names, options.remote, ctx);
  entries.push(...outside);
  const byAddress = new Map(outside.map((entry) => [entry.outside, entry]));
  const inside = entryLookup(entries, folder);
  const lookup: EntryLookup = (name) => byAddress.get(name) ?? inside(name);
  if (parts !== null) reportStrayManifests(parts, names, options.label, ctx);
  for (const reference of references) {
    const location = { at: "member", file: options.label, member: reference.href } as const;
    for (const finding of judgeReference(reference, folder, lookup, options.remote))
      ctx.report({ ...finding, location });
  }
  const referenced = new Set(references.map(({ href }) => lookup(href)).filter((entry) => entry !== undefined));
  const nameOf = (label: string): string | null => labels.get(label) ?? null;
  const resolver = packageResolver({ lookup, nameOf, parents: options.parents });
  return { descriptor, entries, referenced: [...referenced], lookup, resolver };
}

/**
 * All bytes of a small entry.
 * @throws `io/limit` where it is larger than `limit` bytes
 */
export async function readSmallEntry(entry: PackageEntry, limit: number, ctx: Context): Promise<Uint8Array> {
  const source = await entry.open();
  try {
    if (source.size > limit) {
      const message = `'${printable(entry.name)}' is ${formatBytes(source.size)} long; at most ${formatBytes(limit)} are read`;
      throw new FerryError("io/limit", message, {
        location: { at: "bytes", file: source.label, offset: 0, length: source.size },
        hint: "Raise the limit 'manifestBytes' if you trust the package.",
      });
    }
    return await source.read(0, source.size, ctx.signal);
  } finally {
    await source.close();
  }
}

function specialRole(name: string, parts: PackageParts): EntryRole | null {
  if (name === parts.descriptor) return "descriptor";
  if (name === parts.manifest) return "manifest";
  return name === parts.certificate ? "certificate" : null;
}

/** Roles by entry name, as the descriptor uses the files. Every reading of an `href` is in, so that a look-up finds it. */
function referencedRoles(references: readonly PackageReference[], folder: string): ReadonlyMap<string, EntryRole> {
  const roles = new Map<string, EntryRole>();
  for (const { href, role } of references) {
    for (const reading of [percentDecoded(href), href]) {
      const name = reading === null ? null : resolveName(folder, reading);
      if (name !== null) roles.set(name, role ?? roleOfName(name));
    }
  }
  return roles;
}

/** Chunks by the file that they belong to, in order. A file that is there whole, or a chunk that is referenced, is none. */
function groupChunks(
  files: readonly StoredFile[],
  referenced: ReadonlyMap<string, EntryRole>,
): ReadonlyMap<string, readonly StoredFile[]> {
  const byName = new Map(files.map((file) => [file.name, file]));
  const groups = new Map<string, readonly StoredFile[]>();
  for (const { name } of files) {
    const chunk = parseChunkName(name);
    if (chunk === null || chunk.index !== 0 || byName.has(chunk.file) || referenced.has(name)) continue;
    const group: StoredFile[] = [];
    for (let next = byName.get(name); next !== undefined; next = byName.get(chunkName(chunk.file, group.length))) {
      group.push(next);
    }
    groups.set(chunk.file, group);
  }
  return groups;
}

/** Chunks that are there though one before them is not: the file cannot be whole. */
function reportLostChunks(file: string, count: number, names: readonly string[], label: string, ctx: Context): void {
  const later = names.find((name) => {
    const chunk = parseChunkName(name);
    return chunk?.file === file && chunk.index > count;
  });
  if (later === undefined) return;
  ctx.report({
    code: "package/missing-chunk",
    severity: "error",
    message: `'${printable(chunkName(file, count))}' is missing between the chunks of '${printable(file)}'`,
    hint: "The package is incomplete. Fetch it again.",
    location: { at: "member", file: label, member: later },
  });
}

function reportStrayManifests(parts: PackageParts, names: readonly string[], label: string, ctx: Context): void {
  if (parts.manifest !== null) return;
  for (const name of strayManifests(parts, names)) {
    ctx.report({
      code: "package/stray-manifest",
      severity: "warning",
      message: `'${printable(name)}' is not used as the manifest: its name is not that of '${printable(parts.descriptor)}'`,
      hint: "Descriptor and manifest have the same base name: rename one of them if they belong together.",
      location: { at: "member", file: label, member: name },
    });
  }
}

/** What is wrong with one reference of the descriptor. */
function* judgeReference(
  reference: PackageReference,
  folder: string,
  lookup: EntryLookup,
  remote: RemoteFiles | null,
): Iterable<Omit<Diagnostic, "location">> {
  const { href, size, chunkSize } = reference;
  const shown = printable(href.slice(0, 200));
  const isRemote = isRemoteHref(href);
  if (resolveName(folder, plainName(href)) === null && !(isRemote && remote !== null)) {
    yield {
      code: "package/outside-reference",
      severity: "error",
      message: `the descriptor refers to '${shown}', which is not a place in this package`,
      hint: isRemote
        ? "Only files in the package are used. If you trust who made it, --allow-remote fetches the file."
        : "Only files in the package are used. Fetch the file and refer to it by its name.",
    };
    return;
  }
  const entry = lookup(href);
  if (entry === undefined) {
    yield {
      code: "package/missing-file",
      severity: "error",
      message: `the descriptor refers to '${shown}', which is not ${isRemote ? "there" : "in the package"}`,
      hint: isRemote
        ? "Nothing is at that address any more: ask who made the package."
        : "The package is incomplete: fetch it again, or put the file beside the descriptor.",
    };
    return;
  }
  if (size !== null && size !== entry.size) {
    yield {
      code: "package/size-differs",
      severity: "warning",
      message: `'${shown}' is ${entry.size} bytes long; the descriptor says ${size}`,
      hint: "The file may be cut off or changed: check the manifest.",
      data: { declared: size, actual: entry.size },
    };
  }
  const wrong = entry.chunks?.slice(0, -1).find((chunk) => chunkSize !== null && chunk.size !== chunkSize);
  if (wrong !== undefined) {
    yield {
      code: "package/chunk-size",
      severity: "error",
      message: `the chunk '${printable(wrong.name)}' is ${wrong.size} bytes long, and not ${chunkSize}`,
      hint: "A chunk is cut off, or chunks of several files were mixed. Fetch the package again.",
    };
  }
}
