/** vSphere as a platform that is deployed to: a vCenter, or an ESXi alone. */
import { FerryError } from "../../../base/errors.js";
import type { Access, Driver, DriverKind, DriverScope } from "../../driver.js";
import { type VsphereAddress, vsphereAddress } from "./address.js";
import { openVsphere, type VsphereClient } from "./client.js";
import { told } from "./faults.js";
import { findPlace } from "./inventory.js";
import { vsphereMachine } from "./machine-path.js";
import { addressesOf, powerOff, powerOn, powerState, presentMachine, shutDown } from "./machines.js";
import { siteOf } from "./site.js";
import { vsphereMachines } from "./source.js";
import { vsphereStep } from "./steps.js";

const PREFIX = "vsphere:";

export const vsphere: DriverKind = {
  id: "vsphere",
  label: "vSphere",
  targets: ["vsphere://[USER@]HOST[:PORT]/[DATACENTER]"],
  machines: ["vsphere://[USER@]HOST[:PORT]/[DATACENTER]/vm/[FOLDER/]MACHINE"],
  machineAt: vsphereMachine,
  owns: (target) => target.startsWith(PREFIX),
  open(access: Access, scope: DriverScope): Driver {
    const address = vsphereAddress(access.target);
    return driverOf(openClient(address, access, scope), address);
  },
};

/** A session by the way to it. Speaks to nobody yet. @throws `deploy/bad-target` where no user or no password is named */
export function openClient(
  { host, port, user: own }: VsphereAddress,
  access: Access,
  { reveal }: DriverScope,
): VsphereClient {
  const { thumbprint, authorities, password } = access;
  const user = access.user ?? own;
  if (user === null || password === null) {
    throw new FerryError(
      "deploy/bad-target",
      `vSphere wants to know a ${user === null ? "user" : "password"}, and none was named`,
      {
        hint: "Write --user administrator@vsphere.local, or the user an ESXi knows, and --password env:NAME, file:PATH or cmd:COMMAND.",
      },
    );
  }
  return openVsphere({
    ...{ host, port, user, trust: { thumbprint, authorities } },
    password: () => reveal({ secret: password }, "--password"),
  });
}

function driverOf(client: VsphereClient, { datacenter }: VsphereAddress): Driver {
  const saying = async <T>(doing: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw told(cause, doing);
    }
  };
  return {
    label: "vSphere",
    facts: { kind: "VMware ESXi", version: null, vendor: "VMware, Inc.", locale: null, timezone: null },
    look: (place, { signal }) =>
      saying("look at the platform", async () =>
        siteOf(await findPlace(client, { ...place, datacenter }, signal), client),
      ),
    step: (record, tools) => vsphereStep(record, client, tools),
    stateOf: ({ name, uuid }, { signal }) =>
      saying(`look at ${name}`, async () => {
        const words = await powerState(client, uuid, signal);
        if (words === null) return null;
        return { power: words === "poweredOn" ? "on" : words === "poweredOff" ? "off" : "changing", words };
      }),
    start: ({ name, uuid }, { signal }) =>
      saying(`start ${name}`, async () =>
        powerOn(client, await presentMachine(client, uuid, name, signal), name, signal),
      ),
    shutDown: ({ name, uuid }, { signal }) =>
      saying(`shut ${name} down`, async () =>
        shutDown(client, await presentMachine(client, uuid, name, signal), name, signal),
      ),
    switchOff: ({ name, uuid }, { signal }) =>
      saying(`switch ${name} off`, async () =>
        powerOff(client, await presentMachine(client, uuid, name, signal), name, signal),
      ),
    addresses: ({ name, uuid }, { signal }) => saying(`look at ${name}`, () => addressesOf(client, uuid, signal)),
    live: vsphereMachines(client, datacenter),
    close: () => client.close(),
  };
}
