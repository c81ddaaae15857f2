import type { Appliance, Machine } from "../../appliance/appliance.js";
import { bootDiskIndex } from "../../appliance/fit/drives.js";
import { firstDrive } from "../../appliance/fit/positions.js";
import { MIB } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { HeldFact } from "../facts.js";
import { createFiles, type ResultFiles } from "../files.js";
import { commonLosses, loss } from "../losses.js";
import { uuidFromText } from "../names-of-devices.js";
import type { DiskFiles, ExportPlan } from "../platform.js";
import { cardSettings, desktopSettings, diskSettings, serialSettings } from "./export-devices.js";
import { pathIn, type XenOptions, xenDefaults } from "./options.js";
import { renderXlConfig, type XlSetting } from "./write.js";

const LABEL = "xl";

/** What is written, or has notes of its own where it is not. */
const HOLDS: readonly HeldFact[] = [
  "uuid",
  "chipset",
  "virtualization",
  "directBoot",
  "maxCpus",
  "nested",
  "dynamicMemory",
  "serialPorts",
  "sound",
  "video",
  "clock",
  "nicKind",
  "readOnly",
];

/**
 * Writes a configuration of xl for each machine of a fitted appliance, and names its disks. Pure.
 * @throws `xen/relative-folder` where the folder is no absolute path
 */
export function exportXl(fitted: Appliance, options: Partial<XenOptions> & DiskFiles): ExportPlan {
  const o: XenOptions = { ...xenDefaults, ...options };
  if (!o.folder.startsWith("/")) {
    throw new FerryError("xen/relative-folder", `the folder of the disks is ${JSON.stringify(o.folder)}`, {
      hint: "Give an absolute path: xl takes others for devices.",
    });
  }
  const variant = o.disks === "qcow2" ? "uncompressed" : "raw";
  const extension = o.disks === "qcow2" ? ".qcow2" : ".raw";
  const files = createFiles(fitted, { format: o.disks, variant, extension }, options.files);
  const notes: Diagnostic[] = [];
  const configs = fitted.machines.map((machine) => {
    const own = files.machine(machine, ".cfg");
    const comments = machine.annotation === null ? [] : machine.annotation.split(/\r\n|\n|\r/);
    const text = renderXlConfig(comments, [
      ...headSettings(machine, notes),
      ...bootSettings(machine, fitted, o, files, (ending) => own.beside(ending), notes),
      ...diskSettings(machine, o, files),
      ...cardSettings(machine, o, notes),
      ...serialSettings(machine, notes),
      ...desktopSettings(machine, notes),
    ]);
    return { name: own.name, bytes: new TextEncoder().encode(text) };
  });
  notes.push(...commonLosses(fitted, LABEL, { files: files.kept(), holds: new Set(HOLDS) }));
  return { configs, notes, disks: files.disks(), files: files.assets() };
}

function headSettings(machine: Machine, notes: Diagnostic[]): XlSetting[] {
  const { cpu, dynamicMemory: range } = machine;
  const data = { machine: machine.id };
  const say = (severity: "info" | "warning", code: Diagnostic["code"], message: string): void =>
    void notes.push(loss(severity, code, `${machine.name}: ${message}`, { data }));
  const name = machine.name.replaceAll("/", "-");
  if (name !== machine.name) say("info", "xen/name-changed", `the domain is called ${JSON.stringify(name)}`);
  if (machine.annotation !== null)
    say("info", "xen/annotation-as-comment", "its annotation is a comment of the configuration");
  const { vmware, virtualbox, cim, osinfo, proxmox, xenserver, description } = machine.guestOs;
  const guest =
    description ?? osinfo ?? vmware ?? virtualbox ?? proxmox ?? xenserver ?? (cim === null ? null : `number ${cim}`);
  if (guest !== null) say("info", "xen/guest-os-dropped", `the guest system (${guest}) is not named`);
  if (cpu.coresPerSocket !== null && cpu.count > 1)
    say("info", "xen/sockets-dropped", `that sockets have ${cpu.coresPerSocket} cores is lost`);
  if (machine.chipset === "q35") say("info", "xen/chipset-changed", "its chip set becomes a 440FX");
  const most = range === null ? machine.memoryBytes : Math.ceil(range.maxBytes / MIB) * MIB;
  if (
    range !== null &&
    (range.minBytes !== machine.memoryBytes || most !== range.maxBytes || most <= machine.memoryBytes)
  ) {
    say("info", "xen/memory-range-cut", "the least that its memory may shrink to is lost");
  }
  const uuid = machine.uuid === null ? null : uuidFromText(machine.uuid);
  if (machine.uuid !== null && uuid === null) {
    notes.push(
      loss("info", "platform/fact-dropped", `${machine.name}: ${JSON.stringify(machine.uuid)} is no UUID`, {
        data: { ...data, fact: "uuid" },
      }),
    );
  }
  const type = machine.virtualization ?? "hvm";
  return [
    ["name", name],
    ...(uuid === null ? [] : [["uuid", uuid] as const]),
    ["type", type],
    ["memory", machine.memoryBytes / MIB],
    ...(most > machine.memoryBytes ? [["maxmem", most / MIB] as const] : []),
    ["vcpus", cpu.count],
    ...(cpu.max !== null && cpu.max > cpu.count ? [["maxvcpus", cpu.max] as const] : []),
    ...(type === "hvm" && machine.firmware !== "bios" ? [["firmware", "ovmf"] as const] : []),
    ...(cpu.nested === null ? [] : [["nestedhvm", cpu.nested ? 1 : 0] as const]),
    ...(machine.clock === null ? [] : [["localtime", machine.clock === "localtime" ? 1 : 0] as const]),
  ];
}

const LETTERS = { disk: "c", cdrom: "d", network: "n", floppy: "a" } as const;

function bootSettings(
  machine: Machine,
  fitted: Appliance,
  o: XenOptions,
  files: ResultFiles,
  beside: (ending: string) => string,
  notes: Diagnostic[],
): XlSetting[] {
  const settings: XlSetting[] = [];
  const { directBoot: direct } = machine;
  const keep = (id: string | null, ending: string): string | null => {
    const asset = id === null ? undefined : fitted.files.find((file) => file.id === id);
    if (asset === undefined) return null;
    return pathIn(o, files.keep(asset.id, beside(ending)));
  };
  const hvm = (machine.virtualization ?? "hvm") === "hvm";
  const kernel = direct === null ? null : keep(direct.kernel, "-kernel");
  if (kernel !== null) {
    settings.push(["kernel", kernel]);
    const ramdisk = direct === null ? null : keep(direct.initrd, "-initrd");
    if (ramdisk !== null) settings.push(["ramdisk", ramdisk]);
  } else if (!hvm) {
    if (direct?.loader == null) {
      notes.push(
        loss(
          "warning",
          "xen/loader-assumed",
          `${machine.name}: nothing says what starts it; pygrub looks for a kernel on its disk`,
          {
            data: { machine: machine.id },
          },
        ),
      );
    }
    settings.push(["bootloader", direct?.loader ?? "pygrub"]);
  }
  if (direct !== null && direct.arguments !== null && settings.length > 0) settings.push(["extra", direct.arguments]);
  if (!hvm || machine.boot.length === 0) return settings;
  const letters = [...new Set(machine.boot.map(({ device }) => LETTERS[device]))].join("");
  const boot = machine.attachments[bootDiskIndex(machine)];
  if (letters.length < machine.boot.length || (boot !== undefined && boot !== firstDrive(machine, "disk"))) {
    notes.push(
      loss(
        "info",
        "xen/boot-by-kind",
        `${machine.name}: the boot order names each kind of device once; of the disks the first is tried`,
        {
          data: { machine: machine.id, order: letters },
        },
      ),
    );
  }
  settings.push(["boot", letters]);
  return settings;
}
