/** Machines of a libvirt as sources. */
import type { Diagnostic } from "../../../base/diagnostics.js";
import { FerryError } from "../../../base/errors.js";
import { formatBytes, printable } from "../../../base/text.js";
import type { Context } from "../../../io/context.js";
import type { OpenedSource } from "../../../operations/opened.js";
import { openSource } from "../../../operations/source.js";
import type { PlacedFile } from "../../../package/machine/open.js";
import { readDomain } from "../../../platforms/libvirt/import.js";
import { createFileNames } from "../../../platforms/names.js";
import { parseXml } from "../../../xml/parse.js";
import {
  type LiveMachine,
  type LiveMachines,
  type LiveScope,
  type MachineAddress,
  noMachine,
  notOff,
} from "../../live.js";
import { textFolder } from "../../text-folder.js";
import type { LibvirtPlace } from "./place.js";
import { domainState, domainsOf, type Virsh } from "./virsh.js";
import { type HostFiles, hostFiles, outOfReach, pathOfVolume } from "./volumes.js";

/** What stands behind the instance in the address of a machine. Names of libvirt have no `/`. */
const ADDRESS = /^(libvirt(?:\+ssh)?:\/\/[^/]*\/(?:system|session))\/([^/]+)$/s;

/** The machine that `libvirt:///system/NAME` means; `null`: it is no address of one. @throws `deploy/bad-target` */
export function libvirtMachine(address: string): MachineAddress | null {
  const [, target, written] = ADDRESS.exec(address) ?? [];
  if (target === undefined || written === undefined) return null;
  try {
    return { target, machine: decodeURIComponent(written) };
  } catch {
    throw new FerryError("deploy/bad-target", "the name of the machine has a percent sign that escapes nothing", {
      hint: "Write %25 for a percent sign in an address.",
    });
  }
}

/** @param place of the libvirt that `virsh` speaks to */
export function libvirtMachines(virsh: Virsh, place: LibvirtPlace): LiveMachines {
  return {
    async open(machines, scope, ctx) {
      const found: Domain[] = [];
      for (const machine of machines) found.push(await domainThatIsOff(virsh, machine, ctx.signal));
      const files = hostFiles(virsh, place, scope, ctx);
      try {
        const source = await openDomains(found, { virsh, place, files, scope }, ctx);
        return { ...source, close: () => source.close().finally(() => files.close()) };
      } catch (cause) {
        await files.close();
        throw cause;
      }
    },
    async describe(machine, { signal }) {
      const uuid = uuidIn(await domainsOf(virsh, signal), machine);
      return uuid === null ? null : dumpOf(virsh, uuid, signal);
    },
    read(text, machine, ctx) {
      const config = readDomain({ name: machine, label: machine, bytes: new TextEncoder().encode(text) }, ctx);
      return config.appliance({ find: (file) => ({ name: file, size: 0 }) }, () => {});
    },
  };
}

interface Domain {
  readonly name: string;
  readonly xml: string;
}

function uuidIn(domains: ReadonlyMap<string, string>, { name, uuid }: LiveMachine): string | null {
  if (uuid !== null) return domains.has(uuid) ? uuid : null;
  // By its whole name: what virsh takes for one may be the number of another machine that runs.
  for (const [id, known] of domains) if (known === name) return id;
  return domains.has(name) ? name : null;
}

/** Without `--security-info`: passwords of consoles are left out. */
function dumpOf(virsh: Virsh, uuid: string, signal: AbortSignal): Promise<string> {
  return virsh.run(["dumpxml", "--inactive", `--domain=${uuid}`], signal);
}

async function domainThatIsOff(virsh: Virsh, machine: LiveMachine, signal: AbortSignal): Promise<Domain> {
  const domains = await domainsOf(virsh, signal);
  const uuid = uuidIn(domains, machine);
  const state = uuid === null ? null : await domainState(virsh, uuid, signal);
  if (uuid === null || state === null) throw noMachine(machine.name, "this libvirt", domains.values());
  const name = domains.get(uuid) ?? machine.name;
  if (state !== "shut off" && state !== "crashed") {
    throw notOff(name, state, `Shut it down first: virsh shutdown ${JSON.stringify(name)}.`);
  }
  const info = await virsh.run(["dominfo", `--domain=${uuid}`], signal);
  if (/^Managed save:\s+yes/m.test(info)) {
    const hint = "Start it and shut it down in the guest, or give up what it had in memory: virsh managedsave-remove.";
    throw notOff(name, "saved in the middle of its work", hint);
  }
  return { name, xml: await dumpOf(virsh, uuid, signal) };
}

interface Opening {
  readonly virsh: Virsh;
  readonly place: LibvirtPlace;
  readonly files: HostFiles;
  readonly scope: LiveScope;
}

async function openDomains(
  domains: readonly Domain[],
  { virsh, place, files, scope }: Opening,
  ctx: Context,
): Promise<OpenedSource> {
  const names = createFileNames();
  const texts = new Map(domains.map(({ name, xml }) => [names.take(name, ".xml"), xml]));
  const folder = textFolder(place.uri, texts);
  const onHost = (file: string): PlacedFile | null =>
    file.startsWith("/") ? { folder: files, name: file.slice(1) } : null;
  const placed = new Map(scope.options.placed ?? []);
  for (const [pool, volume] of domains.flatMap(({ xml }) => volumesIn(xml, ctx))) {
    const key = `${pool}/${volume}`;
    const at = placed.has(key) ? null : onHost(await pathOfVolume(virsh, pool, volume, ctx.signal));
    if (at !== null) placed.set(key, at);
  }
  for (const domain of domains) await checkReach(domain, placed, files, scope, ctx);
  const options = { ...scope.options, placed, external: onHost, absolute: "first" as const };
  const [only, second] = texts.keys();
  if (only === undefined || second !== undefined) return openSource({ kind: "folder", folder }, options, ctx);
  const source = await folder.open(only);
  const opened = await openSource({ kind: "file", source, name: only, folder }, options, ctx);
  return { ...opened, close: () => opened.close().finally(() => source.close()) };
}

/** Says which disk cannot be got before others are fetched. @throws `io/not-found` */
async function checkReach(
  { name, xml }: Domain,
  placed: NonNullable<LiveScope["options"]["placed"]>,
  files: HostFiles,
  scope: LiveScope,
  ctx: Context,
): Promise<void> {
  const config = readDomain({ name, label: name, bytes: new TextEncoder().encode(xml) }, ctx);
  for (const { path, id, role, optional } of config.files) {
    if (role !== "disk" || optional === true || placed.has(id)) continue;
    const at = placed.get(path) ?? (path.startsWith("/") ? { folder: files, name: path.slice(1) } : null);
    if (at === null || at.folder !== files) continue;
    const size = await files.size(at.name);
    if (size === null) throw outOfReach(`/${at.name}`, id);
    if (!(await files.isHere(at.name))) ctx.report(fetched(`/${at.name}`, size, scope.scratch));
  }
}

function fetched(file: string, size: number, scratch: string): Diagnostic {
  return {
    code: "deploy/fetched",
    severity: "info",
    message: `${printable(file)} (${formatBytes(size)}) is fetched into a temporary file: it cannot be read where it lies`,
    hint: `That takes room in ${scratch} until the work is done.`,
  };
}

/** Pools and volumes that a domain's disks name in place of files. */
function volumesIn(xml: string, ctx: Context): readonly (readonly [pool: string, volume: string])[] {
  const { root } = parseXml(new TextEncoder().encode(xml), "the domain", ctx.limits);
  const found: (readonly [string, string])[] = [];
  for (const disk of root.element("", "devices")?.elements("", "disk") ?? []) {
    const source = disk.element("", "source");
    const [pool, volume] = [source?.attribute("", "pool"), source?.attribute("", "volume")];
    if (disk.attribute("", "type") === "volume" && pool && volume) found.push([pool, volume]);
  }
  return found;
}
