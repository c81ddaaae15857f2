import type { Appliance, Attachment, Machine, SerialPort } from "../../appliance/appliance.js";
import { findGuestSystem } from "../../appliance/guest-os.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { MachineShape, TargetProfile } from "../../targets/profile.js";
import { el, renderXml, type XmlNode } from "../../xml/build.js";
import { bootPlace, bootSequence } from "../boot-sequence.js";
import { layoutOf } from "../cpu-layout.js";
import type { HeldFact } from "../facts.js";
import { createFiles, type ResultFiles } from "../files.js";
import { commonLosses, loss } from "../losses.js";
import type { DiskFiles, ExportPlan } from "../platform.js";
import {
  controllerElement,
  controllerIndexes,
  createDeviceNames,
  type DriveImage,
  driveElement,
  nicElement,
} from "./devices.js";
import { serialElement, soundOf, videoOf } from "./hardware.js";
import { type LibvirtOptions, libvirtDefaults, pathIn } from "./options.js";
import { bootsKernel, isShared, keepsNvram, keepsVlan, mostMemory, unsaid, uuidOf } from "./unsaid.js";

const LABEL = "libvirt";
const OSINFO = "http://libosinfo.org/xmlns/libvirt/domain/1.0";

/**
 * Writes a domain for each machine of a fitted appliance, and names its disks. Pure.
 * @throws `libvirt/relative-folder` where the folder is no absolute path
 */
export function exportLibvirt(
  fitted: Appliance,
  shapes: ReadonlyMap<string, MachineShape>,
  target: TargetProfile,
  options: Partial<LibvirtOptions> & DiskFiles,
): ExportPlan {
  const o: LibvirtOptions = { ...libvirtDefaults, ...options };
  if (!o.folder.startsWith("/")) {
    throw new FerryError("libvirt/relative-folder", `the folder of the disks is ${JSON.stringify(o.folder)}`, {
      hint: "Give an absolute path: libvirt takes no other.",
    });
  }
  const variant = o.disks === "qcow2" ? "uncompressed" : "raw";
  const extension = o.disks === "qcow2" ? ".qcow2" : ".raw";
  const files = createFiles(fitted, { format: o.disks, variant, extension }, options.files);
  const notes: Diagnostic[] = [];
  const configs = fitted.machines.map((machine) => {
    const { name } = files.machine(machine, ".xml");
    const shape = shapes.get(machine.id) ?? (target.shapes[0] as MachineShape);
    const scope: Scope = { o, files, notes, fitted, shape };
    return { name, bytes: new TextEncoder().encode(renderXml(domain(machine, scope))) };
  });
  const shapeOf = (machine: Machine): MachineShape => shapes.get(machine.id) ?? (target.shapes[0] as MachineShape);
  const rest = { ...fitted, machines: fitted.machines.map((machine) => unsaid(machine, shapeOf(machine), fitted, o)) };
  const drives = fitted.machines.flatMap(({ attachments }) => attachments);
  const rawAlone = drives.every((drive) => isRaw(drive, files) || !isShared(drive, fitted));
  const holds: ReadonlySet<HeldFact> = new Set(rawAlone ? (["sharedDisks"] as const) : []);
  notes.push(...commonLosses(rest, LABEL, { files: files.kept(), holds }));
  return { configs, notes, disks: files.disks(), files: files.assets() };
}

interface Scope {
  readonly o: LibvirtOptions;
  readonly files: ResultFiles;
  readonly notes: Diagnostic[];
  readonly fitted: Appliance;
  readonly shape: MachineShape;
}

function domain(machine: Machine, scope: Scope): XmlNode {
  const { o, notes } = scope;
  const secure = machine.firmware === "efi-secure";
  const guest = findGuestSystem(machine.guestOs);
  const windows = guest.system.family === "windows";
  const name = domainName(machine, notes);
  const { total } = layoutOf(machine.cpu);
  const most = mostMemory(machine);
  return el(
    "domain",
    { type: o.type },
    el("name", {}, name),
    uuidOf(machine) === null ? null : el("uuid", {}, uuidOf(machine)),
    name === machine.name ? null : el("title", {}, machine.name),
    machine.annotation === null ? null : el("description", {}, machine.annotation),
    metadata(machine, notes),
    // Bytes and not KiB: the number then is the one of the plan.
    el("memory", { unit: "b" }, most),
    most === machine.memoryBytes ? null : el("currentMemory", { unit: "b" }, machine.memoryBytes),
    el("vcpu", { current: total === machine.cpu.count ? null : machine.cpu.count }, total),
    system(machine, scope),
    el("features", {}, el("acpi"), el("apic"), secure ? el("smm", { state: "on" }) : null),
    cpu(machine, o),
    // Windows keeps its clock at local time.
    el("clock", { offset: machine.clock ?? (windows ? "localtime" : "utc") }),
    devices(machine, scope),
  );
}

/** Firmware with what it remembers, and the kernel that is booted in its place. */
function system(machine: Machine, { o, files, notes, fitted, shape }: Scope): XmlNode {
  const efi = machine.firmware !== "bios";
  const keep = (id: string | null, ending: string): string | null => {
    const asset = id === null ? undefined : fitted.files.find((file) => file.id === id);
    if (asset === undefined) return null;
    // Several machines may boot one kernel.
    const known = files.assets().find((one) => one.asset === asset.id);
    if (known !== undefined) return pathIn(o, known.name);
    const name = files.take(machine.name, ending);
    files.keep(asset.id, name);
    return pathIn(o, name);
  };
  const nvram = keepsNvram(machine, fitted) ? keep(machine.nvram, "_VARS.fd") : null;
  if (nvram !== null) {
    notes.push(
      loss("info", "libvirt/nvram-kept", `${machine.name}: the firmware's memory is taken over as OVMF's variables`, {
        data: { machine: machine.id, file: nvram },
        hint: "It fits firmware of the same build and size. Where the machine does not start, take the <nvram> element out of the domain.",
      }),
    );
  }
  const boot = bootsKernel(machine, fitted) ? machine.directBoot : null;
  const kernel = boot === null ? null : keep(boot.kernel, "-kernel");
  const initrd = kernel === null ? null : keep(boot?.initrd ?? null, "-initrd");
  const text = (name: string, value: string | null): XmlNode | null => (value === null ? null : el(name, {}, value));
  return el(
    "os",
    { firmware: efi ? "efi" : null },
    el("type", { arch: "x86_64", machine: shape.id }, "hvm"),
    efi ? firmwareFeatures(machine.firmware === "efi-secure") : null,
    text("nvram", nvram),
    text("kernel", kernel),
    text("initrd", initrd),
    kernel === null ? null : text("cmdline", boot?.arguments ?? null),
  );
}

/**
 * Which firmware image libvirt picks among those that the host describes. Keys enrolled are what makes secure boot refuse anything; an image
 * without them boots everything.
 */
function firmwareFeatures(secure: boolean): XmlNode {
  if (!secure) return el("firmware", {}, el("feature", { enabled: "no", name: "enrolled-keys" }));
  return el(
    "firmware",
    {},
    el("feature", { enabled: "yes", name: "enrolled-keys" }),
    el("feature", { enabled: "yes", name: "secure-boot" }),
  );
}

function cpu(machine: Machine, o: LibvirtOptions): XmlNode {
  const { topology } = layoutOf(machine.cpu);
  const { nested } = machine.cpu;
  // One of the two is the host's; the other one is passed over.
  const policy = nested === true ? "optional" : "disable";
  return el(
    "cpu",
    { mode: o.type === "kvm" ? "host-model" : "maximum" },
    topology === null
      ? null
      : el("topology", { sockets: topology.sockets, dies: 1, cores: topology.cores, threads: topology.threads }),
    ...(nested === null ? [] : ["vmx", "svm"].map((name) => el("feature", { policy, name }))),
  );
}

/** A name that libvirt takes: no slash, and not empty. */
function domainName(machine: Machine, notes: Diagnostic[]): string {
  const name = machine.name.trim() === "" ? "machine" : machine.name.replaceAll("/", "-");
  if (name !== machine.name) {
    notes.push(
      loss("info", "libvirt/name-changed", `${machine.name}: the domain is called ${JSON.stringify(name)}`, {
        data: { machine: machine.id, from: machine.name, to: name },
      }),
    );
  }
  return name;
}

/** The guest system by libosinfo's id, where the source names one exactly. */
function metadata(machine: Machine, notes: Diagnostic[]): XmlNode | null {
  const { system, exact } = findGuestSystem(machine.guestOs);
  const { cim, vmware, virtualbox, description } = machine.guestOs;
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
  if (exact && system.osinfo !== undefined) {
    return el(
      "metadata",
      {},
      el("libosinfo:libosinfo", { "xmlns:libosinfo": OSINFO }, el("libosinfo:os", { id: system.osinfo })),
    );
  }
  const named = vmware ?? virtualbox ?? machine.guestOs.proxmox ?? (cim === null ? null : String(cim));
  if (named !== null) {
    notes.push(
      loss(
        "info",
        "libvirt/guest-os-dropped",
        `${machine.name}: the guest system ${named} has no exact name in libosinfo's list; the domain names none`,
        { data: { machine: machine.id, cim, vmware, virtualbox } },
      ),
    );
  }
  return null;
}

/** Whether what is in a drive is as the guest sees it: the one format that several machines can write to. */
function isRaw({ device, disk }: Attachment, files: ResultFiles): boolean {
  return device !== "disk" || disk === null || files.format(disk) === "raw";
}

function devices(machine: Machine, { o, files, notes, fitted }: Scope): XmlNode {
  const steps = bootSequence(machine);
  const video = videoOf(machine.video);
  const sound = machine.sound === null ? null : soundOf(machine.sound);
  const indexes = controllerIndexes(machine);
  const names = createDeviceNames();
  const byId = new Map(machine.controllers.map((c) => [c.id, c]));
  const controllers = machine.controllers.map((c) => controllerElement(c, indexes.get(c.id) ?? c.index));
  const drives = machine.attachments.map((attachment) => {
    const controller = attachment.controller === null ? undefined : byId.get(attachment.controller);
    const file = files.of(machine, attachment);
    const image: DriveImage | null =
      file === null
        ? null
        : {
            path: pathIn(o, file),
            format: isRaw(attachment, files) ? "raw" : "qcow2",
          };
    const index = controller === undefined ? 0 : (indexes.get(controller.id) ?? 0);
    const how = {
      boot: bootPlace(steps, attachment),
      shared: isRaw(attachment, files) && isShared(attachment, fitted),
    };
    return driveElement(attachment, controller, index, image, names, how);
  });
  const nics = machine.nics.map((nic, index) => {
    const network = o.cards === "own" && nic.network !== null ? nic.network : o.network;
    if (nic.network?.toLowerCase() !== network.toLowerCase()) {
      notes.push(
        loss(
          "warning",
          "libvirt/network-chosen",
          `${machine.name}: network card ${index} is plugged into the host's network ${JSON.stringify(network)}: its own ${
            nic.network === null ? "has no name" : `is called ${JSON.stringify(nic.network)}`
          }`,
          { data: { machine: machine.id, nic: index, from: nic.network, to: network } },
        ),
      );
    }
    return nicElement(nic, network, bootPlace(steps, nic), keepsVlan(o) ? nic.vlan : null);
  });
  return el(
    "devices",
    {},
    ...controllers,
    ...drives,
    ...nics,
    ...serialPorts(machine, notes),
    machine.tpm === null ? null : tpm(machine, machine.tpm, notes),
    // Loopback alone: a console without a password is nobody else's business.
    el("graphics", { type: "vnc", port: -1, autoport: "yes", listen: "127.0.0.1" }),
    sound === null ? null : el("sound", { model: sound }),
    el("video", {}, el("model", { type: video.type, vram: video.kilobytes, heads: video.heads })),
  );
}

/** The machine's own serial ports; where it has none, one to get in by. */
function serialPorts(machine: Machine, notes: Diagnostic[]): readonly XmlNode[] {
  const ports = machine.serialPorts.length === 0 ? [WAY_IN] : machine.serialPorts;
  const written = ports.flatMap((port) => {
    const element = serialElement(port);
    return element === null ? [] : [{ port, element }];
  });
  const hosts = written.flatMap(({ port }) => (port.backing === null || port.target === null ? [] : [port.target]));
  if (hosts.length > 0) {
    notes.push(
      loss("info", "libvirt/serial-of-host", `${machine.name}: serial ports lead to ${hosts.join(", ")} of the host`, {
        data: { machine: machine.id, targets: hosts },
        hint: "The machine starts only where these are there and may be used.",
      }),
    );
  }
  const console = written.some(({ port }) => port.index === 0 && (port.backing ?? "pty") === "pty");
  return [
    ...written.map(({ element }) => element),
    ...(console ? [el("console", { type: "pty" }, el("target", { type: "serial", port: 0 }))] : []),
  ];
}

const WAY_IN: SerialPort = { index: 0, backing: "pty", target: null };

/** A TPM that swtpm makes on the host. */
function tpm(machine: Machine, version: "1.2" | "2.0", notes: Diagnostic[]): XmlNode {
  notes.push(
    loss("warning", "libvirt/tpm-empty", `${machine.name}: its TPM ${version} starts empty`, {
      data: { machine: machine.id, version },
      hint: "Disks that are unlocked by the TPM ask for their recovery key: have it at hand. The host needs swtpm.",
    }),
  );
  return el("tpm", { model: version === "1.2" ? "tpm-tis" : "tpm-crb" }, el("backend", { type: "emulator", version }));
}
