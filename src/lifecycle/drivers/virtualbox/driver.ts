/** VirtualBox of this user on this machine as a platform that is deployed to. */
import type { Context } from "../../../io/context.js";
import type { DeployedMachine } from "../../deployment/state.js";
import type { Access, Driver, DriverKind, MachineState } from "../../driver.js";
import { lookAtVirtualbox } from "./look.js";
import { refuseTarget, virtualboxPlace } from "./place.js";
import { siteOf } from "./site.js";
import { virtualboxMachine, virtualboxMachines } from "./source.js";
import { virtualboxStep } from "./steps.js";
import { guestAddresses, machineFacts, openVBoxManage, type VBoxManage } from "./vboxmanage.js";

export const virtualbox: DriverKind = {
  id: "virtualbox",
  label: "VirtualBox",
  targets: ["virtualbox:"],
  machines: ["virtualbox:MACHINE"],
  machineAt: virtualboxMachine,
  owns: (target) => /^virtualbox:/.test(target),
  open(access: Access): Driver {
    refuseTarget(access);
    return driverOf(openVBoxManage());
  },
};

/** States in which a machine takes nothing of the host. A saved one goes on where it was when it is started. */
const OFF: ReadonlySet<string> = new Set(["poweroff", "aborted", "saved", "aborted-saved"]);

function driverOf(box: VBoxManage): Driver {
  const act = (words: (uuid: string) => readonly string[]) => {
    return async ({ uuid }: DeployedMachine, { signal }: Context): Promise<void> => {
      await box.run(words(uuid), signal);
    };
  };
  return {
    label: "VirtualBox",
    facts: { kind: "VirtualBox", version: null, vendor: "Oracle Corporation", locale: null, timezone: null },
    // An internal network is there as soon as somebody is plugged into it.
    makesNetworks: true,
    look: async (place, { signal }) => siteOf(await lookAtVirtualbox(box, virtualboxPlace(place), signal), box),
    step: (record, tools) => virtualboxStep(record, box, tools),
    async stateOf({ uuid }, { signal }): Promise<MachineState | null> {
      const facts = await machineFacts(box, uuid, signal);
      if (facts === null) return null;
      const { state: words } = facts;
      return { power: words === "running" ? "on" : OFF.has(words) ? "off" : "changing", words };
    },
    start: act((uuid) => ["startvm", uuid, "--type", "headless"]),
    shutDown: act((uuid) => ["controlvm", uuid, "acpipowerbutton"]),
    addresses: ({ uuid }, { signal }) => guestAddresses(box, uuid, signal),
    switchOff: act((uuid) => ["controlvm", uuid, "poweroff"]),
    live: virtualboxMachines(box),
    // VBoxManage is another program each time: nothing stays open. The service ends by itself.
    close: async () => {},
  };
}
