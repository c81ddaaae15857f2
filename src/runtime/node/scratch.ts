import { mkdtemp, rm, stat } from "node:fs/promises";
import * as path from "node:path";
import type { ScratchFile } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { RandomTarget } from "../../io/target.js";
import { systemError } from "./errors.js";
import { openFileSource } from "./file-source.js";
import { createFileTarget } from "./file-target.js";
import type { Native } from "./native.js";

/** Makes a temporary file in the nearest folder that exists at or above a place. @throws `io/write-failed`, `io/no-space` */
export async function createScratch(place: string, label: string, native: Native): Promise<ScratchFile> {
  let folder: string;
  try {
    folder = await mkdtemp(path.join(await nearestFolder(path.resolve(place)), ".vmferry.partial-"));
  } catch (cause) {
    throw systemError("write", place, cause);
  }
  const file = path.join(folder, "scratch");
  const sources: ByteSource[] = [];
  let target: RandomTarget | null = null;
  async function remove(): Promise<void> {
    await target?.abort().catch(() => {});
    for (const source of sources) await source.close().catch(() => {});
    await rm(folder, { recursive: true, force: true });
  }
  try {
    const made = await createFileTarget(file, label);
    target = made;
    return {
      target: made,
      async open(): Promise<ByteSource> {
        const source = await openFileSource(file, native, label);
        sources.push(source);
        return source;
      },
      remove,
    };
  } catch (cause) {
    await remove();
    throw cause;
  }
}

async function nearestFolder(place: string): Promise<string> {
  const found = await stat(place).catch(() => null);
  return found?.isDirectory() === true || place === path.dirname(place) ? place : nearestFolder(path.dirname(place));
}
