import type { Appliance, Machine } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { MachineShape, TargetProfile } from "../../targets/profile.js";
import { createFiles } from "../files.js";
import { commonLosses, loss } from "../losses.js";
import type { ExportPlan } from "../platform.js";
import { renderScript } from "./powershell.js";
import { hypervScript } from "./script.js";

/** Options of the Hyper-V export. */
export interface HypervOptions {
  /** Variant of the VHDX disks. */
  readonly disks: "dynamic" | "fixed";
}

/** Defaults of the Hyper-V export. */
export const hypervDefaults: HypervOptions = Object.freeze({ disks: "dynamic" });

const LABEL = "Hyper-V";
/** Windows PowerShell 5.1 takes a script without this mark for one in the system's code page. */
const BYTE_ORDER_MARK = "\ufeff";

/** Writes a PowerShell script for each machine of a fitted appliance, and names its disks. Pure. */
export function exportHyperv(
  fitted: Appliance,
  shapes: ReadonlyMap<string, MachineShape>,
  target: TargetProfile,
  options: Partial<HypervOptions>,
): ExportPlan {
  const o: HypervOptions = { ...hypervDefaults, ...options };
  const files = createFiles(fitted, {
    format: "vhdx",
    variant: o.disks,
    extension: ".vhdx",
    // Hyper-V goes by these endings.
    cdromExtension: ".iso",
    floppyExtension: ".vfd",
  });
  const notes: Diagnostic[] = [];
  const configs = fitted.machines.map((machine) => {
    const { name } = files.machine(machine, ".ps1");
    const shape = shapes.get(machine.id) ?? (target.shapes[0] as MachineShape);
    notes.push(...machineNotes(machine, shape));
    const text = BYTE_ORDER_MARK + renderScript(hypervScript(machine, shape, files));
    return { name, bytes: new TextEncoder().encode(text) };
  });
  notes.push(...commonLosses(fitted, LABEL, { files: files.kept() }));
  return { configs, notes, disks: files.disks(), files: files.assets() };
}

function machineNotes(machine: Machine, shape: MachineShape): Diagnostic[] {
  const notes: Diagnostic[] = [];
  const { cim, vmware, virtualbox, description } = machine.guestOs;
  const named = description ?? vmware ?? virtualbox ?? (cim === null ? null : `number ${cim}`);
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
  if (disks.size > 1 || cdroms.size > 1) {
    notes.push(
      loss(
        "warning",
        "hyperv/boot-order-reduced",
        `${machine.name}: a generation 1 machine orders kinds of devices, not single drives`,
        { data },
      ),
    );
  }
  const network = machine.boot.find((b) => b.device === "network");
  if (network !== undefined && machine.nics[network.index ?? 0]?.model !== "legacy") {
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
