import type { Appliance } from "../../appliance/appliance.js";
import { MIB } from "../../base/bytes.js";
import type { Diagnostic, Location } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { plural, printable } from "../../base/text.js";
import { uuidFromText } from "../names-of-devices.js";
import type { ConfigFiles, ConfigText, MachineConfig, NamedFile } from "../platform.js";
import { createReading } from "../reading.js";
import { driveFiles, readDrives } from "./import-drives.js";
import { importForeign } from "./import-foreign.js";
import { readNics } from "./import-nics.js";
import { readBoot, readClock, readSerialPorts, readSound, readUsb, readVideo } from "./import-ports.js";
import { badValue, type VmxScope } from "./import-scope.js";
import { createVmxView, type VmxView } from "./view.js";
import { parseVmx, type Vmx } from "./vmx.js";

/** Findings of one kind that are told one by one. */
const TOLD = 10;
/** What VMware gives a machine that does not say its memory. */
const DEFAULT_MIB = 32;
const MOST_MIB = 2 ** 33;
const MOST_CPUS = 4096;

/**
 * Reads a VMX file.
 * @throws `config/unreadable` where nothing in it is a setting, `config/encrypted`
 */
export function readVmx(text: ConfigText): MachineConfig {
  const vmx = parseVmx(text.bytes);
  if (vmx.settings.size === 0) {
    throw new FerryError("config/unreadable", `${text.label} has no settings`, {
      hint: 'A VMX file has lines such as displayName = "web".',
    });
  }
  const view = createVmxView(vmx);
  if (view.text("encryption.data") !== null && view.text("vmx.encryptionType")?.toLowerCase() !== "partial") {
    throw new FerryError("config/encrypted", `${text.label} is encrypted: its settings cannot be read`, {
      hint: "Take the encryption off in VMware first (Settings, Options, Access Control), or export the machine there as OVF.",
    });
  }
  const hardware = view.number("virtualHW.version");
  const version = hardware === null ? null : `vmx-${String(hardware).padStart(2, "0")}`;
  return {
    version,
    producer: "VMware",
    files: namedFiles(view, text.name),
    appliance(files, report) {
      reportLines(vmx, text.label, report);
      return importVmx(createVmxView(vmx), text, { files, report, version });
    },
  };
}

/** The list of a machine's snapshots; a machine that has none may still have the list. */
const snapshotList = (name: string): string => `${name}.vmsd`;

function namedFiles(view: VmxView, name: string): readonly NamedFile[] {
  const files = [...driveFiles(view)];
  const nvram = view.text("nvram");
  // A machine that never ran has none yet.
  if (nvram !== null) files.push({ path: nvram, role: "nvram", id: "nvram", optional: true });
  files.push({ path: snapshotList(name), role: "file", id: "vmsd", optional: true });
  return files;
}

function reportLines(vmx: Vmx, file: string, report: (finding: Diagnostic) => void): void {
  const place = (line: number): Location => ({ at: "text", file, line, column: 1 });
  for (const line of vmx.strange.slice(0, TOLD)) {
    report({
      code: "config/strange-line",
      severity: "warning",
      message: `line ${line} is no setting`,
      hint: "It is left out.",
      location: place(line),
    });
  }
  for (const { name, line } of vmx.repeated.slice(0, TOLD)) {
    report({
      code: "config/repeated-setting",
      severity: "warning",
      message: `${printable(name.slice(0, 100))} is set more than once: VMware refuses such a file; the last line counts here`,
      hint: "Remove the lines that are not meant.",
      location: place(line),
    });
  }
}

interface Surroundings {
  readonly files: ConfigFiles;
  readonly report: (finding: Diagnostic) => void;
  readonly version: string | null;
}

function importVmx(view: VmxView, text: ConfigText, { files, report, version }: Surroundings): Appliance {
  const reading = createReading(view.text("displayName") ?? text.name, files, report);
  const { machine } = reading;
  const guest = view.text("guestOS");
  const at = (setting: string): Location | undefined => {
    const line = view.line(setting);
    return line === null ? undefined : { at: "text", file: text.label, line, column: 1 };
  };
  const scope: VmxScope = { view, reading, files, wide: /-64$/.test(guest ?? ""), at, report };
  reading.origin("name", at("displayName"));
  machine.annotation = view.text("annotation");
  machine.uuid = uuidFromText(view.text("uuid.bios"));
  if (machine.uuid === null && view.text("uuid.bios") !== null) badValue(scope, "uuid.bios", "a new one");
  machine.guestOs.vmware = guest;
  machine.guestOs.description = view.text("guestOSAltName");
  reading.origin("guestOs", at("guestOS"));
  if (version !== null) machine.hardwareTypes = [version];
  // VMware's mainboard is Intel's 440BX, whatever the guest.
  machine.chipset = "i440fx";
  readFirmware(scope);
  readSizes(scope);
  readDrives(scope);
  readUsb(scope);
  readNics(scope);
  readSerialPorts(scope);
  readSound(scope);
  readVideo(scope);
  readClock(scope);
  readBoot(scope);
  readState(scope, text.name);
  importForeign(scope);
  return reading.appliance;
}

function readFirmware(scope: VmxScope): void {
  const { view, reading, files, at } = scope;
  const { machine } = reading;
  const word = view.text("firmware")?.toLowerCase() ?? null;
  if (word !== null && word !== "bios" && word !== "efi") badValue(scope, "firmware", "BIOS");
  if (word === "efi") machine.firmware = view.flag("uefi.secureBoot.enabled") === true ? "efi-secure" : "efi";
  else machine.firmware = "bios";
  // What says nothing boots by BIOS: it is what VMware means by it.
  machine.firmwareFrom = word === null ? "default" : "declared";
  reading.origin("firmware", at("firmware"));
  // Workstation and Fusion make the module themselves on the next start where they are told so.
  const managed = view.text("managedvm.autoAddVTPM")?.toLowerCase() === "software";
  if (view.flag("vtpm.present") === true || managed) {
    machine.tpm = "2.0";
    reading.origin("tpm", at("vtpm.present") ?? at("managedvm.autoAddVTPM"));
  }
  const nvram = view.text("nvram");
  if (nvram !== null && files.find(nvram) !== undefined) machine.nvram = reading.file(nvram, "nvram");
}

function readSizes(scope: VmxScope): void {
  const { view, reading, at } = scope;
  const { machine } = reading;
  const sized = (setting: string, most: number, usual: number): number => {
    const value = view.number(setting);
    if (value !== null && value >= 1 && value <= most) return value;
    if (view.text(setting) !== null) badValue(scope, setting, String(usual));
    return usual;
  };
  machine.cpu.count = sized("numvcpus", MOST_CPUS, 1);
  machine.cpu.coresPerSocket =
    view.text("cpuid.coresPerSocket") === null ? null : sized("cpuid.coresPerSocket", MOST_CPUS, 1);
  machine.cpu.nested = view.flag("vhv.enable");
  reading.origin("cpu", at("numvcpus"));
  machine.memoryBytes = sized("memsize", MOST_MIB, DEFAULT_MIB) * MIB;
  reading.origin("memoryBytes", at("memsize"));
}

/** What is left of a machine's past: snapshots and a suspended state are no part of what is carried. */
function readState({ view, reading, files }: VmxScope, name: string): void {
  const list = files.find(snapshotList(name));
  const changes = reading.machine.attachments.filter(({ disk }) => {
    const file = reading.appliance.disks.find(({ id }) => id === disk)?.file ?? "";
    return /-[0-9]{6}\.vmdk$/i.test(file);
  });
  if (changes.length > 0 || (list?.size ?? 0) > 0) {
    const what = changes.length > 0 ? `${plural(changes.length, "disk")} as of now` : "";
    reading.foreign("vmware", "snapshots", [list?.name ?? "", what].filter((part) => part !== "").join(": "));
  }
  const state = view.text("checkpoint.vmState");
  if (state !== null) reading.foreign("vmware", "suspended state", state);
}
