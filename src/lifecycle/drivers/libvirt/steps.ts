/** The steps of a deployment to libvirt, made of their records. */
import { mkdir, stat, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FerryError } from "../../../base/errors.js";
import { isThere } from "../../../runtime/node/publish.js";
import { replaceFile } from "../../../runtime/node/replace-file.js";
import { el, renderXml } from "../../../xml/build.js";
import type { StepRecord } from "../../deployment/state.js";
import type { Step } from "../../deployment/step.js";
import type { StepTools } from "../../driver.js";
import { domainState, domainsOf, hasVolume, type Virsh } from "./virsh.js";

/** What a step does. */
export type LibvirtAction =
  /** A file of the deployment becomes a volume of a pool. */
  | { readonly kind: "volume"; readonly pool: string; readonly name: string; readonly file: string }
  | { readonly kind: "domain"; readonly name: string; readonly uuid: string; readonly file: string }
  | { readonly kind: "autostart"; readonly uuid: string }
  /** A domain that is there takes another configuration; the one that it had is kept for the way back. */
  | { readonly kind: "redefine"; readonly uuid: string; readonly file: string }
  /** A network that leads nowhere else. */
  | { readonly kind: "network"; readonly name: string; readonly uuid: string };

/** How often a volume is asked to go that an upload left behind still writes to. */
const TRIES = 30;
const PAUSE_MS = 1000;

/** @throws `deploy/bad-state` for a record that is not libvirt's */
export function libvirtStep(
  { action, status, key }: StepRecord,
  virsh: Virsh,
  { files: folder, kept }: Pick<StepTools, "files" | "kept">,
): Step {
  const known = actionOf(action, key);
  switch (known.kind) {
    case "volume":
      return volumeStep(known, status, virsh, folder);
    case "domain":
      return domainStep(known, virsh, folder);
    case "autostart":
      return autostartStep(known, virsh);
    case "redefine":
      return redefineStep(known, status, virsh, folder, kept);
    case "network":
      return networkStep(known, status, virsh, folder);
  }
}

/** An action as the state's file has it, which others may have changed. */
function actionOf(action: StepRecord["action"], key: string): LibvirtAction {
  const { kind, pool, name, file, uuid } = action;
  const text = (...parts: readonly unknown[]): boolean => parts.every((part) => typeof part === "string");
  const inside = typeof file === "string" && path.basename(file) === file && file !== "." && file !== "..";
  const isUuid = typeof uuid === "string" && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid);
  const right =
    (kind === "volume" && text(pool, name) && inside) ||
    (kind === "domain" && text(name) && isUuid && inside) ||
    (kind === "autostart" && isUuid) ||
    (kind === "redefine" && isUuid && inside) ||
    (kind === "network" && text(name) && isUuid);
  if (right) return action as unknown as LibvirtAction;
  throw new FerryError("deploy/bad-state", `the state's step ${JSON.stringify(key)} is none of libvirt's`, {
    hint: "The state was changed by somebody else. Put it back from a backup.",
  });
}

function volumeStep(
  { pool, name, file }: Extract<LibvirtAction, { kind: "volume" }>,
  status: StepRecord["status"],
  virsh: Virsh,
  folder: string,
): Step {
  return {
    async probe({ signal }) {
      if (!(await hasVolume(virsh, pool, name, signal))) return "absent";
      // How far an upload came cannot be seen.
      return status === "done" ? "done" : "different";
    },
    async do({ signal }) {
      const from = path.join(folder, file);
      const { size } = await stat(from);
      // Whatever the file holds, the volume is its bytes: a fresh raw one has nothing of its own where the upload leaves holes.
      await virsh.run(
        ["vol-create-as", `--pool=${pool}`, `--name=${name}`, `--capacity=${size}`, "--allocation=0", "--format=raw"],
        signal,
      );
      await virsh.run(["vol-upload", `--pool=${pool}`, `--vol=${name}`, `--file=${from}`, "--sparse"], signal, size);
    },
    async undo({ signal }) {
      for (let left = TRIES; ; left--) {
        if (!(await hasVolume(virsh, pool, name, signal))) return;
        const answer = await virsh.try(["vol-delete", `--pool=${pool}`, `--vol=${name}`], signal);
        if (answer.ok) return;
        if (left === 0 || !/in use|being (?:built|allocated)/i.test(answer.why)) {
          throw new FerryError("deploy/refused", `virsh vol-delete: ${answer.why}`, {
            hint: "Something else uses the volume. Stop it, and run again.",
          });
        }
        await sleep(PAUSE_MS, undefined, { signal });
      }
    },
  };
}

function domainStep(
  { name, uuid, file }: Extract<LibvirtAction, { kind: "domain" }>,
  virsh: Virsh,
  folder: string,
): Step {
  return {
    async probe({ signal }) {
      const domains = await domainsOf(virsh, signal);
      if (domains.has(uuid)) return "done";
      return [...domains.values()].includes(name) ? "different" : "absent";
    },
    async do({ signal }) {
      await virsh.run(["define", `--file=${path.join(folder, file)}`], signal);
    },
    async undo({ signal }) {
      const state = await domainState(virsh, uuid, signal);
      if (state === null) return;
      if (state !== "shut off") await virsh.try(["destroy", `--domain=${uuid}`], signal);
      await virsh.run(
        ["undefine", `--domain=${uuid}`, "--managed-save", "--snapshots-metadata", "--checkpoints-metadata", "--nvram"],
        signal,
      );
    },
  };
}

function autostartStep({ uuid }: Extract<LibvirtAction, { kind: "autostart" }>, virsh: Virsh): Step {
  return {
    async probe({ signal }) {
      const text = await virsh.run(["dominfo", `--domain=${uuid}`], signal);
      return /^Autostart:\s+enable/m.test(text) ? "done" : "absent";
    },
    async do({ signal }) {
      await virsh.run(["autostart", `--domain=${uuid}`], signal);
    },
    async undo({ signal }) {
      if ((await domainState(virsh, uuid, signal)) === null) return;
      await virsh.run(["autostart", `--domain=${uuid}`, "--disable"], signal);
    },
  };
}

function redefineStep(
  { uuid, file }: Extract<LibvirtAction, { kind: "redefine" }>,
  status: StepRecord["status"],
  virsh: Virsh,
  folder: string,
  kept: string,
): Step {
  const former = path.join(kept, `${uuid}.xml`);
  // A saved state of the machine's memory knows the other disks: to go on from it would destroy them.
  const define = async (from: string, signal: AbortSignal): Promise<void> => {
    await virsh.try(["managedsave-remove", `--domain=${uuid}`], signal);
    await virsh.run(["define", `--file=${from}`], signal);
  };
  return {
    probe: async () => (status === "open" ? "absent" : status === "done" ? "done" : "different"),
    async do({ signal }) {
      if (!(await isThere(former))) {
        const xml = await virsh.run(["dumpxml", "--inactive", "--security-info", `--domain=${uuid}`], signal);
        await mkdir(kept, { recursive: true, mode: 0o700 });
        await replaceFile(former, xml);
      }
      await define(path.join(folder, file), signal);
    },
    async undo({ signal }) {
      if (await isThere(former)) await define(former, signal);
    },
  };
}

function networkStep(
  { name, uuid }: Extract<LibvirtAction, { kind: "network" }>,
  status: StepRecord["status"],
  virsh: Virsh,
  folder: string,
): Step {
  const mine = async (signal: AbortSignal): Promise<boolean | null> => {
    const answer = await virsh.try(["net-uuid", `--network=${name}`], signal);
    if (answer.ok) return answer.text.trim() === uuid;
    if (/network not found|no network with matching/i.test(answer.why)) return null;
    throw new FerryError("deploy/refused", `virsh net-uuid: ${answer.why}`, { hint: "These are libvirt's words." });
  };
  return {
    async probe({ signal }) {
      const found = await mine(signal);
      if (found === null) return "absent";
      return found && status === "done" ? "done" : "different";
    },
    async do({ signal }) {
      const xml = renderXml(el("network", {}, el("name", {}, name), el("uuid", {}, uuid)));
      const file = path.join(folder, `network-${uuid}.xml`);
      await writeFile(file, xml, { mode: 0o600 });
      await virsh.run(["net-define", `--file=${file}`], signal);
      await virsh.run(["net-autostart", `--network=${name}`], signal);
      await virsh.run(["net-start", `--network=${name}`], signal);
    },
    async undo({ signal }) {
      if ((await mine(signal)) !== true) return;
      await virsh.try(["net-destroy", `--network=${name}`], signal);
      await virsh.run(["net-undefine", `--network=${name}`], signal);
    },
  };
}
