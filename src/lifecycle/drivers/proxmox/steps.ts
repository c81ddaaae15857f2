/** The steps of a deployment to Proxmox VE, made of their records. */
import { readFile } from "node:fs/promises";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FerryError } from "../../../base/errors.js";
import type { Context } from "../../../io/context.js";
import type { StepRecord } from "../../deployment/state.js";
import type { Probe, Step } from "../../deployment/step.js";
import { type Pve, type PveParameters, refused } from "./api.js";
import { PVE_NAME } from "./look.js";
import { type FoundMachine, hasUuid, machineNumbered, powerOf } from "./machines.js";
import { createParameters } from "./parameters.js";
import { endTasks, endUploads, work } from "./tasks.js";
import { hasVolume, removeVolume, type UploadKind, upload, volumeOf } from "./upload.js";
import { textOf } from "./values.js";

/** Where a machine is, and how it is known. */
type Own = {
  /** Of the node that the deployment goes to. */
  readonly node: string;
  readonly vmid: number;
  readonly uuid: string;
};

/** What a step does. */
export type ProxmoxAction =
  /** A machine is made, with all but its disks and images. `file`: its configuration. */
  | (Own & {
      readonly kind: "machine";
      readonly file: string;
      readonly pool: string | null;
      readonly storage: string;
      /** 1: the host starts it in its order. It needs a right of its own. */
      readonly startup: number;
      readonly emulate: number;
    })
  /** A file is put on a storage, and becomes a drive. `upload`: its name there. `options`: of the drive, with commas between. */
  | (Own & {
      readonly kind: "drive";
      readonly key: string;
      readonly file: string;
      readonly how: UploadKind;
      readonly from: string;
      readonly upload: string;
      readonly storage: string;
      readonly options: string;
    })
  /** What needs all drives: `order` is what is booted from; empty: nothing. */
  | (Own & { readonly kind: "finish"; readonly order: string; readonly onboot: number });

/** How often a machine that something else holds for a moment is asked to go. */
const TRIES = 10;
const PAUSE_MS = 1000;
/** Before an upload is begun again. */
const UPLOAD_PAUSES_MS = [200, 2000];
const TASKS = ["qmcreate", "qmconfig", "qmstart", "qmshutdown", "qmstop", "qmdestroy"];

/**
 * @param folder of the deployment's files
 * @throws `deploy/bad-state` for a record that is not Proxmox VE's
 */
export function proxmoxStep({ action, key, status }: StepRecord, pve: Pve, folder: string): Step {
  const known = actionOf(action, key);
  switch (known.kind) {
    case "machine":
      return machineStep(known, status, pve, folder);
    case "drive":
      return driveStep(known, pve, folder);
    case "finish":
      return finishStep(known, pve);
  }
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const DRIVE = /^(?:ide|sata|scsi|virtio|efidisk|tpmstate)\d{1,2}$/;
/** What a file is called on a storage: nothing that Proxmox VE would write otherwise. */
export const UPLOAD_NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*\.(?:qcow2|raw|iso)$/;

/** An action as the state's file has it, which others may have changed: what goes into paths and settings is held to its letters. */
function actionOf(action: StepRecord["action"], key: string): ProxmoxAction {
  const { kind, node, vmid, uuid, file, pool, storage, from, how, upload: name, options, order, onboot } = action;
  const like = (value: unknown, pattern: RegExp): boolean => typeof value === "string" && pattern.test(value);
  const flag = (value: unknown): boolean => value === 0 || value === 1;
  const inside = typeof file === "string" && path.basename(file) === file && file !== "." && file !== "..";
  const own =
    like(node, /^[A-Za-z0-9-]{1,63}$/) && typeof vmid === "number" && vmid >= 100 && vmid < 1e9 && like(uuid, UUID);
  const right =
    own &&
    ((kind === "machine" &&
      inside &&
      (pool === null || like(pool, PVE_NAME)) &&
      like(storage, PVE_NAME) &&
      flag(action.startup) &&
      flag(action.emulate)) ||
      (kind === "drive" &&
        inside &&
        like(action.key, DRIVE) &&
        like(from, PVE_NAME) &&
        like(storage, PVE_NAME) &&
        (how === "import" || how === "iso") &&
        like(name, UPLOAD_NAME) &&
        like(options, /^[a-z0-9=.,-]*$/)) ||
      (kind === "finish" && like(order, /^[a-z0-9;]*$/) && flag(onboot)));
  if (right) return action as unknown as ProxmoxAction;
  throw new FerryError("deploy/bad-state", `the state's step ${JSON.stringify(key)} is none of Proxmox VE's`, {
    hint: "The state was changed by somebody else. Put it back from a backup.",
  });
}

/** Our machine; `null`: it is not there, or is somebody else's. */
async function ownMachine(pve: Pve, { vmid, uuid }: Own, signal: AbortSignal): Promise<FoundMachine | null> {
  const found = await machineNumbered(pve, vmid, signal);
  return found !== null && hasUuid(found, uuid) ? found : null;
}

/** The same, where it has to be there. */
async function demandMachine(pve: Pve, own: Own, signal: AbortSignal): Promise<FoundMachine> {
  const found = await ownMachine(pve, own, signal);
  if (found !== null) return found;
  throw new FerryError("deploy/refused", `the machine ${own.vmid} is not there any more, or is another one`, {
    hint: "Somebody removed it there. Run vmferry deployment destroy NAME, and deploy again.",
  });
}

/** Changes settings of a machine. @param isDone whether a configuration is as it is wanted */
async function configure(
  pve: Pve,
  own: Own,
  what: string,
  parameters: PveParameters,
  isDone: (config: FoundMachine["config"]) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const { node, vmid } = await demandMachine(pve, own, signal);
  const begin = (): Promise<unknown> => pve.call("POST", `/nodes/${node}/qemu/${vmid}/config`, parameters, signal);
  const look = async (): Promise<boolean> => {
    const found = await ownMachine(pve, own, signal);
    return found !== null && isDone(found.config);
  };
  await work(pve, { node, vmid }, `${what} of the machine ${vmid}`, begin, look, signal);
}

type Action<K extends ProxmoxAction["kind"]> = Extract<ProxmoxAction, { kind: K }>;

function machineStep(action: Action<"machine">, status: StepRecord["status"], pve: Pve, folder: string): Step {
  const { node, vmid, uuid, file } = action;
  return {
    async probe({ signal }): Promise<Probe> {
      const found = await machineNumbered(pve, vmid, signal);
      if (found === null) return "absent";
      // While it is being made it is locked; later by backups and the like, which do not matter.
      const whole = found.config.lock === undefined || status === "done";
      return hasUuid(found, uuid) && whole ? "done" : "different";
    },
    async do({ signal }) {
      const parameters = createParameters(await readFile(path.join(folder, file)), action);
      const begin = async (): Promise<unknown> => {
        const answer = await pve.try("POST", `/nodes/${node}/qemu`, parameters, signal);
        if (answer.ok) return answer.data;
        if (/already exists/.test(answer.why)) {
          throw new FerryError("deploy/taken", `somebody else took the number ${vmid} meanwhile`, {
            hint: "Run again: another number is chosen.",
          });
        }
        if (answer.status === 403) {
          throw new FerryError("deploy/denied", `${pve.user} may not make the machine ${vmid}: ${answer.why}`, {
            hint: "Give the user or token the role PVEVMAdmin on /vms, and PVEDatastoreAdmin on the storages.",
          });
        }
        throw refused(`make the machine ${vmid}`, answer.why);
      };
      const isMade = async (): Promise<boolean> => (await ownMachine(pve, action, signal)) !== null;
      await work(pve, { node, vmid }, `make the machine ${vmid}`, begin, isMade, signal);
    },
    async undo({ signal }) {
      await endTasks(pve, node, vmid, TASKS, signal);
      for (let left = TRIES; ; left--) {
        const found = await ownMachine(pve, action, signal);
        if (found === null) return;
        try {
          await removeMachine(pve, found, signal);
          return;
        } catch (cause) {
          if (left === 0 || !isBusy(cause)) throw cause;
          await sleep(PAUSE_MS, undefined, { signal });
        }
      }
    },
  };
}

/** Something else works on the machine for a moment: a backup, a task that was ended. */
function isBusy(cause: unknown): boolean {
  return (
    cause instanceof FerryError && cause.code === "deploy/refused" && /can't lock file|is running/.test(cause.message)
  );
}

async function removeMachine(pve: Pve, found: FoundMachine, signal: AbortSignal): Promise<void> {
  const { node, vmid } = found;
  const power = await powerOf(pve, found, signal);
  if (power !== null && power !== "stopped") {
    const stop = (): Promise<unknown> => pve.call("POST", `/nodes/${node}/qemu/${vmid}/status/stop`, {}, signal);
    const isOff = async (): Promise<boolean> => (await powerOf(pve, found, signal)) === "stopped";
    await work(pve, found, `stop the machine ${vmid}`, stop, isOff, signal);
  }
  // Disks of this number were nobody's when it was chosen: what an interrupted import left is ours.
  const all = { purge: 1, "destroy-unreferenced-disks": 1 };
  const remove = (): Promise<unknown> => pve.call("DELETE", `/nodes/${node}/qemu/${vmid}`, all, signal);
  const isGone = async (): Promise<boolean> => (await powerOf(pve, found, signal)) === null;
  await work(pve, found, `remove the machine ${vmid}`, remove, isGone, signal);
}

/** Uploads a file, and begins again where the connection breaks: what went before it took longer. */
async function uploadPatiently(action: Action<"drive">, pve: Pve, file: string, signal: AbortSignal): Promise<void> {
  const { node, from, how, upload: name } = action;
  for (let tries = 0; ; tries++) {
    try {
      await upload(pve, node, from, how, name, file, signal);
      return;
    } catch (cause) {
      const pause = UPLOAD_PAUSES_MS[tries];
      if (!(cause instanceof FerryError) || cause.code !== "deploy/unreachable" || pause === undefined) throw cause;
      await sleep(pause, undefined, { signal });
      await endUploads(pve, node, name, signal);
      await removeVolume(pve, node, volumeOf(from, how, name), signal);
    }
  }
}

function driveStep(action: Action<"drive">, pve: Pve, folder: string): Step {
  const { node, key, how, from, storage, options } = action;
  const volume = volumeOf(from, how, action.upload);
  const rest = options === "" ? "" : `,${options}`;
  return {
    async probe({ signal }): Promise<Probe> {
      const found = await ownMachine(pve, action, signal);
      const drive = found === null ? null : textOf(found.config[key]);
      const uploaded = await hasVolume(pve, node, volume, signal);
      if (drive === null && !uploaded) return "absent";
      // An image stays where it is. What a disk was made of is in the way afterwards.
      const whole = how === "iso" ? uploaded && drive?.startsWith(`${volume},`) === true : drive !== null && !uploaded;
      return whole ? "done" : "different";
    },
    async do({ signal }) {
      await demandMachine(pve, action, signal);
      await uploadPatiently(action, pve, path.join(folder, action.file), signal);
      const value = how === "iso" ? `${volume}${rest}` : `${storage}:0,import-from=${volume}${rest}`;
      await configure(pve, action, key, { [key]: value }, (config) => config[key] !== undefined, signal);
      if (how === "import") await removeVolume(pve, node, volume, signal);
    },
    async undo(ctx: Context) {
      const { signal } = ctx;
      await endTasks(pve, node, action.vmid, TASKS, signal);
      const found = await ownMachine(pve, action, signal);
      if (found !== null && found.config[key] !== undefined) {
        const gone = (config: FoundMachine["config"]): boolean => config[key] === undefined;
        await configure(pve, action, `removal of ${key}`, { delete: key, force: 1 }, gone, signal);
      }
      await endUploads(pve, node, action.upload, signal);
      await removeVolume(pve, node, volume, signal);
    },
  };
}

function finishStep(action: Action<"finish">, pve: Pve): Step {
  const { order, onboot } = action;
  const boot: Readonly<Record<string, string>> = order === "" ? {} : { boot: `order=${order}` };
  const isDone = (config: FoundMachine["config"]): boolean =>
    (boot.boot === undefined || config.boot === boot.boot) && (textOf(config.onboot) === "1") === (onboot === 1);
  return {
    async probe({ signal }): Promise<Probe> {
      const found = await ownMachine(pve, action, signal);
      return found !== null && isDone(found.config) ? "done" : "absent";
    },
    async do({ signal }) {
      const parameters = { ...boot, ...(onboot === 1 ? { onboot } : {}) };
      await configure(pve, action, "the boot order", parameters, isDone, signal);
    },
    async undo({ signal }) {
      const found = await ownMachine(pve, action, signal);
      if (found === null || found.config.onboot === undefined) return;
      const gone = (config: FoundMachine["config"]): boolean => config.onboot === undefined;
      await configure(pve, action, "the start", { delete: "onboot" }, gone, signal);
    },
  };
}
