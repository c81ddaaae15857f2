/** Proxmox VE as a platform that is deployed to. */
import { FerryError } from "../../../base/errors.js";
import type { Context } from "../../../io/context.js";
import { dnsName } from "../../../platforms/proxmox/words.js";
import type { Access } from "../../access.js";
import type { DeployedMachine } from "../../deployment/state.js";
import type { Driver, DriverKind, DriverScope, MachineState } from "../../driver.js";
import { openPve, type Pve } from "./api.js";
import { lookAtNode } from "./look.js";
import { type FoundMachine, machineWithUuid, powerOf } from "./machines.js";
import { PROXMOX_TARGET, proxmoxPlace, proxmoxUser } from "./place.js";
import { siteOf } from "./site.js";
import { proxmoxStep } from "./steps.js";
import { endTasks, work } from "./tasks.js";
import { listOf, objectOf, textOf } from "./values.js";

export const proxmox: DriverKind = {
  id: "proxmox",
  label: "Proxmox VE",
  targets: [PROXMOX_TARGET],
  owns: (target) => /^proxmox:/.test(target),
  open(access: Access, scope: DriverScope): Driver {
    const place = proxmoxPlace(access.target);
    const user = access.user === null ? place.user : proxmoxUser(access.user);
    if (user === null) {
      throw new FerryError("deploy/bad-target", "the target names no user", {
        hint: "Write it into the address, or give --user: root@pam, or better a token, root@pam!deploy.",
      });
    }
    const { password } = access;
    if (password === null) {
      throw new FerryError("deploy/bad-target", `there is no password for ${user}`, {
        hint: "Give --password env:NAME, file:PATH or cmd:COMMAND: the password, or the secret of the token.",
      });
    }
    const { host, port, node } = place;
    const { thumbprint, authorities } = access;
    const secret = (): Promise<string> => scope.reveal({ secret: password }, "--password");
    return driverOf(openPve({ host, port, trust: { thumbprint, authorities }, user, secret }), node);
  },
};

function driverOf(pve: Pve, node: string): Driver {
  /** Machines that were found once, by UUID. */
  const known = new Map<string, FoundMachine>();

  async function find({ uuid, name }: DeployedMachine, signal: AbortSignal): Promise<FoundMachine | null> {
    const found = known.get(uuid) ?? (await machineWithUuid(pve, uuid, dnsName(name), signal));
    if (found !== null) known.set(uuid, found);
    return found;
  }

  async function act(machine: DeployedMachine, what: "start" | "stop", signal: AbortSignal): Promise<void> {
    const found = await demand(machine, signal);
    const { vmid, node: where } = found;
    // One that waits for the guest holds the machine.
    if (what === "stop") await endTasks(pve, where, vmid, ["qmshutdown"], signal);
    const begin = (): Promise<unknown> => pve.call("POST", `/nodes/${where}/qemu/${vmid}/status/${what}`, {}, signal);
    const isDone = async (): Promise<boolean> =>
      ((await powerOf(pve, found, signal)) === "stopped") === (what === "stop");
    await work(pve, found, `${what} the machine ${machine.name}`, begin, isDone, signal);
  }

  async function demand(machine: DeployedMachine, signal: AbortSignal): Promise<FoundMachine> {
    const found = await find(machine, signal);
    if (found !== null) return found;
    throw new FerryError("deploy/refused", `the machine ${machine.name} is not on the platform any more`, {
      hint: "Somebody removed it there. vmferry deployment destroy NAME removes the rest.",
    });
  }

  return {
    label: "Proxmox VE",
    facts: { kind: "Proxmox VE", version: null, vendor: "Proxmox Server Solutions GmbH", locale: null, timezone: null },
    async look(place, { signal }) {
      return siteOf(await lookAtNode(pve, node, place.pool, signal), place, pve, signal);
    },
    step: (record, { files }) => proxmoxStep(record, pve, files),
    async stateOf(machine, { signal }): Promise<MachineState | null> {
      const found = await find(machine, signal);
      const words = found === null ? null : await powerOf(pve, found, signal);
      if (words !== null)
        return { power: words === "running" ? "on" : words === "stopped" ? "off" : "changing", words };
      known.delete(machine.uuid);
      return null;
    },
    start: (machine, { signal }) => act(machine, "start", signal),
    async shutDown(machine, { signal }) {
      const { vmid, node: where } = await demand(machine, signal);
      // Its task waits for the guest, as long as the host likes.
      await pve.call("POST", `/nodes/${where}/qemu/${vmid}/status/shutdown`, {}, signal);
    },
    switchOff: (machine, { signal }) => act(machine, "stop", signal),
    async addresses(machine, { signal }: Context) {
      const found = await find(machine, signal);
      if (found === null) return [];
      const path = `/nodes/${found.node}/qemu/${found.vmid}/agent/network-get-interfaces`;
      // Without its agent in the guest, nobody knows.
      const answer = await pve.try("GET", path, {}, signal);
      const cards = listOf(objectOf(answer.ok ? answer.data : null).result);
      return cards
        .filter(({ name }) => name !== "lo")
        .flatMap((card) => listOf(card["ip-addresses"]).flatMap((one) => textOf(one["ip-address"]) ?? []))
        .filter((address) => !/^(?:127\.|::1$|fe80:)/i.test(address));
    },
    close: async () => pve.close(),
  };
}
