import { chmod, mkdir, mkdtemp, readdir, rename, rm, rmdir, stat, statfs } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../base/errors.js";
import type { FileSet } from "../../io/file-set.js";
import type { ByteSource } from "../../io/source.js";
import type { ByteTarget, RandomTarget } from "../../io/target.js";
import { systemError } from "./errors.js";
import { openFileSource } from "./file-source.js";
import { createFileTarget } from "./file-target.js";
import type { Native } from "./native.js";

/** Without system calls holes cannot be told: then everything counts as data. */
const NO_NATIVE: Native = { seek: null, libdeflate: null };

/** A file set on disk. Files marked so are executable after the commit. */
export interface NodeFileSet extends FileSet {
  createRandom(name: string, size: number | null): Promise<RandomTarget>;
  readBack(name: string): Promise<ByteSource>;
  markExecutable(name: string): void;
}

/** How a destination is treated. */
export interface DestinationOptions {
  /** Replace what is there under the same names. */
  readonly force?: boolean;
  /** Tells holes when files are read back. */
  readonly native?: Native;
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    return false;
  }
}

function existsError(destination: string): FerryError {
  return new FerryError("io/exists", `${destination} exists already`, {
    hint: "Choose another destination, or add --force to replace it.",
  });
}

async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** The nearest folder above a path that exists, for asking about space. */
async function existingParent(file: string): Promise<string> {
  let folder = path.dirname(path.resolve(file));
  while (!(await exists(folder)) && folder !== path.dirname(folder)) folder = path.dirname(folder);
  return folder;
}

/** A file name of a result: relative, without `..`, with `/`. Throws `internal/bug`: names are checked where they are made. */
function checkName(name: string): string {
  const parts = name.split("/");
  if (name === "" || path.isAbsolute(name) || parts.some((part) => part === "" || part === "." || part === "..")) {
    throw new FerryError("internal/bug", `${JSON.stringify(name)} is no name for a file of a result`);
  }
  return name;
}

/** Files under a temporary folder beside the destination; `publish` gives them their names. */
async function stagedFiles(
  destination: string,
  options: DestinationOptions,
  publish: (staging: string, names: readonly string[]) => Promise<void>,
): Promise<NodeFileSet> {
  const parent = path.dirname(path.resolve(destination));
  const hadParent = await exists(parent);
  let staging: string;
  try {
    if (!hadParent) await mkdir(parent, { recursive: true });
    staging = await mkdtemp(path.join(parent, `.${path.basename(destination)}.partial-`));
  } catch (cause) {
    throw systemError("write", destination, cause);
  }
  const targets = new Map<string, RandomTarget>();
  const executable = new Set<string>();
  let ended = false;

  async function createRandom(name: string): Promise<RandomTarget> {
    checkName(name);
    const file = path.join(staging, name);
    if (name.includes("/")) await mkdir(path.dirname(file), { recursive: true });
    const target = await createFileTarget(file, name);
    targets.set(name, target);
    return target;
  }

  return {
    label: destination,
    create: (name): Promise<ByteTarget> => createRandom(name),
    createRandom,
    readBack: (name) => openFileSource(path.join(staging, checkName(name)), options.native ?? NO_NATIVE, name),
    room: () => freeBytes(staging),
    markExecutable(name): void {
      executable.add(name);
    },
    async commit(): Promise<void> {
      ended = true;
      for (const target of targets.values()) await target.close();
      try {
        for (const name of executable) await chmod(path.join(staging, name), 0o755);
        await publish(staging, [...targets.keys()]);
      } catch (cause) {
        throw systemError("write", destination, cause);
      } finally {
        await rm(staging, { recursive: true, force: true });
      }
    },
    async abort(reason): Promise<void> {
      if (ended) return;
      ended = true;
      for (const target of targets.values()) await target.abort(reason);
      await rm(staging, { recursive: true, force: true });
      if (!hadParent) await rmdir(parent).catch(() => {});
    },
  };
}

/**
 * The files of a result folder. The folder appears at once on commit; into an existing one (empty, or with `force`) files are
 * moved one by one.
 * @throws `io/exists`, `io/write-failed`
 */
export async function openFolderSet(destination: string, options: DestinationOptions = {}): Promise<NodeFileSet> {
  const there = await exists(destination);
  if (there) {
    if (!(await stat(destination)).isDirectory()) throw existsError(destination);
    if (options.force !== true && (await readdir(destination)).length > 0) throw existsError(destination);
  }
  return stagedFiles(destination, options, async (staging, names) => {
    if (!there && !(await exists(destination))) {
      await chmod(staging, 0o755);
      await rename(staging, destination);
      return;
    }
    for (const name of names) {
      const file = path.join(destination, name);
      await mkdir(path.dirname(file), { recursive: true });
      await rename(path.join(staging, name), file);
    }
  });
}

/**
 * A result that is one file, whatever the name under which it is created; or a disk of several files beside each other, where the
 * first is called as the destination.
 * @throws `io/exists`, `io/write-failed`
 */
export async function openSingleFileSet(destination: string, options: DestinationOptions = {}): Promise<NodeFileSet> {
  if ((await exists(destination)) && (options.force !== true || (await stat(destination)).isDirectory())) {
    throw existsError(destination);
  }
  const folder = path.dirname(path.resolve(destination));
  return stagedFiles(destination, options, async (staging, names) => {
    for (const name of names) {
      const file = path.join(folder, name);
      if (options.force !== true && (await exists(file))) throw existsError(file);
    }
    for (const name of names) await rename(path.join(staging, name), path.join(folder, name));
  });
}

/** Free bytes where a destination would lie, before anything is created there. */
export async function roomAt(destination: string): Promise<number | null> {
  return freeBytes(await existingParent(destination));
}
