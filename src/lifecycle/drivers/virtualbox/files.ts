/** Files in the folder of a machine. */
import { constants } from "node:fs";
import { copyFile, link, open, readdir, rename, rm, rmdir } from "node:fs/promises";
import * as path from "node:path";
import { FerryError, throwIfAborted } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import { syncFolder } from "../../../runtime/node/edit-door.js";
import { systemError } from "../../../runtime/node/errors.js";

/** Images, which nobody changes before the deployment is whole. VirtualBox writes settings and NVRAM anew in their places. */
const IMAGES = /\.(?:vdi|vmdk|vhd|iso|img)$/;
/** What link(2) says where there are no links, or not to another file system. */
const NO_LINK: ReadonlySet<string | undefined> = new Set([
  "EXDEV",
  "EPERM",
  "EMLINK",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
]);

/** What VirtualBox itself puts into a machine's folder. */
const OWN = /^(?:Logs|Snapshots)$|\.(?:vbox|vbox-prev|vbox-tmp|nvram)$/;
/** Files that are named to a user. */
const MOST_NAMED = 5;

/**
 * Puts a file into a folder, complete or not at all: a second name for an image where the file system can, else a copy.
 * @throws `io/no-space` and what else writing throws
 */
export async function placeFile(from: string, to: string, signal: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  const folder = path.dirname(to);
  try {
    if (!IMAGES.test(to) || !(await linked(from, to))) {
      const part = `${to}.part`;
      await rm(part, { force: true });
      await copyFile(from, part, constants.COPYFILE_FICLONE);
      const handle = await open(part, "r+");
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(part, to);
    }
    await syncFolder(folder);
  } catch (cause) {
    throw systemError("write", to, cause);
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (cause) {
    if (NO_LINK.has((cause as NodeJS.ErrnoException).code)) return false;
    throw cause;
  }
}

/**
 * Removes a machine's folder with what VirtualBox put into it.
 * @throws `deploy/not-ours` where somebody else has put something into it, which stays
 */
export async function folderEmptied(folder: string): Promise<void> {
  try {
    const names = await readdir(folder);
    const foreign = names.filter((name) => !OWN.test(name)).sort();
    if (foreign.length > 0) throw foreignFiles(folder, foreign);
    for (const name of names) await rm(path.join(folder, name), { recursive: true, force: true });
    await rmdir(folder);
  } catch (cause) {
    if (cause instanceof FerryError) throw cause;
    throw systemError("write", folder, cause);
  }
}

function foreignFiles(folder: string, names: readonly string[]): FerryError {
  const shown = printable(names.slice(0, MOST_NAMED).join(", "));
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : "";
  return new FerryError(
    "deploy/not-ours",
    `${printable(folder)} holds what the deployment did not put there: ${shown}${more}`,
    {
      hint: "Move it elsewhere, or remove it, and run again.",
    },
  );
}
