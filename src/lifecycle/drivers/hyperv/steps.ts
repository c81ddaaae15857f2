/** The steps of a deployment to Hyper-V, made of their records. */
import * as path from "node:path";
import { FerryError } from "../../../base/errors.js";
import type { StepRecord } from "../../deployment/state.js";
import type { Probe, Step } from "../../deployment/step.js";
import { type HypervHost, inPieces } from "./host.js";
import { isHypervFolder } from "./place.js";
import {
  filesStatements,
  folderStatements,
  makeStatements,
  presenceStatements,
  removeFolderStatements,
  removeStatements,
  tidyStatements,
} from "./statements.js";

/** What a step does. The folder is the deployment's own: its id is in the name. */
export type HypervAction =
  /** `files`: names with bars between, which no name on Windows has. */
  | { readonly kind: "copy"; readonly folder: string; readonly files: string }
  /** `file`: the script that makes it. `delay`: seconds after the host's start; `null`: it does not start with the host. */
  | {
      readonly kind: "machine";
      readonly folder: string;
      readonly file: string;
      readonly name: string;
      readonly uuid: string;
      readonly delay: number | null;
    };

/**
 * @param files folder of the deployment's files, here
 * @throws `deploy/bad-state` for a record that is not Hyper-V's
 */
export function hypervStep({ action, key, status }: StepRecord, host: HypervHost, files: string): Step {
  const known = actionOf(action, key);
  return known.kind === "copy" ? copyStep(known, host, files) : machineStep(known, status, host);
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A folder that only a deployment makes: it may be removed with all that is in it. */
const OWN_FOLDER = /\\vmferry-[0-9a-f]{8}-[A-Za-z0-9._-]+$/;
const FILE = /^[^\\/:*?"<>|\r\n[\]]{1,120}$/;

/** An action as the state's file has it, which others may have changed. */
function actionOf(action: StepRecord["action"], key: string): HypervAction {
  const { kind, folder, files, file, name, uuid, delay } = action;
  const own = typeof folder === "string" && isHypervFolder(folder) && OWN_FOLDER.test(folder);
  const isFile = (word: unknown): boolean =>
    typeof word === "string" && FILE.test(word) && path.basename(word) === word && !/^\.{1,2}$/.test(word);
  const isMachine = typeof name === "string" && name.length <= 100 && typeof uuid === "string" && UUID.test(uuid);
  const isDelay = delay === null || (typeof delay === "number" && Number.isSafeInteger(delay) && delay >= 0);
  const right =
    own &&
    ((kind === "copy" && typeof files === "string" && files.split("|").every(isFile)) ||
      (kind === "machine" && isFile(file) && String(file).endsWith(".ps1") && isMachine && isDelay));
  if (right) return action as unknown as HypervAction;
  throw new FerryError("deploy/bad-state", `the state's step ${JSON.stringify(key)} is none of Hyper-V's`, {
    hint: "The state was changed by somebody else. Put it back from a backup.",
  });
}

type Action<K extends HypervAction["kind"]> = Extract<HypervAction, { kind: K }>;

function copyStep({ folder, files }: Action<"copy">, host: HypervHost, from: string): Step {
  const names = files.split("|");
  /** A file has its name once all of it was compared. */
  const missing = async (signal: AbortSignal): Promise<readonly string[]> => {
    const there = new Set<unknown>();
    for (const some of inPieces(names, (name) => name.length)) {
      const found = await host.run(filesStatements(folder, some), "look for files", signal);
      for (const name of Array.isArray(found) ? found : [found]) there.add(name);
    }
    return names.filter((name) => !there.has(name));
  };
  return {
    // What was copied is not copied again.
    goesOn: true,
    async probe({ signal }): Promise<Probe> {
      const open = await missing(signal);
      return open.length === 0 ? "done" : open.length === names.length ? "absent" : "different";
    },
    async do({ signal }) {
      await host.run(folderStatements(folder), `make the folder ${folder}`, signal);
      await host.put(from, folder, await missing(signal), signal);
      await host.run(tidyStatements(folder), `tidy the folder ${folder}`, signal);
    },
    async undo({ signal }) {
      await host.run(removeFolderStatements(folder), `remove the folder ${folder}`, signal);
    },
  };
}

function machineStep(action: Action<"machine">, status: StepRecord["status"], host: HypervHost): Step {
  const { name, file, delay } = action;
  return {
    // The script looks before each change: begun anew it goes on.
    goesOn: true,
    async probe({ signal }): Promise<Probe> {
      const found = await host.run(presenceStatements(action), `look for the machine ${name}`, signal);
      if (found !== "own") return "absent";
      // How far the script came cannot be seen.
      return status === "done" ? "done" : "different";
    },
    async do({ signal }) {
      await host.run(makeStatements(action, file, delay), `make the machine ${name}`, signal);
    },
    async undo({ signal }) {
      await host.run(removeStatements(action), `remove the machine ${name}`, signal);
    },
  };
}
