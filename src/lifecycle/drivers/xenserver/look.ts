/** What a pool of XenServers has, and what of it stands in a deployment's way. Changes nothing there. */
import type { Diagnostic } from "../../../base/diagnostics.js";
import { FerryError } from "../../../base/errors.js";
import { formatBytes, printable } from "../../../base/text.js";
import type { Place } from "../../driver.js";
import { roomOf } from "./storage.js";
import { mapOf, numberOf, recordsOf, textOf, type XenRecord } from "./values.js";
import type { Xapi } from "./xapi.js";

/** A storage repository. */
export interface XenStorage {
  readonly uuid: string;
  readonly name: string;
  /** Bytes that are free; `null`: it does not say. */
  readonly room: number | null;
  /** Whether disks take all of their size at once. */
  readonly thick: boolean;
}

/** What was seen of a pool. */
export interface XenPool {
  /** `null`: it cannot be used, and `storageProblem` says why. */
  readonly storage: XenStorage | null;
  readonly storageProblem: Diagnostic | null;
  /** Names of networks, and how many have each. */
  readonly networks: ReadonlyMap<string, number>;
  /** The host that machines are started on where it can be; `null`: any. */
  readonly home: { readonly uuid: string; readonly name: string } | null;
  /** Hosts that machines can start on. */
  readonly hosts: readonly { readonly ref: string; readonly name: string }[];
  /** Whether hosts start machines when they start themselves. */
  readonly autostart: boolean;
  /** As in `software_version`. */
  readonly brand: string;
  readonly version: string;
}

/** Types of storage on LVM, where a disk is a volume of its full size. */
const THICK = /^(?:lvm|lvmoiscsi|lvmohba|lvmofcoe)$/;

/** Looks at a pool. @throws `deploy/refused`, `deploy/bad-place` for a host that it does not have */
export async function lookAtPool(xapi: Xapi, place: Place, signal: AbortSignal): Promise<XenPool> {
  const all = async (kind: string): Promise<ReadonlyMap<string, XenRecord>> =>
    recordsOf(await xapi.call(`${kind}.get_all_records`, [], signal));
  const [pool = {}] = [...(await all("pool")).values()];
  const hosts = await all("host");
  const networks = new Map<string, number>();
  for (const record of (await all("network")).values()) {
    const name = textOf(record, "name_label");
    networks.set(name, (networks.get(name) ?? 0) + 1);
  }
  const attached = new Set<string>();
  for (const record of (await all("PBD")).values()) {
    if (record.currently_attached === true) attached.add(textOf(record, "SR"));
  }
  const software = mapOf(hosts.get(textOf(pool, "master")) ?? [...hosts.values()][0] ?? {}, "software_version");
  return {
    ...storageOf(await all("SR"), attached, place.storage, textOf(pool, "default_SR")),
    networks,
    home: place.pool === null ? null : homeOf(hosts, place.pool),
    hosts: [...hosts].flatMap(([ref, record]) =>
      record.enabled === true ? [{ ref, name: textOf(record, "name_label") }] : [],
    ),
    autostart: mapOf(pool, "other_config").get("auto_poweron") === "true",
    brand: software.get("product_brand") ?? "",
    version: software.get("product_version") ?? "",
  };
}

function homeOf(hosts: ReadonlyMap<string, XenRecord>, wanted: string): XenPool["home"] {
  const found = [...hosts.values()].filter((record) =>
    [textOf(record, "name_label"), textOf(record, "uuid"), textOf(record, "hostname")].includes(wanted),
  );
  const [host] = found;
  if (host !== undefined && found.length === 1) return { uuid: textOf(host, "uuid"), name: textOf(host, "name_label") };
  throw new FerryError("deploy/bad-place", `the pool has no single host ${JSON.stringify(wanted)}`, {
    hint: `It has: ${names([...hosts.values()])}. --pool names the one that machines are started on.`,
  });
}

function names(records: readonly XenRecord[]): string {
  return printable(
    records
      .map((record) => textOf(record, "name_label"))
      .slice(0, 20)
      .join(", "),
  );
}

function storageOf(
  all: ReadonlyMap<string, XenRecord>,
  attached: ReadonlySet<string>,
  wanted: string | null,
  preset: string,
): Pick<XenPool, "storage" | "storageProblem"> {
  const problem = (message: string, hint: string): Pick<XenPool, "storage" | "storageProblem"> => ({
    storage: null,
    storageProblem: { code: "deploy/no-storage", severity: "error", message, hint },
  });
  const usable = [...all].filter(([ref, one]) => attached.has(ref) && textOf(one, "content_type") !== "iso");
  const choice = `Name one with --storage: ${names(usable.map(([, one]) => one))}.`;
  const isWanted = ([ref, one]: readonly [string, XenRecord]): boolean =>
    wanted === null ? ref === preset : textOf(one, "name_label") === wanted || textOf(one, "uuid") === wanted;
  const found = [...all].filter(isWanted);
  const [first] = found;
  const shown = JSON.stringify(wanted);
  if (first === undefined) {
    if (wanted === null) return problem("the pool has no default storage repository", choice);
    return problem(`the pool has no storage repository ${shown}`, choice);
  }
  if (found.length > 1) {
    const uuids = found.map(([, one]) => textOf(one, "uuid")).join(", ");
    return problem(`the pool has ${found.length} storage repositories ${shown}`, `Name it by its UUID: ${uuids}.`);
  }
  const [ref, record] = first;
  const name = textOf(record, "name_label");
  if (textOf(record, "content_type") === "iso") {
    return problem(`the storage repository ${JSON.stringify(name)} is a library of CD images`, choice);
  }
  if (!attached.has(ref)) {
    return problem(
      `the storage repository ${JSON.stringify(name)} is attached to no host`,
      `Repair it in XenCenter, or with xe pbd-plug. ${choice}`,
    );
  }
  const thick = THICK.test(textOf(record, "type"));
  return { storage: { uuid: textOf(record, "uuid"), name, room: roomOf(record), thick }, storageProblem: null };
}

/** What a deployment wants of a pool. */
export interface XenNeeds {
  readonly networks: readonly string[];
  /** Names of networks that are going to be made. */
  readonly made: readonly string[];
  /** Bytes of disks as guests see them; 0: nothing more is uploaded. */
  readonly bytes: number;
  /** Bytes of memory of the largest machine; `null`: none is started. */
  readonly memory: number | null;
  readonly autostart: boolean;
}

/** Says what will fail, before a byte moves: storage, space, networks, memory. */
export async function preflight(
  pool: XenPool,
  needs: XenNeeds,
  xapi: Xapi,
  signal: AbortSignal,
): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  if (pool.storageProblem !== null) found.push(pool.storageProblem);
  const { storage } = pool;
  if (storage !== null && storage.room !== null && needs.bytes > storage.room) {
    const words = `the storage repository ${JSON.stringify(storage.name)} has ${formatBytes(storage.room)} free, and the disks`;
    found.push({
      code: "deploy/no-space",
      // What is not written takes no place there, and how much that is shows when the disks are converted.
      severity: storage.thick || storage.room === 0 ? "error" : "warning",
      message: storage.thick
        ? `${words} take ${formatBytes(needs.bytes)} at once`
        : `${words} take up to ${formatBytes(needs.bytes)}`,
      hint: "Free space there, or name another one with --storage.",
    });
  }
  for (const name of new Set(needs.networks)) found.push(...networkFindings(pool, name));
  for (const name of needs.made.filter((one) => pool.networks.has(one))) {
    const message = `the pool has a network ${JSON.stringify(name)} already`;
    const hint = "It is not of this deployment. Choose another --name, or map to it with --map-network FROM=TO.";
    found.push({ code: "deploy/taken", severity: "error", message, hint });
  }
  if (needs.autostart && !pool.autostart) {
    found.push({
      code: "deploy/no-autostart",
      severity: "warning",
      message: "the pool does not start machines with its hosts",
      hint: "Allow it: xe pool-param-set uuid=POOL other-config:auto_poweron=true.",
    });
  }
  if (needs.memory !== null) found.push(...(await memoryFindings(pool, needs.memory, xapi, signal)));
  return found;
}

function networkFindings(pool: XenPool, name: string): readonly Diagnostic[] {
  const count = pool.networks.get(name) ?? 0;
  if (count === 1) return [];
  const shown = JSON.stringify(name);
  if (count > 1) {
    return [
      {
        code: "deploy/no-network",
        severity: "error",
        message: `the pool has ${count} networks ${shown}, and the import takes any of them`,
        hint: "Rename them, so that each has a name of its own, or map to another one with --map-network FROM=TO.",
      },
    ];
  }
  const known = printable([...pool.networks.keys()].slice(0, 20).join(", "));
  return [
    {
      code: "deploy/no-network",
      severity: "error",
      message: `the pool has no network ${shown}`,
      hint: `It has: ${known}. Map the machine's network to one of them with --map-network FROM=TO.`,
    },
  ];
}

async function memoryFindings(
  pool: XenPool,
  memory: number,
  xapi: Xapi,
  signal: AbortSignal,
): Promise<readonly Diagnostic[]> {
  let most = 0;
  for (const { ref } of pool.hosts) {
    most = Math.max(most, numberOf(await xapi.call("host.compute_free_memory", [ref], signal)) ?? 0);
  }
  if (pool.hosts.length > 0 && most >= memory) return [];
  return [
    {
      code: "deploy/no-memory",
      severity: "error",
      message:
        pool.hosts.length === 0
          ? "no host of the pool takes machines: all are in maintenance"
          : `a machine has ${formatBytes(memory)} of memory, and no host has more than ${formatBytes(most)} free`,
      hint: "Stop other machines, or leave out --start and start it later.",
    },
  ];
}
