import type { Appliance, Machine } from "../../appliance/appliance.js";
import { GIB } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { MachineShape, TargetProfile } from "../../targets/profile.js";
import type { HeldFact } from "../facts.js";
import { createFiles } from "../files.js";
import { commonLosses, loss } from "../losses.js";
import type { DiskFiles, ExportPlan } from "../platform.js";
import { carriedTemplate, describeMachine, FOREIGN, TEMPLATE } from "./describe.js";
import type { HypervDocument } from "./document.js";
import { deviceNotes } from "./notes.js";
import { renderScript } from "./powershell.js";
import { scriptFor } from "./script.js";

/** Options of the Hyper-V export. */
export interface HypervOptions {
  /** Variant of the disks. */
  readonly disks: "dynamic" | "fixed";
  /** Format of the disks. Generation 2 takes VHDX alone, and a VHD holds at most 2040 GiB: where either is in the way, VHDX is written. */
  readonly format: "vhdx" | "vhd";
}

/** Defaults of the Hyper-V export. */
export const hypervDefaults: HypervOptions = Object.freeze({ disks: "dynamic", format: "vhdx" });

const LABEL = "Hyper-V";
/** Windows PowerShell 5.1 takes a script without this mark for one in the system's code page. */
const BYTE_ORDER_MARK = "\ufeff";
/** New-VHD: the most that a VHD holds. */
const LARGEST_VHD = 2040 * GIB;

/** Facts that the script makes. What of them it makes in part has notes of its own. */
const HOLDS: ReadonlySet<HeldFact> = new Set<HeldFact>([
  "nested",
  "threadsPerCore",
  "dynamicMemory",
  "serialPorts",
  "vlan",
  "tpm",
]);

/** Writes a PowerShell script for each machine of a fitted appliance, beside it what the machine is as JSON, and names its disks. Pure. */
export function exportHyperv(
  fitted: Appliance,
  shapes: ReadonlyMap<string, MachineShape>,
  target: TargetProfile,
  options: Partial<HypervOptions> & DiskFiles,
): ExportPlan {
  const o: HypervOptions = { ...hypervDefaults, ...options };
  const shapeOf = (machine: Machine): MachineShape => shapes.get(machine.id) ?? (target.shapes[0] as MachineShape);
  const notes: Diagnostic[] = [];
  const format = o.format === "vhd" ? vhdOr(fitted, shapeOf, notes) : "vhdx";
  const files = createFiles(
    fitted,
    {
      format,
      variant: o.disks,
      extension: `.${format}`,
      // Hyper-V goes by these endings.
      cdromExtension: ".iso",
      floppyExtension: ".vfd",
    },
    options.files,
  );
  const encoder = new TextEncoder();
  const configs = fitted.machines.flatMap((machine) => {
    const { name, beside } = files.machine(machine, ".ps1");
    const shape = shapeOf(machine);
    const facts = describeMachine(machine, shape, files);
    notes.push(...machineNotes(machine, shape), ...deviceNotes(machine, facts));
    const document: HypervDocument = { schema: "vmferry/hyperv@1", host: null, collected: null, machine: facts };
    return [
      { name, bytes: encoder.encode(BYTE_ORDER_MARK + renderScript(scriptFor(facts, machine))) },
      { name: beside(".hyperv.json"), bytes: encoder.encode(`${JSON.stringify(document, null, 2)}\n`) },
    ];
  });
  notes.push(...commonLosses(withoutTemplates(fitted), LABEL, { files: files.kept(), holds: HOLDS }));
  return { configs, notes, disks: files.disks(), files: files.assets() };
}

function vhdOr(fitted: Appliance, shapeOf: (machine: Machine) => MachineShape, notes: Diagnostic[]): "vhd" | "vhdx" {
  const second = fitted.machines.find((machine) => shapeOf(machine).id === "gen2");
  const large = fitted.disks.find((disk) => disk.capacityBytes > LARGEST_VHD);
  if (second === undefined && large === undefined) return "vhd";
  const why = second === undefined ? `disk ${large?.id} is too large for a VHD` : `${second.name} is of generation 2`;
  notes.push(
    loss("warning", "hyperv/vhd-impossible", `the disks become VHDX, not VHD: ${why}`, {
      data: { machine: second?.id ?? null, disk: large?.id ?? null },
    }),
  );
  return "vhdx";
}

/** Templates of secure boot that the script sets are not lost. */
function withoutTemplates(fitted: Appliance): Appliance {
  const machines = fitted.machines.map((machine) =>
    machine.firmware === "efi-secure" && carriedTemplate(machine) !== null
      ? { ...machine, foreign: machine.foreign.filter(({ source, name }) => source !== FOREIGN || name !== TEMPLATE) }
      : machine,
  );
  return { ...fitted, machines };
}

function machineNotes(machine: Machine, shape: MachineShape): Diagnostic[] {
  const notes: Diagnostic[] = [];
  const { cim, vmware, virtualbox, osinfo, proxmox, xenserver, description } = machine.guestOs;
  const named =
    description ?? vmware ?? virtualbox ?? osinfo ?? xenserver ?? proxmox ?? (cim === null ? null : `number ${cim}`);
  if (named !== null) {
    notes.push(
      loss("info", "hyperv/guest-os-dropped", `${machine.name}: ${LABEL} does not name the guest system (${named})`, {
        data: { machine: machine.id, cim, vmware, virtualbox, description },
      }),
    );
  }
  if (machine.cpu.coresPerSocket !== null) {
    notes.push(
      loss(
        "warning",
        "hyperv/sockets-dropped",
        `${machine.name}: ${LABEL} decides by itself how ${machine.cpu.count} processors make sockets`,
        { data: { machine: machine.id, coresPerSocket: machine.cpu.coresPerSocket } },
      ),
    );
  }
  if (machine.nics.some((nic) => nic.connected)) {
    notes.push(
      loss(
        "info",
        "hyperv/switch-by-name",
        `${machine.name}: network cards are connected to virtual switches named like their networks`,
        {
          data: { machine: machine.id, networks: machine.nics.map((nic) => nic.network) },
          hint: "Give the script `-SwitchMap @{ 'network' = 'switch' }` where the names differ.",
        },
      ),
    );
  }
  if (shape.id === "gen1") notes.push(...generation1Notes(machine));
  return notes;
}

/** Generation 1 orders kinds of devices, and boots from the network by a legacy adapter alone. */
function generation1Notes(machine: Machine): Diagnostic[] {
  const data = { machine: machine.id, boot: machine.boot.map((b) => b.device) };
  const notes: Diagnostic[] = [];
  const disks = new Set(machine.boot.flatMap((b) => (b.device === "disk" ? [b.index] : [])));
  const cdroms = new Set(machine.boot.flatMap((b) => (b.device === "cdrom" ? [b.index] : [])));
  const networks = new Set(machine.boot.flatMap((b) => (b.device === "network" ? [b.index ?? 0] : [])));
  const legacy = machine.nics.findIndex((nic) => nic.model === "legacy");
  const otherCard = networks.size > 0 && legacy >= 0 && !networks.has(legacy);
  if (disks.size > 1 || cdroms.size > 1 || networks.size > 1 || otherCard) {
    notes.push(
      loss(
        "warning",
        "hyperv/boot-order-reduced",
        `${machine.name}: a generation 1 machine orders kinds of devices, not single ones`,
        { data },
      ),
    );
  }
  if (networks.size > 0 && legacy < 0) {
    notes.push(
      loss(
        "warning",
        "hyperv/no-network-boot",
        `${machine.name}: a generation 1 machine boots from the network by a legacy adapter alone, and has none`,
        {
          data,
          hint: "Add one with `Add-VMNetworkAdapter -IsLegacy $true` if the machine has to.",
        },
      ),
    );
  }
  return notes;
}
