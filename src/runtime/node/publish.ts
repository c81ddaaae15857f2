import { link, lstat, mkdir, rename, rm, rmdir } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../base/errors.js";

/** Whether something has this name: a link that leads nowhere, too. */
export async function isThere(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch {
    return false;
  }
}

/** The error for a destination that is taken. @param by what is there */
export function existsError(destination: string, by: "a file" | "a folder"): FerryError {
  return new FerryError("io/exists", `${destination} exists already, as ${by}`, {
    hint: "Choose another destination, or add --force: it replaces files of the same name, and never a folder by a file.",
  });
}

/** Where complete files lie, and a folder beside them for what they replace. */
export interface StagedFolder {
  readonly folder: string;
  readonly files: string;
}

/** What becomes of names in a folder. */
export interface Publication {
  /** Of complete files. */
  readonly names: readonly string[];
  /** Of files that go. */
  readonly removed: readonly string[];
}

/**
 * Moves complete files into a folder, and others out of it: all of them, or none. What a file replaces is kept aside until all have moved.
 * @throws `io/exists`, and what the system says, after everything was put back
 */
export async function publishInto(
  destination: string,
  staged: StagedFolder,
  { names, removed }: Publication,
  options: { readonly force?: boolean },
): Promise<void> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    for (const [i, name] of removed.entries()) {
      const file = path.join(destination, name);
      if (!(await isThere(file))) continue;
      const aside = path.join(staged.folder, `removed-${i}`);
      await rename(file, aside);
      undo.push(() => rename(aside, file));
    }
    for (const [i, name] of names.entries()) {
      const file = path.join(destination, name);
      const made = await mkdir(path.dirname(file), { recursive: true });
      if (made !== undefined) undo.push(() => removeFolders(path.dirname(file), made));
      const found = await lstat(file).catch(() => null);
      if (found !== null && (options.force !== true || found.isDirectory())) {
        throw existsError(file, found.isDirectory() ? "a folder" : "a file");
      }
      // The last one replaces in one step: nothing can fail after it.
      if (found !== null && i < names.length - 1) {
        const aside = path.join(staged.folder, `replaced-${i}`);
        // A second name where the system has such: then the file is there at every moment, as the old one or the new one.
        await link(file, aside).catch(() => rename(file, aside));
        undo.push(() => rename(aside, file));
      }
      await rename(path.join(staged.files, name), file);
      undo.push(() => rm(file));
    }
  } catch (cause) {
    for (const step of undo.reverse()) await step().catch(() => {});
    throw cause;
  }
}

/** Removes empty folders from the inside out, up to the outermost one that was made. */
async function removeFolders(innermost: string, outermost: string): Promise<void> {
  for (let folder = innermost; folder.startsWith(outermost); folder = path.dirname(folder)) await rmdir(folder);
}
