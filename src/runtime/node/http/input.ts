import type { PathInput } from "../input.js";
import { fileNameOf } from "./address.js";
import { openHttpFolder } from "./folder.js";
import type { HttpOptions } from "./options.js";
import { connectTo, openWithClient } from "./source.js";

/**
 * Opens an address the way `openPath` opens a path: the file, with the folder around it. Files beside it are read below the folder of the
 * address alone.
 * @throws what `openHttpSource` throws
 */
export async function openUrl(
  url: string | URL,
  options: HttpOptions = {},
  signal?: AbortSignal,
): Promise<Extract<PathInput, { kind: "file" }>> {
  const { client, place: parsed } = await connectTo(String(url), options);
  try {
    const source = await openWithClient(client, parsed, signal);
    const folder = openHttpFolder(client, parsed, source, signal);
    return {
      kind: "file",
      source,
      name: fileNameOf(parsed),
      folder,
      async close(): Promise<void> {
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
