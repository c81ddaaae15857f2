/** XenServer and XCP-ng as platforms that are deployed to. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "../../../io/context.js";
import type { DeployedMachine } from "../../deployment/state.js";
import type { Access, Driver, DriverKind, DriverScope } from "../../driver.js";
import { refusal } from "./failures.js";
import { lookAtPool } from "./look.js";
import { halt, machineRecord, presentMachine } from "./machines.js";
import { xenPlace } from "./place.js";
import { siteOf } from "./site.js";
import { addressesOf, xenStep } from "./steps.js";
import { recordOf, stringsOf, textOf } from "./values.js";
import { openXapi, SLOW_MS, type Xapi } from "./xapi.js";

/** How long a guest has to refuse to shut down. */
const REFUSAL_MS = 1500;
const LOOK_MS = 250;

export const xenserver: DriverKind = {
  id: "xenserver",
  label: "XenServer",
  targets: ["xenserver://[USER@]HOST[:PORT]"],
  owns: (target) => /^xenserver:/.test(target),
  open(access: Access, { reveal }: DriverScope): Driver {
    const place = xenPlace(access);
    const { thumbprint, authorities } = access;
    const password = (): Promise<string> => reveal({ secret: place.password }, "--password");
    return driverOf(openXapi(place, { thumbprint, authorities }, password));
  },
};

function driverOf(xapi: Xapi): Driver {
  return {
    label: "XenServer",
    facts: { kind: "XenServer", version: null, vendor: "Xen", locale: null, timezone: null },
    makesNetworks: true,
    // CDs come from libraries of images alone.
    bridges: ["xenstore"],
    look: async (place, { signal }) => siteOf(await lookAtPool(xapi, place, signal), place, xapi),
    step: (record, tools) => xenStep(record, xapi, tools),
    async stateOf({ uuid }, { signal }) {
      const found = await machineRecord(xapi, uuid, signal);
      if (found === null) return null;
      const words = textOf(found.record, "power_state");
      return { power: words === "Running" ? "on" : words === "Halted" ? "off" : "changing", words };
    },
    async start({ uuid }, { signal }) {
      await xapi.call("VM.start", [await presentMachine(xapi, uuid, signal), false, false], signal, SLOW_MS);
    },
    shutDown: (machine, ctx) => shutDown(xapi, machine, ctx),
    async switchOff({ uuid }, { signal }) {
      await halt(xapi, await presentMachine(xapi, uuid, signal), signal);
    },
    async addresses({ uuid }, { signal }) {
      return addressesOf(xapi, await presentMachine(xapi, uuid, signal), signal);
    },
    close: () => xapi.close(),
  };
}

/** xapi waits for the guest in a task, which is left alone after a moment in which it may fail. */
async function shutDown(xapi: Xapi, { uuid }: DeployedMachine, { signal }: Context): Promise<void> {
  const machine = await presentMachine(xapi, uuid, signal);
  const task = await xapi.call("Async.VM.clean_shutdown", [machine], signal);
  for (const end = Date.now() + REFUSAL_MS; Date.now() < end; ) {
    const record = recordOf(await xapi.call("task.get_record", [task], signal));
    const status = textOf(record, "status");
    if (status !== "pending") await xapi.try("task.destroy", [task], signal);
    if (status === "failure") {
      const [code = "", ...params] = stringsOf(record.error_info);
      throw refusal("VM.clean_shutdown", { code, params });
    }
    if (status !== "pending") return;
    await sleep(LOOK_MS, undefined, { signal });
  }
}
