import type { Context } from "../../io/context.js";
import type { OvfDocument } from "../../ovf/document.js";
import type { OvfFile } from "../../ovf/views/parts.js";
import type { EntryRole, PackageReference, ReadReferences } from "../../package/model.js";
import { readDescriptorEntry } from "./descriptor.js";
import { driveUses, isImage } from "./uses.js";

/** What the package layer asks for when it opens a package: the files that a descriptor refers to, and what it uses them for. */
export function ovfReferences(ctx: Context): ReadReferences {
  // Who imports the package reads the descriptor again, and then reports what is to be said about it.
  return async (entry) => referencesOf(await readDescriptorEntry(entry, ctx, () => {}));
}

/** The files that a descriptor refers to, in its order. Files without an href are left out. */
export function referencesOf(document: OvfDocument): PackageReference[] {
  const uses = driveUses(document);
  const { references } = document;
  const roles = new Map<OvfFile, EntryRole>();
  const byId = new Map(references.map((file) => [file.id, file]));
  const byHref = new Map(references.map((file) => [file.href, file]));
  const give = (file: OvfFile | undefined, role: EntryRole): void => {
    if (file !== undefined) roles.set(file, role);
  };
  for (const disk of [...document.disks, ...document.sharedDisks]) {
    const file = disk.fileRef === null ? undefined : (byId.get(disk.fileRef) ?? byHref.get(disk.fileRef));
    give(file, isImage(disk, file?.href ?? null, uses) ? "iso" : "disk");
  }
  for (const [id, drive] of uses.imageFiles) if (drive === "cdrom") give(byId.get(id), "iso");
  for (const id of uses.nvramFiles) give(byId.get(id), "nvram");
  for (const id of document.messages.files) give(byId.get(id), "strings");
  return references.flatMap((file) => {
    const { href } = file;
    return href === null ? [] : [{ href, role: roles.get(file) ?? null, size: file.size, chunkSize: file.chunkSize }];
  });
}
