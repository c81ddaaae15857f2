/** Machines on a vSphere, known by their instance UUID: looked at, switched, configured, removed. */
import { FerryError } from "../../../base/errors.js";
import { el } from "../../../xml/build.js";
import { sleepFor, type VsphereClient } from "./client.js";
import { isFault, told } from "./faults.js";
import { datacenterOf } from "./inventory.js";
import { objectOf } from "./properties.js";
import { anyText, badAnswer, child, children, type Ref, refNode, refOf, textOf } from "./soap.js";

/** How long a task may take. */
const TASK_MS = 10 * 60_000;
/** How long a machine may be held by an upload that was left behind: the lease of one ends five minutes after its last sign of life. */
const HELD_MS = 6 * 60_000;

/** The machine of an instance UUID; `null`: there is none. */
export async function findMachine(client: VsphereClient, uuid: string, signal: AbortSignal): Promise<Ref | null> {
  const index = objectOf(await client.content(signal), "searchIndex");
  const args = [el("uuid", {}, uuid), el("vmSearch", {}, "true"), el("instanceUuid", {}, "true")];
  const answer = await client.call(
    "FindByUuid",
    index,
    args,
    { doing: "look for a machine", repeatable: true },
    signal,
  );
  const ref = refOf(child(answer, "returnval"));
  return ref?.type === "VirtualMachine" ? ref : null;
}

/** `poweredOn`, `poweredOff`, `suspended`; `null`: the machine is not there. */
export async function powerState(client: VsphereClient, uuid: string, signal: AbortSignal): Promise<string | null> {
  const machine = await findMachine(client, uuid, signal);
  if (machine === null) return null;
  try {
    const seen = await client.propertiesOf(machine, ["runtime.powerState"], signal);
    return seen.get("runtime.powerState")?.text.trim() ?? "unknown";
  } catch (cause) {
    if (isFault(cause, "ManagedObjectNotFound")) return null;
    throw cause;
  }
}

/** Begins a task and waits for it. @throws `VsphereFault` */
export async function runTask(
  client: VsphereClient,
  method: string,
  of: Ref,
  args: readonly ReturnType<typeof el>[],
  doing: string,
  signal: AbortSignal,
): Promise<void> {
  const answer = await client.call(method, of, args, { doing }, signal);
  const task = refOf(child(answer, "returnval"));
  if (task === null) throw badAnswer(method, "no task");
  await client.task(task, { doing, timeoutMs: TASK_MS }, signal);
}

/** Starts a machine, or leaves it running. @throws `deploy/refused`, `deploy/denied` */
export async function powerOn(client: VsphereClient, machine: Ref, name: string, signal: AbortSignal): Promise<void> {
  await switchTo(client, "PowerOnVM_Task", machine, `start ${name}`, signal);
}

/** Takes the power away, or leaves the machine off. @throws `deploy/refused`, `deploy/denied` */
export async function powerOff(client: VsphereClient, machine: Ref, name: string, signal: AbortSignal): Promise<void> {
  await switchTo(client, "PowerOffVM_Task", machine, `switch ${name} off`, signal);
}

async function switchTo(
  client: VsphereClient,
  method: string,
  machine: Ref,
  doing: string,
  signal: AbortSignal,
): Promise<void> {
  const wanted = method === "PowerOnVM_Task" ? "poweredOn" : "poweredOff";
  try {
    await runTask(client, method, machine, [], doing, signal);
  } catch (cause) {
    // Somebody else did the same, or this call did before its connection broke.
    const now = await client.propertiesOf(machine, ["runtime.powerState"], signal).catch(() => null);
    if (now?.get("runtime.powerState")?.text.trim() !== wanted) throw told(cause, doing);
  }
}

/** Asks the guest to shut down. @throws `deploy/refused` where it runs no tools that would listen */
export async function shutDown(client: VsphereClient, machine: Ref, name: string, signal: AbortSignal): Promise<void> {
  const doing = `shut ${name} down`;
  try {
    await client.call("ShutdownGuest", machine, [], { doing }, signal);
  } catch (cause) {
    const now = isFault(cause, "InvalidPowerState")
      ? await client.propertiesOf(machine, ["runtime.powerState"], signal)
      : null;
    if (now?.get("runtime.powerState")?.text.trim() !== "poweredOff") throw told(cause, doing);
  }
}

/** Sets entries of a machine's configuration file. @throws `VsphereFault` */
export async function setExtra(
  client: VsphereClient,
  machine: Ref,
  values: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const entries = [...values].map(([key, value]) => el("extraConfig", {}, el("key", {}, key), anyText("value", value)));
  await runTask(client, "ReconfigVM_Task", machine, [el("spec", {}, ...entries)], "configure the machine", signal);
}

/** One entry of a machine's configuration file; `undefined`: it has none. */
export async function extraOf(
  client: VsphereClient,
  machine: Ref,
  key: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const seen = await client.propertiesOf(machine, ["config.extraConfig"], signal);
  for (const entry of seen.get("config.extraConfig")?.elements() ?? []) {
    if (textOf(entry, "key") === key) return textOf(entry, "value");
  }
  return undefined;
}

/** Faults that pass: something else has the machine, such as an upload that was left behind. */
const PASSING = ["TaskInProgress", "InvalidState", "FileLocked", "ResourceInUse", "ConcurrentAccess"];

/**
 * Switches a machine off and removes it with its files. Nothing there is fine.
 * @throws `deploy/refused`, `deploy/denied`
 */
export async function removeMachine(
  client: VsphereClient,
  uuid: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const doing = `remove ${name}`;
  const end = Date.now() + HELD_MS;
  for (let turn = 0; ; turn++) {
    const machine = await findMachine(client, uuid, signal);
    if (machine === null) return;
    try {
      const images = await ownImages(client, machine, signal);
      if ((await powerState(client, uuid, signal)) !== "poweredOff") await powerOff(client, machine, name, signal);
      await runTask(client, "Destroy_Task", machine, [], doing, signal);
      for (const image of images.files) await removeFile(client, image, images.datacenter, signal);
      return;
    } catch (cause) {
      if (isFault(cause, "ManagedObjectNotFound")) continue;
      if (!isFault(cause, ...PASSING) || Date.now() >= end) throw told(cause, doing);
      await sleepFor(client.pause(turn), signal);
    }
  }
}

/** Images in the machine's own folder of the datastore, which were uploaded with it and which removing a machine leaves there. */
async function ownImages(
  client: VsphereClient,
  machine: Ref,
  signal: AbortSignal,
): Promise<{ readonly files: readonly string[]; readonly datacenter: Ref | null }> {
  const seen = await client.propertiesOf(
    machine,
    ["config.files.vmPathName", "config.hardware.device", "parent"],
    signal,
  );
  const folder = (seen.get("config.files.vmPathName")?.text.trim() ?? "").replace(/[^/]*$/, "");
  if (!/^\[[^\]]+\] .+\/$/.test(folder)) return { files: [], datacenter: null };
  const files = [...(seen.get("config.hardware.device")?.elements() ?? [])].flatMap((device) => {
    const file = textOf(device, "backing", "fileName") ?? "";
    return file.startsWith(folder) && /^[^/]+\.(?:iso|flp|img)$/i.test(file.slice(folder.length)) ? [file] : [];
  });
  return {
    files,
    datacenter: files.length === 0 ? null : await datacenterOf(client, refOf(seen.get("parent")), signal),
  };
}

async function removeFile(
  client: VsphereClient,
  file: string,
  datacenter: Ref | null,
  signal: AbortSignal,
): Promise<void> {
  const manager = objectOf(await client.content(signal), "fileManager");
  const args = [el("name", {}, file), ...(datacenter === null ? [] : [refNode("datacenter", datacenter)])];
  try {
    await runTask(client, "DeleteDatastoreFile_Task", manager, args, "remove an image", signal);
  } catch (cause) {
    // It went with the machine.
    if (!isFault(cause, "FileNotFound", "FileFault")) throw cause;
  }
}

/** Addresses that the guest's tools tell of, each once. */
export async function addressesOf(
  client: VsphereClient,
  uuid: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const machine = await findMachine(client, uuid, signal);
  if (machine === null) return [];
  const seen = await client.propertiesOf(machine, ["guest.ipAddress", "guest.net"], signal);
  const all = [seen.get("guest.ipAddress")?.text.trim() ?? ""];
  for (const nic of seen.get("guest.net")?.elements() ?? [])
    all.push(...children(nic, "ipAddress").map(({ text }) => text.trim()));
  return [...new Set(all)].filter((address) => /^[0-9A-Fa-f:.]{2,45}$/.test(address)).slice(0, 64);
}

/** @throws `deploy/refused` */
export async function presentMachine(
  client: VsphereClient,
  uuid: string,
  name: string,
  signal: AbortSignal,
): Promise<Ref> {
  const machine = await findMachine(client, uuid, signal);
  if (machine !== null) return machine;
  throw new FerryError("deploy/refused", `the machine ${name} is not on the platform any more`, {
    hint: "Somebody removed it there. vmferry deployment destroy NAME removes the rest.",
  });
}
