import type { Appliance, Machine } from "../../appliance/appliance.js";
import { findGuestSystem } from "../../appliance/guest-os.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { MachineShape, TargetProfile } from "../../targets/profile.js";
import { el, renderXml, type XmlNode } from "../../xml/build.js";
import { bootPlace, bootSequence } from "../boot-sequence.js";
import { createFiles, type ResultFiles } from "../files.js";
import { commonLosses, loss } from "../losses.js";
import type { ExportPlan } from "../platform.js";
import {
  controllerElement,
  controllerIndexes,
  createDeviceNames,
  type DriveImage,
  driveElement,
  nicElement,
} from "./devices.js";

/** Options of the libvirt export. */
export interface LibvirtOptions {
  /** `kvm`: the host's processor runs the machine; `qemu`: QEMU emulates it, on any host. */
  readonly type: "kvm" | "qemu";
  /** Format of the disks written. */
  readonly disks: "qcow2" | "raw";
  /** Absolute path of the folder in which the disks lie when the domain is defined. libvirt takes no relative paths. */
  readonly folder: string;
  /** Network of the host that cards are plugged into. */
  readonly network: string;
}

/** Defaults of the libvirt export. */
export const libvirtDefaults: LibvirtOptions = Object.freeze({
  type: "kvm",
  disks: "qcow2",
  folder: "/var/lib/libvirt/images",
  network: "default",
});

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
  options: Partial<LibvirtOptions>,
): ExportPlan {
  const o: LibvirtOptions = { ...libvirtDefaults, ...options };
  if (!o.folder.startsWith("/")) {
    throw new FerryError("libvirt/relative-folder", `the folder of the disks is ${JSON.stringify(o.folder)}`, {
      hint: "Give an absolute path: libvirt takes no other.",
    });
  }
  const variant = o.disks === "qcow2" ? "uncompressed" : "raw";
  const files = createFiles(fitted, { format: o.disks, variant, extension: o.disks === "qcow2" ? ".qcow2" : ".raw" });
  const notes: Diagnostic[] = [];
  const configs = fitted.machines.map((machine) => {
    const { name } = files.machine(machine, ".xml");
    const shape = shapes.get(machine.id) ?? (target.shapes[0] as MachineShape);
    return { name, bytes: new TextEncoder().encode(renderXml(domain(machine, shape, o, files, notes))) };
  });
  notes.push(...commonLosses(fitted, LABEL, { files: files.kept() }));
  return { configs, notes, disks: files.disks(), files: files.assets() };
}

function domain(
  machine: Machine,
  shape: MachineShape,
  o: LibvirtOptions,
  files: ResultFiles,
  notes: Diagnostic[],
): XmlNode {
  const efi = machine.firmware !== "bios";
  const secure = machine.firmware === "efi-secure";
  const guest = findGuestSystem(machine.guestOs);
  const windows = guest.system.family === "windows";
  const name = domainName(machine, notes);
  return el(
    "domain",
    { type: o.type },
    el("name", {}, name),
    name === machine.name ? null : el("title", {}, machine.name),
    machine.annotation === null ? null : el("description", {}, machine.annotation),
    metadata(machine, notes),
    // Bytes and not KiB: the number then is the one of the plan.
    el("memory", { unit: "b" }, machine.memoryBytes),
    el("vcpu", {}, machine.cpu.count),
    el(
      "os",
      { firmware: efi ? "efi" : null },
      el("type", { arch: "x86_64", machine: shape.id }, "hvm"),
      efi ? firmwareFeatures(secure) : null,
    ),
    el("features", {}, el("acpi"), el("apic"), secure ? el("smm", { state: "on" }) : null),
    cpu(machine, o),
    // Windows keeps its clock at local time.
    el("clock", { offset: windows ? "localtime" : "utc" }),
    devices(machine, o, files, notes),
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
  const { count, coresPerSocket } = machine.cpu;
  return el(
    "cpu",
    { mode: o.type === "kvm" ? "host-model" : "maximum" },
    coresPerSocket === null
      ? null
      : el("topology", { sockets: count / coresPerSocket, dies: 1, cores: coresPerSocket, threads: 1 }),
  );
}

/** A name that libvirt takes: no slash. */
function domainName(machine: Machine, notes: Diagnostic[]): string {
  const name = machine.name.replaceAll("/", "-");
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

function devices(machine: Machine, o: LibvirtOptions, files: ResultFiles, notes: Diagnostic[]): XmlNode {
  const steps = bootSequence(machine);
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
            path: `${o.folder.replace(/\/+$/, "")}/${file}`,
            format: attachment.device === "disk" ? o.disks : "raw",
          };
    const index = controller === undefined ? 0 : (indexes.get(controller.id) ?? 0);
    return driveElement(attachment, controller, index, image, names, bootPlace(steps, attachment));
  });
  const nics = machine.nics.map((nic, index) => {
    if (nic.network?.toLowerCase() !== o.network.toLowerCase()) {
      notes.push(
        loss(
          "warning",
          "libvirt/network-chosen",
          `${machine.name}: network card ${index} is plugged into the host's network ${JSON.stringify(o.network)}: its own ${
            nic.network === null ? "has no name" : `is called ${JSON.stringify(nic.network)}`
          }`,
          { data: { machine: machine.id, nic: index, from: nic.network, to: o.network } },
        ),
      );
    }
    return nicElement(nic, o.network, bootPlace(steps, nic));
  });
  return el(
    "devices",
    {},
    ...controllers,
    ...drives,
    ...nics,
    el("serial", { type: "pty" }, el("target", { port: 0 })),
    el("console", { type: "pty" }, el("target", { type: "serial", port: 0 })),
    // Loopback alone: a console without a password is nobody else's business.
    el("graphics", { type: "vnc", port: -1, autoport: "yes", listen: "127.0.0.1" }),
    el("video", {}, el("model", { type: "vga" })),
  );
}
