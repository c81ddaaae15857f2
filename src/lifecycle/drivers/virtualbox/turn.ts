/** Machines that get other settings and disks, and their former ones back. */
import { mkdir, readFile, stat } from "node:fs/promises";
import * as path from "node:path";
import type { Diagnostic } from "../../../base/diagnostics.js";
import { FerryError } from "../../../base/errors.js";
import { defaultLimits } from "../../../base/limits.js";
import { systemError } from "../../../runtime/node/errors.js";
import { isThere } from "../../../runtime/node/publish.js";
import { replaceFile } from "../../../runtime/node/replace-file.js";
import type { DeployedMachine, StepStatus } from "../../deployment/state.js";
import type { Step } from "../../deployment/step.js";
import type { StepTools } from "../../driver.js";
import { insist, type MachineToGo, removeMachine } from "./remove.js";
import { machineFacts, type VBoxManage } from "./vboxmanage.js";

/** A machine that turns. */
export interface MachineToTurn extends MachineToGo {
  /** Its new settings in the folder of the deployment's files. */
  readonly file: string;
}

/** As VirtualBox writes it. */
const AUTOSTART = /<Autostart enabled="true"[^>]*\/>/;

/** Turns a machine, which is off, to other settings. To undo it is to turn it back. */
export function turnStep(
  machine: MachineToTurn,
  status: StepStatus,
  box: VBoxManage,
  { files, kept }: Pick<StepTools, "files" | "kept">,
): Step {
  const former = path.join(kept, `${machine.uuid}.vbox`);
  return {
    probe: async () => (status === "open" ? "absent" : status === "done" ? "done" : "different"),
    async do({ signal }) {
      if (!(await isThere(former))) {
        const text = await settingsText(box, machine, signal);
        if (text === null) throw missing(machine);
        await mkdir(kept, { recursive: true, mode: 0o700 });
        await replaceFile(former, text);
      }
      // Whether a machine starts with the host is no matter of its package.
      const autostart = AUTOSTART.test(await readText(former));
      await exchange(machine, await readText(path.join(files, machine.file)), autostart, box, signal);
    },
    async undo({ signal }) {
      if (!(await isThere(former))) return;
      const text = await readText(former);
      await exchange(machine, text.replace(AUTOSTART, ""), AUTOSTART.test(text), box, signal);
    },
  };
}

/**
 * Registers a machine with other settings in the same place.
 * @throws `deploy/refused` where it has snapshots: what was written since would be lost
 */
async function exchange(
  machine: MachineToTurn,
  text: string,
  autostart: boolean,
  box: VBoxManage,
  signal: AbortSignal,
): Promise<void> {
  const { uuid, folder, file } = machine;
  const facts = await machineFacts(box, uuid, signal);
  if (facts?.snapshots === true) {
    throw new FerryError(
      "deploy/refused",
      `${machine.name} has snapshots: with other disks, what was written since would be lost`,
      {
        hint: `Delete them first (VBoxManage snapshot ${machine.name} delete NAME), which keeps what is there now, and run again.`,
      },
    );
  }
  // Which machines start with the host is counted outside of their settings.
  if (facts?.autostart === true) await insist(box, ["modifyvm", uuid, "--autostart-enabled", "off"], signal);
  await removeMachine(machine, box, signal);
  const settings = path.join(folder, path.posix.basename(file));
  // Called as VirtualBox calls its own, so that it is removed with the machine where a run is killed.
  await replaceFile(settings, text, "-tmp");
  await box.run(["registervm", settings], signal);
  if (autostart) await insist(box, ["modifyvm", uuid, "--autostart-enabled", "on"], signal);
}

/** The settings of a machine as VirtualBox keeps them; `null`: it is not there. @throws `io/limit` and the like where they are no settings */
export async function settingsText(
  box: VBoxManage,
  { uuid }: Pick<DeployedMachine, "uuid">,
  signal: AbortSignal,
): Promise<string | null> {
  const facts = await machineFacts(box, uuid, signal);
  return facts === null || facts.settings === "" ? null : readText(facts.settings);
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > defaultLimits.configBytes) {
      throw new FerryError("deploy/refused", `the settings of the machine have ${size} bytes`, {
        hint: `Settings of machines have ${defaultLimits.configBytes} at most. Delete snapshots that are not needed.`,
      });
    }
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof FerryError) throw cause;
    throw systemError("read", file, cause);
  }
}

function missing({ name }: MachineToTurn): FerryError {
  return new FerryError("deploy/refused", `the machine ${name} is not in VirtualBox any more`, {
    hint: "Somebody removed it there. vmferry deployment destroy NAME removes the rest.",
  });
}

/** What keeps machines from turning to other disks. */
export async function unturnable(
  machines: readonly DeployedMachine[],
  box: VBoxManage,
  signal: AbortSignal,
): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  const say = (message: string, hint: string): void => {
    found.push({ code: "deploy/cannot-upgrade", severity: "error", message, hint });
  };
  for (const machine of machines) {
    const facts = await machineFacts(box, machine.uuid, signal);
    if (facts === null)
      say(
        missing({ ...machine, folder: "", file: "" }).message,
        "Destroy the deployment, and deploy the package anew.",
      );
    else if (facts.snapshots) {
      say(
        `${machine.name} has snapshots: with other disks, what was written since would be lost`,
        `Delete them first, which keeps what is there now: VBoxManage snapshot ${machine.name} delete NAME.`,
      );
    } else if (/saved/.test(facts.state)) {
      say(
        `${machine.name} is saved in the middle of its work`,
        "Start it and shut it down in the guest, or give up what it had in memory: VBoxManage discardstate.",
      );
    }
  }
  return found;
}
