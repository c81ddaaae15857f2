/** The steps of a deployment to VirtualBox, made of their records. */
import { mkdir, rm, rmdir } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../../base/errors.js";
import { isThere } from "../../../runtime/node/publish.js";
import type { StepRecord } from "../../deployment/state.js";
import type { Step } from "../../deployment/step.js";
import type { StepTools } from "../../driver.js";
import { folderEmptied, placeFile } from "./files.js";
import { removeMachine } from "./remove.js";
import { turnStep } from "./turn.js";
import { machineFacts, machinesThere, type VBoxManage } from "./vboxmanage.js";

/** What a step does. Paths of folders are absolute. */
export type VirtualboxAction =
  /** A machine's folder below that of all, in folders for its group. */
  | { readonly kind: "folder"; readonly base: string; readonly folder: string }
  /** A file of the deployment, `web/web-disk1.vdi`, goes into the folder of its machine. */
  | { readonly kind: "file"; readonly folder: string; readonly file: string }
  /** The settings in a folder are made known to VirtualBox. */
  | {
      readonly kind: "machine";
      readonly name: string;
      readonly uuid: string;
      readonly folder: string;
      readonly file: string;
    }
  | { readonly kind: "autostart"; readonly uuid: string }
  /** A machine, which is off, gets the settings of an upgrade: `web/web.vbox`. */
  | {
      readonly kind: "turn";
      readonly name: string;
      readonly uuid: string;
      readonly folder: string;
      readonly file: string;
    };

/** @throws `deploy/bad-state` for a record that is not VirtualBox's */
export function virtualboxStep(
  { action, status, key }: StepRecord,
  box: VBoxManage,
  { files, kept }: Pick<StepTools, "files" | "kept">,
): Step {
  const known = actionOf(action, key);
  switch (known.kind) {
    case "folder":
      return folderStep(known, status);
    case "file":
      return fileStep(known, status, files);
    case "machine":
      return machineStep(known, box);
    case "autostart":
      return autostartStep(known, box);
    case "turn":
      return turnStep(known, status, box, { files, kept });
  }
}

/** An action as the state's file has it, which others may have changed. */
function actionOf(action: StepRecord["action"], key: string): VirtualboxAction {
  const { kind, base, folder, name, uuid, file } = action;
  const absolute = (of: unknown): of is string =>
    typeof of === "string" && path.isAbsolute(of) && path.resolve(of) === of;
  const isUuid = typeof uuid === "string" && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid);
  const plain = (of: string): boolean => of !== "" && !/[/\\\0]|^\.\.?$/.test(of);
  const named = typeof name === "string";
  // In the folder of its machine, under the machine's folder in those of the conversion.
  const parts = typeof file === "string" ? file.split("/") : [];
  const inFolder = absolute(folder) && parts.length === 2 && parts.every(plain) && path.basename(folder) === parts[0];
  const right =
    (kind === "folder" && absolute(base) && absolute(folder) && folder.startsWith(`${base}${path.sep}`)) ||
    (kind === "file" && inFolder) ||
    (kind === "machine" && named && isUuid && absolute(folder) && typeof file === "string" && plain(file)) ||
    (kind === "turn" && named && isUuid && inFolder) ||
    (kind === "autostart" && isUuid);
  if (right) return action as unknown as VirtualboxAction;
  throw new FerryError("deploy/bad-state", `the state's step ${JSON.stringify(key)} is none of VirtualBox's`, {
    hint: "The state was changed by somebody else. Put it back from a backup.",
  });
}

function folderStep(
  { base, folder }: Extract<VirtualboxAction, { kind: "folder" }>,
  status: StepRecord["status"],
): Step {
  return {
    async probe() {
      if (!(await isThere(folder))) return "absent";
      return status === "open" ? "different" : "done";
    },
    async do() {
      await mkdir(path.dirname(folder), { recursive: true });
      // A CD in it may tell the guest secrets.
      await mkdir(folder, { mode: 0o700 });
    },
    async undo() {
      if (await isThere(folder)) await folderEmptied(folder);
      // Folders of groups go with their last machine, as VirtualBox has it when a machine leaves a group.
      for (let above = path.dirname(folder); above.startsWith(`${base}${path.sep}`); above = path.dirname(above)) {
        const gone = await rmdir(above).then(
          () => true,
          (cause: NodeJS.ErrnoException) => cause.code === "ENOENT",
        );
        if (!gone) return;
      }
    },
  };
}

function fileStep(
  { folder, file }: Extract<VirtualboxAction, { kind: "file" }>,
  status: StepRecord["status"],
  files: string,
): Step {
  const to = path.join(folder, path.basename(file));
  return {
    async probe() {
      if (!(await isThere(to))) return "absent";
      return status === "open" ? "different" : "done";
    },
    do: ({ signal }) => placeFile(path.join(files, file), to, signal),
    async undo() {
      await rm(`${to}.part`, { force: true });
      await rm(to, { force: true });
    },
  };
}

function machineStep(known: Extract<VirtualboxAction, { kind: "machine" }>, box: VBoxManage): Step {
  const { name, uuid, folder, file } = known;
  return {
    async probe({ signal }) {
      const machines = await machinesThere(box, signal);
      if (machines.has(uuid)) return "done";
      return [...machines.values()].includes(name) ? "different" : "absent";
    },
    async do({ signal }) {
      await box.run(["registervm", path.join(folder, file)], signal);
    },
    undo: ({ signal }) => removeMachine(known, box, signal),
  };
}

function autostartStep({ uuid }: Extract<VirtualboxAction, { kind: "autostart" }>, box: VBoxManage): Step {
  return {
    async probe({ signal }) {
      return (await machineFacts(box, uuid, signal))?.autostart === true ? "done" : "absent";
    },
    async do({ signal }) {
      await box.run(["modifyvm", uuid, "--autostart-enabled", "on"], signal);
    },
    async undo({ signal }) {
      if ((await machineFacts(box, uuid, signal))?.autostart !== true) return;
      await box.run(["modifyvm", uuid, "--autostart-enabled", "off"], signal);
    },
  };
}
