import { FerryError } from "../../../base/errors.js";
import type { Step } from "../../deployment/step.js";
import type { XenAction } from "./actions.js";
import { patiently, presentMachine } from "./machines.js";
import { isRef, listOf, recordOf, stringsOf, textOf } from "./values.js";
import type { Xapi } from "./xapi.js";

/** Makes machines a vApp (`VM_appliance`): its order of start and its pauses are fields of the machines, which the import has set. */
export function groupStep({ name, uuids, mark }: Extract<XenAction, { kind: "group" }>, xapi: Xapi): Step {
  const description = `Made by vmferry, deployment ${mark}`;
  const machines = async (signal: AbortSignal): Promise<readonly string[]> => {
    const refs = [];
    for (const uuid of uuids.split(" ")) refs.push(await presentMachine(xapi, uuid, signal));
    return refs;
  };
  /** Those of the name that are ours: names are not unique. */
  const groups = async (
    signal: AbortSignal,
  ): Promise<readonly { readonly ref: string; readonly members: readonly string[] }[]> => {
    const found = [];
    for (const ref of stringsOf(await xapi.call("VM_appliance.get_by_name_label", [name], signal)).filter(isRef)) {
      const answer = await xapi.try("VM_appliance.get_record", [ref], signal);
      const record = answer.ok ? recordOf(answer.value) : {};
      if (textOf(record, "name_description") === description) found.push({ ref, members: listOf(record, "VMs") });
    }
    return found;
  };
  return {
    async probe({ signal }) {
      const [first, ...more] = await groups(signal);
      if (first === undefined) return "absent";
      const wanted = await machines(signal).catch(() => null);
      const complete = wanted?.every((ref) => first.members.includes(ref)) === true;
      return complete && more.length === 0 ? "done" : "different";
    },
    async do({ signal }) {
      const members = await machines(signal);
      const args = { name_label: name, name_description: description };
      const group = await xapi.call("VM_appliance.create", [args], signal);
      if (!isRef(group)) throw new FerryError("deploy/bad-answer", "XenServer made no vApp", { hint: "Run again." });
      for (const machine of members) await xapi.call("VM.set_appliance", [machine, group], signal);
    },
    async undo({ signal }) {
      for (const { ref } of await groups(signal)) await patiently(xapi, "VM_appliance.destroy", [ref], signal);
    },
  };
}
