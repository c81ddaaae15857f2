import * as path from "node:path";
import { openSingleFileSet } from "../runtime/node/file-set.js";

/** Writes a file that appears complete or not at all. */
export async function writeTextFile(file: string, content: string, force: boolean): Promise<void> {
  const bytes = new TextEncoder().encode(content);
  const set = await openSingleFileSet(file, { force });
  try {
    const target = await set.create(path.basename(file), bytes.length);
    await target.write(bytes);
    await target.close();
    await set.commit();
  } catch (cause) {
    await set.abort(cause);
    throw cause;
  }
}
