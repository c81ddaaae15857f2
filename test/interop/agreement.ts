import { mkdir, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { defaultLimits } from "../../src/base/limits.js";
import { type OvfDocument, openOvf } from "../../src/ovf/document.js";
import { formatOfUri, type NamedFormat } from "../../src/ovf/tables/disk-formats.js";
import { parseUnit, scaleQuantity } from "../../src/ovf/tables/units.js";
import type { OvfDisk, OvfFile } from "../../src/ovf/views/parts.js";
import type { InspectResult } from "../../src/report/results.js";
import { parseXml } from "../../src/xml/parse.js";
import { diskFile } from "../support/packages.js";
import type { Ran } from "./run.js";
import type { VirtualBox } from "./virtualbox.js";

/** A package that verdicts are compared on. */
export interface Case {
  readonly name: string;
  /** What to give to a command: an OVA, a descriptor in its folder. */
  readonly source: string;
  /** Names of files that hold only what differs from another disk. */
  readonly deltas: readonly string[];
}

/** What another program makes of a package: `null`, all of it; otherwise why it refuses it, or what is lost. */
export type PeerVerdict = string | null;

const SMALL_DISK = 8 * 2 ** 20;
/** Larger ones are made small: an empty disk of this size is written in a moment. */
const LARGEST_DISK = 2 ** 41;
const OTHER_FILE = 2048;
/** A quantity of memory that is off by more is none that anybody meant. */
const MEMORY_FACTOR = 500;
const HUGE_MEMORY = 2 ** 40;

/** The first descriptors of a folder by name, of at most so many disks, each with small disks made for it. */
export async function corpusCases(corpus: string, to: string, count: number, mostDisks: number): Promise<Case[]> {
  const cases: Case[] = [];
  for (const name of (await readdir(corpus)).filter((file) => file.endsWith(".ovf")).sort()) {
    if (cases.length === count) break;
    const document = await readDescriptor(join(corpus, name));
    if (document === null || document.disks.length > mostDisks) continue;
    const folder = join(to, basename(name, ".ovf"));
    await mkdir(folder, { recursive: true });
    await furnish(document, folder);
    const source = join(folder, name);
    await writeFile(source, document.xml.serialize());
    const deltas = document.disks.filter(({ parentRef }) => parentRef !== null);
    const names = deltas.map(({ fileRef }) => basename(document.file(fileRef ?? "")?.href ?? ""));
    cases.push({ name: basename(name, ".ovf"), source, deltas: names });
  }
  return cases;
}

/** `null`: no descriptor at all. */
async function readDescriptor(path: string): Promise<OvfDocument | null> {
  try {
    return openOvf(parseXml(new Uint8Array(await readFile(path)), basename(path), defaultLimits), () => {});
  } catch {
    return null;
  }
}

/**
 * Makes the files that a descriptor names: empty disks in the format and of the capacity that it says, and something else for other files.
 * Their sizes, and a capacity that is none, are then corrected in the descriptor, as whoever fills in a template does.
 */
async function furnish(document: OvfDocument, folder: string): Promise<void> {
  for (const file of document.references) {
    const path = placeOf(file, folder);
    if (path === null) continue;
    await mkdir(dirname(path), { recursive: true });
    const disk = document.disks.find(({ fileRef }) => fileRef === file.id);
    if (disk === undefined) await writeFile(path, new Uint8Array(OTHER_FILE));
    else await makeDisk(disk, file, path);
    if (file.attribute("size") !== null) file.size = (await stat(path)).size;
  }
}

/** Where a file belongs; `null`: elsewhere, or nowhere. */
function placeOf(file: OvfFile, folder: string): string | null {
  if (file.href === null || file.remote) return null;
  const path = join(folder, /%(?![0-9a-f]{2})/i.test(file.href) ? file.href : decodeURIComponent(file.href));
  const inside = relative(folder, path);
  return inside === "" || inside.startsWith("..") ? null : path;
}

async function makeDisk(disk: OvfDisk, file: OvfFile, path: string): Promise<void> {
  const unit = parseUnit(disk.capacityUnits ?? "byte");
  const declared = unit === null ? null : scaleQuantity(disk.capacity ?? "", unit);
  const usable = declared !== null && declared > 0 && declared <= LARGEST_DISK;
  const size = usable ? declared : SMALL_DISK;
  if (!usable) {
    disk.capacity = String(size);
    disk.capacityUnits = null;
  }
  const format = formatOfUri(disk.format ?? "") ?? { kind: "disk", format: "vmdk", variant: null };
  if (format.kind === "iso" || format.format === "raw") {
    await writeFile(path, "");
    await truncate(path, size);
    return;
  }
  const bytes = await diskFile(format.format, variantOf(format), { sectors: Math.ceil(size / 512), runs: [] });
  await writeFile(path, file.compression === "gzip" ? gzipSync(bytes) : bytes);
}

function variantOf(format: Extract<NamedFormat, { kind: "disk" }>): string {
  if (format.format !== "vmdk") return format.format === "qcow2" ? "uncompressed" : "dynamic";
  // Variants of several files do not fit into the one that is named.
  return format.variant === "monolithicSparse" || /Flat|twoGb/.test(format.variant ?? "")
    ? "monolithicSparse"
    : "streamOptimized";
}

type Machine = NonNullable<InspectResult["appliance"]>["machines"][number];

function disksOf(machine: Machine): number {
  return machine.attachments.filter(({ device }) => device === "disk").length;
}

/** VirtualBox wants the descriptor of a folder. */
async function descriptorIn(source: string): Promise<string> {
  if (!(await stat(source)).isDirectory()) return source;
  const name = (await readdir(source)).find((file) => file.endsWith(".ovf"));
  return join(source, name ?? "");
}

/** What VirtualBox makes of a package. `inspected`: by vmferry; `null` where it cannot be. */
export async function virtualBoxVerdict(
  box: VirtualBox,
  { source, deltas }: Case,
  inspected: InspectResult | null,
  name: string,
): Promise<PeerVerdict> {
  const machines = inspected?.appliance?.machines ?? [];
  const ran = await box.importAs(await descriptorIn(source), name, Math.max(1, machines.length));
  if (ran.status !== 0) return firstError(ran);
  for (const [i, machine] of machines.entries()) {
    const info = await box.machineInfo(`${name}-${i}`);
    const disks = [...info].filter(
      ([key, value]) =>
        /^.+-\d+-\d+$/.test(key) &&
        !/-(?:ImageUUID|nonrotational|discard|hotpluggable|tempeject|IsEjected)-/.test(key) &&
        /\.(?:vmdk|vdi|vhd|vhdx)$/i.test(value),
    );
    const lost = compareMachine(machine, { disks: disks.length, memory: Number(info.get("memory")) * 2 ** 20 });
    if (lost !== null) return lost;
    for (const [, path] of disks) {
      if (!deltas.includes(basename(path))) continue;
      const medium = await box.manage("showmediuminfo", "disk", path);
      if (/^Parent UUID:\s*base/m.test(medium.stdout)) return "a disk arrives without its parent";
    }
  }
  return null;
}

/** What virt-v2v reads of a package: by the facts that it prints. */
export function virtV2vVerdict(ran: Ran, inspected: InspectResult | null): PeerVerdict {
  if (ran.status !== 0) return firstError(ran);
  const machines = inspected?.appliance?.machines ?? [];
  const [machine] = machines;
  const memory = Number(/memory: (\d+) \(bytes\)/.exec(ran.stdout)?.[1]);
  const disks = /^disks:\n((?:\t\d+.*\n)*)/m.exec(ran.stdout)?.[1]?.split("\n").length ?? 1;
  if (machines.length > 1) return `it makes one machine of ${machines.length}`;
  return machine === undefined ? null : compareMachine(machine, { disks: disks - 1, memory });
}

function compareMachine(machine: Machine, made: { readonly disks: number; readonly memory: number }): PeerVerdict {
  if (made.disks < disksOf(machine)) return `${made.disks} of ${disksOf(machine)} disks arrive`;
  const meant = machine.memoryBytes;
  // Where nothing is said a default is right, but for one that no host has.
  if (meant === 0) return made.memory < HUGE_MEMORY ? null : `the machine gets ${made.memory} bytes of memory`;
  const factor = made.memory / meant;
  if (factor > MEMORY_FACTOR || factor < 1 / MEMORY_FACTOR) {
    return `the machine gets ${made.memory} bytes of memory, not ${meant}`;
  }
  return null;
}

/** What a program says first, without what differs from run to run. */
function firstError({ stdout, stderr }: Ran): string {
  const lines = `${stderr}\n${stdout}`
    .split("\n")
    .map((line) => line.replace(/^.*?(?:error|namespace error): /, "error: "));
  const errors = lines.filter(
    (line) => line.startsWith("error: ") && !/^error: (?:Appliance|Progress|Details|Context)/.test(line),
  );
  const line = errors[0] ?? lines.find((other) => other.trim() !== "") ?? "";
  const said = line
    .replace(/^error: /, "")
    .replaceAll(/(?<=['"\s])(?:\/[\w.-]+)+\//g, "")
    .replaceAll("|", "/");
  return said.slice(0, 160);
}
