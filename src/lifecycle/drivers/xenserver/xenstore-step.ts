/** The OVF environment of a machine in Xen's store, where its guest reads it with `xenstore-read vm-data/ovf-env`. */
import { FerryError } from "../../../base/errors.js";
import type { Step } from "../../deployment/step.js";
import type { StepTools } from "../../driver.js";
import type { XenAction } from "./actions.js";
import { machineRecord, presentMachine } from "./machines.js";
import { mapOf } from "./values.js";
import type { Xapi } from "./xapi.js";

/** Keys below `vm-data` are handed to the guest's part of the store (XenAPI, VM.xenstore_data). */
const KEY = "vm-data/ovf-env";
/** Bytes of one message of Xen's store (xen/include/public/io/xs_wire.h, XENSTORE_PAYLOAD_MAX), with the path and the domain's before it. */
const MOST_BYTES = 4096 - 128;

export function xenstoreStep(
  { machine, name, uuid }: Extract<XenAction, { kind: "xenstore" }>,
  xapi: Xapi,
  { environment }: StepTools,
): Step {
  return {
    async probe({ signal }) {
      const found = await machineRecord(xapi, uuid, signal);
      return found !== null && mapOf(found.record, "xenstore_data").has(KEY) ? "done" : "absent";
    },
    async do({ signal }) {
      const text = environment(machine);
      if (text === null) throw new FerryError("internal/bug", `${machine} is told nothing`);
      const { length } = new TextEncoder().encode(text);
      if (length > MOST_BYTES) {
        throw new FerryError("deploy/bad-place", `the OVF environment of ${name} has ${length} bytes`, {
          hint: `Xen's store takes ${MOST_BYTES}. Leave out --bridge xenstore: a guest that reads a disc gets all of it.`,
        });
      }
      await xapi.call("VM.add_to_xenstore_data", [await presentMachine(xapi, uuid, signal), KEY, text], signal);
    },
    async undo({ signal }) {
      const found = await machineRecord(xapi, uuid, signal);
      if (found === null) return;
      await xapi.call("VM.remove_from_xenstore_data", [found.ref, KEY], signal);
    },
  };
}
