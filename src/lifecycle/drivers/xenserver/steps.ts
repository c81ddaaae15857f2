/** The steps of a deployment to XenServer, made of their records. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../../base/errors.js";
import { formatBytes } from "../../../base/text.js";
import { systemError } from "../../../runtime/node/errors.js";
import type { StepRecord } from "../../deployment/state.js";
import type { Step } from "../../deployment/step.js";
import type { StepTools } from "../../driver.js";
import { actionOf, type XenAction } from "./actions.js";
import { environmentStep } from "./environment-step.js";
import { groupStep } from "./group-step.js";
import { machineAt, machineRecord, presentMachine, removeMachines, removeNetworks } from "./machines.js";
import { networkStep } from "./network-step.js";
import { freeBytes } from "./storage.js";
import { endUploads, upload, wasUploaded } from "./upload.js";
import { isRef, mapOf, recordOf, textOf } from "./values.js";
import type { Xapi } from "./xapi.js";
import { xenstoreStep } from "./xenstore-step.js";

/** The key by which hosts start a machine when they start themselves, where the pool allows it with the same. */
export const AUTOSTART = "auto_poweron";

/** @throws `deploy/bad-state` for a record that is not XenServer's */
export function xenStep(record: StepRecord, xapi: Xapi, tools: StepTools): Step {
  const action = actionOf(record);
  switch (action.kind) {
    case "network":
      return networkStep(action, record.status, xapi);
    case "import":
      return importStep(action, record.status, xapi, tools.files);
    case "environment":
      return environmentStep(action, record.status, xapi, tools);
    case "xenstore":
      return xenstoreStep(action, xapi, tools);
    case "group":
      return groupStep(action, xapi);
    case "home":
      return homeStep(action, xapi);
    case "autostart":
      return autostartStep(action, xapi);
  }
}

type Of<K extends XenAction["kind"]> = Extract<XenAction, { kind: K }>;

function importStep(
  { file, storage, uuids, mark }: Of<"import">,
  status: StepRecord["status"],
  xapi: Xapi,
  folder: string,
): Step {
  const machines = uuids.split(" ");
  const label = `vmferry import ${mark}`;
  return {
    async probe({ signal }) {
      const found = [];
      for (const uuid of machines) {
        const machine = await machineRecord(xapi, uuid, signal);
        if (machine !== null) found.push(machine.record);
      }
      if (found.length === 0) return "absent";
      if (found.length < machines.length) return "different";
      if (status === "done") return "done";
      // It was begun. Its task tells whether it came to its end: a machine that is being imported looks like others.
      const busy = found.some((record) => Object.keys(recordOf(record.current_operations)).length > 0);
      return status === "begun" && !busy && (await wasUploaded(xapi, label, signal)) ? "done" : "different";
    },
    async do({ signal }) {
      const from = path.join(folder, file);
      let length: number;
      try {
        length = (await stat(from)).size;
      } catch (cause) {
        throw systemError("read", from, cause);
      }
      const room = await freeBytes(xapi, storage, signal);
      // What is in the archive is data: its zeros were left out.
      if (room !== null && room < length) {
        throw new FerryError(
          "deploy/no-space",
          `the storage repository has ${formatBytes(room)} free, and the disks' data is ${formatBytes(length)}`,
          { hint: "Free space there, or name another one with --storage." },
        );
      }
      await endUploads(xapi, label, signal);
      const query = { sr_uuid: storage, restore: "true" };
      const chunks = (): AsyncIterable<Uint8Array> => exactly(from, length);
      await upload(xapi, { path: "/import", query, label, what: `import of ${file}`, length, chunks }, signal);
    },
    async undo({ signal }) {
      await endUploads(xapi, label, signal);
      await removeMachines(xapi, machines, mark, signal);
      await removeNetworks(xapi, mark, signal);
    },
  };
}

/** The bytes of a file that nobody changes. @throws `io/changed` where somebody does */
async function* exactly(file: string, length: number): AsyncGenerator<Uint8Array> {
  let left = length;
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>) {
      left -= chunk.length;
      if (left < 0) break;
      yield chunk;
    }
  } catch (cause) {
    throw systemError("read", file, cause);
  }
  if (left === 0) return;
  throw new FerryError("io/changed", `${file} was changed while it was read`, { hint: "Run again." });
}

/** The host that a machine is started on where it can be. */
function homeStep({ uuid, host }: Of<"home">, xapi: Xapi): Step {
  return {
    async probe({ signal }) {
      const found = await machineRecord(xapi, uuid, signal);
      if (found === null) return "absent";
      return textOf(found.record, "affinity") === (await hostAt(xapi, host, signal)) ? "done" : "absent";
    },
    async do({ signal }) {
      const machine = await presentMachine(xapi, uuid, signal);
      await xapi.call("VM.set_affinity", [machine, await hostAt(xapi, host, signal)], signal);
    },
    // It goes with the machine.
    undo: async () => {},
  };
}

async function hostAt(xapi: Xapi, uuid: string, signal: AbortSignal): Promise<string> {
  const ref = await xapi.call("host.get_by_uuid", [uuid], signal);
  if (isRef(ref)) return ref;
  throw new FerryError("deploy/bad-answer", "XenServer answers with no host", { hint: "Run again." });
}

function autostartStep({ uuid }: Of<"autostart">, xapi: Xapi): Step {
  const forget = async (machine: string, signal: AbortSignal): Promise<void> => {
    await xapi.call("VM.remove_from_other_config", [machine, AUTOSTART], signal);
  };
  return {
    async probe({ signal }) {
      const found = await machineRecord(xapi, uuid, signal);
      const says = found === null ? undefined : mapOf(found.record, "other_config").get(AUTOSTART);
      return says === "true" ? "done" : "absent";
    },
    async do({ signal }) {
      const machine = await presentMachine(xapi, uuid, signal);
      // A key that is there is not written over.
      await forget(machine, signal);
      await xapi.call("VM.add_to_other_config", [machine, AUTOSTART, "true"], signal);
    },
    async undo({ signal }) {
      const machine = await machineAt(xapi, uuid, signal);
      if (machine !== null) await forget(machine, signal);
    },
  };
}

/** Addresses that a guest's agent tells. */
export async function addressesOf(xapi: Xapi, machine: string, signal: AbortSignal): Promise<readonly string[]> {
  const metrics = await xapi.call("VM.get_guest_metrics", [machine], signal);
  if (!isRef(metrics)) return [];
  const answer = await xapi.try("VM_guest_metrics.get_networks", [metrics], signal);
  if (!answer.ok) return [];
  const all = [...mapOf({ networks: answer.value }, "networks")];
  return [...new Set(all.filter(([key]) => /^\d+\/(?:ip|ipv4\/\d+|ipv6\/\d+)$/.test(key)).map(([, value]) => value))];
}
