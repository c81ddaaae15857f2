/** Machines by the path that a user gives them by. */
import { FerryError } from "../../../base/errors.js";
import { type LiveMachine, type MachineAddress, noMachine } from "../../live.js";
import type { VsphereClient } from "./client.js";
import { inFolder, type Named } from "./inventory.js";
import { findMachine } from "./machines.js";
import { objectOf } from "./properties.js";
import { type Ref, refOf } from "./soap.js";

/** What stands between a data center and the folders of its machines, as in the server's own paths. */
const ADDRESS = /^(vsphere:\/\/[^/?#]+(?:\/[^?#]*?)?)\/vm\/([^?#]{1,4096})$/;

/** The machine that `vsphere://HOST/DATACENTER/vm/FOLDER/NAME` means; `null`: it is no address of one. @throws `deploy/bad-target` */
export function vsphereMachine(address: string): MachineAddress | null {
  const [, target, machine] = ADDRESS.exec(address) ?? [];
  if (target === undefined || machine === undefined) return null;
  partsOf(machine);
  return { target, machine };
}

function partsOf(path: string): readonly string[] {
  try {
    return path
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
  } catch {
    throw new FerryError("deploy/bad-target", "the path of the machine has a percent sign that escapes nothing", {
      hint: "Write %25 for a percent sign in an address.",
    });
  }
}

/** How names have three characters that mean something in the server's paths. */
function isCalled(name: string, part: string): boolean {
  return name === part || name === part.replaceAll("%", "%25").replaceAll("/", "%2f").replaceAll("\\", "%5c");
}

/**
 * The machine on the server. A path of one part that is not directly in the data center is looked for in all of its folders.
 * @throws `deploy/no-machine`, `deploy/bad-place`
 */
export async function machineOf(
  client: VsphereClient,
  { name, uuid }: LiveMachine,
  datacenter: string | null,
  signal: AbortSignal,
): Promise<Ref> {
  if (uuid !== null) {
    const found = await findMachine(client, uuid, signal);
    if (found !== null) return found;
    throw noMachine(name, "this vSphere", []);
  }
  const top = await machineFolder(client, datacenter, signal);
  const parts = partsOf(name);
  let inside = await inFolder(client, top, signal);
  for (const [i, part] of parts.entries()) {
    const last = i === parts.length - 1;
    const found = inside.find((one) => isCalled(one.name, part) && (one.ref.type === "VirtualMachine") === last);
    if (found !== undefined && last) return found.ref;
    if (found === undefined || !["Folder", "StoragePod"].includes(found.ref.type)) break;
    inside = await inFolder(client, found.ref, signal);
  }
  return anywhere(client, top, parts, inside, signal);
}

async function anywhere(
  client: VsphereClient,
  top: Ref,
  parts: readonly string[],
  inside: readonly Named[],
  signal: AbortSignal,
): Promise<Ref> {
  const wanted = parts.join("/");
  if (parts.length !== 1) {
    throw noMachine(
      wanted,
      "this folder of the vSphere",
      inside.map(({ name }) => name),
    );
  }
  const all = await client.below(top, ["VirtualMachine"], ["name"], signal);
  const named = all.map((machine) => ({ ref: machine.ref, name: machine.get("name")?.text ?? "" }));
  const found = named.filter(({ name }) => isCalled(name, wanted));
  const [first, second] = found;
  if (first === undefined) {
    throw noMachine(
      wanted,
      "this data center",
      named.map(({ name }) => name),
    );
  }
  if (second === undefined) return first.ref;
  throw new FerryError("deploy/bad-place", `${found.length} machines are called ${JSON.stringify(wanted)}`, {
    hint: "Name the folder, too: vsphere://HOST/DATACENTER/vm/FOLDER/NAME.",
  });
}

/** Where the machines of a data center are. */
async function machineFolder(client: VsphereClient, wanted: string | null, signal: AbortSignal): Promise<Ref> {
  const root = objectOf(await client.content(signal), "rootFolder");
  const centers = await client.below(root, ["Datacenter"], ["name", "vmFolder"], signal);
  const named = centers.map((center) => ({
    name: center.get("name")?.text ?? "",
    folder: refOf(center.get("vmFolder")),
  }));
  const found = named.filter(({ name }) => wanted === null || isCalled(name, wanted.replace(/^.*\//, "")));
  const [first, second] = found;
  if (first !== undefined && second === undefined && first.folder !== null) return first.folder;
  const all = named.map(({ name }) => name).join(", ");
  throw new FerryError(
    "deploy/bad-place",
    `there is ${found.length === 0 ? "no" : "more than one"} data center${wanted === null ? "" : ` ${JSON.stringify(wanted)}`}`,
    { hint: `Name it behind the host: vsphere://HOST/DATACENTER/vm/MACHINE. There are: ${all}.` },
  );
}
