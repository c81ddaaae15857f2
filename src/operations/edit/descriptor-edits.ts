/** What changes in a descriptor when files of its package are written anew: names, sizes, formats, and nothing else. */
import type { Context } from "../../io/context.js";
import type { OvfFile } from "../../ovf/views/parts.js";
import type { PackageEntry } from "../../package/model.js";
import { readDescriptorEntry } from "../../platforms/ovf/descriptor.js";

/** A file of the result that References lists. */
export interface EditedFile {
  /** Id of its File. */
  readonly id: string;
  /** Name in the old package, and in the result. */
  readonly was: string;
  readonly name: string;
  /** Bytes; `null` where that is not known. */
  readonly size: number | null;
  /** Whether it is not compressed as a whole, whatever it was. */
  readonly plain: boolean;
  /** The format of a disk that is written anew. */
  readonly formatUri: string | null;
}

/** The capacity that a disk turned out to have, where the descriptor says less. */
export interface EditedDisk {
  readonly id: string;
  readonly capacityBytes: number;
}

/** Everything that is known of a result. */
export interface DescriptorEdits {
  readonly files: readonly EditedFile[];
  readonly disks: readonly EditedDisk[];
}

/** The descriptor as it has to be for the result. What needs no change stays as it was, byte for byte. */
export async function editDescriptor(
  descriptor: PackageEntry,
  edits: DescriptorEdits,
  ctx: Context,
): Promise<Uint8Array> {
  // Parsed anew: the tree that the plan was made from stays as it was read.
  const document = await readDescriptorEntry(descriptor, ctx, () => {});
  const { scope, references, disks, sharedDisks } = document;
  const folder = /^.*\//.exec(descriptor.name)?.[0] ?? "";
  const allDisks = [...disks, ...sharedDisks];
  for (const edit of edits.files) {
    const file = references.find((candidate) => candidate.id === edit.id);
    if (file === undefined) continue;
    const set = (name: string, value: string | null): void => scope.setAttribute(file.element, name, value);
    const held = allDisks.filter(({ fileRef }) => fileRef === edit.id || (fileRef === file.href && !isId(fileRef)));
    if (edit.name !== edit.was) {
      const href = hrefOf(edit.name, folder);
      // oVirt refers to files by their href.
      for (const disk of held) if (disk.fileRef !== edit.id) scope.setAttribute(disk.element, "fileRef", href);
      set("href", href);
    }
    // Files of a result are never cut into chunks.
    if (file.chunkSize !== null) set("chunkSize", null);
    if (edit.plain && file.compression !== null) set("compression", null);
    if (edit.size !== null && file.size !== null && file.size !== edit.size) set("size", String(edit.size));
    for (const disk of held) {
      if (edit.formatUri !== null && disk.format !== edit.formatUri) {
        scope.setAttribute(disk.element, "format", edit.formatUri);
      }
    }
  }
  for (const { id, capacityBytes } of edits.disks) {
    const disk = allDisks.find((candidate) => candidate.diskId === id);
    // A property decides: nobody but its author can correct it.
    if (disk === undefined || disk.capacity?.startsWith("${") === true) continue;
    scope.setAttribute(disk.element, "capacity", String(capacityBytes));
    scope.setAttribute(disk.element, "capacityAllocationUnits", null);
  }
  return document.xml.serialize();

  function isId(text: string | null): boolean {
    return references.some((candidate: OvfFile) => candidate.id === text);
  }
}

/** A name as a reference relative to the descriptor: a URI (RFC 3986), in which `#` and `?` mean something else. */
export function hrefOf(name: string, folder: string): string {
  const relative = name.startsWith(folder) ? name.slice(folder.length) : name;
  return encodeURI(relative).replaceAll("#", "%23").replaceAll("?", "%3F");
}

/** A name that nothing else has, whatever the case of its letters: `wanted`, or one with a number before its extension. */
export function freeName(wanted: string, taken: Iterable<string>): string {
  const used = new Set([...taken].map((name) => name.toLowerCase()));
  for (let i = 1; ; i++) {
    const name = i === 1 ? wanted : wanted.replace(/(\.[^./]*)?$/, `-${i}$1`);
    if (!used.has(name.toLowerCase())) return name;
  }
}
