/** A fitted machine in the settings of Proxmox VE. Source: qm.conf(5). */
import type { Appliance, Machine, Nic } from "../../appliance/appliance.js";
import { MIB } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { bootSequence } from "../boot-sequence.js";
import type { ResultFiles } from "../files.js";
import { loss } from "../losses.js";
import { arrangeDrives, type NamedDrive } from "./arrange.js";
import { diskSize, dnsName, ostypeOf, soundOf, vgaOf } from "./words.js";

/** A value that a host may have its own word for: the bridge that a card is plugged into. */
export type ValuePart = string | { readonly option: "bridge" };

/** A setting that is no drive. */
export interface Setting {
  readonly key: string;
  readonly value: readonly ValuePart[];
}

/** A drive, or where firmware and TPM keep what they remember. */
export interface DriveSetting {
  readonly key: string;
  /** `disk`: imported; `iso`: put where images lie; `empty`: a CD drive without one; `made`: the host makes it. */
  readonly kind: "disk" | "iso" | "empty" | "made";
  /** Name of the file in the result; `null`: there is none. */
  readonly file: string | null;
  /** Further parts, for the configuration and for commands. */
  readonly options: readonly string[];
  /** For the configuration alone. */
  readonly size: string | null;
}

/** Everything that is said of one machine. */
export interface MachineSettings {
  readonly name: string;
  readonly description: string | null;
  readonly settings: readonly Setting[];
  readonly drives: readonly DriveSetting[];
  /** `scsi0;net0`; `null`: nothing is booted from. */
  readonly order: string;
}

/** What is done with one machine. */
interface Job {
  readonly appliance: Appliance;
  readonly machine: Machine;
  readonly files: ResultFiles;
  readonly notes: Diagnostic[];
  readonly bridge: string;
  /** Whether cards are plugged into bridges called as their networks. */
  readonly ownBridges: boolean;
}

/** The settings of a machine. What cannot be said is noted. */
export function settingsOf(job: Job): MachineSettings {
  const { machine, appliance, notes } = job;
  const name = nameOf(job);
  const { scsihw, drives } = arrangeDrives(machine, notes);
  const plain: [string, string][] = [
    ...cpuOf(job),
    ...memoryOf(job),
    ["ostype", guestOf(job)],
    ...(machine.firmware === "bios" || machine.firmware === "unknown"
      ? []
      : ([["bios", "ovmf"]] as [string, string][])),
    ...(machine.chipset === null
      ? []
      : ([["machine", machine.chipset === "q35" ? "q35" : "pc"]] as [string, string][])),
    ...(machine.clock === null
      ? []
      : ([["localtime", machine.clock === "localtime" ? "1" : "0"]] as [string, string][])),
    ...(machine.uuid === null || !UUID.test(machine.uuid)
      ? []
      : ([["smbios1", `uuid=${machine.uuid}`]] as [string, string][])),
    ...(scsihw === null ? [] : ([["scsihw", scsihw]] as [string, string][])),
    ...portsOf(job),
  ];
  const startup = appliance.startup.find((step) => step.machine === machine.id);
  if (startup !== undefined) {
    const order = Math.max(0, Math.trunc(startup.order));
    const up = Math.max(0, Math.trunc(startup.startDelaySeconds));
    plain.push(["startup", up === 0 ? `order=${order}` : `order=${order},up=${up}`]);
  }
  const idle = machine.controllers.filter(({ id }) => !machine.attachments.some(({ controller }) => controller === id));
  if (idle.length > 0) {
    const buses = idle.map(({ bus }) => bus);
    notes.push(
      loss(
        "info",
        "proxmox/controllers-implied",
        `${machine.name}: controllers without drives (${buses.join(", ")}) are not written: Proxmox VE makes those that it needs`,
        { data: { machine: machine.id, buses } },
      ),
    );
  }
  const settings: Setting[] = plain.map(([key, value]) => ({ key, value: [value] }));
  for (const [index, nic] of machine.nics.entries())
    settings.push({ key: `net${index}`, value: nicOf(job, nic, index) });
  return {
    name,
    description: machine.annotation,
    settings,
    drives: [...drives.map((drive) => driveOf(job, drive)), ...firmwareDisks(job)],
    order: orderOf(machine, drives),
  };
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function nameOf({ machine, notes }: Job): string {
  const name = dnsName(machine.name);
  if (name !== machine.name) {
    notes.push(
      loss("info", "proxmox/name-changed", `${machine.name}: the machine is called ${JSON.stringify(name)}`, {
        data: { machine: machine.id, from: machine.name, to: name },
      }),
    );
  }
  return name;
}

function cpuOf({ machine }: Job): [string, string][] {
  const { count, coresPerSocket, max, nested } = machine.cpu;
  const all = max !== null && max > count ? max : count;
  const cores = coresPerSocket !== null && coresPerSocket > 0 && all % coresPerSocket === 0 ? coresPerSocket : all;
  // What says nothing is a processor of 2006 (kvm64), on which many systems of today do not start. This is what the web interface chooses.
  const settings: [string, string][] = [
    ["cores", String(cores)],
    ["sockets", String(all / cores)],
    ["cpu", nested === true ? "host" : "x86-64-v2-AES"],
  ];
  if (all > count) settings.push(["vcpus", String(count)]);
  return settings;
}

function memoryOf({ machine, notes }: Job): [string, string][] {
  const { dynamicMemory: range, memoryBytes } = machine;
  const most = Math.max(memoryBytes, range?.maxBytes ?? 0);
  const settings: [string, string][] = [["memory", String(Math.ceil(most / MIB))]];
  if (range === null) return settings;
  const least = Math.floor(range.minBytes / MIB);
  if (least > 0 && least * MIB < most) settings.push(["balloon", String(least)]);
  if (memoryBytes !== most) {
    notes.push(
      loss(
        "info",
        "proxmox/memory-starts-full",
        `${machine.name}: it starts with all of its ${Math.ceil(most / MIB)} MiB, and may shrink to ${least} MiB afterwards`,
        { data: { machine: machine.id, startBytes: memoryBytes, maxBytes: most } },
      ),
    );
  }
  return settings;
}

function guestOf({ machine, notes }: Job): string {
  const { ostype, exact } = ostypeOf(machine.guestOs);
  const { cim, vmware, virtualbox, osinfo, xenserver, description } = machine.guestOs;
  const data = { machine: machine.id, ostype, cim, vmware, virtualbox, osinfo, xenserver, description };
  if (!exact && [cim, vmware, virtualbox, osinfo, xenserver].some((word) => word !== null)) {
    notes.push(
      loss("info", "proxmox/guest-os-mapped", `${machine.name}: the guest system becomes ${ostype}`, { data }),
    );
  }
  if (description !== null) {
    notes.push(
      loss(
        "info",
        "platform/guest-os-description-dropped",
        `${machine.name}: Proxmox VE cannot hold the guest system's description ${JSON.stringify(description)}`,
        { data: { machine: machine.id, description } },
      ),
    );
  }
  return ostype;
}

/** Serial ports, sound and screen. */
function portsOf({ machine, notes }: Job): [string, string][] {
  const settings: [string, string][] = [];
  const changed = (what: string, to: string | null): void => {
    notes.push(
      loss(
        "info",
        "proxmox/device-changed",
        `${machine.name}: ${what} ${to === null ? "has no place" : `becomes ${to}`}`,
        { data: { machine: machine.id, what, to } },
      ),
    );
  };
  const ports = new Set<number>();
  for (const { index, backing, target } of machine.serialPorts) {
    if (index < 0 || index > 3 || ports.has(index)) {
      changed(`serial port ${index}`, null);
      continue;
    }
    ports.add(index);
    const device = backing === "device" && target !== null && /^\/dev\/[A-Za-z0-9/._-]+$/.test(target);
    if (!device && (backing !== "pipe" || target !== null))
      changed(`the other end of serial port ${index}`, "a socket");
    settings.push([`serial${index}`, device ? target : "socket"]);
  }
  if (machine.sound !== null) {
    const sound = soundOf(machine.sound);
    if (sound !== machine.sound) changed(`the sound card ${JSON.stringify(machine.sound)}`, sound);
    if (sound !== null) settings.push(["audio0", `device=${sound}`]);
  }
  if (machine.video !== null) {
    const { value, exact } = vgaOf(machine.video);
    if (!exact) changed(`the graphics card ${JSON.stringify(machine.video.model ?? "")}`, value);
    settings.push(["vga", value]);
  }
  return settings;
}

/** Names that a bridge of Linux can have. */
const BRIDGE = /^[A-Za-z][A-Za-z0-9._-]{0,14}$/;

function nicOf({ machine, notes, bridge, ownBridges }: Job, nic: Nic, index: number): ValuePart[] {
  const { model, mac, vlan, network, kind, connected } = nic;
  const chip = model ?? "virtio";
  const head = mac === null ? `model=${chip}` : `${chip}=${mac.toUpperCase()}`;
  const tail = `${vlan === null ? "" : `,tag=${vlan}`}${connected ? "" : ",link_down=1"}`;
  // Without a bridge QEMU itself translates addresses.
  if (kind === "nat" && network === null) {
    if (vlan !== null) {
      const data = { machine: machine.id, nic: index, vlan };
      notes.push(
        loss(
          "warning",
          "proxmox/vlan-dropped",
          `${machine.name}: network card ${index} has no bridge, and so no VLAN`,
          { data },
        ),
      );
    }
    return [`${head}${connected ? "" : ",link_down=1"}`];
  }
  if ((ownBridges || kind === "bridged") && network !== null && BRIDGE.test(network))
    return [`${head},bridge=${network}${tail}`];
  notes.push(
    loss(
      kind === "hostonly" || kind === "internal" ? "warning" : "info",
      "proxmox/network-chosen",
      `${machine.name}: network card ${index} is plugged into the bridge ${JSON.stringify(bridge)}: its own network ${
        network === null ? "has no name" : `is called ${JSON.stringify(network)}`
      }${kind === null ? "" : ` (${kind})`}`,
      {
        data: { machine: machine.id, nic: index, network, kind, to: bridge },
        hint: "Choose another one when the machine is made: import.sh --bridge NAME, or change the card afterwards.",
      },
    ),
  );
  return [`${head},bridge=`, { option: "bridge" }, tail];
}

function driveOf({ appliance, machine, files, notes }: Job, { name, attachment }: NamedDrive): DriveSetting {
  const file = files.of(machine, attachment);
  if (attachment.device !== "disk") {
    return { key: name, kind: file === null ? "empty" : "iso", file, options: ["media=cdrom"], size: null };
  }
  const size = appliance.disks.find(({ id }) => id === attachment.disk)?.capacityBytes ?? 0;
  const readOnly = attachment.readOnly && /^(?:scsi|virtio)/.test(name);
  if (attachment.readOnly && !readOnly) {
    notes.push(
      loss(
        "warning",
        "proxmox/read-only-dropped",
        `${machine.name}: disk ${attachment.disk} becomes writable: only drives on SCSI and virtio can be read-only`,
        { data: { machine: machine.id, disk: attachment.disk, drive: name } },
      ),
    );
  }
  return { key: name, kind: "disk", file, options: readOnly ? ["ro=1"] : [], size: size === 0 ? null : diskSize(size) };
}

/** Bytes of OVMF's older variables: 128 KiB. The newer ones are 528 KiB. */
const OLD_VARIABLES = 131_072;

/** Where EFI keeps its variables, and the TPM what it knows. */
function firmwareDisks({ appliance, machine, files }: Job): DriveSetting[] {
  const disks: DriveSetting[] = [];
  if (machine.firmware === "efi" || machine.firmware === "efi-secure") {
    const secure = machine.firmware === "efi-secure";
    const asset = appliance.files.find(({ id }) => id === machine.nvram);
    // Variables of other firmware (VMware's .nvram, VirtualBox's) mean nothing to OVMF.
    const ending = asset === undefined ? null : (/\.(?:fd|raw|qcow2)$/i.exec(asset.name)?.[0].toLowerCase() ?? null);
    const own = asset !== undefined && (ending !== null || /^drive-efidisk0$/.test(asset.name));
    const file = own ? files.take(machine.name, `-efi-vars${ending === ".qcow2" ? ".qcow2" : ".raw"}`) : null;
    if (own && file !== null) files.keep(asset.id, file);
    const type = asset?.size === OLD_VARIABLES && file !== null ? "2m" : "4m";
    // What is imported has to say both (Qemu.pm, check_drive_param).
    const keys = secure ? ["pre-enrolled-keys=1"] : file === null ? [] : ["pre-enrolled-keys=0"];
    const options = [`efitype=${type}`, ...keys];
    disks.push({ key: "efidisk0", kind: file === null ? "made" : "disk", file, options, size: null });
  }
  if (machine.tpm !== null) {
    disks.push({ key: "tpmstate0", kind: "made", file: null, options: [`version=v${machine.tpm}`], size: null });
  }
  return disks;
}

function orderOf(machine: Machine, drives: readonly NamedDrive[]): string {
  return bootSequence(machine)
    .flatMap((step) => {
      if ("nic" in step) return [`net${machine.nics.indexOf(step.nic)}`];
      const named = drives.find(({ attachment }) => attachment === step.drive);
      return named === undefined ? [] : [named.name];
    })
    .join(";");
}
