import { FerryError } from "../base/errors.js";
import type { FolderAccess } from "../io/folder.js";
import { memorySource } from "../io/sources/memory.js";

/** A folder of texts in memory: configurations that a platform told, which name files that lie elsewhere. @param label for messages */
export function textFolder(label: string, texts: ReadonlyMap<string, string>): FolderAccess {
  const files = new Map([...texts].map(([name, text]) => [name, new TextEncoder().encode(text)]));
  return {
    label,
    list: async () => [...files.keys()].sort(),
    size: async (name) => files.get(name)?.length ?? null,
    async open(name) {
      const bytes = files.get(name);
      if (bytes !== undefined) return memorySource(bytes, `${label}/${name}`);
      throw new FerryError("io/not-found", `${label} has no file ${JSON.stringify(name)}`, {
        hint: "Check the name for typing errors.",
      });
    },
  };
}
