import { open, rename } from "node:fs/promises";
import * as path from "node:path";
import { syncFolder } from "./edit-door.js";
import { systemError } from "./errors.js";

/**
 * Gives a file another text, or makes it, for its user alone: old or new, whenever the process or the machine ends.
 * @param beside behind the name of the file that is written first; a run that is killed leaves it
 * @throws `io/...` where it cannot be written
 */
export async function replaceFile(file: string, text: string, beside: string = ".new"): Promise<void> {
  const next = `${file}${beside}`;
  try {
    const handle = await open(next, "w", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(next, file);
    await syncFolder(path.dirname(file));
  } catch (cause) {
    throw systemError("write", file, cause);
  }
}
