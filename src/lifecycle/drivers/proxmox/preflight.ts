/** Says what will fail on a node of Proxmox VE, before a byte moves. */
import type { Diagnostic } from "../../../base/diagnostics.js";
import { formatBytes, printable } from "../../../base/text.js";
import type { DescribedMachine } from "../../../platforms/proxmox/export.js";
import { dnsName } from "../../../platforms/proxmox/words.js";
import type { Need } from "../../driver.js";
import type { Pve } from "./api.js";
import type { PveHost, PveStorage, PveStorages } from "./look.js";
import { missingOn, rightsOn } from "./rights.js";
import type { ProxmoxAction } from "./steps.js";
import { hasVolume, volumeOf } from "./upload.js";
import { partsOf } from "./values.js";

/** What preflight looks at. */
export interface Inspection {
  readonly host: PveHost;
  readonly storages: PveStorages;
  readonly ordered: boolean;
  readonly described: readonly DescribedMachine[];
  readonly need: Need;
}

/** The first version that imports disks which were uploaded (release notes of 8.2 and pve-storage 8.2). */
const OLDEST = [8, 2] as const;
/** Kinds of storage that give a disk all of its bytes at once. */
const THICK = ["lvm", "iscsi", "iscsidirect"];

/** All findings. */
export async function preflight(of: Inspection, pve: Pve, signal: AbortSignal): Promise<readonly Diagnostic[]> {
  return [
    ...versionOf(of),
    ...names(of),
    ...networks(of),
    ...storages(of),
    ...room(of),
    ...pools(of),
    ...(await uploads(of, pve, signal)),
    ...(await rights(of, pve, signal)),
    ...(of.host.kvm || of.need.wish.emulate ? [] : [SLOW]),
  ];
}

const SLOW: Diagnostic = {
  code: "deploy/slow",
  severity: "warning",
  message: "the host's processors cannot run machines (no KVM): they are emulated",
  hint: "They work, many times slower.",
};

const error = (code: Diagnostic["code"], message: string, hint: string): Diagnostic => ({
  code,
  severity: "error",
  message,
  hint,
});

const listed = (words: readonly string[]): string => printable(words.slice(0, 20).join(", "));

function versionOf({ host: { version } }: Inspection): Diagnostic[] {
  const [major, minor = 0] = (version ?? "").split(".").map(Number);
  const known = major !== undefined && Number.isFinite(major) && Number.isFinite(minor);
  const old = known && (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]));
  if (!old) return [];
  return [
    error(
      "deploy/old-platform",
      `Proxmox VE ${printable(version ?? "")} does not import disks that are uploaded`,
      "That came with 8.2. Else convert with --to proxmox, copy the folder to the host, and run import.sh there.",
    ),
  ];
}

function ownSteps({ need }: Inspection): readonly ProxmoxAction[] {
  return need.steps
    .filter(({ action }) => ["machine", "drive", "finish"].includes(String(action.kind)))
    .map(({ action }) => action as unknown as ProxmoxAction);
}

function names(of: Inspection): Diagnostic[] {
  const { host, need } = of;
  const own = new Set(need.steps.flatMap(({ action, status }) => (status === "open" ? [] : [action.vmid])));
  return need.machines.flatMap(({ name }) => {
    const other = host.machines.find((known) => known.name === dnsName(name) && !own.has(known.vmid));
    if (other === undefined) return [];
    return [
      error(
        "deploy/taken",
        `the cluster has a machine called ${JSON.stringify(dnsName(name))} already (${other.vmid} on ${other.node})`,
        "It is not of this deployment. Choose another --name, or remove it.",
      ),
    ];
  });
}

function networks({ host, described, need }: Inspection): Diagnostic[] {
  const found: Diagnostic[] = [];
  const bridges = new Set(described.flatMap(({ settings }) => settings.settings.flatMap(bridgeOf)));
  for (const bridge of bridges) {
    const active = host.bridges.get(bridge);
    if (active === true || (active === false && !need.wish.start)) continue;
    const known = listed([...host.bridges.keys()]);
    const message = `the node ${active === false ? "has not brought up its" : "has no"} bridge ${JSON.stringify(bridge)}`;
    const hint =
      active === false
        ? `On the node: ifup ${bridge}.`
        : known === ""
          ? "It has none that this user sees: rights on /sdn/zones/localnetwork (SDN.Use) may be missing."
          : `It has: ${known}. Map the machine's network to one of them with --map-network FROM=TO.`;
    found.push(error("deploy/no-network", message, hint));
  }
  return found;
}

/** The bridge that a setting of a network card names. */
function bridgeOf({ key, value }: DescribedMachine["settings"]["settings"][number]): string[] {
  if (!/^net\d+$/.test(key)) return [];
  const text = value.map((part) => (typeof part === "string" ? part : "vmbr0")).join("");
  const bridge = partsOf(text, "model").get("bridge");
  return bridge === undefined ? [] : [bridge];
}

function hasFiles({ described }: Inspection, kind: "disk" | "iso"): boolean {
  return described.some(({ settings }) => settings.drives.some((drive) => drive.kind === kind && drive.file !== null));
}

function storages(of: Inspection): Diagnostic[] {
  const { host, need } = of;
  const { images, import: staging, iso } = of.storages;
  const found: Diagnostic[] = [];
  const named = need.wish.place.storage;
  if (images === null) {
    const other = host.storages.find(({ name }) => name === named);
    const able = host.storages
      .filter(({ content, active }) => active && content.includes("images"))
      .map(({ name }) => name);
    const what = other === undefined ? "is not there" : other.active ? "holds no disks of machines" : "is not active";
    found.push(
      error(
        "deploy/no-storage",
        named === null
          ? `the node ${host.node} has no storage for disks of machines that this user may use`
          : `the storage ${JSON.stringify(named)} ${what}`,
        able.length === 0
          ? "Rights on /storage (Datastore.AllocateSpace) may be missing."
          : `These do: ${listed(able)}.`,
      ),
    );
  }
  if (staging === null && hasFiles(of, "disk")) {
    found.push(
      error(
        "deploy/no-storage",
        `the node ${host.node} has no storage that takes disks to be imported`,
        "A folder can: Datacenter, Storage, Edit, Content, Import; or pvesm set local --content iso,vztmpl,backup,import.",
      ),
    );
  }
  if (iso === null && hasFiles(of, "iso")) {
    found.push(
      error(
        "deploy/no-storage",
        `the node ${host.node} has no storage that takes CD images`,
        "A folder can: Datacenter, Storage, Edit, Content, ISO image.",
      ),
    );
  }
  return found;
}

/** Disks go through the storage of imports one after the other, and into that of disks all together. */
function room(of: Inspection): Diagnostic[] {
  const { need, storages: chosen } = of;
  // What is there already takes its place no second time.
  if (need.steps.some(({ action, status }) => action.kind === "drive" && status !== "open")) return [];
  const sizes = new Map(need.plan.files.map(({ name, size }) => [name, size ?? 0]));
  const bytesOf = (kind: "disk" | "iso"): number[] =>
    of.described.flatMap(({ settings }) =>
      settings.drives.flatMap((drive) =>
        drive.kind === kind && drive.file !== null ? [sizes.get(drive.file) ?? 0] : [],
      ),
    );
  const whole = need.plan.appliance.disks.reduce((sum, { capacityBytes }) => sum + capacityBytes, 0);
  const disks =
    chosen.images !== null && THICK.includes(chosen.images.type) ? whole : bytesOf("disk").reduce((a, b) => a + b, 0);
  const wanted = new Map<PveStorage, number>();
  const want = (storage: PveStorage | null, bytes: number): void => {
    if (storage !== null) wanted.set(storage, (wanted.get(storage) ?? 0) + bytes);
  };
  want(chosen.images, disks);
  want(chosen.import, Math.max(0, ...bytesOf("disk")));
  want(
    chosen.iso,
    bytesOf("iso").reduce((a, b) => a + b, 0),
  );
  return [...wanted].flatMap(([storage, bytes]) =>
    bytes <= storage.room
      ? []
      : [
          error(
            "deploy/no-space",
            `the storage ${JSON.stringify(storage.name)} has ${formatBytes(storage.room)} free, and ${formatBytes(bytes)} are needed`,
            "Free space there, or name another storage with --storage.",
          ),
        ],
  );
}

function pools({ host, need }: Inspection): Diagnostic[] {
  const { pool } = need.wish.place;
  if (pool === null || host.pools?.includes(pool) === true) return [];
  const known = listed(host.pools ?? []);
  return [
    error(
      "deploy/no-pool",
      `the cluster has no pool ${JSON.stringify(pool)}`,
      known === "" ? "It has none that this user sees." : `It has: ${known}.`,
    ),
  ];
}

/** Files of the names that ours are going to have. */
async function uploads(of: Inspection, pve: Pve, signal: AbortSignal): Promise<Diagnostic[]> {
  const found: Diagnostic[] = [];
  const open = new Set(of.need.steps.flatMap(({ action, status }) => (status === "open" ? [action.upload] : [])));
  for (const action of ownSteps(of)) {
    if (action.kind !== "drive" || action.from === "none" || !open.has(action.upload)) continue;
    const volume = volumeOf(action.from, action.how, action.upload);
    if (!(await hasVolume(pve, action.node, volume, signal))) continue;
    found.push(error("deploy/taken", `there is a file ${volume} already`, "Remove it, or choose another --name."));
  }
  return found;
}

const MACHINE = [
  "VM.Allocate",
  "VM.Audit",
  "VM.Config.CDROM",
  "VM.Config.CPU",
  "VM.Config.Disk",
  "VM.Config.HWType",
  "VM.Config.Memory",
  "VM.Config.Network",
  "VM.Config.Options",
  "VM.PowerMgmt",
];

async function rights(of: Inspection, pve: Pve, signal: AbortSignal): Promise<Diagnostic[]> {
  const { need, storages: chosen, described } = of;
  const wanted: [path: string, privileges: readonly string[]][] = [];
  const { pool } = need.wish.place;
  if (pool !== null) wanted.push([`/pool/${pool}`, ["VM.Allocate", "Pool.Audit"]]);
  const numbers = new Set(ownSteps(of).map(({ vmid }) => vmid));
  if (pool === null) for (const vmid of numbers) wanted.push([`/vms/${vmid}`, MACHINE]);
  if (chosen.images !== null)
    wanted.push([`/storage/${chosen.images.name}`, ["Datastore.AllocateSpace", "Datastore.Audit"]]);
  const takes = (storage: PveStorage | null, kind: "disk" | "iso"): void => {
    if (storage === null || !hasFiles(of, kind)) return;
    wanted.push([`/storage/${storage.name}`, ["Datastore.AllocateTemplate", "Datastore.Audit"]]);
  };
  takes(chosen.import, "disk");
  takes(chosen.iso, "iso");
  for (const bridge of new Set(described.flatMap(({ settings }) => settings.settings.flatMap(bridgeOf)))) {
    if (of.host.bridges.has(bridge)) wanted.push([`/sdn/zones/localnetwork/${bridge}`, ["SDN.Use"]]);
  }
  const held = await rightsOn(
    pve,
    wanted.map(([path]) => path),
    signal,
  );
  const lacking = wanted.flatMap(([path, privileges]) =>
    missingOn(held, path, privileges).map((privilege) => `${privilege} on ${path}`),
  );
  const found =
    lacking.length === 0
      ? []
      : [
          error(
            "deploy/denied",
            `${pve.user} lacks rights: ${listed([...new Set(lacking)])}`,
            "Roles with them: PVEVMAdmin on /vms, PVEDatastoreAdmin on /storage, PVESDNUser on /sdn. A token with privilege separation needs its own.",
          ),
        ];
  const orders = described.some(({ settings }) => settings.settings.some(({ key }) => key === "startup"));
  if (of.ordered || !orders || !need.wish.autostart) return found;
  return [
    ...found,
    {
      code: "deploy/no-start-order",
      severity: "warning",
      message: `${pve.user} may not set the order in which the host starts machines (Sys.Modify on /)`,
      hint: "vmferry starts them in the package's order. When the host restarts, it starts them by their numbers.",
    },
  ];
}
