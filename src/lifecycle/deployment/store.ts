/** Where states of deployments lie: one file for each, replaced as a whole, and locked while somebody works on it. */
import { createHash } from "node:crypto";
import { lstat, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../base/errors.js";
import { syncFolder } from "../../runtime/node/edit-door.js";
import { type EditLock, lockByName } from "../../runtime/node/edit-lock.js";
import { systemError } from "../../runtime/node/errors.js";
import { replaceFile } from "../../runtime/node/replace-file.js";
import { stateRoot } from "../state-root.js";
import { parseState } from "./parse-state.js";
import { checkDeploymentName, type DeploymentState, renderState } from "./state.js";

/** Bytes of a state. */
const MOST_BYTES = 16 * 1024 * 1024;
/** States that are listed. */
const MOST_STATES = 10_000;

/** A deployment that nobody else works on. */
export interface HeldDeployment {
  /** As it was read; `null`: there is none yet. */
  readonly state: DeploymentState | null;
  /** A folder for its files, which only this user may enter. Not made yet. */
  readonly files: string;
  /** A folder for what the way back of an upgrade needs. Not made yet. */
  readonly kept: string;
  /** Replaces the state: it is safe on disk when this resolves. */
  save(state: DeploymentState): Promise<void>;
  /** Removes the deployment's files and keeps its state. */
  tidy(): Promise<void>;
  /** Removes what the way back needed. */
  forget(): Promise<void>;
  /** Removes files and state. */
  remove(): Promise<void>;
  release(): Promise<void>;
}

/** All deployments of a user. */
export interface DeploymentStore {
  /** Names, sorted. */
  names(): Promise<readonly string[]>;
  /** Reads without a lock. @throws `deploy/no-such-deployment`, `deploy/bad-state` */
  read(name: string): Promise<DeploymentState>;
  /** The same; `null`: there is none. */
  find(name: string): Promise<DeploymentState | null>;
  /** @throws `deploy/bad-name`, `deploy/bad-state`, `io/busy` */
  hold(name: string): Promise<HeldDeployment>;
}

/** The folder by the XDG Base Directory Specification: `$XDG_STATE_HOME/vmferry/deployments`. */
export function deploymentsFolder(env: Readonly<Record<string, string | undefined>>): string {
  return path.join(stateRoot(env), "deployments");
}

/** The states in a folder, which is made when something is kept in it. */
export function openDeploymentStore(folder: string): DeploymentStore {
  const fileOf = (name: string): string => path.join(folder, `${name}.json`);
  return {
    async names() {
      try {
        const all = (await readdir(folder)).filter((name) => /^[A-Za-z0-9].*\.json$/.test(name));
        return all
          .map((name) => name.slice(0, -5))
          .sort()
          .slice(0, MOST_STATES);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
        throw systemError("read", folder, cause);
      }
    },
    async read(name) {
      checkDeploymentName(name);
      const state = await readState(fileOf(name));
      if (state !== null) return state;
      throw new FerryError("deploy/no-such-deployment", `there is no deployment called ${name}`, {
        hint: "Look at vmferry deployment list.",
      });
    },
    async find(name) {
      checkDeploymentName(name);
      return readState(fileOf(name));
    },
    async hold(name) {
      checkDeploymentName(name);
      const file = fileOf(name);
      const files = path.join(folder, `${name}.files`);
      const kept = path.join(folder, `${name}.kept`);
      await makeFolder(folder);
      const { dev, ino } = await stat(folder);
      const words = createHash("sha256").update(`${dev}/${ino}/${name}`).digest("hex").slice(0, 32);
      const lock: EditLock = await lockByName(`deployment-${words}`, `the deployment ${name}`);
      try {
        // Of a run that was killed while it wrote: what counts is the file itself.
        await rm(`${file}.new`, { force: true });
        const state = await readState(file);
        return {
          state,
          files,
          kept,
          save: (next) => replaceFile(file, renderState(next)),
          tidy: () => removeAll(files),
          forget: () => removeAll(kept),
          async remove() {
            await removeAll(files);
            await removeAll(kept);
            await rm(`${file}.new`, { force: true });
            await rm(file, { force: true });
            await syncFolder(folder);
          },
          release: () => lock.release(),
        };
      } catch (cause) {
        await lock.release();
        throw cause;
      }
    },
  };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw systemError("write", folder, cause);
  }
}

async function removeAll(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (cause) {
    throw systemError("write", folder, cause);
  }
}

async function readState(file: string): Promise<DeploymentState | null> {
  try {
    const found = await lstat(file);
    if (!found.isFile() || found.size > MOST_BYTES) {
      throw new FerryError("deploy/bad-state", `${file} is no state of a deployment`, {
        hint: `It is a file of at most ${MOST_BYTES} bytes. Remove what is there.`,
      });
    }
    const handle = await open(file, "r");
    try {
      const bytes = new Uint8Array(found.size);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      return parseState(new TextDecoder().decode(bytes.subarray(0, bytesRead)), file);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    if (cause instanceof FerryError) throw cause;
    throw systemError("read", file, cause);
  }
}
