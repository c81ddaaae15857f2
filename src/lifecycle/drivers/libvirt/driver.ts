/** libvirt as a platform that is deployed to. */
import type { Context } from "../../../io/context.js";
import type { DeployedMachine } from "../../deployment/state.js";
import type { Access, Driver, DriverKind, MachineState } from "../../driver.js";
import { lookAtHost } from "./look.js";
import { type LibvirtPlace, libvirtPlace, refuseElsewhere } from "./place.js";
import { siteOf } from "./site.js";
import { libvirtMachine, libvirtMachines } from "./source.js";
import { libvirtStep } from "./steps.js";
import { addressesOf, domainState, openVirsh, type Virsh } from "./virsh.js";

/** The pool that libvirt's own tools take where nobody names one. */
const DEFAULT_POOL = "default";

export const libvirt: DriverKind = {
  id: "libvirt",
  label: "libvirt",
  targets: ["libvirt:///system", "libvirt:///session", "libvirt+ssh://[USER@]HOST[:PORT]/system"],
  machines: ["libvirt:///system/MACHINE", "libvirt+ssh://[USER@]HOST[:PORT]/system/MACHINE"],
  machineAt: libvirtMachine,
  owns: (target) => /^libvirt(?:\+ssh)?:/.test(target),
  open(access: Access): Driver {
    refuseElsewhere(access);
    const place = libvirtPlace(access.target);
    return driverOf(openVirsh(place), place);
  },
};

function driverOf(virsh: Virsh, where: LibvirtPlace): Driver {
  const act = (...words: readonly string[]) => {
    return async ({ uuid }: DeployedMachine, { signal }: Context): Promise<void> => {
      await virsh.run([...words, `--domain=${uuid}`], signal);
    };
  };
  return {
    label: "libvirt",
    facts: { kind: "QEMU", version: null, vendor: "QEMU", locale: null, timezone: null },
    async look(place, { signal }) {
      return siteOf(await lookAtHost(virsh, place.storage ?? DEFAULT_POOL, signal), virsh);
    },
    makesNetworks: true,
    step: (record, tools) => libvirtStep(record, virsh, tools),
    async stateOf({ uuid }, { signal }): Promise<MachineState | null> {
      const words = await domainState(virsh, uuid, signal);
      if (words === null) return null;
      return { power: words === "running" ? "on" : words === "shut off" ? "off" : "changing", words };
    },
    start: act("start"),
    shutDown: act("shutdown"),
    switchOff: act("destroy"),
    live: libvirtMachines(virsh, where),
    addresses: (machine, { signal }) => addressesOf(virsh, machine.uuid, signal),
    // virsh is another program each time: nothing stays open.
    close: async () => {},
  };
}
