/** Where runs are kept: a folder for each under the user's state folder, which only the user enters. */
import { chmod, lstat, mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../base/errors.js";
import { nearest } from "../../base/text.js";
import { type EditLock, lockForEdit } from "../../runtime/node/edit-lock.js";
import { stateRoot } from "../state-root.js";
import { ended, isAlive, signalTo } from "./processes.js";
import { MOST_STATE_BYTES, parseState, type RunState } from "./state.js";

/** Letters, digits, dots, hyphens, underscores: names are folders and words of a shell. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
const STATE_FILE = "vm.json";

/** The runs of a user. */
export interface Store {
  /** All names, sorted. */
  names(): Promise<readonly string[]>;
  /** Makes the folder of a new run and puts its state there. @throws `vm/name-taken` */
  create(state: RunState): Promise<void>;
  /** @throws `vm/unknown`, `vm/bad-state` */
  read(name: string): Promise<RunState>;
  write(state: RunState): Promise<void>;
  /** The folder of a run. */
  folder(name: string): string;
  /** For whoever starts or removes a run, until released or until the process ends. @throws `vm/busy` */
  lock(name: string): Promise<EditLock>;
  /** Takes all of a run away. */
  remove(name: string): Promise<void>;
}

/** @throws `vm/bad-name` */
export function checkName(name: string): string {
  if (NAME.test(name)) return name;
  throw new FerryError("vm/bad-name", `${JSON.stringify(name)} is no name for a run`, {
    hint: "It has letters, digits, dots, hyphens and underscores, 63 at most, and begins with a letter or digit.",
  });
}

/** Opens the store, which is made when the first run is. */
export function openStore(root: string = stateRoot()): Store {
  const all = path.join(root, "vm");
  const folder = (name: string): string => path.join(all, checkName(name));

  async function names(): Promise<readonly string[]> {
    const found = await readdir(all).catch(() => []);
    return found.filter((name) => NAME.test(name)).sort();
  }

  async function write(state: RunState): Promise<void> {
    const place = path.join(folder(state.name), STATE_FILE);
    // A new file takes the old one's name: nobody reads half of one.
    const fresh = `${place}.${process.pid}`;
    await writeFile(fresh, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
    await rename(fresh, place);
  }

  async function unknown(name: string): Promise<FerryError> {
    const known = await names();
    const [like] = nearest(name, known);
    return new FerryError("vm/unknown", `there is no run called ${name}`, {
      hint:
        known.length === 0
          ? "There are none: vmferry run starts one."
          : like === undefined
            ? `There are: ${known.slice(0, 20).join(", ")}.`
            : `Did you mean ${like}?`,
    });
  }

  return {
    names,
    folder,
    write,
    async create(state) {
      const place = folder(state.name);
      await mkdir(all, { recursive: true, mode: 0o700 });
      await chmod(all, 0o700);
      try {
        await mkdir(place, { mode: 0o700 });
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
        throw new FerryError("vm/name-taken", `there is a run called ${state.name} already`, {
          hint: `Start it with vmferry vm start ${state.name}, remove it with vmferry vm rm ${state.name}, or choose another --name.`,
        });
      }
      await write(state);
    },
    async read(name) {
      const place = path.join(folder(name), STATE_FILE);
      let text: string;
      try {
        text = await readBounded(place);
      } catch (cause) {
        if (cause instanceof FerryError) throw cause;
        if ((cause as NodeJS.ErrnoException).code === "ENOENT" && !(await isThere(folder(name)))) {
          throw await unknown(name);
        }
        throw new FerryError("vm/bad-state", `${place} cannot be read`, {
          cause,
          hint: "Remove it with vmferry vm rm --force, and run the package again.",
        });
      }
      return parseState(text, place);
    },
    async lock(name) {
      const place = await lstat(folder(name)).catch(() => null);
      if (place === null) throw await unknown(name);
      try {
        return await lockForEdit(place, name);
      } catch (cause) {
        if (!(cause instanceof FerryError) || cause.code !== "io/busy") throw cause;
        throw new FerryError("vm/busy", `${name} runs, or is being started or removed`, {
          hint: `Stop it first: vmferry vm stop ${name}.`,
        });
      }
    },
    remove: (name) => rm(folder(name), { recursive: true, force: true }),
  };
}

async function isThere(file: string): Promise<boolean> {
  return (await lstat(file).catch(() => null)) !== null;
}

async function readBounded(file: string): Promise<string> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    if (size > MOST_STATE_BYTES) {
      throw new FerryError("vm/bad-state", `${file} is too long for a state`, {
        hint: "Remove it with vmferry vm rm --force, and run the package again.",
      });
    }
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

/** How a run stands now: what its file says, held against the processes that there are. */
export function standing(state: RunState): "starting" | "running" | "stopped" | "lost" {
  if (isAlive(state.supervisor)) return state.phase;
  return state.machines.some(({ process: one }) => isAlive(one)) ? "lost" : "stopped";
}

/** What is left of a run whose supervisor was killed goes: its machines, then its sockets. The caller has the lock. */
export async function endLeftOvers(state: RunState, store: Store): Promise<RunState> {
  for (const { process: one } of state.machines) {
    if (one === null) continue;
    signalTo(one, "SIGKILL");
    await ended(one, 5000);
  }
  // Nothing but a folder of our own making is taken away, whatever the file says.
  if (state.sockets !== null && /^vmferry-[A-Za-z0-9]{6}$/.test(path.basename(state.sockets))) {
    await rm(state.sockets, { recursive: true, force: true });
  }
  const stopped: RunState = {
    ...state,
    phase: "stopped",
    supervisor: null,
    sockets: null,
    machines: state.machines.map((machine) => ({ ...machine, process: null })),
  };
  await store.write(stopped);
  return stopped;
}
