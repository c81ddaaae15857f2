import { stat } from "node:fs/promises";
import * as path from "node:path";
import type { FolderAccess } from "../../io/folder.js";
import type { RemoteFiles } from "../../io/remote.js";
import type { ByteSource } from "../../io/source.js";
import { openFileSource } from "./file-source.js";
import { openFolderAccess } from "./folder.js";
import type { Native } from "./native.js";

/** What a path names: a file with the folder around it, or a folder. Who opens it closes it. */
export type PathInput =
  | {
      readonly kind: "file";
      readonly source: ByteSource;
      readonly name: string;
      readonly folder: FolderAccess;
      /** Fetches what the file names by address, over the same connections. */
      readonly remote?: RemoteFiles | null;
      close(): Promise<void>;
    }
  | {
      readonly kind: "folder";
      readonly folder: FolderAccess;
      readonly remote?: RemoteFiles | null;
      close(): Promise<void>;
    };

/** Opens what a path names. @throws `io/not-found`, `io/read-failed` */
export async function openPath(file: string, native: Native): Promise<PathInput> {
  const found = await stat(file).catch(() => null);
  if (found?.isDirectory()) return { kind: "folder", folder: openFolderAccess(file, native), close: async () => {} };
  const source = await openFileSource(file, native, path.basename(file));
  const folder = openFolderAccess(path.dirname(file), native);
  return { kind: "file", source, name: path.basename(file), folder, close: () => source.close() };
}
