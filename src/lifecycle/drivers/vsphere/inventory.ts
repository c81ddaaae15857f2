/** What of a vSphere is meant: data center, folder, resource pool, host, storage, networks. Found by their names; changes nothing. */
import { FerryError } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import type { Place } from "../../driver.js";
import type { VsphereClient } from "./client.js";
import type { ObjectProperties } from "./properties.js";
import { objectOf } from "./properties.js";
import { type Ref, refOf, refsOf, textOf } from "./soap.js";

/** A thing with a name. */
export interface Named {
  readonly ref: Ref;
  readonly name: string;
}

/** Where disks can lie. */
export interface Datastore extends Named {
  readonly usable: boolean;
  readonly freeBytes: number;
}

/** Where machines go. */
export interface VspherePlace {
  readonly isCenter: boolean;
  /** `VMware vCenter Server 8.0.3`. */
  readonly label: string;
  readonly datacenter: Named;
  /** Folder of machines that the deployment goes into. */
  readonly folder: Named;
  readonly compute: Named;
  readonly pool: Named;
  /** `null`: the server chooses. */
  readonly host: Named | null;
  readonly datastore: Datastore;
  readonly networks: readonly Named[];
}

const SHOWN = 20;

/**
 * Finds what a place means.
 * @throws `deploy/bad-place` for what is not there, with what is
 */
export async function findPlace(
  client: VsphereClient,
  wanted: Place & { readonly datacenter: string | null },
  signal: AbortSignal,
): Promise<VspherePlace> {
  const content = await client.content(signal);
  const root = objectOf(content, "rootFolder");
  const centers = await client.below(root, ["Datacenter"], ["name", "vmFolder", "hostFolder"], signal);
  const center = chosen(
    centers.map(named),
    wanted.datacenter,
    "data center",
    "Name it behind the host: vsphere://HOST/DATACENTER.",
  );
  const found = centers.find(({ ref }) => ref.value === center.ref.value);
  const [machines, hosts] = [refOf(found?.get("vmFolder")), refOf(found?.get("hostFolder"))];
  if (machines === null || hosts === null)
    throw badPlace(`the data center ${shown(center.name)} is not shown to this user`, "Ask for the right to read it.");
  if (wanted.folder !== null && !content.isCenter) {
    throw badPlace(
      "an ESXi has no folders of machines",
      "Leave out --folder, or name the vCenter in place of its host.",
    );
  }
  const resources = await findResources(client, hosts, wanted.pool, center.name, signal);
  return {
    isCenter: content.isCenter,
    label: printable(`${content.name} ${content.version}`.trim()),
    datacenter: center,
    folder:
      wanted.folder === null
        ? { ref: machines, name: "" }
        : await findFolder(client, machines, parts(wanted.folder, center.name, "vm"), signal),
    ...resources,
    datastore: await findDatastore(client, resources.stores, wanted.storage, signal),
    networks: await namesOf(client, resources.plugs, signal),
  };
}

/** The parts of a path, with or without what stands before it in paths of the inventory: `/DC/host/`. */
function parts(path: string, center: string, kind: "vm" | "host"): readonly string[] {
  const all = path.split("/").filter((part) => part !== "");
  return path.startsWith("/") && all[0] === center && all[1] === kind ? all.slice(2) : all;
}

function named(object: ObjectProperties): Named {
  return { ref: object.ref, name: object.get("name")?.text ?? "" };
}

function shown(name: string): string {
  return JSON.stringify(printable(name.slice(0, 200)));
}

function list(names: readonly string[]): string {
  if (names.length === 0) return "There is none that this user sees.";
  return `There are: ${printable(names.slice(0, SHOWN).join(", "))}${names.length > SHOWN ? ", ..." : ""}.`;
}

function badPlace(message: string, hint: string): FerryError {
  return new FerryError("deploy/bad-place", message, { hint });
}

/** The one that is named, or the only one. */
function chosen<T extends Named>(all: readonly T[], wanted: string | null, what: string, how: string): T {
  const fitting =
    wanted === null ? all : all.filter(({ name }) => name === wanted || name === wanted.replace(/^.*\//, ""));
  const [first] = fitting;
  if (first !== undefined && fitting.length === 1) return first;
  const names = all.map(({ name }) => name);
  if (wanted !== null && first === undefined)
    throw badPlace(`there is no ${what} ${shown(wanted)}`, `${list(names)} ${how}`);
  throw badPlace(`${fitting.length === 0 ? "there is no" : "there is more than one"} ${what}`, `${list(names)} ${how}`);
}

/** @throws `deploy/bad-place` */
async function findFolder(
  client: VsphereClient,
  root: Ref,
  path: readonly string[],
  signal: AbortSignal,
): Promise<Named> {
  const folders = await client.below(root, ["Folder"], ["name", "parent"], signal);
  let at: Named = { ref: root, name: "" };
  for (const part of path) {
    const inside = folders.filter((folder) => refOf(folder.get("parent"))?.value === at.ref.value).map(named);
    const next = inside.find(({ name }) => name === part);
    if (next === undefined)
      throw badPlace(
        `there is no folder ${shown(path.join("/"))} for machines`,
        `${list(inside.map(({ name }) => name))} Make it first, or name another with --folder.`,
      );
    at = next;
  }
  return { ref: at.ref, name: path.join("/") };
}

interface Resources {
  readonly compute: Named;
  readonly pool: Named;
  readonly host: Named | null;
  readonly stores: readonly Ref[];
  readonly plugs: readonly Ref[];
}

const HOW_POOL = "Name one with --pool: CLUSTER, HOST, CLUSTER/HOST or CLUSTER/POOL.";

async function findResources(
  client: VsphereClient,
  root: Ref,
  wanted: string | null,
  center: string,
  signal: AbortSignal,
): Promise<Resources> {
  const all = await client.below(root, ["ComputeResource"], ["name", "resourcePool", "host", "datastore"], signal);
  const path = wanted === null ? null : parts(wanted, center, "host");
  // Folders of hosts may stand before it.
  const names = new Set(all.map((one) => named(one).name));
  const at = path === null ? 0 : path.findIndex((part) => names.has(part));
  const name = path === null ? null : (path[Math.max(0, at)] ?? "");
  const compute = chosen(all.map(named), name, "cluster or host", HOW_POOL);
  const found = all.find(({ ref }) => ref.value === compute.ref.value);
  const top = refOf(found?.get("resourcePool"));
  if (top === null)
    throw badPlace(`${shown(compute.name)} has no resource pool that this user sees`, "Ask for the right to read it.");
  const below = (path ?? []).slice(at + 1);
  const rest = below[0] === "Resources" ? below.slice(1) : below;
  const hosts = await namesOf(client, refsOf(found?.get("host")), signal);
  const [only = ""] = rest;
  const host = rest.length === 1 ? (hosts.find((one) => one.name === only) ?? null) : null;
  const pool =
    host === null
      ? await findPool(client, { ref: top, name: compute.name }, rest, hosts, signal)
      : { ref: top, name: compute.name };
  return {
    compute,
    pool,
    host: host ?? (await hostFor(client, compute.ref, refsOf(found?.get("host")), signal)),
    stores: refsOf(found?.get("datastore")),
    plugs: await plugsOf(client, compute.ref, signal),
  };
}

/** The networks that the hosts of a cluster, or a host, have; those of the data center where they say none. */
async function plugsOf(client: VsphereClient, compute: Ref, signal: AbortSignal): Promise<readonly Ref[]> {
  const own = refsOf((await client.propertiesOf(compute, ["network"], signal)).get("network"));
  if (own.length > 0) return own;
  const center = await datacenterOf(client, compute, signal);
  return center === null ? [] : (await client.below(center, ["Network"], ["name"], signal)).map(({ ref }) => ref);
}

/** The same by a resource pool. */
export async function networksOf(client: VsphereClient, pool: Ref, signal: AbortSignal): Promise<readonly Named[]> {
  const owner = refOf((await client.propertiesOf(pool, ["owner"], signal)).get("owner"));
  return owner === null ? [] : namesOf(client, await plugsOf(client, owner, signal), signal);
}

/** Folders in folders. */
const MOST_PARENTS = 100;

/** The data center that something lies in; `null`: none that is seen. */
export async function datacenterOf(client: VsphereClient, from: Ref | null, signal: AbortSignal): Promise<Ref | null> {
  let at = from;
  for (let i = 0; at !== null && at.type !== "Datacenter" && i < MOST_PARENTS; i++) {
    at = refOf((await client.propertiesOf(at, ["parent"], signal)).get("parent"));
  }
  return at?.type === "Datacenter" ? at : null;
}

async function findPool(
  client: VsphereClient,
  top: Named,
  path: readonly string[],
  hosts: readonly Named[],
  signal: AbortSignal,
): Promise<Named> {
  let at = top;
  for (const part of path) {
    const inside = await namesOf(
      client,
      refsOf((await client.propertiesOf(at.ref, ["resourcePool"], signal)).get("resourcePool")),
      signal,
    );
    const next = inside.find(({ name }) => name === part);
    if (next === undefined) {
      const names = [...inside, ...(at === top ? hosts : [])].map(({ name }) => name);
      throw badPlace(`${shown(at.name)} has no resource pool and no host ${shown(part)}`, `${list(names)} ${HOW_POOL}`);
    }
    at = { ref: next.ref, name: `${at.name}/${next.name}` };
  }
  return at;
}

/** A cluster that does not distribute machines by itself (DRS) wants to be told the host: the first by name that can take one. */
async function hostFor(
  client: VsphereClient,
  compute: Ref,
  hosts: readonly Ref[],
  signal: AbortSignal,
): Promise<Named | null> {
  if (compute.type !== "ClusterComputeResource") return null;
  const seen = await client.propertiesOf(compute, ["configurationEx"], signal);
  const drs = textOf(seen.get("configurationEx"), "drsConfig", "enabled");
  if (drs !== "false") return null;
  const paths = ["name", "runtime.connectionState", "runtime.inMaintenanceMode"];
  const all = await client.properties(hosts, "HostSystem", paths, signal);
  const ready = all
    .filter((host) => host.get("runtime.connectionState")?.text.trim() === "connected")
    .filter((host) => host.get("runtime.inMaintenanceMode")?.text.trim() !== "true")
    .map(named)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const [first] = ready;
  if (first !== undefined) return first;
  throw badPlace(
    "no host of the cluster can take a machine now",
    "They are disconnected or in maintenance. Name another cluster with --pool.",
  );
}

async function findDatastore(
  client: VsphereClient,
  stores: readonly Ref[],
  wanted: string | null,
  signal: AbortSignal,
): Promise<Datastore> {
  const paths = ["name", "summary.accessible", "summary.freeSpace", "summary.maintenanceMode"];
  const seen = await client.properties(stores, "Datastore", paths, signal);
  const all = seen.map((store): Datastore => {
    const free = Number(store.get("summary.freeSpace")?.text.trim() ?? 0);
    return {
      ...named(store),
      usable:
        store.get("summary.accessible")?.text.trim() !== "false" &&
        !/^(?:enteringMaintenance|inMaintenance)$/.test(store.get("summary.maintenanceMode")?.text.trim() ?? ""),
      freeBytes: Number.isFinite(free) && free >= 0 ? free : 0,
    };
  });
  // What is named is looked at closer by the preflight.
  const of = wanted === null ? all.filter(({ usable }) => usable) : all;
  return chosen(of, wanted, "datastore", "Name one with --storage that the hosts of the pool reach.");
}

/** Objects with their names, as far as they are there. */
export async function namesOf(
  client: VsphereClient,
  refs: readonly Ref[],
  signal: AbortSignal,
): Promise<readonly Named[]> {
  const found: Named[] = [];
  for (const type of new Set(refs.map((ref) => ref.type))) {
    const own = refs.filter((ref) => ref.type === type);
    for (const object of await client.properties(own, type, ["name"], signal)) found.push(named(object));
  }
  return found;
}

/** What lies directly in a folder of machines. */
export async function inFolder(client: VsphereClient, folder: Ref, signal: AbortSignal): Promise<readonly Named[]> {
  const seen = await client.propertiesOf(folder, ["childEntity"], signal);
  return namesOf(client, refsOf(seen.get("childEntity")), signal);
}
