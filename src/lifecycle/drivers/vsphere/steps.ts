/** The steps of a deployment to a vSphere, made of their records. */
import * as path from "node:path";
import { FerryError } from "../../../base/errors.js";
import { el } from "../../../xml/build.js";
import type { StepRecord } from "../../deployment/state.js";
import type { Step } from "../../deployment/step.js";
import type { StepTools } from "../../driver.js";
import { isAutostarted, setAutostart } from "./autostart.js";
import type { VsphereClient } from "./client.js";
import { told } from "./faults.js";
import { importMachine, MARK } from "./import-machine.js";
import { inFolder } from "./inventory.js";
import { extraOf, findMachine, presentMachine, removeMachine, runTask } from "./machines.js";
import { isObjectId, type Ref } from "./soap.js";

/** What a step does. Objects of the server are named by what it calls them. */
export type VsphereAction =
  /** A folder for the machines of the deployment, in another. */
  | { readonly kind: "folder"; readonly parent: string; readonly name: string }
  | {
      readonly kind: "machine";
      /** In the package. */
      readonly machine: string;
      readonly name: string;
      readonly uuid: string;
      readonly prefix: string;
      readonly descriptor: string;
      readonly pool: string;
      readonly datastore: string;
      /** `null`: the server chooses. */
      readonly host: string | null;
      /** The folder that the deployment goes into. */
      readonly parent: string;
      /** Its own folder in that; `null`: it has none. */
      readonly folder: string | null;
    }
  | { readonly kind: "autostart"; readonly name: string; readonly uuid: string; readonly order: number };

/** @throws `deploy/bad-state` for a record that is not of a vSphere */
export function vsphereStep({ action, status, key }: StepRecord, client: VsphereClient, tools: StepTools): Step {
  const known = actionOf(action, key);
  switch (known.kind) {
    case "folder":
      return folderStep(known, status, client);
    case "machine":
      return machineStep(known, client, tools);
    case "autostart":
      return autostartStep(known, client);
  }
}

/** An action as the state's file has it, which others may have changed. */
function actionOf(action: StepRecord["action"], key: string): VsphereAction {
  const { kind, name, uuid, prefix, descriptor, machine, pool, datastore, host, parent, folder, order } = action;
  const isName = typeof name === "string" && name !== "";
  const ids = (...parts: readonly unknown[]): boolean =>
    parts.every((part) => typeof part === "string" && isObjectId(part));
  const isUuid = typeof uuid === "string" && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid);
  const inside =
    typeof prefix === "string" &&
    /^\d+-$/.test(prefix) &&
    typeof descriptor === "string" &&
    path.basename(descriptor) === descriptor &&
    !/[\\/\0]/.test(descriptor);
  const right =
    (kind === "folder" && isName && ids(parent)) ||
    (kind === "machine" &&
      isName &&
      isUuid &&
      inside &&
      typeof machine === "string" &&
      ids(pool, datastore, parent) &&
      (host === null || ids(host)) &&
      (folder === null || typeof folder === "string")) ||
    (kind === "autostart" && isName && isUuid && typeof order === "number");
  if (right) return action as unknown as VsphereAction;
  throw new FerryError("deploy/bad-state", `the state's step ${JSON.stringify(key)} is none of vSphere's`, {
    hint: "The state was changed by somebody else. Put it back from a backup.",
  });
}

/** A folder of this name in another; `null`: there is none. */
async function folderIn(client: VsphereClient, parent: Ref, name: string, signal: AbortSignal): Promise<Ref | null> {
  const found = await inFolder(client, parent, signal);
  return found.find((one) => one.ref.type === "Folder" && one.name === name)?.ref ?? null;
}

function folderStep(
  { parent, name }: Extract<VsphereAction, { kind: "folder" }>,
  status: StepRecord["status"],
  client: VsphereClient,
): Step {
  const above: Ref = { type: "Folder", value: parent };
  return {
    async probe({ signal }) {
      if ((await lookFor(client, above, name, signal)) === null) return "absent";
      // It is made in one go: what was begun and is there is whole.
      return status === "open" ? "different" : "done";
    },
    async do({ signal }) {
      const doing = `make the folder ${name}`;
      try {
        await client.call("CreateFolder", above, [el("name", {}, name)], { doing }, signal);
      } catch (cause) {
        throw told(cause, doing);
      }
    },
    async undo({ signal }) {
      const folder = await lookFor(client, above, name, signal);
      if (folder === null) return;
      const doing = `remove the folder ${name}`;
      try {
        // A folder goes with everything in it: what somebody else put there must not.
        const inside = await inFolder(client, folder, signal);
        if (inside.length > 0) {
          throw new FerryError(
            "deploy/refused",
            `${doing}: it holds ${inside.length} things that are not of this deployment`,
            {
              hint: "Move them to another folder, and run again.",
            },
          );
        }
        await runTask(client, "Destroy_Task", folder, [], doing, signal);
      } catch (cause) {
        throw told(cause, doing);
      }
    },
  };
}

async function lookFor(client: VsphereClient, above: Ref, name: string, signal: AbortSignal): Promise<Ref | null> {
  try {
    return await folderIn(client, above, name, signal);
  } catch (cause) {
    throw told(cause, `look for the folder ${name}`);
  }
}

function machineStep(
  action: Extract<VsphereAction, { kind: "machine" }>,
  client: VsphereClient,
  { files, environment }: StepTools,
): Step {
  const { name, uuid, prefix, descriptor } = action;
  return {
    async probe({ signal }) {
      try {
        const machine = await findMachine(client, uuid, signal);
        if (machine === null) return "absent";
        return (await extraOf(client, machine, MARK, signal)) === uuid ? "done" : "different";
      } catch (cause) {
        throw told(cause, `look for ${name}`);
      }
    },
    async do(ctx) {
      const above: Ref = { type: "Folder", value: action.parent };
      const folder = action.folder === null ? above : await lookFor(client, above, action.folder, ctx.signal);
      if (folder === null) {
        throw new FerryError("deploy/refused", `the folder ${action.folder} is not there any more`, {
          hint: "Somebody removed it. Run again.",
        });
      }
      const { host } = action;
      await importMachine(
        client,
        {
          ...{ name, uuid, files, prefix, descriptor, folder },
          pool: { type: "ResourcePool", value: action.pool },
          datastore: { type: "Datastore", value: action.datastore },
          host: host === null ? null : { type: "HostSystem", value: host },
          environment: environment(action.machine),
        },
        ctx,
      );
    },
    undo: ({ signal }) =>
      removeMachine(client, uuid, name, signal).catch((cause: unknown) =>
        Promise.reject(told(cause, `remove ${name}`)),
      ),
  };
}

function autostartStep(
  { name, uuid, order }: Extract<VsphereAction, { kind: "autostart" }>,
  client: VsphereClient,
): Step {
  const doing = `let ${name} start with its host`;
  const saying = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw told(cause, doing);
    }
  };
  return {
    probe: ({ signal }) =>
      saying(async () => {
        const machine = await findMachine(client, uuid, signal);
        return machine !== null && (await isAutostarted(client, machine, signal)) ? "done" : "absent";
      }),
    do: ({ signal }) =>
      saying(async () => setAutostart(client, await presentMachine(client, uuid, name, signal), order, signal)),
    undo: ({ signal }) =>
      saying(async () => {
        const machine = await findMachine(client, uuid, signal);
        if (machine !== null && (await isAutostarted(client, machine, signal)))
          await setAutostart(client, machine, null, signal);
      }),
  };
}
