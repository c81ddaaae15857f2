import type { Attachment, Controller, Machine, Nic } from "../../appliance/appliance.js";
import { findGuestSystem } from "../../appliance/guest-os.js";
import { MIB } from "../../base/bytes.js";
import type { MachineShape } from "../../targets/profile.js";
import { type BootStep, bootPlace, bootSequence } from "../boot-sequence.js";
import { layoutOf } from "../cpu-layout.js";
import type { ResultFiles } from "../files.js";
import { uuidFromText } from "../names-of-devices.js";
import { sasName } from "../sas.js";
import { type QemuArgument, serialArguments, soundArguments } from "./hardware.js";

/** What stands behind the devices of a machine, on the host. */
export interface QemuBackends {
  /** Options of `-drive` that say where the bytes are; `null`: an empty drive. */
  drive(machine: Machine, attachment: Attachment): string | null;
  /** The value of `-netdev` for a card that is connected. */
  network(nic: Nic, id: string, index: number): string;
}

/** QEMU's names of network cards, where they are not our words. */
const NICS: Readonly<Record<string, string>> = { virtio: "virtio-net-pci" };

/**
 * The command line of one machine, without what the script finds out when it runs: accelerator, firmware, display. Source: QEMU's manual
 * ("Invocation") and `-device NAME,help`.
 */
export function machineArguments(machine: Machine, shape: MachineShape, behind: QemuBackends): QemuArgument[] {
  const { cpu } = machine;
  const secure = machine.firmware === "efi-secure";
  const steps = bootSequence(machine);
  const windows = findGuestSystem(machine.guestOs).system.family === "windows";
  const { total, topology } = layoutOf(cpu);
  const most = total === cpu.count ? "" : `,maxcpus=${total}`;
  const sockets =
    topology === null ? "" : `,sockets=${topology.sockets},cores=${topology.cores},threads=${topology.threads}`;
  const uuid = uuidFromText(machine.uuid);
  const args: QemuArgument[] = [
    ["-name", `guest=${optionValue(machine.name)}`],
    ["-machine", secure ? `${shape.id},smm=on` : shape.id],
    // Everything that the accelerator can do: right for KVM and for emulation.
    ["-cpu", "max"],
    ["-smp", `cpus=${cpu.count}${most}${sockets}`],
    ["-m", `${machine.memoryBytes / MIB}M`],
    ["-rtc", `base=${machine.clock ?? (windows ? "localtime" : "utc")}`],
    ...(uuid === null ? [] : [["-uuid", uuid] as const]),
  ];
  for (const controller of machine.controllers) {
    const device = controllerDevice(controller, shape);
    if (device !== null) args.push(["-device", device]);
  }
  const floppies = machine.attachments.some((a) => a.device === "floppy");
  if (floppies && shape.id === "q35") args.push(["-device", "isa-fdc,id=fdc"]);
  for (const [index, attachment] of machine.attachments.entries()) {
    args.push(...driveArguments(machine, shape, attachment, index, behind, steps));
  }
  for (const [index, nic] of machine.nics.entries()) args.push(...nicArguments(nic, index, behind, steps));
  args.push(...serialArguments(machine.serialPorts), ...soundArguments(machine.sound));
  return args;
}

/** Drives on the files of a result, and cards on QEMU's own NAT. */
export function filesBehind(files: ResultFiles): QemuBackends {
  return {
    drive(machine, attachment) {
      const file = files.of(machine, attachment);
      if (file === null) return null;
      const format = attachment.device === "disk" ? `${files.format(attachment.disk ?? "")},discard=unmap` : "raw";
      return `file=${optionValue(file)},format=${format}`;
    },
    network: (_, id) => `user,id=${id}`,
  };
}

/** A text inside of an option's value: a comma would end it, two are one. */
export function optionValue(text: string): string {
  return text.replaceAll(",", ",,");
}

/** QEMU's device for a controller; `null`: the machine type has it, or each drive is its own. */
function controllerDevice(controller: Controller, shape: MachineShape): string | null {
  switch (controller.bus) {
    case "sata":
      return builtInSata(controller, shape) ? null : `ich9-ahci,id=sata${controller.index}`;
    case "scsi":
      return `${scsiModel(controller)},id=scsi${controller.index}`;
    case "virtio-scsi":
      return `virtio-scsi-pci,id=vscsi${controller.index}`;
    case "usb":
      return `qemu-xhci,id=usb${controller.index}`;
    default:
      return null;
  }
}

/** QEMU's SAS controller, which is what SCSI means where nobody says more. */
const SAS = "mptsas1068";

function scsiModel(controller: Controller): string {
  return controller.model ?? SAS;
}

function builtInSata(controller: Controller, shape: MachineShape): boolean {
  return shape.id === "q35" && controller.index === 0;
}

function driveArguments(
  machine: Machine,
  shape: MachineShape,
  attachment: Attachment,
  index: number,
  behind: QemuBackends,
  steps: readonly BootStep[],
): QemuArgument[] {
  const id = `drive${index}`;
  const file = behind.drive(machine, attachment);
  const place = bootPlace(steps, attachment);
  const ending = `${file === null ? "" : `,drive=${id}`}${place === null ? "" : `,bootindex=${place}`}`;
  const args: QemuArgument[] = [];
  if (file !== null) {
    const media =
      attachment.device === "cdrom" ? ",media=cdrom,readonly=on" : readsOnly(machine, attachment) ? ",readonly=on" : "";
    args.push(["-drive", `if=none,id=${id},${file}${media}`]);
  }
  const controller = machine.controllers.find((c) => c.id === attachment.controller);
  args.push(["-device", `${driveDevice(attachment, controller, shape)}${ending}`]);
  return args;
}

/** Whether a disk cannot be written to, on a bus that has such disks. */
export function readsOnly({ controllers }: Machine, { device, controller, readOnly }: Attachment): boolean {
  const bus = controllers.find(({ id }) => id === controller)?.bus;
  return device === "disk" && readOnly && (bus === "scsi" || bus === "virtio-scsi" || bus === "virtio-blk");
}

function driveDevice(attachment: Attachment, controller: Controller | undefined, shape: MachineShape): string {
  const slot = attachment.slot ?? 0;
  const index = controller?.index ?? 0;
  const cdrom = attachment.device === "cdrom";
  if (attachment.device === "floppy") return `floppy,unit=${slot}`;
  switch (controller?.bus) {
    case "ide":
      return `${cdrom ? "ide-cd" : "ide-hd"},bus=ide.${index},unit=${slot}`;
    case "scsi":
      return `${cdrom ? "scsi-cd" : "scsi-hd"},bus=scsi${index}.0,scsi-id=${slot}${
        scsiModel(controller) === SAS ? `,wwn=0x${sasName(index, slot)}` : ""
      }`;
    case "virtio-scsi":
      return `${cdrom ? "scsi-cd" : "scsi-hd"},bus=vscsi${index}.0,scsi-id=${slot}`;
    case "virtio-blk":
      return "virtio-blk-pci";
    case "nvme":
      return `nvme,id=nvme${index},serial=disk${index}`;
    default: {
      const bus = controller !== undefined && !builtInSata(controller, shape) ? `sata${index}` : "ide";
      return `${cdrom ? "ide-cd" : "ide-hd"},bus=${bus}.${slot}`;
    }
  }
}

/** A card; one that is not connected has no network behind it. */
function nicArguments(nic: Nic, index: number, behind: QemuBackends, steps: readonly BootStep[]): QemuArgument[] {
  const place = bootPlace(steps, nic);
  const model = nic.model ?? "e1000";
  const parts = [NICS[model] ?? model];
  if (nic.connected) parts.push(`netdev=net${index}`);
  if (nic.mac !== null) parts.push(`mac=${nic.mac}`);
  if (place !== null) parts.push(`bootindex=${place}`);
  const network = behind.network(nic, `net${index}`, index);
  return [...(nic.connected ? [["-netdev", network] as const] : []), ["-device", parts.join(",")]];
}
