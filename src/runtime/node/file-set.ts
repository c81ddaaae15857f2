import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, stat, statfs, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../base/errors.js";
import type { FileSet } from "../../io/file-set.js";
import type { ByteSource } from "../../io/source.js";
import type { ByteTarget, RandomTarget } from "../../io/target.js";
import { type NodeCopyLog, openCopyLog } from "./copy-log.js";
import { systemError } from "./errors.js";
import { openFileSource } from "./file-source.js";
import { createFileTarget, type FileTarget } from "./file-target.js";
import { type Native, NO_NATIVE } from "./native.js";
import { existsError, isThere, publishInto } from "./publish.js";

/** Characters of the destination's name in that of its temporary folder: together they must stay below what file systems take. */
const NAME_PART = 40;

/** A file set on disk. Files marked so are executable after the commit. */
export interface NodeFileSet extends FileSet {
  createRandom(name: string, size: number | null): Promise<RandomTarget>;
  readBack(name: string): Promise<ByteSource>;
  markExecutable(name: string): void;
  /** A file that lies at the destination, and is gone after the commit. Nothing happens where there is none. */
  remove(name: string): void;
}

/** How a destination is treated. */
export interface DestinationOptions {
  /** Replace what is there under the same names. */
  readonly force?: boolean;
  /** Tells holes when files are read back, and takes bytes from other files within the system. Without it everything counts as data. */
  readonly native?: Native;
  /**
   * Tells this work from other work: what is done stays where it is when the work is interrupted, and the next run of the same work goes on from
   * there. Left out: whatever is interrupted is gone.
   */
  readonly resume?: string;
  /** Guest bytes after which what is done is made safe, where work can be gone on with. */
  readonly checkpointBytes?: number;
}

/** A folder that is ready to be filled, out of sight. */
interface Staging {
  /** Holds `files`, and what is replaced while a result is published. */
  readonly folder: string;
  /** Made as any folder of the user's: it may become the result. */
  readonly files: string;
  /** Removes the folder and, where nothing was put beside it, the folders above that were made for it. */
  remove(): Promise<void>;
}

async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** A file name of a result: relative, without `..`, with `/`. Throws `internal/bug`: names are checked where they are made. */
function checkName(name: string): string {
  const parts = name.split("/");
  const wrong = /[\\\0]|^[A-Za-z]:/.test(name) || parts.some((part) => part === "" || part === "." || part === "..");
  if (wrong) throw new FerryError("internal/bug", `${JSON.stringify(name)} is no name for a file of a result`);
  return name;
}

/** Makes a temporary folder beside a destination. @param kept whether it has a name by which the next run finds it */
async function openStaging(destination: string, kept: boolean): Promise<Staging> {
  const parent = path.dirname(path.resolve(destination));
  let made: string | undefined;
  let folder: string | undefined;
  async function remove(): Promise<void> {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    if (made === undefined) return;
    // From the inside out; the first that holds something else ends it.
    for (let above = parent; above.startsWith(made); above = path.dirname(above)) {
      if (
        !(await rmdir(above).then(
          () => true,
          () => false,
        ))
      )
        return;
    }
  }
  try {
    made = await mkdir(parent, { recursive: true });
    const stem = path.join(parent, `.${path.basename(destination).slice(0, NAME_PART)}`);
    if (kept) {
      const own = `${stem}.unfinished`;
      await mkdir(own, { recursive: true });
      await lockFolder(own, destination);
      folder = own;
    } else folder = await mkdtemp(`${stem}.partial-`);
    const files = path.join(folder, "files");
    await mkdir(files, { recursive: kept });
    return { folder, files, remove };
  } catch (cause) {
    await remove();
    if (cause instanceof FerryError) throw cause;
    throw systemError("write", destination, cause);
  }
}

/**
 * Takes a folder that the next run finds again for this process.
 * @throws `io/in-use` where another process that runs has it
 */
async function lockFolder(folder: string, destination: string): Promise<void> {
  const lock = path.join(folder, "pid");
  const holder = Number(await readFile(lock, "utf8").catch(() => ""));
  if (Number.isSafeInteger(holder) && holder > 0 && holder !== process.pid && isRunning(holder)) {
    throw new FerryError("io/in-use", `${destination} is being written by process ${holder}`, {
      hint: "Wait until it has ended. If no such process is vmferry, remove the hidden folder beside the destination.",
    });
  }
  await writeFile(lock, String(process.pid));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** What ends work that the next run cannot go on with: another result than the one that was wanted. */
function isFinal(reason: unknown): boolean {
  return (
    reason instanceof FerryError &&
    (reason.kind === "integrity" || reason.kind === "untrusted" || reason.kind === "usage")
  );
}

/**
 * Files under a temporary folder beside the destination.
 * @param claim called before a file is created; throws where its name is taken
 * @param publish gives all files their names, or none
 */
async function stagedFiles(
  destination: string,
  options: DestinationOptions,
  claim: (name: string) => Promise<void>,
  publish: (staging: Staging, names: readonly string[], removed: readonly string[]) => Promise<void>,
): Promise<NodeFileSet> {
  const { resume } = options;
  const staging = await openStaging(destination, resume !== undefined);
  const targets = new Map<string, FileTarget>();
  let log: NodeCopyLog | null = null;
  try {
    log =
      resume === undefined
        ? null
        : await openCopyLog(path.join(staging.folder, "log"), resume, {
            sync: async (name) => targets.get(name)?.sync(),
            ...(options.checkpointBytes === undefined ? {} : { everyBytes: options.checkpointBytes }),
          });
  } catch (cause) {
    // What another conversion left is nobody's to remove.
    await rm(path.join(staging.folder, "pid"), { force: true });
    throw cause;
  }
  const executable = new Set<string>();
  const removed = new Set<string>();
  let ended = false;

  async function createTarget(name: string, existing: "keep" | "empty"): Promise<RandomTarget> {
    if (ended) throw new FerryError("internal/bug", `${name} is created after the end of its file set`);
    const file = path.join(staging.files, checkName(name));
    await claim(name);
    try {
      if (name.includes("/")) await mkdir(path.dirname(file), { recursive: true });
    } catch (cause) {
      throw systemError("write", path.join(destination, name), cause);
    }
    const target = await createFileTarget(file, name, options.native, log === null ? "refuse" : existing);
    targets.set(name, target);
    return target;
  }

  async function finish(): Promise<void> {
    for (const target of targets.values()) await target.close();
    for (const name of executable) {
      const file = path.join(staging.files, name);
      const { mode } = await stat(file);
      // Whoever may read it may run it.
      await chmod(file, mode | ((mode & 0o444) >> 2));
    }
    await publish(staging, [...targets.keys()], [...removed]);
  }

  return {
    label: destination,
    create: (name): Promise<ByteTarget> => createTarget(name, "empty"),
    createRandom: (name) => createTarget(name, "keep"),
    ...(log === null ? {} : { log }),
    async readBack(name): Promise<ByteSource> {
      return openFileSource(path.join(staging.files, checkName(name)), options.native ?? NO_NATIVE, name);
    },
    room: () => freeBytes(staging.folder),
    markExecutable(name): void {
      executable.add(checkName(name));
    },
    remove(name): void {
      removed.add(checkName(name));
    },
    async commit(): Promise<void> {
      if (ended) throw new FerryError("internal/bug", `${destination} was committed or given up before`);
      ended = true;
      try {
        await finish();
      } catch (cause) {
        for (const target of targets.values()) await target.abort(cause).catch(() => {});
        await log?.close().catch(() => {});
        await staging.remove();
        throw systemError("write", destination, cause);
      }
      await log?.close().catch(() => {});
      // The result stands: what cannot be cleaned up now is no reason to call it failed.
      await rm(staging.folder, { recursive: true, force: true }).catch(() => {});
    },
    async abort(reason): Promise<void> {
      if (ended) return;
      ended = true;
      for (const target of targets.values()) await target.abort(reason).catch(() => {});
      await log?.close().catch(() => {});
      if (log === null || isFinal(reason)) await staging.remove();
      else await rm(path.join(staging.folder, "pid"), { force: true });
    },
  };
}

/**
 * The files of a result folder. The folder appears at once on commit; into an existing one (empty, or with `force`) files are moved one
 * by one, and back again where one of them cannot be.
 * @throws `io/exists`, `io/write-failed`
 */
export async function openFolderSet(destination: string, options: DestinationOptions = {}): Promise<NodeFileSet> {
  if (await isThere(destination)) {
    // A link that leads nowhere is there too, and is no folder.
    const found = await stat(destination).catch(() => null);
    if (found?.isDirectory() !== true) throw existsError(destination, "a file");
    if (options.force !== true && (await namesIn(destination)).length > 0) throw existsError(destination, "a folder");
  }
  const claim = async (): Promise<void> => {};
  return stagedFiles(destination, options, claim, async (staging, names, removed) => {
    if (await isThere(destination)) await publishInto(destination, staging, { names, removed }, options);
    else await rename(staging.files, destination);
  });
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw systemError("read", folder, cause);
  }
}

/**
 * A result that is one file called as the destination, or a disk of several files beside each other, of which the first is.
 * @throws `io/exists`, `io/write-failed`
 */
export async function openSingleFileSet(destination: string, options: DestinationOptions = {}): Promise<NodeFileSet> {
  const folder = path.dirname(path.resolve(destination));
  // Asked before the work and not after it.
  const claim = async (name: string): Promise<void> => {
    const file = path.join(folder, name);
    if (!(await isThere(file))) return;
    const isFolder = (await stat(file).catch(() => null))?.isDirectory() === true;
    if (isFolder || options.force !== true) throw existsError(file, isFolder ? "a folder" : "a file");
  };
  await claim(path.basename(destination));
  return stagedFiles(destination, options, claim, (staging, names, removed) =>
    publishInto(folder, staging, { names, removed }, options),
  );
}
