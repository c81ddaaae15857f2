import type { FolderAccess } from "./folder.js";
import type { ByteSource, SourceResolver } from "./source.js";

/** Opens nothing: for disks that must stand alone. */
export const noResolver: SourceResolver = Object.freeze({ open: async () => null });

/** A file that a user said is meant. */
export interface MappedFile {
  open(): Promise<ByteSource>;
  /** Answers what the file itself asks for, and what its parents beside it ask for. */
  readonly beside: SourceResolver;
}

/**
 * Answers what is asked for by a name or an identity in `files` with the file that a user said is meant, and everything else as `otherwise`
 * does: for images that name their parents by the paths or ids of another host. Identities may differ in capitals.
 */
export function mappedResolver(files: ReadonlyMap<string, MappedFile>, otherwise: SourceResolver): SourceResolver {
  const byIdentity = new Map([...files].map(([id, file]) => [id.toLowerCase(), file]));
  const homes = new WeakMap<ByteSource, SourceResolver>();
  return {
    async open(request, from) {
      const { name, identity } = request;
      const mapped =
        (name === null ? undefined : files.get(name)) ??
        (identity === null ? undefined : byIdentity.get(identity.toLowerCase()));
      const home = mapped?.beside ?? homes.get(from);
      const found = mapped === undefined ? await (home ?? otherwise).open(request, from) : await mapped.open();
      if (found !== null && home !== undefined) homes.set(found, home);
      return found;
    },
  };
}

/**
 * Answers what an image asks for with files directly in its own folder. Extents are always opened, parents and data files only where `external` allows.
 * Names with a path are never followed: a guest, or whoever made the image, could have written any.
 */
export function folderResolver(
  folder: FolderAccess,
  options: { readonly external: "allowed" | "refused" },
): SourceResolver {
  return {
    async open(request) {
      const { name, purpose } = request;
      if (name === null || (purpose !== "extent" && options.external === "refused")) return null;
      const last = name.replace(/^\.[/\\]/, "");
      if (last === "" || last === "." || last === ".." || /[/\\\0]|^[A-Za-z]:/.test(last)) return null;
      return (await folder.size(last)) === null ? null : folder.open(last);
    },
  };
}
