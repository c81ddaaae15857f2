import type { Appliance, Machine } from "../../appliance/appliance.js";
import { MIB } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { parseXml } from "../../xml/parse.js";
import type { XmlElement } from "../../xml/tree.js";
import { uuidFromText } from "../names-of-devices.js";
import type { ConfigFiles, ConfigText, MachineConfig, NamedFile } from "../platform.js";
import { createReading, type Reading } from "../reading.js";
import { chipsetOf, clockOf, nestedOf, soundOf, tpmOf, videoOf } from "../virtualbox-devices.js";
import { childNamed, readVirtualBoxMachine } from "../virtualbox-hardware.js";
import { createSettingsView, type SettingsView } from "../virtualbox-view.js";
import { readNics, readPorts, readUsb } from "./import-devices.js";
import { importForeign } from "./import-foreign.js";
import { namedMedia, readStorage, storageOf } from "./import-storage.js";
import { readMedia } from "./media.js";
import { HARDWARE_TYPE } from "./words.js";

/**
 * Reads the settings of a machine: version 1.12 and later, in both namespaces that there have been.
 * @throws `config/unreadable`, `virtualbox/encrypted`, and what parsing XML throws
 */
export function readVbox(text: ConfigText, ctx: Context): MachineConfig {
  const document = parseXml(text.bytes, text.label, ctx.limits);
  const { root } = document;
  const machine = root.name === "VirtualBox" ? childNamed(root, "Machine") : undefined;
  if (machine === undefined) throw noMachine(root, text.label);
  const silent = createSettingsView(() => {});
  const files: NamedFile[] = [...namedMedia(storageOf(machine, readMedia(machine), silent))];
  const nvram = nvramOf(machine, text, silent);
  if (nvram !== null) files.push(nvram);
  const written = /Written by (VirtualBox [0-9][\w.]*)/.exec(document.prolog.slice(0, 4096));
  return {
    version: silent.text(root, "version"),
    producer: written?.[1] ?? "VirtualBox",
    files,
    appliance(found, report) {
      for (const problem of document.problems) report(problem);
      return importVbox(machine, text, found, report);
    },
  };
}

function noMachine(root: XmlElement, label: string): FerryError {
  if (childNamed(root, "MachineEncrypted") !== undefined) {
    return new FerryError("virtualbox/encrypted", `${label} is encrypted as a whole`, {
      hint: "Take the encryption off where the machine is: VBoxManage encryptvm NAME setencryption --old-password FILE.",
      location: root.location,
    });
  }
  const global = childNamed(root, "Global") !== undefined;
  return new FerryError(
    "config/unreadable",
    `${label} ${global ? "lists the machines of a user, and is none" : "describes no machine"}`,
    {
      hint: "The settings of a machine are in the file NAME.vbox in its folder.",
      location: root.location,
    },
  );
}

function noHardware({ location }: XmlElement): Diagnostic {
  return {
    code: "config/strange-value",
    severity: "warning",
    message: "the machine has no element Hardware: nothing is known of its processors, memory and drives",
    hint: "VirtualBox itself refuses such a file: take it anew from where the machine is.",
    location,
  };
}

/** What EFI and TPM remember. A file of that name appears when the machine first starts; without either nothing reads it. */
function nvramOf(machine: XmlElement, text: ConfigText, view: SettingsView): NamedFile | null {
  const hardware = childNamed(machine, "Hardware");
  if (hardware === undefined) return null;
  const efi = readVirtualBoxMachine(machine)?.firmware === "efi";
  if (!efi && tpmOf(hardware, view) === null) return null;
  const bios = childNamed(hardware, "BIOS");
  const said = view.text(bios === undefined ? undefined : childNamed(bios, "NVRAM"), "path");
  return { path: said ?? `${text.name}.nvram`, role: "nvram", id: "nvram", optional: true };
}

function importVbox(
  element: XmlElement,
  text: ConfigText,
  files: ConfigFiles,
  report: (finding: Diagnostic) => void,
): Appliance {
  const view = createSettingsView(report);
  const reading = createReading(view.text(element, "name") ?? text.name, files, report);
  const { machine } = reading;
  reading.origin("name", element.location);
  machine.annotation = childNamed(element, "Description")?.text || null;
  machine.guestOs.virtualbox = view.text(element, "OSType");
  reading.origin("guestOs", element.location);
  machine.hardwareTypes = [HARDWARE_TYPE];
  const hardware = childNamed(element, "Hardware");
  const media = readMedia(element);
  machine.uuid = uuidFromText(view.text(hardware, "uuid")) ?? uuidFromText(view.text(element, "uuid"));
  machine.chipset = chipsetOf(hardware, view);
  const settings = readVirtualBoxMachine(element);
  machine.firmware = settings?.firmware ?? "bios";
  machine.firmwareFrom = settings === null || settings.firmwareType === null ? "default" : "declared";
  reading.origin("firmware", (settings?.firmwareElement ?? element).location);
  const usb = hardware === undefined ? null : readHardware(hardware, reading, view);
  const controllers = storageOf(element, media, view);
  readStorage(controllers, reading, usb);
  // Drives come first to a reader; USB drives had to know their controller.
  const isUsb = ({ bus }: { readonly bus: string }): boolean => bus === "usb";
  machine.controllers = [...machine.controllers.filter((c) => !isUsb(c)), ...machine.controllers.filter(isUsb)];
  if (hardware !== undefined) readNics(hardware, settings?.adapters ?? [], reading);
  else report(noHardware(element));
  machine.boot = [...(settings?.bootOrder ?? DEFAULT_BOOT)];
  const nvram = nvramOf(element, text, view);
  if (nvram !== null && files.find(nvram.path) !== undefined) {
    machine.nvram = reading.file(nvram.path, "nvram");
    if (machine.firmware === "efi") {
      report({
        code: "virtualbox/secure-boot-unseen",
        severity: "info",
        message: `${machine.name}: whether secure boot is switched on stands in ${nvram.path} alone, which is not read`,
        hint: `VBoxManage modifynvram NAME secureboot --enable or --disable switches it where the machine is.`,
        location: (settings?.firmwareElement ?? element).location,
      });
    }
  }
  importForeign(element, hardware, { media, controllers }, reading, view);
  return reading.appliance;
}

/** What a machine tries where its settings do not say. */
const DEFAULT_BOOT: Machine["boot"] = [
  { device: "floppy", index: null },
  { device: "cdrom", index: null },
  { device: "disk", index: null },
];

/** Processors, memory and simple devices; gives the USB controller that drives hang on. */
function readHardware(hardware: XmlElement, reading: Reading, view: SettingsView): string | null {
  const { machine } = reading;
  const cpu = childNamed(hardware, "CPU");
  const count = view.number(cpu, "count", 65_536, 1);
  const tree = cpu === undefined ? undefined : childNamed(cpu, "CpuTree");
  machine.cpu.count = count;
  if (view.flag(cpu, "hotplug", false) === true) {
    // With hot plugging the count is how many there may be; the tree lists those that are plugged in.
    const plugged = [...(tree?.elements(undefined, "Cpu") ?? [])].length;
    machine.cpu.count = Math.max(1, Math.min(plugged || count, count));
    machine.cpu.max = count;
  }
  // To the guest, all of them are cores of one socket.
  else if (count > 1) machine.cpu.coresPerSocket = count;
  machine.cpu.nested = nestedOf(hardware, view);
  reading.origin("cpu", (cpu ?? hardware).location);
  const memory = childNamed(hardware, "Memory");
  machine.memoryBytes = view.number(memory, "RAMSize", 2 ** 32, 128) * MIB;
  reading.origin("memoryBytes", (memory ?? hardware).location);
  machine.tpm = tpmOf(hardware, view);
  machine.sound = soundOf(hardware, view);
  machine.video = videoOf(hardware, view);
  machine.clock = clockOf(hardware, view);
  readPorts(hardware, reading, view);
  return readUsb(hardware, reading, view);
}
