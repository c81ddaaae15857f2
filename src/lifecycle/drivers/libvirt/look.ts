/** What a libvirt has, and what of it stands in a deployment's way. Changes nothing there. */
import type { Diagnostic } from "../../../base/diagnostics.js";
import { FerryError } from "../../../base/errors.js";
import { defaultLimits } from "../../../base/limits.js";
import { formatBytes, printable } from "../../../base/text.js";
import { parseXml } from "../../../xml/parse.js";
import { domainsOf, hasVolume, type Virsh } from "./virsh.js";

/** A storage pool whose volumes are files. */
export interface LibvirtPool {
  readonly name: string;
  /** Absolute, on the host. */
  readonly folder: string;
  /** Bytes that are free. */
  readonly room: number;
}

/** What was seen of a host. */
export interface LibvirtHost {
  readonly virtualization: "kvm" | "qemu";
  /** Names by UUIDs. */
  readonly domains: ReadonlyMap<string, string>;
  /** Names of networks, and whether they are active. */
  readonly networks: ReadonlyMap<string, boolean>;
  /** `null`: it cannot be used, and `poolProblem` says why. */
  readonly pool: LibvirtPool | null;
  readonly poolProblem: Diagnostic | null;
}

/** Kinds of pools whose volumes are files in a folder. */
const FILE_POOLS = ["dir", "fs", "netfs"];

/** Looks at a host. @throws `deploy/refused` where it cannot be reached, `deploy/no-tool` */
export async function lookAtHost(virsh: Virsh, storage: string, signal: AbortSignal): Promise<LibvirtHost> {
  const names = async (words: readonly string[]): Promise<readonly string[]> =>
    (await virsh.run(words, signal))
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  const capabilities = parsed(await virsh.run(["capabilities"], signal), "the host's capabilities");
  const domains = await domainsOf(virsh, signal);
  const active = new Set(await names(["net-list", "--name"]));
  const networks = new Map((await names(["net-list", "--all", "--name"])).map((name) => [name, active.has(name)]));
  return {
    virtualization: virtualizationOf(capabilities),
    domains,
    networks,
    ...(await poolOf(virsh, storage, signal)),
  };
}

function parsed(text: string, what: string): ReturnType<typeof parseXml>["root"] {
  return parseXml(new TextEncoder().encode(text), what, defaultLimits).root;
}

/** `kvm` where the host lists it for the machines that we write. */
function virtualizationOf(root: ReturnType<typeof parsed>): LibvirtHost["virtualization"] {
  for (const guest of root.elements("", "guest")) {
    const arch = guest.element("", "arch");
    if (arch?.attribute("", "name") !== "x86_64") continue;
    for (const domain of arch.elements("", "domain")) if (domain.attribute("", "type") === "kvm") return "kvm";
  }
  return "qemu";
}

async function poolOf(
  virsh: Virsh,
  storage: string,
  signal: AbortSignal,
): Promise<Pick<LibvirtHost, "pool" | "poolProblem">> {
  const problem = (message: string, hint: string): Pick<LibvirtHost, "pool" | "poolProblem"> => ({
    pool: null,
    poolProblem: { code: "deploy/no-storage", severity: "error", message, hint },
  });
  const answer = await virsh.try(["pool-dumpxml", `--pool=${storage}`], signal);
  if (!answer.ok) {
    const known = await virsh.run(["pool-list", "--all", "--name"], signal);
    const all = known
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
    return problem(
      `the host has no storage pool ${JSON.stringify(storage)}`,
      all.length === 0
        ? "It has none. On the host: virsh pool-define-as default dir --target /var/lib/libvirt/images, pool-build and pool-start."
        : `It has: ${printable(all.slice(0, 20).join(", "))}. Name one with --storage.`,
    );
  }
  const root = parsed(answer.text, `the pool ${storage}`);
  const kind = root.attribute("", "type") ?? "";
  const folder = root.element("", "target")?.element("", "path")?.text.trim() ?? "";
  if (!FILE_POOLS.includes(kind) || !folder.startsWith("/")) {
    return problem(
      `the storage pool ${JSON.stringify(storage)} is of the kind ${JSON.stringify(kind)}, whose volumes are no files`,
      `Name a pool of the kind ${FILE_POOLS.join(", ")} with --storage.`,
    );
  }
  const info = await virsh.run(["pool-info", `--pool=${storage}`, "--bytes"], signal);
  if (!/^State:\s+running/m.test(info)) {
    return problem(
      `the storage pool ${JSON.stringify(storage)} is not active`,
      `On the host: virsh pool-start ${storage}.`,
    );
  }
  const room = Number(/^Available:\s+(\d+)/m.exec(info)?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(room)) {
    throw new FerryError("deploy/refused", `virsh pool-info says no free space of ${JSON.stringify(storage)}`, {
      hint: "Refresh the pool: virsh pool-refresh.",
    });
  }
  return { pool: { name: storage, folder, room }, poolProblem: null };
}

/** What a deployment wants of a host. */
export interface LibvirtNeeds {
  readonly domains: readonly { readonly name: string; readonly uuid: string }[];
  readonly volumes: readonly string[];
  /** Of the host. */
  readonly networks: readonly string[];
  /** Networks that are made, and whether an earlier run of the same deployment has begun them. */
  readonly made: readonly { readonly name: string; readonly own: boolean }[];
  readonly starts: boolean;
  /** Bytes that disks and files take at most; 0: nothing more. */
  readonly bytes: number;
  /** Volumes that earlier runs of the same deployment have begun. */
  readonly own: ReadonlySet<string>;
}

/** Says what will fail, before a byte moves: names, networks, storage, space. */
export async function preflight(
  host: LibvirtHost,
  needs: LibvirtNeeds,
  virsh: Virsh,
  signal: AbortSignal,
): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  const taken = new Set(host.domains.values());
  for (const { name, uuid } of needs.domains) {
    if (host.domains.has(uuid) || !taken.has(name)) continue;
    found.push({
      code: "deploy/taken",
      severity: "error",
      message: `the host has a machine called ${JSON.stringify(name)} already`,
      hint: "It is not of this deployment. Choose another --name, or remove it.",
    });
  }
  for (const { name, own } of needs.made) {
    if (own || !host.networks.has(name)) continue;
    found.push({
      code: "deploy/taken",
      severity: "error",
      message: `the host has a network called ${JSON.stringify(name)} already`,
      hint: "It is not of this deployment. Choose another --name, or map the package's network to it with --map-network.",
    });
  }
  for (const name of new Set(needs.networks)) {
    const active = host.networks.get(name);
    if (active === true || (active === false && !needs.starts)) continue;
    const known = printable([...host.networks.keys()].slice(0, 20).join(", "));
    found.push({
      code: "deploy/no-network",
      severity: "error",
      message: `the host ${active === false ? "has not started its" : "has no"} network ${JSON.stringify(name)}`,
      hint:
        active === false
          ? `On the host: virsh net-start ${name}.`
          : known === ""
            ? "It has none. On the host: virsh net-define and net-start."
            : `It has: ${known}. Map the machine's network to one of them with --map-network FROM=TO.`,
    });
  }
  if (host.poolProblem !== null) found.push(host.poolProblem);
  if (host.pool !== null) {
    for (const name of needs.volumes) {
      if (needs.own.has(name) || !(await hasVolume(virsh, host.pool.name, name, signal))) continue;
      found.push({
        code: "deploy/taken",
        severity: "error",
        message: `the storage pool ${JSON.stringify(host.pool.name)} has a volume ${JSON.stringify(name)} already`,
        hint: "It is not of this deployment. Choose another --name, or remove it.",
      });
    }
    if (needs.bytes > host.pool.room) {
      found.push({
        code: "deploy/no-space",
        severity: "error",
        message: `the storage pool ${JSON.stringify(host.pool.name)} has ${formatBytes(host.pool.room)} free, and the disks need ${formatBytes(needs.bytes)}`,
        hint: "Free space there, or name another pool with --storage.",
      });
    }
  }
  if (host.virtualization === "qemu") {
    found.push({
      code: "deploy/slow",
      severity: "warning",
      message: "the host has no KVM: the machines are emulated",
      hint: "They work, many times slower.",
    });
  }
  return found;
}
