import type { Appliance, Machine } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { MachineShape, TargetProfile } from "../../targets/profile.js";
import type { HeldFact } from "../facts.js";
import { createFiles, type ResultFiles } from "../files.js";
import { commonLosses, loss } from "../losses.js";
import type { DiskFiles, ExportDisk, ExportPlan } from "../platform.js";
import { bootEntries } from "./boot.js";
import { type Carried, carried } from "./carried.js";
import {
  controllerEntries,
  driveEntries,
  driveName,
  FIRST_PORT_GROUP,
  nicEntries,
  type Product,
  plugOf,
  surplusUsb,
} from "./devices.js";
import { hardwareVersion, tooNew } from "./hardware.js";
import { identityEntries, nvramOf } from "./identity.js";
import { serialEntries, soundEntries, videoEntries } from "./ports.js";
import { renderVmx, type VmxEntry } from "./vmx.js";

/** Options of the VMware export. */
export interface VmwareOptions {
  /**
   * `auto`: what the target runs or imports: monolithicSparse for Workstation and Fusion (monolithicFlat for disks that several machines write to),
   * streamOptimized for vSphere.
   */
  readonly disks:
    | "auto"
    | "monolithicSparse"
    | "streamOptimized"
    | "monolithicFlat"
    | "twoGbMaxExtentSparse"
    | "twoGbMaxExtentFlat";
}

/** Defaults of the VMware export. */
export const vmwareDefaults: VmwareOptions = Object.freeze({ disks: "auto" });

const LABEL = "a VMX file";

/** What is written, or lost with a note of its own. */
const HOLDS: readonly HeldFact[] = ["uuid", "tpm", "nested", "serialPorts", "sound", "video", "clock", "sharedDisks"];

/** Writes one VMX file for each machine of a fitted appliance, and names its disks. Pure. */
export function exportVmware(
  fitted: Appliance,
  shapes: ReadonlyMap<string, MachineShape>,
  target: TargetProfile,
  options: Partial<VmwareOptions> & DiskFiles,
): ExportPlan {
  const o = { ...vmwareDefaults, ...options };
  const [accepted] = target.accepts.disks;
  const variant = o.disks === "auto" ? (accepted?.variants[0] ?? "monolithicSparse") : o.disks;
  // What runs hosted sparse disks where they lie is a hosted product.
  const product: Product = accepted?.variants.includes("monolithicSparse") === true ? "hosted" : "esx";
  const files = createFiles(fitted, { format: "vmdk", variant, extension: ".vmdk" }, options.files);
  const notes: Diagnostic[] = [];
  const shared = sharedDisks(fitted);
  const things = new Map<Machine, Carried>();
  const configs = fitted.machines.map((machine) => {
    const own = files.machine(machine, ".vmx");
    const nvramName = own.beside(".nvram");
    const nvram = nvramOf(fitted, machine);
    if (nvram !== null) files.keep(nvram, nvramName);
    const shape = shapes.get(machine.id) ?? (target.shapes[0] as MachineShape);
    const more = carried(fitted, machine);
    things.set(machine, more);
    const entries = [
      ...identityEntries(machine, hardwareVersion(machine, shape), product, nvramName, notes),
      ...controllerEntries(machine, shared),
      ...attachmentEntries(machine, product, files, shared),
      ...networkEntries(machine, product, notes),
      ...serialEntries(machine, product, notes),
      ...soundEntries(machine, notes),
      ...videoEntries(machine, notes),
      ...bootEntries(machine, notes),
    ];
    noteMachine(machine, shape, notes);
    return { name: own.name, bytes: new TextEncoder().encode(renderVmx(withCarried(entries, more))) };
  });
  const chosen = (id: string): boolean => options.files?.get(id)?.variant !== undefined;
  const flat = new Set(o.disks === "auto" && product === "hosted" ? [...shared].filter((id) => !chosen(id)) : []);
  const disks = flatWhereShared(files.disks(), flat);
  noteDisks(target, disks, shared, product, notes);
  const holds = new Set<HeldFact>(product === "hosted" ? [...HOLDS, "nicKind"] : HOLDS);
  notes.push(...commonLosses(withoutSaid(fitted, things), LABEL, { files: files.kept(), holds }));
  return { configs, notes, disks, files: files.assets() };
}

/** Disks that several machines write to: by what the source says, or because several use it here. */
function sharedDisks(fitted: Appliance): ReadonlySet<string> {
  const users = new Map<string, number>();
  for (const { attachments } of fitted.machines) {
    for (const { disk } of attachments) if (disk !== null) users.set(disk, (users.get(disk) ?? 0) + 1);
  }
  return new Set(fitted.disks.filter(({ id, shared }) => shared || (users.get(id) ?? 0) > 1).map(({ id }) => id));
}

/** VMware shares disks alone that are as large as they say from the start. */
function flatWhereShared(disks: readonly ExportDisk[], shared: ReadonlySet<string>): ExportDisk[] {
  return disks.map((disk) => (shared.has(disk.disk) ? { ...disk, variant: "monolithicFlat" } : disk));
}

function noteDisks(
  target: TargetProfile,
  disks: readonly ExportDisk[],
  shared: ReadonlySet<string>,
  product: Product,
  notes: Diagnostic[],
): void {
  const [first] = disks;
  if (first === undefined || product === "hosted") return;
  const common = disks.some(({ disk }) => shared.has(disk))
    ? " Those that several machines write to need `-d eagerzeroedthick`."
    : "";
  notes.push(
    loss("warning", "vmware/import-disks", `ESXi runs no ${first.variant} disk where it lies`, {
      data: { target: target.id, variant: first.variant },
      hint: `Import each disk with \`vmkfstools -i\`, or convert to an OVA instead, which vSphere deploys.${common}`,
    }),
  );
}

function noteMachine(machine: Machine, shape: MachineShape, notes: Diagnostic[]): void {
  const newer = tooNew(machine, shape);
  if (newer !== null) {
    notes.push(
      loss("info", "vmware/hardware-lowered", `${machine.name}: hardware version ${newer} is newer than ${shape.id}`, {
        data: { machine: machine.id, from: newer, to: hardwareVersion(machine, shape) },
        hint: "The guest may see that its hardware changed.",
      }),
    );
  }
  const surplus = surplusUsb(machine);
  if (surplus === 0) return;
  notes.push(
    loss("info", "vmware/usb-merged", `${machine.name}: VMware has one USB controller of a kind; ${surplus} left out`, {
      data: { machine: machine.id, count: surplus },
    }),
  );
}

/** What was read from a VMX file and stands in this one, in place of what it would be by default. */
function withCarried(entries: readonly VmxEntry[], more: Carried): readonly VmxEntry[] {
  const names = new Set(more.entries.map(([name]) => name.toLowerCase()));
  return [...entries.filter(([name]) => !names.has(name.toLowerCase())), ...more.entries];
}

/** The appliance without what the files say: the chip set that every machine of VMware's has, and settings that are carried. */
function withoutSaid(fitted: Appliance, things: ReadonlyMap<Machine, Carried>): Appliance {
  const machines = fitted.machines.map((machine) => ({
    ...machine,
    chipset: machine.chipset === "i440fx" ? null : machine.chipset,
    foreign: machine.foreign.filter((thing) => things.get(machine)?.things.has(thing) !== true),
  }));
  return { ...fitted, machines };
}

function attachmentEntries(
  machine: Machine,
  product: Product,
  files: ResultFiles,
  shared: ReadonlySet<string>,
): VmxEntry[] {
  const entries: VmxEntry[] = [];
  let common = false;
  for (const attachment of machine.attachments) {
    const name = driveName(machine, attachment);
    if (name === null) continue;
    common ||= attachment.disk !== null && shared.has(attachment.disk);
    entries.push(...driveEntries(machine, attachment, name, files.of(machine, attachment), product, shared));
  }
  // Without a word about it there is a floppy drive.
  const floppy = machine.attachments.some((a) => a.device === "floppy" && (a.slot ?? 0) === 0);
  if (!floppy) entries.push(["floppy0.present", "FALSE"]);
  // A hosted product locks a disk for the first machine that opens it.
  if (common && product === "hosted") entries.push(["disk.locking", "FALSE"]);
  return entries;
}

function networkEntries(machine: Machine, product: Product, notes: Diagnostic[]): VmxEntry[] {
  const entries: VmxEntry[] = [];
  for (const [index, nic] of machine.nics.entries()) {
    entries.push(...nicEntries(nic, index, product));
    const told = product === "hosted" ? plugOf(nic) !== null : nic.network !== null;
    if (told) continue;
    const network = nic.network === null ? "has no name" : `is called ${JSON.stringify(nic.network)}`;
    const where = product === "hosted" ? "connected by NAT" : `in the port group ${JSON.stringify(FIRST_PORT_GROUP)}`;
    notes.push(
      loss(
        "warning",
        "vmware/network-chosen",
        `${machine.name}: network card ${index} is ${where}: its network ${network}`,
        {
          data: { machine: machine.id, nic: index, network: nic.network },
          hint: "Choose another network in the machine's settings, or name one with --map-network.",
        },
      ),
    );
  }
  return entries;
}
