/** What of a vSphere stands in a deployment's way. Changes nothing there. */
import type { Diagnostic } from "../../../base/diagnostics.js";
import { formatBytes, printable } from "../../../base/text.js";
import { el } from "../../../xml/build.js";
import type { Need } from "../../driver.js";
import { startsMachines } from "./autostart.js";
import type { VsphereClient } from "./client.js";
import { isFault } from "./faults.js";
import { createImportSpec } from "./import-spec.js";
import { inFolder, type VspherePlace } from "./inventory.js";
import type { MachinePackage } from "./package.js";
import { objectOf } from "./properties.js";
import { children, type Ref, refNode, refsOf } from "./soap.js";

const SHOWN = 20;

/** Says what will fail, before a byte moves: names, networks, storage, space, rights, and what the server's importer says of each machine. */
export async function preflight(
  client: VsphereClient,
  place: VspherePlace,
  packages: readonly MachinePackage[],
  need: Need,
  signal: AbortSignal,
): Promise<readonly Diagnostic[]> {
  const plugs = networkProblems(place, packages);
  const found = [
    ...(await takenNames(client, place, need, signal)),
    ...plugs,
    ...storageProblems(place, packages, need),
  ];
  found.push(...(await missingRights(client, place, need, signal)));
  if (need.wish.autostart) found.push(...(await autostartProblems(client, place, signal)));
  if (plugs.length === 0) found.push(...(await importProblems(client, place, packages, need, signal)));
  return found;
}

function problem(code: Diagnostic["code"], message: string, hint: string): Diagnostic {
  return { code, severity: "error", message, hint };
}

/** Whether an earlier run of the same deployment has come to a step. */
function isOwn({ steps }: Need, kind: string, name: string): boolean {
  return steps.some(({ action, status }) => action.kind === kind && action.name === name && status !== "open");
}

async function takenNames(
  client: VsphereClient,
  { folder, isCenter }: VspherePlace,
  need: Need,
  signal: AbortSignal,
): Promise<readonly Diagnostic[]> {
  const there = await inFolder(client, folder.ref, signal);
  // In a folder of their own machines are alone.
  const single = need.machines.length === 1 || !isCenter;
  const wanted = single
    ? need.machines.map(({ name }) => ({ kind: "machine", name }))
    : [{ kind: "folder", name: need.wish.name }];
  return wanted.flatMap(({ kind, name }) => {
    if (isOwn(need, kind, name) || !there.some((one) => one.name === name)) return [];
    return [
      problem(
        "deploy/taken",
        `${folder.name === "" ? "the server" : `the folder ${JSON.stringify(folder.name)}`} has something called ${JSON.stringify(name)} already`,
        "It is not of this deployment. Choose another --name or --folder, or remove it.",
      ),
    ];
  });
}

function networkProblems(
  { networks, compute }: VspherePlace,
  packages: readonly MachinePackage[],
): readonly Diagnostic[] {
  const known = new Set(networks.map(({ name }) => name));
  const hint = `${known.size === 0 ? "It has none." : `It has: ${printable([...known].slice(0, SHOWN).join(", "))}.`} Map the machine's network to one of them with --map-network FROM=TO; *=TO maps all others.`;
  const wanted = new Set(packages.flatMap(({ machine }) => machine.nics.map(({ network }) => network)));
  return [...wanted].flatMap((name) => {
    if (name === null) return [problem("deploy/no-network", "a network card is plugged into no network by name", hint)];
    if (known.has(name)) return [];
    return [
      problem("deploy/no-network", `${JSON.stringify(compute.name)} has no network ${JSON.stringify(name)}`, hint),
    ];
  });
}

function storageProblems(
  { datastore }: VspherePlace,
  packages: readonly MachinePackage[],
  need: Need,
): readonly Diagnostic[] {
  const name = JSON.stringify(datastore.name);
  if (!datastore.usable) {
    const hint = "Look at it in the client of the server, or name another one with --storage.";
    return [problem("deploy/no-storage", `the datastore ${name} is out of reach or in maintenance`, hint)];
  }
  // What is uploaded already takes its place no second time.
  const left = packages.filter(({ machine }) => !isOwn(need, "machine", machine.name));
  const [used, grown] = [sum(left, "populatedBytes"), sum(left, "capacityBytes")];
  const free = formatBytes(datastore.freeBytes);
  if (used > datastore.freeBytes) {
    const message = `the datastore ${name} has ${free} free, and the disks need ${formatBytes(used)}`;
    return [problem("deploy/no-space", message, "Free space there, or name another datastore with --storage.")];
  }
  if (grown <= datastore.freeBytes) return [];
  return [
    {
      code: "deploy/no-space",
      severity: "warning",
      message: `the datastore ${name} has ${free} free; the disks take ${formatBytes(used)} now and can grow to ${formatBytes(grown)}`,
      hint: "Watch the datastore, or name another one with --storage.",
    },
  ];
}

function sum(packages: readonly MachinePackage[], what: "populatedBytes" | "capacityBytes"): number {
  return packages.reduce((all, one) => all + one[what], 0);
}

/** The rights that are used, by what they are needed on (vSphere Web Services API, Privileges Reference). */
function rightsOf(
  place: VspherePlace,
  { wish, machines, plan }: Need,
): readonly (readonly [on: Ref, what: string, rights: readonly string[]])[] {
  const used = new Set(plan.appliance.machines.flatMap(({ nics }) => nics.map(({ network }) => network)));
  const folder = [
    ...(machines.length > 1 && place.isCenter ? ["Folder.Create", "Folder.Delete"] : []),
    ...["VirtualMachine.Inventory.Create", "VirtualMachine.Inventory.Delete", "VirtualMachine.Config.AdvancedConfig"],
    ...(wish.start ? ["VirtualMachine.Interact.PowerOn"] : []),
  ];
  return [
    [place.folder.ref, "the folder", folder],
    [place.pool.ref, `the resource pool ${place.pool.name}`, ["Resource.AssignVMToPool", "VApp.Import"]],
    [place.datastore.ref, `the datastore ${place.datastore.name}`, ["Datastore.AllocateSpace"]],
    ...place.networks
      .filter(({ name }) => used.has(name))
      .map(({ ref, name }) => [ref, `the network ${name}`, ["Network.Assign"]] as const),
  ];
}

async function missingRights(
  client: VsphereClient,
  place: VspherePlace,
  need: Need,
  signal: AbortSignal,
): Promise<readonly Diagnostic[]> {
  const manager = objectOf(await client.content(signal), "authorizationManager");
  const session = await client.sessionKey(signal);
  const found: Diagnostic[] = [];
  for (const [on, what, rights] of rightsOf(place, need)) {
    const args = [
      refNode("entity", on),
      el("sessionId", {}, session),
      ...rights.map((right) => el("privId", {}, right)),
    ];
    const options = { doing: "ask about rights", repeatable: true } as const;
    let answer: Awaited<ReturnType<VsphereClient["call"]>>;
    try {
      answer = await client.call("HasPrivilegeOnEntity", manager, args, options, signal);
    } catch (cause) {
      // Whoever may not even ask meets the refusal itself.
      if (isFault(cause)) return found;
      throw cause;
    }
    const has = children(answer, "returnval").map(({ text }) => text.trim());
    const missing = rights.filter((_, at) => has[at] === "false");
    if (missing.length === 0) continue;
    const message = `the user ${printable(client.login.user)} has not ${missing.join(", ")} on ${printable(what)}`;
    found.push(problem("deploy/denied", message, "Ask for these rights, or deploy as another user: --user."));
  }
  return found;
}

async function autostartProblems(
  client: VsphereClient,
  { compute }: VspherePlace,
  signal: AbortSignal,
): Promise<readonly Diagnostic[]> {
  const code = "deploy/bad-place";
  if (compute.ref.type === "ClusterComputeResource") {
    return [
      problem(
        code,
        "a cluster starts machines by vSphere HA, and not with a host",
        "Leave out --autostart, and look at the cluster's settings.",
      ),
    ];
  }
  for (const host of refsOf((await client.propertiesOf(compute.ref, ["host"], signal)).get("host"))) {
    if (await startsMachines(client, host, signal)) continue;
    const hint =
      "Switch it on in the client of the host (Manage, System, Autostart): other machines of it are concerned, too. Or leave out --autostart.";
    return [problem(code, "the host starts no machines by itself: its autostart is off", hint)];
  }
  return [];
}

/** What the server's importer says, of what is not there yet. */
async function importProblems(
  client: VsphereClient,
  place: VspherePlace,
  packages: readonly MachinePackage[],
  need: Need,
  signal: AbortSignal,
): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  const where = {
    pool: place.pool.ref,
    datastore: place.datastore.ref,
    host: place.host?.ref ?? null,
    networks: place.networks,
  };
  for (const { machine, preview } of packages) {
    if (isOwn(need, "machine", machine.name)) continue;
    const { errors, warnings } = await createImportSpec(
      client,
      { ...where, descriptor: preview, name: machine.name },
      signal,
    );
    const say = (severity: Diagnostic["severity"], words: string): void =>
      void found.push({
        code: "deploy/not-importable",
        severity,
        message: `${machine.name}: ${words}`,
        hint: "These are the words of the server's importer.",
      });
    for (const words of errors) say("error", words);
    for (const words of warnings) say("warning", words);
  }
  return found;
}
