/** A descriptor beside its files (DSP0243 5.1): what it refers to, its manifest and its certificate. Nothing else counts. */
import { FerryError, throwIfAborted } from "../../base/errors.js";
import { printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { FolderAccess } from "../../io/folder.js";
import { chunkName } from "../chunks.js";
import { makeEntries, type StoredFile } from "../entries.js";
import { linkOutside } from "../links.js";
import type { PackageEntry, PackageReader, PackageReference } from "../model.js";
import { percentDecoded, resolveName } from "../names.js";
import { diskEntries, lastSegment, type OpenPackageOptions, openPackageDefaults } from "../reader.js";
import { findParts, isDescriptorName } from "../roles.js";

/** How a folder is opened. */
export interface OpenFolderOptions extends OpenPackageOptions {
  /** The descriptor's name; `null`: the only one in the folder. */
  readonly descriptor: string | null;
}

/**
 * Opens a descriptor beside its files. Without `references` only descriptor, manifest and certificate are entries.
 * Entries are sorted by name.
 * @throws `package/no-descriptor`, `package/many-descriptors`, `io/not-found`, `io/read-failed`, `io/limit`
 */
export async function openFolder(
  folder: FolderAccess,
  ctx: Context,
  options: Partial<OpenFolderOptions> = {},
): Promise<PackageReader> {
  const { references, parents, remote, descriptor: given } = { ...openPackageDefaults, descriptor: null, ...options };
  const names = await folder.list();
  const descriptor = given ?? onlyDescriptor(names, folder.label);
  const files = new Map<string, StoredFile>();
  const add = async (name: string): Promise<boolean> => {
    if (files.has(name)) return true;
    throwIfAborted(ctx.signal);
    if (files.size >= ctx.limits.members) {
      throw new FerryError("io/limit", `the package has more than ${ctx.limits.members} files`, {
        hint: "Raise the limit 'members' if you trust the package.",
      });
    }
    const size = await folder.size(name);
    const outside = size === null ? null : ((await folder.outside?.(name)) ?? null);
    if (outside !== null) ctx.report(linkOutside(folder.label, name, outside, "warning"));
    if (size !== null) files.set(name, { name, size, open: () => folder.open(name) });
    return size !== null;
  };

  if (!(await add(descriptor))) {
    throw new FerryError(
      "package/no-descriptor",
      `there is no descriptor '${printable(descriptor)}' in ${folder.label}`,
      {
        hint: "Check the name of the .ovf file.",
      },
    );
  }
  const { manifest, certificate } = findParts(descriptor, names);
  for (const name of [manifest, certificate]) if (name !== null) await add(name);
  const listed: readonly PackageReference[] =
    references === null ? [] : await references(plainEntry(descriptor, files));
  for (const reference of listed) await addReferenced(reference);

  const sorted = [...files.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const known = references === null ? null : async () => listed;
  const table = await makeEntries(sorted, { label: folder.label, descriptor, references: known, parents, remote }, ctx);
  return {
    kind: "directory",
    name: lastSegment(folder.label),
    size: sorted.reduce((sum, file) => sum + file.size, 0),
    tar: null,
    descriptor: table.descriptor,
    resolver: table.resolver,
    entries: table.entries,
    referenced: table.referenced,
    entry: table.lookup,
    disks: async () => diskEntries(table.entries),
    close: async () => {},
  };

  /** A file by either reading of its `href`, or its chunks. What is not there, or outside, is reported with the entries. */
  async function addReferenced({ href }: PackageReference): Promise<void> {
    for (const reading of [href, percentDecoded(href)]) {
      const name = reading === null ? null : resolveName("", reading);
      if (name === null) continue;
      if (await add(name)) return;
      let chunks = 0;
      while (await add(chunkName(name, chunks))) chunks++;
      if (chunks > 0) return;
    }
  }
}

function onlyDescriptor(names: readonly string[], folder: string): string {
  const descriptors = names.filter(isDescriptorName);
  const [first] = descriptors;
  if (first === undefined) {
    throw new FerryError("package/no-descriptor", `there is no OVF descriptor in ${folder}`, {
      hint: "Name the .ovf file, or the folder that it lies in.",
    });
  }
  if (descriptors.length > 1) {
    throw new FerryError("package/many-descriptors", `there are ${descriptors.length} OVF descriptors in ${folder}`, {
      hint: `Name the one that is meant: ${descriptors.slice(0, 5).map(printable).join(", ")}.`,
    });
  }
  return first;
}

function plainEntry(name: string, files: ReadonlyMap<string, StoredFile>): PackageEntry {
  const file = files.get(name);
  if (file === undefined) throw new FerryError("internal/bug", `the descriptor ${name} was not found`);
  return { ...file, role: "descriptor" };
}
