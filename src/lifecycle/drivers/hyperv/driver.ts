/** Hyper-V as a platform that is deployed to. */
import type { Context } from "../../../io/context.js";
import type { Access } from "../../access.js";
import type { DeployedMachine } from "../../deployment/state.js";
import type { Driver, DriverKind, MachineState } from "../../driver.js";
import { type HypervHost, openHyperv } from "./host.js";
import { HYPERV_TARGETS, hypervFolder, hypervPlace } from "./place.js";
import { seenHost, siteOf } from "./site.js";
import {
  addressStatements,
  lookStatements,
  powerStatements,
  shutDownStatements,
  stateStatements,
} from "./statements.js";
import { hypervStep } from "./steps.js";

export const hyperv: DriverKind = {
  id: "hyperv",
  label: "Hyper-V",
  targets: HYPERV_TARGETS,
  owns: (target) => /^hyperv(?:\+ssh)?:/.test(target),
  open: (access: Access): Driver => driverOf(openHyperv(hypervPlace(access))),
};

function driverOf(host: HypervHost): Driver {
  const power = (what: "start" | "off") => {
    return async ({ uuid, name }: DeployedMachine, { signal }: Context): Promise<void> => {
      await host.run(powerStatements(uuid, name, what), `switch ${name} ${what === "start" ? "on" : "off"}`, signal);
    };
  };
  return {
    label: "Hyper-V",
    facts: { kind: "Hyper-V", version: null, vendor: "Microsoft Corporation", locale: null, timezone: null },
    async look(place, { signal }) {
      const root = place.storage === null ? null : hypervFolder(place.storage);
      return siteOf(seenHost(await host.run(lookStatements(root), "look at the host", signal)), place);
    },
    step: (record, { files }) => hypervStep(record, host, files),
    async stateOf({ uuid, name }, { signal }): Promise<MachineState | null> {
      const words = await host.run(stateStatements(uuid), `look at the machine ${name}`, signal);
      if (typeof words !== "string") return null;
      return { power: words === "Running" ? "on" : words === "Off" ? "off" : "changing", words };
    },
    start: power("start"),
    async shutDown({ uuid, name }, { signal }) {
      await host.run(shutDownStatements(uuid, name), `shut ${name} down`, signal);
    },
    switchOff: power("off"),
    async addresses({ uuid, name }, { signal }) {
      const found = await host.run(addressStatements(uuid), `look at the machine ${name}`, signal);
      return (Array.isArray(found) ? found : [found])
        .filter((one): one is string => typeof one === "string")
        .filter((one) => !/^(?:127\.|169\.254\.|::1$|fe80:)/i.test(one));
    },
    // Each call is another program: nothing stays open.
    close: async () => {},
  };
}
