import type { Appliance, Machine } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { MachineShape, TargetProfile } from "../../targets/profile.js";
import { layoutOf } from "../cpu-layout.js";
import { createFiles } from "../files.js";
import { commonLosses, loss } from "../losses.js";
import { uuidFromText } from "../names-of-devices.js";
import type { DiskFiles, ExportPlan } from "../platform.js";
import { filesBehind, machineArguments, readsOnly } from "./arguments.js";
import { keepsSerialPort, keepsVideo, soundArguments, vgaOf } from "./hardware.js";
import { renderScript } from "./script.js";

/** Options of the QEMU export. */
export interface QemuOptions {
  /** Format of the disks written. */
  readonly disks: "qcow2" | "raw";
}

/** Defaults of the QEMU export. */
export const qemuDefaults: QemuOptions = Object.freeze({ disks: "qcow2" });

const LABEL = "a QEMU command line";

/** Writes a script for each machine of a fitted appliance, `run.sh` where there is one, and names its disks. Pure. */
export function exportQemu(
  fitted: Appliance,
  shapes: ReadonlyMap<string, MachineShape>,
  target: TargetProfile,
  options: Partial<QemuOptions> & DiskFiles,
): ExportPlan {
  const o: QemuOptions = { ...qemuDefaults, ...options };
  const variant = o.disks === "qcow2" ? "uncompressed" : "raw";
  const extension = o.disks === "qcow2" ? ".qcow2" : ".raw";
  const files = createFiles(fitted, { format: o.disks, variant, extension }, options.files);
  const notes: Diagnostic[] = [];
  const configs = fitted.machines.map((machine) => {
    const shape = shapes.get(machine.id) ?? (target.shapes[0] as MachineShape);
    const script = renderScript({
      name: machine.name,
      firmware: machine.firmware === "unknown" ? target.defaultFirmware : machine.firmware,
      variables: files.take(machine.name, "-efi-vars.fd"),
      vga: vgaOf(machine.video) ?? "std",
      arguments: machineArguments(machine, shape, filesBehind(files)),
    });
    const { cim, vmware, virtualbox, description } = machine.guestOs;
    const named = description ?? vmware ?? virtualbox ?? (cim === null ? null : `number ${cim}`);
    if (named !== null) {
      notes.push(
        loss("info", "qemu/guest-os-dropped", `${machine.name}: ${LABEL} does not name the guest system (${named})`, {
          data: { machine: machine.id, cim, vmware, virtualbox, description },
        }),
      );
    }
    if (machine.annotation !== null) {
      notes.push(
        loss("warning", "qemu/annotation-dropped", `${machine.name}: ${LABEL} has no place for the annotation`, {
          data: { machine: machine.id, annotation: machine.annotation },
        }),
      );
    }
    for (const [index, nic] of machine.nics.entries()) {
      if (nic.network?.toLowerCase() === "nat") continue;
      notes.push(
        loss(
          "warning",
          "qemu/network-chosen",
          `${machine.name}: network card ${index} reaches the outside by QEMU's NAT: its own network ${
            nic.network === null ? "has no name" : `is called ${JSON.stringify(nic.network)}`
          }`,
          {
            data: { machine: machine.id, nic: index, network: nic.network },
            hint: "Edit the script's `-netdev` line for a bridge or another network.",
          },
        ),
      );
    }
    const name = fitted.machines.length === 1 ? files.take("run", ".sh") : files.take(`run-${machine.name}`, ".sh");
    return { name, bytes: new TextEncoder().encode(script), executable: true };
  });
  const shapeOf = (machine: Machine): MachineShape => shapes.get(machine.id) ?? (target.shapes[0] as MachineShape);
  const rest = { ...fitted, machines: fitted.machines.map((machine) => unsaid(machine, shapeOf(machine))) };
  notes.push(...commonLosses(rest, LABEL, { files: files.kept() }));
  return { configs, notes, disks: files.disks(), files: files.assets() };
}

/** A machine without what its command line says: the rest is lost. */
function unsaid(machine: Machine, shape: MachineShape): Machine {
  const { cpu } = machine;
  const { keepsMax, keepsThreads } = layoutOf(cpu);
  return {
    ...machine,
    uuid: uuidFromText(machine.uuid) === null ? machine.uuid : null,
    chipset: shape.chipset === machine.chipset ? null : machine.chipset,
    cpu: {
      ...cpu,
      max: keepsMax || cpu.max === null || cpu.max <= cpu.count ? null : cpu.max,
      threadsPerCore: keepsThreads ? null : cpu.threadsPerCore,
      // The processor has all that the host's can do.
      nested: null,
    },
    clock: null,
    serialPorts: machine.serialPorts.filter((port) => !keepsSerialPort(port)),
    sound: soundArguments(machine.sound).length > 0 ? null : machine.sound,
    video: keepsVideo(machine.video) ? null : machine.video,
    nics: machine.nics.map((nic) => (nic.kind === "nat" ? { ...nic, kind: null } : nic)),
    attachments: machine.attachments.map((one) => (readsOnly(machine, one) ? { ...one, readOnly: false } : one)),
  };
}
