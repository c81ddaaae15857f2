import type { RemoteFiles } from "../../../io/remote.js";
import type { ByteSource } from "../../../io/source.js";
import { sliceSource } from "../../../io/sources/slice.js";
import { parseHttpUrl } from "./address.js";
import { createHttpClient, type HttpClient } from "./client.js";
import type { HttpOptions } from "./options.js";
import { openWithClient } from "./source.js";

/** Open files that are kept for the next look at them. */
const MOST_KEPT = 16;

/** Files that packages name, with connections that have to be closed. */
export interface ClosableRemoteFiles extends RemoteFiles {
  close(): Promise<void>;
}

/**
 * Files that a package on this machine, or in an object store, names by address. No headers and no credentials are sent, and no network
 * but the public one is entered, unless the options allow it.
 */
export function openRemoteFiles(options: HttpOptions = {}, signal?: AbortSignal): ClosableRemoteFiles {
  const { headers: _, credentials: __, s3: ___, ...rest } = options;
  const client = createHttpClient(rest);
  const files = filesOver(client, null, signal);
  return {
    open: files.open,
    async close(): Promise<void> {
      await files.close();
      client.close();
    },
  };
}

/** The same over the connections of the package. @param named its address: its origin alone gets headers and credentials; `null`: nobody */
export function filesOver(client: HttpClient, named: URL | null, signal?: AbortSignal): ClosableRemoteFiles {
  const kept = new Map<string, ByteSource>();
  return {
    async open(url): Promise<ByteSource> {
      const place = parseHttpUrl(url);
      // Credentials are the user's to give, not the package's.
      place.username = "";
      place.password = "";
      place.hash = "";
      const source = kept.get(place.href) ?? (await openWithClient(client, place, signal, named));
      kept.set(place.href, source);
      // Others may still read what goes: it is forgotten, not closed.
      while (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value as string);
      return sliceSource(source, 0, source.size, source.label);
    },
    async close(): Promise<void> {
      for (const source of kept.values()) await source.close();
    },
  };
}
