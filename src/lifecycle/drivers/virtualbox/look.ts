/** What a VirtualBox has, and what of it stands in a deployment's way. Changes nothing there. */
import { access, constants, lstat, statfs } from "node:fs/promises";
import * as path from "node:path";
import type { Diagnostic } from "../../../base/diagnostics.js";
import { FerryError } from "../../../base/errors.js";
import { formatBytes, printable } from "../../../base/text.js";
import { plugOf } from "../../../platforms/virtualbox/plugs.js";
import { isThere } from "../../../runtime/node/publish.js";
import type { StepRecord } from "../../deployment/state.js";
import { type HostNetworks, hasPlug, type VirtualboxPlace } from "./place.js";
import { machinesThere, type VBoxManage } from "./vboxmanage.js";

/** What was seen of a VirtualBox. */
export interface VirtualboxHost {
  /** Names by UUIDs. */
  readonly machines: ReadonlyMap<string, string>;
  readonly networks: HostNetworks;
  /** Absolute path of the folder in which machines get folders. */
  readonly base: string;
  readonly group: string | null;
  /** Whether machines can start with the host. */
  readonly autostarts: boolean;
}

/** Networks and interfaces that are named to a user. */
const MOST_NAMED = 20;

/** Looks at this machine's VirtualBox. @throws `deploy/refused` where it does not answer, `deploy/no-tool` */
export async function lookAtVirtualbox(
  box: VBoxManage,
  place: VirtualboxPlace,
  signal: AbortSignal,
): Promise<VirtualboxHost> {
  // The first call may start the service, which another one at the same time would do, too.
  const properties = await box.run(["list", "systemproperties"], signal);
  const names = async (list: string): Promise<ReadonlySet<string>> => {
    const text = await box.run(["list", list], signal);
    return new Set([...text.matchAll(/^Name: +(\S.*?)\s*$/gm)].map(([, name = ""]) => name));
  };
  const [machines, natnetwork, bridged, hostonly, intnet] = await Promise.all([
    machinesThere(box, signal),
    names("natnets"),
    names("bridgedifs"),
    names("hostonlyifs"),
    names("intnets"),
  ]);
  const value = (key: string): string => new RegExp(`^${key}: *(.*?)\\s*$`, "m").exec(properties)?.[1] ?? "";
  const base = place.base ?? value("Default machine folder");
  if (!path.isAbsolute(base)) {
    throw new FerryError("deploy/refused", "VirtualBox does not say where its machines lie", {
      hint: "Name a folder with --storage, or set it: VBoxManage setproperty machinefolder FOLDER.",
    });
  }
  return {
    machines,
    networks: { natnetwork, bridged, hostonly, intnet },
    base: path.resolve(base),
    group: place.group,
    autostarts: value("Autostart database path") !== "",
  };
}

/** What a deployment wants of a VirtualBox. */
export interface VirtualboxNeeds {
  readonly machines: readonly { readonly name: string; readonly uuid: string }[];
  /** As machines' cards have them; `null`: plugged in by NAT. */
  readonly networks: readonly (string | null)[];
  /** With what earlier runs have begun. */
  readonly steps: readonly StepRecord[];
  /** Bytes of all files. */
  readonly bytes: number;
  readonly starts: boolean;
  readonly autostarts: boolean;
}

type Say = (code: Diagnostic["code"], message: string, hint: string) => void;

/** Says what will fail, before a byte moves: names, folders, networks, space, rights. */
export async function preflight(host: VirtualboxHost, needs: VirtualboxNeeds): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [...networkProblems(host.networks, needs.networks)];
  const say: Say = (code, message, hint) => {
    found.push({ code, severity: "error", message, hint });
  };
  const taken = new Set(host.machines.values());
  for (const { name, uuid } of needs.machines) {
    if (host.machines.has(uuid) || !taken.has(name)) continue;
    say(
      "deploy/taken",
      `VirtualBox has a machine called ${JSON.stringify(name)} already`,
      "It is not of this deployment. Choose another --name, or remove it.",
    );
  }
  for (const { action, status } of needs.steps) {
    if (action.kind !== "folder" || status !== "open" || !(await isThere(String(action.folder)))) continue;
    say(
      "deploy/taken",
      `there is a folder ${printable(String(action.folder))} already`,
      "It is not of this deployment. Choose another --name or --folder, or move it away.",
    );
  }
  await checkRoom(host, needs, say);
  if (needs.autostarts && !host.autostarts) {
    say(
      "deploy/no-autostart",
      "VirtualBox does not know where to write down which machines start with the host",
      "Set it up once: VBoxManage setproperty autostartdbpath FOLDER, and the service as VirtualBox's manual says. Or leave out --autostart.",
    );
  }
  if (needs.starts && process.platform === "linux" && !(await isThere("/dev/vboxdrv"))) {
    found.push({
      code: "deploy/may-not-start",
      severity: "warning",
      message: "VirtualBox's kernel module is not loaded: /dev/vboxdrv is missing",
      hint: "Machines start without it only where VirtualBox is built for KVM. If they do not, everything is taken back.",
    });
  }
  return found;
}

function networkProblems(host: HostNetworks, networks: VirtualboxNeeds["networks"]): readonly Diagnostic[] {
  const all = [...host.natnetwork].map((name) => `natnetwork:${name}`);
  all.push(...[...host.bridged].map((name) => `bridged:${name}`));
  all.push(...[...host.hostonly].map((name) => `hostonly:${name}`));
  const known = printable(["nat", ...all.slice(0, MOST_NAMED), "intnet:NAME"].join(", "));
  return [...new Set(networks)].flatMap((network): readonly Diagnostic[] => {
    const plug = network === null ? null : plugOf(network);
    if (network === null || (plug !== null && hasPlug(plug, host))) return [];
    return [
      {
        code: "deploy/no-network",
        severity: "error",
        message: `VirtualBox has no network ${JSON.stringify(network)}`,
        hint: `Map the machine's network with --map-network FROM=TO. There is: ${known}.`,
      },
    ];
  });
}

async function checkRoom({ base }: VirtualboxHost, { steps, bytes }: VirtualboxNeeds, say: Say): Promise<void> {
  const folder = await nearestFolder(base);
  if (folder === null) {
    say("deploy/no-storage", `${printable(base)} is no folder`, "Name another one with --storage.");
    return;
  }
  const writable = await access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!writable) {
    say(
      "deploy/no-storage",
      `nothing can be written to ${printable(folder)}`,
      "Take another folder with --storage, or change its rights.",
    );
    return;
  }
  // What is there already takes its place no second time.
  if (steps.some(({ action, status }) => action.kind === "file" && status !== "open")) return;
  const { bavail, bsize } = await statfs(folder);
  const room = bavail * bsize;
  if (bytes <= room) return;
  say(
    "deploy/no-space",
    `${printable(base)} has ${formatBytes(room)} free, and the disks need ${formatBytes(bytes)}`,
    "Free space there, or name another folder with --storage.",
  );
}

/** The folder itself, or the nearest one above that is there; `null`: something else is in the way. */
async function nearestFolder(folder: string): Promise<string | null> {
  for (let at = folder; ; at = path.dirname(at)) {
    const found = await lstat(at).catch(() => null);
    if (found === null && at !== path.dirname(at)) continue;
    if (found === null) return null;
    return found.isDirectory() || found.isSymbolicLink() ? at : null;
  }
}
