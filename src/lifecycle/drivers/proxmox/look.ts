/** What a node of Proxmox VE has. Changes nothing there. */
import { FerryError } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import type { Pve } from "./api.js";
import { isOn, listOf, numberOf, objectOf, textOf } from "./values.js";

/** A storage of a node. */
export interface PveStorage {
  readonly name: string;
  /** `dir`, `lvmthin`, `zfspool`, ... */
  readonly type: string;
  /** What it may hold: `images`, `import`, `iso`, ... */
  readonly content: readonly string[];
  readonly active: boolean;
  /** Bytes that are free. */
  readonly room: number;
}

/** A machine of the cluster. */
export interface PveMachine {
  readonly vmid: number;
  readonly node: string;
  /** `null`: it has none, or may not be seen. */
  readonly name: string | null;
}

/** What was seen. */
export interface PveHost {
  readonly node: string;
  /** `8.4.1`; `null`: it does not say. */
  readonly version: string | null;
  readonly storages: readonly PveStorage[];
  /** Bridges, and whether they are active. */
  readonly bridges: ReadonlyMap<string, boolean>;
  readonly machines: readonly PveMachine[];
  /** Whether the processors can run machines. */
  readonly kvm: boolean;
  /** Names; `null`: nobody asked. */
  readonly pools: readonly string[] | null;
}

/** Names that PVE's storages, pools and bridges can have (pve-storage-id, pve-poolid, pve-iface). */
export const PVE_NAME: RegExp = /^[A-Za-z][A-Za-z0-9._-]{0,99}$/;

/**
 * Looks at a node.
 * @param pool asked for; `null`: pools are not looked at
 * @throws `deploy/no-node` where the cluster has not the node, or it is off; what asking throws
 */
export async function lookAtNode(pve: Pve, node: string, pool: string | null, signal: AbortSignal): Promise<PveHost> {
  const version = textOf(objectOf(await pve.get("/version", signal)).version);
  const nodes = listOf(await pve.get("/nodes", signal));
  const own = nodes.find((known) => known.node === node);
  if (own === undefined || own.status === "offline") {
    const all = nodes.map((known) => textOf(known.node) ?? "?").slice(0, 20);
    throw new FerryError(
      "deploy/no-node",
      own === undefined ? `the cluster has no node ${JSON.stringify(node)}` : `the node ${node} is offline`,
      { hint: all.length === 0 ? "This user sees none: it needs rights." : `It has: ${printable(all.join(", "))}.` },
    );
  }
  const [storages, bridges, machines, status, pools] = await Promise.all([
    pve.get(`/nodes/${node}/storage`, signal, { enabled: 1 }),
    pve.get(`/nodes/${node}/network`, signal, { type: "any_bridge" }),
    machinesOf(pve, signal),
    // A user may be kept from it, which does not matter.
    pve.try("GET", `/nodes/${node}/status`, {}, signal),
    pool === null ? null : pve.get("/pools", signal),
  ]);
  const cpu = objectOf(objectOf(status.ok ? status.data : null).cpuinfo);
  return {
    node,
    version,
    storages: listOf(storages).flatMap(storageOf),
    bridges: new Map(
      listOf(bridges).flatMap(({ iface, active }) => {
        const name = textOf(iface);
        return name === null ? [] : [[name, isOn(active)] as const];
      }),
    ),
    machines,
    kvm: cpu.hvm === undefined || isOn(cpu.hvm),
    pools: pools === null ? null : listOf(pools).flatMap(({ poolid }) => textOf(poolid) ?? []),
  };
}

/** All machines of the cluster that the user may see. */
export async function machinesOf(pve: Pve, signal: AbortSignal): Promise<readonly PveMachine[]> {
  return listOf(await pve.get("/cluster/resources", signal, { type: "vm" })).flatMap(({ type, vmid, node, name }) => {
    const [number, place] = [numberOf(vmid), textOf(node)];
    const isOne = type === "qemu" || type === "lxc";
    // What follows goes into paths of calls.
    if (!isOne || number === null || place === null || !/^[A-Za-z0-9-]+$/.test(place)) return [];
    return [{ vmid: number, node: place, name: textOf(name) }];
  });
}

function storageOf(record: Readonly<Record<string, unknown>>): readonly PveStorage[] {
  const name = textOf(record.storage);
  if (name === null || !PVE_NAME.test(name)) return [];
  return [
    {
      name,
      type: textOf(record.type) ?? "",
      content: (textOf(record.content) ?? "").split(","),
      active: isOn(record.active),
      room: numberOf(record.avail) ?? 0,
    },
  ];
}

/** Storages for the parts of a deployment. `null`: there is none that could be. */
export interface PveStorages {
  /** For disks. */
  readonly images: PveStorage | null;
  /** Where disks lie until machines are made of them: folders alone can. */
  readonly import: PveStorage | null;
  readonly iso: PveStorage | null;
}

/** Chooses storages: the named one where it can, else the one with the most room. */
export function storagesFor(host: PveHost, named: string | null): PveStorages {
  const able = (content: string): readonly PveStorage[] =>
    host.storages
      .filter((storage) => storage.active && storage.content.includes(content))
      .sort((a, b) => b.room - a.room || (a.name < b.name ? -1 : 1));
  const own = (content: string): PveStorage | undefined => able(content).find(({ name }) => name === named);
  return {
    images: (named === null ? able("images")[0] : own("images")) ?? null,
    import: own("import") ?? able("import")[0] ?? null,
    iso: own("iso") ?? able("iso")[0] ?? null,
  };
}

/**
 * Numbers for new machines: free, and with no disks of an old machine lying about, which would be taken for theirs.
 * @throws `deploy/refused`
 */
export async function freeNumbers(
  pve: Pve,
  host: PveHost,
  count: number,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const found: number[] = [];
  let next = numberOf(await pve.get("/cluster/nextid", signal)) ?? 100;
  for (let tries = 0; found.length < count && tries < MOST_TRIES; tries++, next++) {
    const isNext = await pve.try("GET", "/cluster/nextid", { vmid: next }, signal);
    if (isNext.ok && !(await hasDisks(pve, host, next, signal))) found.push(next);
  }
  if (found.length === count) return found;
  throw new FerryError(
    "deploy/refused",
    `Proxmox VE has no free numbers for ${count} machines from ${next - MOST_TRIES} on`,
    {
      hint: "Look at the range of numbers under Datacenter, Options, Next Free VMID Range.",
    },
  );
}

/** Numbers that are asked for. */
const MOST_TRIES = 1000;

async function hasDisks(pve: Pve, { node, storages }: PveHost, vmid: number, signal: AbortSignal): Promise<boolean> {
  for (const { name, active, content } of storages) {
    if (!active || !content.includes("images")) continue;
    // Without a right to see it, nothing there can be removed either.
    const answer = await pve.try("GET", `/nodes/${node}/storage/${name}/content`, { content: "images", vmid }, signal);
    if (answer.ok && listOf(answer.data).some((volume) => numberOf(volume.vmid) === vmid)) return true;
  }
  return false;
}
