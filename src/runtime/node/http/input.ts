import type { PathInput } from "../input.js";
import { fileNameOf } from "./address.js";
import { openHttpFolder } from "./folder.js";
import type { HttpOptions } from "./options.js";
import { filesOver, openRemoteFiles } from "./remote.js";
import { connectTo, openWithClient } from "./source.js";

/** What a file on a server may lead to. */
export interface UrlUse {
  /** Whether files are fetched that a descriptor names by an http or https address; refused by default. */
  readonly remote?: "allowed" | "refused";
}

/**
 * Opens an address the way `openPath` opens a path: the file, with the folder around it. Files beside it are read below the folder of the
 * address alone.
 * @throws what `openHttpSource` throws
 */
export async function openUrl(
  url: string | URL,
  options: HttpOptions = {},
  signal?: AbortSignal,
  how: UrlUse = {},
): Promise<Extract<PathInput, { kind: "file" }>> {
  const { client, place: parsed } = await connectTo(String(url), options);
  try {
    const source = await openWithClient(client, parsed, signal);
    const folder = openHttpFolder(client, parsed, source, signal);
    const remote =
      how.remote !== "allowed"
        ? null
        : /^http/.test(parsed.protocol)
          ? filesOver(client, parsed, signal)
          : openRemoteFiles(options, signal);
    return {
      kind: "file",
      source,
      name: fileNameOf(parsed),
      folder,
      remote,
      async close(): Promise<void> {
        await remote?.close();
        await folder.close();
        await source.close();
        client.close();
      },
    };
  } catch (cause) {
    client.close();
    throw cause;
  }
}
