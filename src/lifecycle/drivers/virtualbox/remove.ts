/** Removing a machine from VirtualBox. */
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FerryError } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import { machineFacts, refusal, type VBoxManage } from "./vboxmanage.js";

/** A machine that is about to go. */
export interface MachineToGo {
  readonly name: string;
  readonly uuid: string;
  /** Absolute. */
  readonly folder: string;
}

/** How often a machine is asked to go that is still locked: by its process, which ends, or by a call that an earlier run left behind. */
const TRIES = 30;
const PAUSE_MS = 1000;
const LOCKED = /lock|busy|invalid_object_state|session|transient/i;
/** Levels of differencing images. */
const MOST_LEVELS = 100;

/**
 * Takes a machine out of VirtualBox, and the media in its folder out of the list of media. Files stay where they are. Nothing there is fine.
 * @throws `deploy/not-ours` where the machine lies elsewhere by now, `deploy/refused`
 */
export async function removeMachine(
  { name, uuid, folder }: MachineToGo,
  box: VBoxManage,
  signal: AbortSignal,
): Promise<void> {
  const facts = await machineFacts(box, uuid, signal);
  if (facts !== null) {
    // Settings that cannot be read are where they were.
    const home = facts.settings === "" ? folder : path.dirname(facts.settings);
    if (path.resolve(home) !== folder) {
      throw new FerryError(
        "deploy/not-ours",
        `the machine ${name} was moved from ${printable(folder)} to ${printable(home)}`,
        {
          hint: "VirtualBox does that when a machine gets another name or group. Give it the old ones back, or remove it by hand, and run again.",
        },
      );
    }
    if (facts.state === "saved" || facts.state === "aborted-saved") await insist(box, ["discardstate", uuid], signal);
    else if (!/^(?:poweroff|aborted|inaccessible)$/.test(facts.state)) {
      await insist(box, ["controlvm", uuid, "poweroff"], signal);
    }
    await insist(box, ["unregistervm", uuid], signal);
  }
  await closeMedia(box, folder, signal);
}

/** Runs a command again and again while the machine is locked. What says that the work is done is fine. */
export async function insist(box: VBoxManage, words: readonly string[], signal: AbortSignal): Promise<void> {
  for (let left = TRIES; ; left--) {
    const answer = await box.try(words, signal);
    if (answer.ok || /could not find a registered machine|not currently running/i.test(answer.why)) return;
    if (left === 0 || !LOCKED.test(answer.why)) throw refusal(words[0] ?? "", answer.why);
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

/** Takes the media in a folder out of the list. */
async function closeMedia(box: VBoxManage, folder: string, signal: AbortSignal): Promise<void> {
  await Promise.all([
    closeKind(box, ["hdds", "disk"], folder, signal),
    closeKind(box, ["dvds", "dvd"], folder, signal),
    closeKind(box, ["floppies", "floppy"], folder, signal),
  ]);
}

/** Media of one kind, with images of snapshots: those that nothing depends on first. */
async function closeKind(
  box: VBoxManage,
  [list, kind]: readonly [list: string, kind: string],
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  for (let level = 0; level < MOST_LEVELS; level++) {
    const media = mediaIn(await box.run(["list", list], signal), folder);
    const parents = new Set(media.map(({ parent }) => parent));
    const leaves = media.filter(({ uuid }) => !parents.has(uuid));
    for (const { uuid } of leaves) await insist(box, ["closemedium", kind, uuid], signal);
    if (leaves.length === 0 || leaves.length === media.length) return;
  }
}

function mediaIn(text: string, folder: string): readonly { readonly uuid: string; readonly parent: string }[] {
  return text.split(/\n\s*\n/).flatMap((block) => {
    const [uuid, location] = [/^UUID: +([0-9a-f-]{36})/m.exec(block)?.[1], /^Location: +(.*?)\s*$/m.exec(block)?.[1]];
    if (uuid === undefined || location === undefined || !path.resolve(location).startsWith(`${folder}${path.sep}`))
      return [];
    return [{ uuid, parent: /^Parent UUID: +(\S+)/m.exec(block)?.[1] ?? "" }];
  });
}
