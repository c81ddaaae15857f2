import type { Appliance, Machine } from "../../appliance/appliance.js";
import { findGuestSystem } from "../../appliance/guest-os.js";
import { MIB } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { MachineShape, TargetProfile } from "../../targets/profile.js";
import { createFiles, type ResultFiles } from "../files.js";
import { commonLosses, loss } from "../losses.js";
import type { ExportPlan } from "../platform.js";
import { bootEntries } from "./boot.js";
import {
  connectionType,
  controllerEntries,
  driveEntries,
  driveName,
  nicEntries,
  type Product,
  surplusUsb,
} from "./devices.js";
import { hardwareVersion } from "./hardware.js";
import { renderVmx, type VmxEntry } from "./vmx.js";

/** Options of the VMware export. */
export interface VmwareOptions {
  /** `auto`: what the target runs or imports: monolithicSparse for Workstation and Fusion, streamOptimized for vSphere. */
  readonly disks: "auto" | "monolithicSparse" | "streamOptimized";
}

/** Defaults of the VMware export. */
export const vmwareDefaults: VmwareOptions = Object.freeze({ disks: "auto" });

const LABEL = "a VMX file";

/** Writes one VMX file for each machine of a fitted appliance, and names its disks. Pure. */
export function exportVmware(
  fitted: Appliance,
  shapes: ReadonlyMap<string, MachineShape>,
  target: TargetProfile,
  options: Partial<VmwareOptions>,
): ExportPlan {
  const o = { ...vmwareDefaults, ...options };
  const [accepted] = target.accepts.disks;
  const variant = o.disks === "auto" ? (accepted?.variants[0] ?? "monolithicSparse") : o.disks;
  // What runs hosted sparse disks where they lie is a hosted product.
  const product: Product = accepted?.variants.includes("monolithicSparse") === true ? "hosted" : "esx";
  const files = createFiles(fitted, { format: "vmdk", variant, extension: ".vmdk" });
  const notes: Diagnostic[] = [];
  const configs = fitted.machines.map((machine) => {
    const own = files.machine(machine, ".vmx");
    const nvramName = own.beside(".nvram");
    const nvram = nvramOf(fitted, machine);
    if (nvram !== null) files.keep(nvram, nvramName);
    const hardware = hardwareVersion(machine, shapes.get(machine.id) ?? (target.shapes[0] as MachineShape));
    const entries = [
      ...headEntries(machine, hardware, product, nvramName, notes),
      ...controllerEntries(machine),
      ...attachmentEntries(machine, product, files),
      ...networkEntries(machine, product, notes),
      ...bootEntries(machine, notes),
    ];
    const surplus = surplusUsb(machine);
    if (surplus > 0) {
      notes.push(
        loss(
          "info",
          "vmware/usb-merged",
          `${machine.name}: VMware has one USB controller of a kind; ${surplus} left out`,
          {
            data: { machine: machine.id, count: surplus },
          },
        ),
      );
    }
    return { name: own.name, bytes: new TextEncoder().encode(renderVmx(entries)) };
  });
  if (product === "esx" && files.disks().length > 0) {
    notes.push(
      loss("warning", "vmware/import-disks", `ESXi runs no ${variant} disk where it lies`, {
        data: { target: target.id, variant },
        hint: "Import each disk with `vmkfstools -i`, or convert to an OVA instead, which vSphere deploys.",
      }),
    );
  }
  notes.push(...commonLosses(fitted, LABEL, { files: files.kept() }));
  return { configs, notes, disks: files.disks(), files: files.assets() };
}

function headEntries(
  machine: Machine,
  hardware: number,
  product: Product,
  nvram: string,
  notes: Diagnostic[],
): VmxEntry[] {
  const entries: VmxEntry[] = [
    ["config.version", "8"],
    ["virtualHW.version", String(hardware)],
  ];
  if (product === "hosted") entries.push(["virtualHW.productCompatibility", "hosted"]);
  entries.push(["displayName", machine.name]);
  if (machine.annotation !== null) entries.push(["annotation", machine.annotation]);
  entries.push(
    ["guestOS", guestOs(machine, notes)],
    ["memSize", String(machine.memoryBytes / MIB)],
    ["numvcpus", String(machine.cpu.count)],
  );
  const { coresPerSocket } = machine.cpu;
  if (coresPerSocket !== null) entries.push(["cpuid.coresPerSocket", String(coresPerSocket)]);
  // BIOS is what no word means: VMware writes none, and virt-v2v knows none.
  if (machine.firmware !== "bios") entries.push(["firmware", "efi"]);
  if (machine.firmware === "efi-secure") entries.push(["uefi.secureBoot.enabled", "TRUE"]);
  entries.push(["nvram", nvram], ...pciBridges());
  return entries;
}

function guestOs(machine: Machine, notes: Diagnostic[]): string {
  const { system, by } = findGuestSystem(machine.guestOs);
  const { cim, virtualbox, description } = machine.guestOs;
  const data = { machine: machine.id, guestOS: system.vmx, cim, virtualbox };
  if (by === null) {
    notes.push(
      loss(
        "warning",
        "vmware/guest-os-unknown",
        `${machine.name}: nothing names the guest system in a way that VMware knows; it becomes ${system.vmx}`,
        { data },
      ),
    );
  } else if (by !== "vmware") {
    notes.push(
      loss(
        "info",
        "vmware/guest-os-mapped",
        `${machine.name}: guest system ${by === "cim" ? `number ${cim}` : by === "proxmox" ? machine.guestOs.proxmox : virtualbox} becomes ${system.vmx}`,
        { data },
      ),
    );
  }
  if (description !== null) {
    notes.push(
      loss(
        "info",
        "platform/guest-os-description-dropped",
        `${machine.name}: ${LABEL} cannot hold the guest system's description ${JSON.stringify(description)}`,
        { data: { machine: machine.id, description } },
      ),
    );
  }
  return system.vmx;
}

function attachmentEntries(machine: Machine, product: Product, files: ResultFiles): VmxEntry[] {
  const entries: VmxEntry[] = [];
  for (const attachment of machine.attachments) {
    const name = driveName(machine, attachment);
    if (name === null) continue;
    entries.push(...driveEntries(machine, attachment, name, files.of(machine, attachment), product));
  }
  // Without a word about it there is a floppy drive.
  const floppy = machine.attachments.some((a) => a.device === "floppy" && (a.slot ?? 0) === 0);
  if (!floppy) entries.push(["floppy0.present", "FALSE"]);
  return entries;
}

function networkEntries(machine: Machine, product: Product, notes: Diagnostic[]): VmxEntry[] {
  const entries: VmxEntry[] = [];
  for (const [index, nic] of machine.nics.entries()) {
    entries.push(...nicEntries(nic, index, product));
    if (product !== "hosted" || connectionType(nic.network) !== null) continue;
    const network = nic.network === null ? "has no name" : `is called ${JSON.stringify(nic.network)}`;
    notes.push(
      loss(
        "warning",
        "vmware/network-chosen",
        `${machine.name}: network card ${index} is connected by NAT: its network ${network}`,
        {
          data: { machine: machine.id, nic: index, network: nic.network },
          hint: "Choose another network in the machine's settings.",
        },
      ),
    );
  }
  return entries;
}

/** PCI Express ports: without them there is room for a handful of cards only. */
function pciBridges(): VmxEntry[] {
  const entries: VmxEntry[] = [["pciBridge0.present", "TRUE"]];
  for (const number of [4, 5, 6, 7]) {
    entries.push(
      [`pciBridge${number}.present`, "TRUE"],
      [`pciBridge${number}.virtualDev`, "pcieRootPort"],
      [`pciBridge${number}.functions`, "8"],
    );
  }
  entries.push(["vmci0.present", "TRUE"], ["hpet0.present", "TRUE"]);
  return entries;
}

/** The NVRAM file of a machine: one file, one machine, both from VMware. Other platforms' files hold another format. */
function nvramOf(fitted: Appliance, machine: Machine): string | null {
  const files = fitted.files.filter((f) => f.role === "nvram");
  const [file] = files;
  if (file === undefined || files.length > 1 || fitted.machines.length > 1) return null;
  const types = machine.hardwareTypes;
  return types.length > 0 && types.every((t) => /^vmx-/i.test(t)) ? file.id : null;
}
