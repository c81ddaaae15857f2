/** Machines and disks of a pool: looked up by UUID, stopped, taken away. */
import { setTimeout as sleep } from "node:timers/promises";
import { FerryError } from "../../../base/errors.js";
import type { JsonValue } from "../../../base/ids.js";
import { MARK } from "../../../platforms/xenserver/export.js";
import { refusal } from "./failures.js";
import { isRef, listOf, mapOf, NO_REF, recordOf, recordsOf, stringsOf, textOf, type XenRecord } from "./values.js";
import { SLOW_MS, type Xapi } from "./xapi.js";

/** How often something is asked to go that the server is still busy with. */
const TRIES = 40;
const PAUSE_MS = 500;

/** The reference of a machine; `null`: there is none. */
export async function machineAt(xapi: Xapi, uuid: string, signal: AbortSignal): Promise<string | null> {
  const answer = await xapi.try("VM.get_by_uuid", [uuid], signal);
  if (answer.ok) {
    if (isRef(answer.value)) return answer.value;
    throw new FerryError("deploy/bad-answer", "XenServer answers with no machine", { hint: "Run again." });
  }
  if (answer.code === "UUID_INVALID" || answer.code === "HANDLE_INVALID") return null;
  throw refusal("VM.get_by_uuid", answer);
}

/** The record of a machine; `null`: there is none. */
export async function machineRecord(
  xapi: Xapi,
  uuid: string,
  signal: AbortSignal,
): Promise<{ readonly ref: string; readonly record: XenRecord } | null> {
  const ref = await machineAt(xapi, uuid, signal);
  if (ref === null) return null;
  const answer = await xapi.try("VM.get_record", [ref], signal);
  if (answer.ok) return { ref, record: recordOf(answer.value) };
  // Somebody took it away in between.
  if (answer.code === "HANDLE_INVALID") return null;
  throw refusal("VM.get_record", answer);
}

/** The reference of a machine that has to be there. @throws `deploy/refused` where it is gone */
export async function presentMachine(xapi: Xapi, uuid: string, signal: AbortSignal): Promise<string> {
  const machine = await machineAt(xapi, uuid, signal);
  if (machine !== null) return machine;
  throw refusal("VM.get_by_uuid", { code: "UUID_INVALID", params: ["VM", uuid] });
}

/** Calls what the server may be too busy for, again and again for a while. @returns whether the thing was there */
export async function patiently(
  xapi: Xapi,
  method: string,
  args: readonly JsonValue[],
  signal: AbortSignal,
): Promise<boolean> {
  for (let left = TRIES; ; left--) {
    const answer = await xapi.try(method, args, signal, SLOW_MS);
    if (answer.ok) return true;
    if (answer.code === "HANDLE_INVALID") return false;
    if (left === 0 || !/^(?:OTHER_OPERATION_IN_PROGRESS|VDI_IN_USE|VM_BAD_POWER_STATE)$/.test(answer.code)) {
      throw refusal(method, answer);
    }
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

/** Takes the power away, where there is any. */
export async function halt(xapi: Xapi, ref: string, signal: AbortSignal): Promise<void> {
  const answer = await xapi.try("VM.get_power_state", [ref], signal);
  if (!answer.ok || answer.value === "Halted") return;
  const halted = await xapi.try("VM.hard_shutdown", [ref], signal, SLOW_MS);
  // It may have ended by itself.
  if (!halted.ok && halted.code !== "VM_BAD_POWER_STATE" && halted.code !== "HANDLE_INVALID") {
    throw refusal("VM.hard_shutdown", halted);
  }
}

/** Removes machines with their snapshots, and all disks of a mark that no other machine uses. Nothing there is fine. */
export async function removeMachines(
  xapi: Xapi,
  uuids: readonly string[],
  mark: string,
  signal: AbortSignal,
): Promise<void> {
  const own: string[] = [];
  for (const uuid of uuids) {
    const found = await machineRecord(xapi, uuid, signal);
    if (found === null) continue;
    own.push(found.ref, ...listOf(found.record, "snapshots").filter(isRef));
  }
  // Before the machines go: then nobody can tell whose a disk was.
  const disks = await disksOf(xapi, (vdi) => mapOf(vdi, "other_config").get(MARK) === mark, new Set(own), signal);
  for (const ref of own) {
    await halt(xapi, ref, signal);
    await patiently(xapi, "VM.destroy", [ref], signal);
  }
  for (const ref of disks) await patiently(xapi, "VDI.destroy", [ref], signal);
}

/** Disks that are meant, with their snapshots, as far as no machine has them but those. */
async function disksOf(
  xapi: Xapi,
  isMeant: (vdi: XenRecord) => boolean,
  machines: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const all = recordsOf(await xapi.call("VDI.get_all_records", [], signal));
  const meant = new Set([...all].filter(([, vdi]) => isMeant(vdi)).map(([ref]) => ref));
  const found: string[] = [];
  for (const [ref, vdi] of all) {
    if (!meant.has(ref) && !meant.has(textOf(vdi, "snapshot_of"))) continue;
    if (await isFree(xapi, listOf(vdi, "VBDs"), machines, signal)) found.push(ref);
  }
  return found;
}

async function isFree(
  xapi: Xapi,
  drives: readonly string[],
  machines: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<boolean> {
  for (const drive of drives) {
    const answer = await xapi.try("VBD.get_VM", [drive], signal);
    if (!answer.ok && answer.code !== "HANDLE_INVALID") throw refusal("VBD.get_VM", answer);
    if (answer.ok && typeof answer.value === "string" && !machines.has(answer.value)) return false;
  }
  return true;
}

/** Removes networks of a mark: those that an import made, since nobody had one of their name any more. */
export async function removeNetworks(xapi: Xapi, mark: string, signal: AbortSignal): Promise<void> {
  for (const [ref, record] of recordsOf(await xapi.call("network.get_all_records", [], signal))) {
    if (mapOf(record, "other_config").get(MARK) === mark) await patiently(xapi, "network.destroy", [ref], signal);
  }
}

/** Drives of a machine with disks that are meant: their references, and those of the disks. */
export async function drivesWith(
  xapi: Xapi,
  machine: string,
  isMeant: (vdi: XenRecord) => boolean,
  signal: AbortSignal,
): Promise<readonly { readonly drive: string; readonly disk: string }[]> {
  const found: { drive: string; disk: string }[] = [];
  for (const drive of stringsOf(await xapi.call("VM.get_VBDs", [machine], signal))) {
    const disk = await xapi.call("VBD.get_VDI", [drive], signal);
    if (typeof disk !== "string" || disk === NO_REF) continue;
    if (isMeant(recordOf(await xapi.call("VDI.get_record", [disk], signal)))) found.push({ drive, disk });
  }
  return found;
}
