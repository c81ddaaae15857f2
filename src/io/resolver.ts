import type { FolderAccess } from "./folder.js";
import type { SourceResolver } from "./source.js";

/** Opens nothing: for disks that must stand alone. */
export const noResolver: SourceResolver = Object.freeze({ open: async () => null });

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
