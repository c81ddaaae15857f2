import { FerryError } from "../../../base/errors.js";
import type { FolderAccess } from "../../../io/folder.js";
import type { ByteSource } from "../../../io/source.js";
import { sliceSource } from "../../../io/sources/slice.js";
import { besideUrl, fileNameOf, placeOf } from "./address.js";
import type { HttpClient } from "./client.js";
import { openWithClient } from "./source.js";

/** Open files that are kept for the next look at them, with what was read of each. */
const MOST_KEPT = 16;

/** A file on a server with what lies beside it. Closing it ends the files that it opened, not the client. */
export interface HttpFolder extends FolderAccess {
  close(): Promise<void>;
}

/**
 * The files beside a file on a server: below the folder of its address, and nowhere else. A server has no list of them: `list` asks for
 * the file's manifest and certificate.
 * @param of the file that was opened already; it stays the caller's
 */
export function openHttpFolder(client: HttpClient, url: URL, of: ByteSource, signal?: AbortSignal): HttpFolder {
  const own = fileNameOf(url);
  const sizes = new Map<string, number | null>();
  const kept = new Map<string, ByteSource>();

  async function find(name: string): Promise<ByteSource | null> {
    if (name === own) return of;
    if (sizes.get(name) === null) return null;
    const known = kept.get(name);
    if (known !== undefined) return known;
    const place = besideUrl(url, name);
    const source = place === null ? null : await openWithClient(client, place, signal).catch(absent);
    sizes.set(name, source === null ? null : source.size);
    if (source === null) return null;
    kept.set(name, source);
    // Others may still read what goes: it is forgotten, not closed.
    while (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value as string);
    return source;
  }

  return {
    label: placeOf(new URL(".", url)),
    async list(): Promise<readonly string[]> {
      const stem = own.replace(/\.ovf$/i, "");
      const names = [own];
      for (const name of [`${stem}.mf`, `${stem}.cert`]) {
        // Some stores answer "forbidden" for what is not there.
        const found = await find(name).catch((cause: unknown) => {
          if (cause instanceof FerryError && cause.code === "http/denied") return null;
          throw cause;
        });
        if (found !== null) names.push(name);
      }
      return names.sort();
    },
    async size(name): Promise<number | null> {
      const known = sizes.get(name);
      return known === undefined ? ((await find(name))?.size ?? null) : known;
    },
    async open(name): Promise<ByteSource> {
      const source = await find(name);
      if (source === null) {
        throw new FerryError("io/not-found", `there is no ${JSON.stringify(name)} beside ${placeOf(url)}`, {
          hint: "Only files below the folder of the descriptor's address are read.",
        });
      }
      // Others read it too: whoever closes this closes nothing.
      return sliceSource(source, 0, source.size, source.label);
    },
    async close(): Promise<void> {
      for (const source of kept.values()) await source.close();
    },
  };
}

function absent(cause: unknown): null {
  if (cause instanceof FerryError && cause.code === "io/not-found") return null;
  throw cause;
}
