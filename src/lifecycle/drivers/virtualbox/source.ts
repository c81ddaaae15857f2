/** Machines of this user's VirtualBox as sources. */
import { open } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import type { Context } from "../../../io/context.js";
import { joinSources } from "../../../operations/join-sources.js";
import type { OpenedSource } from "../../../operations/opened.js";
import { openSource } from "../../../operations/source.js";
import { withoutExtension } from "../../../package/names.js";
import { readVbox } from "../../../platforms/virtualbox/import.js";
import { systemError } from "../../../runtime/node/errors.js";
import { openFolderAccess } from "../../../runtime/node/folder.js";
import { openPath } from "../../../runtime/node/input.js";
import { parseXml } from "../../../xml/parse.js";
import type { XmlElement } from "../../../xml/tree.js";
import {
  type LiveMachine,
  type LiveMachines,
  type LiveScope,
  type MachineAddress,
  noMachine,
  notOff,
} from "../../live.js";
import { machineFacts, machinesThere, type VBoxManage } from "./vboxmanage.js";

/** The machine that `virtualbox:NAME` means, by name or UUID; `null`: it is no address of one. */
export function virtualboxMachine(address: string): MachineAddress | null {
  const [, machine] = /^virtualbox:(?!\/\/)(.+)$/s.exec(address) ?? [];
  return machine === undefined ? null : { target: "virtualbox:", machine };
}

/** States in which no memory of a machine is kept. */
const OFF: ReadonlySet<string> = new Set(["poweroff", "aborted"]);

export function virtualboxMachines(box: VBoxManage): LiveMachines {
  return {
    async open(machines, scope, ctx) {
      const settings: string[] = [];
      for (const machine of machines) settings.push(await settingsOfOff(box, machine, ctx.signal));
      const parts: OpenedSource[] = [];
      try {
        for (const file of settings) parts.push(await openSettings(file, scope, ctx));
      } catch (cause) {
        for (const part of parts) await part.close();
        throw cause;
      }
      return joinSources("machines", parts);
    },
    async describe(machine, ctx) {
      const uuid = uuidIn(await machinesThere(box, ctx.signal), machine);
      const facts = uuid === null ? null : await machineFacts(box, uuid, ctx.signal);
      if (facts === null) return null;
      const bytes = await readSettings(facts.settings, ctx);
      return withoutSecrets(bytes, facts.settings, ctx);
    },
    read(text, machine, ctx) {
      const config = readVbox({ name: machine, label: machine, bytes: new TextEncoder().encode(text) }, ctx);
      return config.appliance({ find: (file) => ({ name: file, size: 0 }) }, () => {});
    },
  };
}

function uuidIn(machines: ReadonlyMap<string, string>, { name, uuid }: LiveMachine): string | null {
  if (uuid !== null) return machines.has(uuid) ? uuid : null;
  for (const [id, known] of machines) if (known === name) return id;
  return machines.has(name) ? name : null;
}

/** Path of the settings of a machine that is off. @throws `deploy/no-machine`, `deploy/running` */
async function settingsOfOff(box: VBoxManage, machine: LiveMachine, signal: AbortSignal): Promise<string> {
  const known = await machinesThere(box, signal);
  const uuid = uuidIn(known, machine);
  const facts = uuid === null ? null : await machineFacts(box, uuid, signal);
  if (uuid === null || facts === null) throw noMachine(machine.name, "this user's VirtualBox", known.values());
  const { state, settings } = facts;
  if (state === "inaccessible" || !path.isAbsolute(settings)) {
    throw new FerryError("deploy/refused", `VirtualBox cannot read the settings of ${printable(machine.name)}`, {
      hint: "VBoxManage showvminfo says why.",
    });
  }
  const name = known.get(uuid) ?? machine.name;
  if (/saved/.test(state)) {
    const hint = "Start it and shut it down in the guest, or give up what it had in memory: VBoxManage discardstate.";
    throw notOff(name, "saved in the middle of its work", hint);
  }
  if (!OFF.has(state)) {
    throw notOff(name, state, `Shut it down first: VBoxManage controlvm ${JSON.stringify(name)} acpipowerbutton.`);
  }
  return settings;
}

/** The settings as the machine has them, with disks where they lie: also in other folders, by absolute paths. */
async function openSettings(file: string, { native, options }: LiveScope, ctx: Context): Promise<OpenedSource> {
  const external = (named: string) =>
    path.isAbsolute(named)
      ? { folder: openFolderAccess(path.dirname(named), native), name: path.basename(named) }
      : null;
  const input = await openPath(file, native);
  try {
    const opened = await openSource(input, { ...options, external, absolute: "first" }, ctx);
    return { ...opened, close: () => opened.close().finally(() => input.close()) };
  } catch (cause) {
    await input.close();
    throw cause;
  }
}

async function readSettings(file: string, { limits }: Context): Promise<Uint8Array> {
  try {
    const handle = await open(file, "r");
    try {
      const { size } = await handle.stat();
      if (size > limits.configBytes) {
        throw new FerryError("io/limit", `${printable(file)} has ${size} bytes`, {
          hint: "Raise the limit 'configBytes' if you trust it.",
        });
      }
      const bytes = new Uint8Array(size);
      const { bytesRead } = await handle.read(bytes, 0, size, 0);
      return bytes.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof FerryError) throw cause;
    throw systemError("read", file, cause);
  }
}

/** Parts of settings whose values may be secrets, or that change with each start. None of them is hardware. */
const OTHERS: ReadonlySet<string> = new Set(["ExtraData", "GuestProperties", "VRDEProperties"]);

function withoutSecrets(bytes: Uint8Array, file: string, { limits }: Context): string {
  const document = parseXml(bytes, withoutExtension(path.basename(file)), limits);
  const found: XmlElement[] = [];
  const look = (element: XmlElement): void => {
    for (const part of element.elements()) {
      if (OTHERS.has(part.name)) found.push(part);
      else look(part);
    }
  };
  look(document.root);
  for (const element of found) element.remove();
  return new TextDecoder().decode(document.serialize());
}
