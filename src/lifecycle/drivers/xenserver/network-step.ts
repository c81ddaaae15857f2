import { FerryError } from "../../../base/errors.js";
import type { StepRecord } from "../../deployment/state.js";
import type { Step } from "../../deployment/step.js";
import type { XenAction } from "./actions.js";
import { patiently } from "./machines.js";
import { isRef, mapOf, recordOf, stringsOf } from "./values.js";
import type { Xapi } from "./xapi.js";

/** The key in `other_config` of networks that are made: another one than that of what an import makes, which goes with the import. */
const KEY = "vmferry-network";

/** Makes a network without an interface of a host: machines on it that run on one host see each other, and nobody else. */
export function networkStep(
  { name, mark }: Extract<XenAction, { kind: "network" }>,
  status: StepRecord["status"],
  xapi: Xapi,
): Step {
  /** Those of the name, and whether they are ours. */
  const named = async (signal: AbortSignal): Promise<readonly { readonly ref: string; readonly own: boolean }[]> => {
    const found = [];
    for (const ref of stringsOf(await xapi.call("network.get_by_name_label", [name], signal)).filter(isRef)) {
      const answer = await xapi.try("network.get_record", [ref], signal);
      if (answer.ok) found.push({ ref, own: mapOf(recordOf(answer.value), "other_config").get(KEY) === mark });
    }
    return found;
  };
  return {
    async probe({ signal }) {
      const found = await named(signal);
      if (found.length === 0) return "absent";
      return status !== "open" && found.length === 1 && found[0]?.own === true ? "done" : "different";
    },
    async do({ signal }) {
      const record = {
        name_label: name,
        name_description: "Made by vmferry for the machines of a deployment alone",
        MTU: "1500",
        // xapi chooses a name.
        bridge: "",
        managed: true,
        other_config: { [KEY]: mark },
        tags: [],
      };
      if (isRef(await xapi.call("network.create", [record], signal))) return;
      throw new FerryError("deploy/bad-answer", "XenServer made no network", { hint: "Run again." });
    },
    async undo({ signal }) {
      for (const { ref, own } of await named(signal)) {
        if (own) await patiently(xapi, "network.destroy", [ref], signal);
      }
    },
  };
}
