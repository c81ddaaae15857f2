/** Starting machines with their host (HostAutoStartManager). A cluster with vSphere HA does that in its own way. */
import { el } from "../../../xml/build.js";
import type { VsphereClient } from "./client.js";
import { VsphereFault } from "./faults.js";
import { children, type Ref, refNode, refOf, textOf } from "./soap.js";

async function managerOf(client: VsphereClient, host: Ref, signal: AbortSignal): Promise<Ref> {
  const seen = await client.propertiesOf(host, ["configManager.autoStartManager"], signal);
  const manager = refOf(seen.get("configManager.autoStartManager"));
  if (manager !== null) return manager;
  throw new VsphereFault({ name: "NotSupported", words: "the host starts no machines by itself", fields: new Map() });
}

async function hostOf(client: VsphereClient, machine: Ref, signal: AbortSignal): Promise<Ref> {
  const host = refOf((await client.propertiesOf(machine, ["runtime.host"], signal)).get("runtime.host"));
  if (host !== null) return host;
  throw new VsphereFault({ name: "HostNotConnected", words: "the machine is on no host", fields: new Map() });
}

/** Whether a host starts machines by itself at all: a switch of its own. */
export async function startsMachines(client: VsphereClient, host: Ref, signal: AbortSignal): Promise<boolean> {
  const manager = await managerOf(client, host, signal);
  const seen = await client.propertiesOf(manager, ["config"], signal);
  return textOf(seen.get("config"), "defaults", "enabled") === "true";
}

/** Whether a machine starts with its host. */
export async function isAutostarted(client: VsphereClient, machine: Ref, signal: AbortSignal): Promise<boolean> {
  const manager = await managerOf(client, await hostOf(client, machine, signal), signal);
  const seen = await client.propertiesOf(manager, ["config"], signal);
  return children(seen.get("config"), "powerInfo").some(
    (one) => textOf(one, "key") === machine.value && textOf(one, "startAction")?.toLowerCase() === "poweron",
  );
}

/** @param order place among the machines of the host, from 1; -1: any; `null`: it is not started */
export async function setAutostart(
  client: VsphereClient,
  machine: Ref,
  order: number | null,
  signal: AbortSignal,
): Promise<void> {
  const manager = await managerOf(client, await hostOf(client, machine, signal), signal);
  // In the order of AutoStartPowerInfo.
  const info = el(
    "powerInfo",
    {},
    refNode("key", machine),
    el("startOrder", {}, order ?? -1),
    el("startDelay", {}, -1),
    el("waitForHeartbeat", {}, "systemDefault"),
    el("startAction", {}, order === null ? "none" : "powerOn"),
    el("stopDelay", {}, -1),
    el("stopAction", {}, order === null ? "none" : "systemDefault"),
  );
  const options = { doing: "set the start with the host", repeatable: true } as const;
  await client.call("ReconfigureAutostart", manager, [el("spec", {}, info)], options, signal);
}
