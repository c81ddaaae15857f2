import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../base/errors.js";
import type { FolderAccess } from "../../io/folder.js";
import type { ByteSource } from "../../io/source.js";
import { systemError } from "./errors.js";
import { openFileSource } from "./file-source.js";
import type { Native } from "./native.js";

/** What the system says of names that no file has: the last three of names that no file can have. */
const ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP"]);

/** The files under a folder on disk. Nothing is opened before it is asked for. */
export function openFolderAccess(folder: string, native: Native): FolderAccess {
  const place = (name: string): string => {
    const file = path.join(folder, name);
    const inside = path.relative(folder, file);
    // Callers check names; this is the last door before the file system.
    if (inside === "" || inside.startsWith("..") || path.isAbsolute(inside)) {
      throw new FerryError("internal/bug", `${JSON.stringify(name)} is no name inside of a folder`);
    }
    return file;
  };
  const sizeOf = async (name: string): Promise<number | null> => {
    try {
      const found = await stat(place(name));
      return found.isFile() ? found.size : null;
    } catch (cause) {
      if (ABSENT.has((cause as NodeJS.ErrnoException).code ?? "")) return null;
      throw systemError("read", path.join(folder, name), cause);
    }
  };
  return {
    label: folder,
    async list(): Promise<readonly string[]> {
      let found: Dirent[];
      try {
        found = await readdir(folder, { withFileTypes: true });
      } catch (cause) {
        throw systemError("read", folder, cause);
      }
      const names: string[] = [];
      for (const entry of found) {
        // A link counts as what it leads to: ova-compose links the disks into its folders.
        if (entry.isFile() || (entry.isSymbolicLink() && (await sizeOf(entry.name)) !== null)) names.push(entry.name);
      }
      return names.sort();
    },
    size: sizeOf,
    async outside(name): Promise<string | null> {
      try {
        const [real, root] = await Promise.all([realpath(place(name)), realpath(folder)]);
        const inside = path.relative(root, real);
        return inside.startsWith("..") || path.isAbsolute(inside) ? real : null;
      } catch (cause) {
        if (ABSENT.has((cause as NodeJS.ErrnoException).code ?? "")) return null;
        throw systemError("read", path.join(folder, name), cause);
      }
    },
    open: (name): Promise<ByteSource> => openFileSource(place(name), native),
  };
}
