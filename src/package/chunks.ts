/** Files cut into chunks: `disk.vmdk.000000000`, `disk.vmdk.000000001`, ... (DSP0243 7.1, `ovf:chunkSize`). */

import type { ByteSource } from "../io/source.js";
import { concatSource } from "../io/sources/concat.js";
import type { EntryRole, PackageEntry } from "./model.js";

/** The name of a chunk, counted from 0: nine decimal digits. */
export function chunkName(name: string, index: number): string {
  return `${name}.${String(index).padStart(9, "0")}`;
}

/** The file that a chunk belongs to and its place, or `null` for another name. */
export function parseChunkName(name: string): { readonly file: string; readonly index: number } | null {
  const match = /^(.+)\.([0-9]{9})$/.exec(name);
  return match === null ? null : { file: match[1] as string, index: Number(match[2]) };
}

/** One entry over the chunks of a file, which stay closed until something is read. */
export function chunkedEntry(
  name: string,
  role: EntryRole,
  chunks: readonly PackageEntry[],
  label: string,
): PackageEntry {
  let size = 0;
  for (const chunk of chunks) size += chunk.size;
  return {
    name,
    size,
    role,
    chunks,
    async open(): Promise<ByteSource> {
      const parts: ByteSource[] = [];
      try {
        for (const chunk of chunks) parts.push(await chunk.open());
      } catch (error) {
        for (const part of parts) await part.close();
        throw error;
      }
      return concatSource(parts, label);
    },
  };
}
