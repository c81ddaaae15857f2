import type { Appliance } from "../../appliance/appliance.js";
import { MIB } from "../../base/bytes.js";
import type { Diagnostic, Location } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { uuidFromText } from "../names-of-devices.js";
import type { ConfigFiles, ConfigText, MachineConfig } from "../platform.js";
import { createReading, type Reading } from "../reading.js";
import { type Conf, parseConf } from "./conf.js";
import { presentDrives, presentVariables } from "./import-backup.js";
import { namedFiles, type PlaceOf, readBoot, readDrives } from "./import-drives.js";
import { importForeign } from "./import-foreign.js";
import { readNics } from "./import-nics.js";
import { type ConfView, createConfView } from "./view.js";

/**
 * Reads a machine's configuration as Proxmox VE keeps it (`qemu-server/100.conf`). Source: qm.conf(5).
 * @throws `config/unreadable` where nothing in it is a setting
 */
export function readProxmoxConf(text: ConfigText): MachineConfig {
  const conf = parseConf(text.bytes);
  if (conf.settings.size === 0) {
    throw new FerryError("config/unreadable", `${text.label} has no settings`, {
      hint: "A configuration of Proxmox VE has lines such as memory: 2048.",
    });
  }
  const place = (line: number): Location => ({ at: "text", file: text.label, line, column: 1 });
  const machine = createConfView(conf).properties("machine", "type")?.text("type") ?? null;
  return {
    version: machine,
    producer: "Proxmox VE",
    files: namedFiles(createConfView(conf)),
    appliance(found, report) {
      for (const line of conf.strange.slice(0, 10)) {
        report({
          code: "config/strange-line",
          severity: "warning",
          message: `line ${line} is no setting, and no section that is known`,
          hint: "It is left out.",
          location: place(line),
        });
      }
      return importConf(conf, text, found, place, report);
    },
  };
}

function importConf(
  conf: Conf,
  text: ConfigText,
  files: ConfigFiles,
  place: (line: number) => Location,
  report: (finding: Diagnostic) => void,
): Appliance {
  const view = createConfView(conf);
  const reading = createReading(view.text("name") ?? text.name, files, report);
  const at: PlaceOf = (key) => {
    const line = view.line(key);
    return line === null ? undefined : place(line);
  };
  const { machine } = reading;
  reading.origin("name", at("name"));
  machine.annotation = conf.description;
  const smbios = view.properties("smbios1", "uuid");
  machine.uuid = uuidFromText(smbios?.text("uuid") ?? null);
  for (const { name } of smbios?.rest() ?? []) {
    if (name !== "base64") reading.foreign("proxmox", `smbios1: ${name}`, "");
  }
  readGuest(view, reading, at);
  readFirmware(conf, view, files, reading, at);
  readCpu(view, reading, at);
  readMemory(view, reading, at);
  const drives = presentDrives(conf, view, files, reading, at);
  readDrives(view, drives, files, reading, at);
  readBoot(view, drives, readNics(view, reading, at), reading, at);
  readPorts(view, reading);
  readStartup(view, reading);
  importForeign(view, conf, reading);
  return reading.appliance;
}

/** The guest system, and what the clock shows: local time where nothing is said and the system is Windows. */
function readGuest(view: ConfView, reading: Reading, at: PlaceOf): void {
  const { machine } = reading;
  const ostype = view.text("ostype");
  machine.guestOs.proxmox = ostype;
  reading.origin("guestOs", at("ostype"));
  const localtime = view.flag("localtime") ?? /^w/.test(ostype ?? "");
  machine.clock = localtime ? "localtime" : "utc";
}

function readFirmware(conf: Conf, view: ConfView, files: ConfigFiles, reading: Reading, at: PlaceOf): void {
  const { machine } = reading;
  const type = view.properties("machine", "type");
  const name = type?.text("type") ?? null;
  if (name !== null) machine.hardwareTypes = [name];
  // What says nothing is an i440fx that boots by BIOS: it is what Proxmox VE means by it.
  machine.chipset = name !== null && /^(?:pc-)?q35/.test(name) ? "q35" : "i440fx";
  for (const { name: part, value } of type?.rest() ?? []) reading.foreign("proxmox", `machine: ${part}`, value);
  const efi = view.text("bios") === "ovmf";
  const efidisk = view.properties("efidisk0", "file");
  const secure = efi && efidisk?.flag("pre-enrolled-keys") === true;
  machine.firmware = efi ? (secure ? "efi-secure" : "efi") : "bios";
  machine.firmwareFrom = "declared";
  reading.origin("firmware", at("bios"));
  const variables = efi ? presentVariables(conf, view, files) : null;
  if (variables !== null) machine.nvram = reading.file(variables, "nvram");
  const tpm = view.properties("tpmstate0", "file");
  if (tpm === null) return;
  machine.tpm = tpm.text("version") === "v2.0" ? "2.0" : "1.2";
  reading.origin("tpm", at("tpmstate0"));
  reading.foreign("proxmox", "tpmstate0: what the TPM keeps", "");
}

/** Processors that are believed: far more than any host has. */
const MOST_CPUS = 2 ** 20;

function readCpu(view: ConfView, reading: Reading, at: PlaceOf): void {
  const { cpu } = reading.machine;
  const cores = view.number("cores") ?? 1;
  const sockets = view.number("sockets") ?? view.number("smp") ?? 1;
  const vcpus = view.number("vcpus") ?? 0;
  const all = Math.min(MOST_CPUS, Math.max(1, cores) * Math.max(1, sockets));
  cpu.coresPerSocket = Math.max(1, cores);
  cpu.count = vcpus > 0 && vcpus < all ? vcpus : all;
  cpu.max = cpu.count < all ? all : null;
  reading.origin("cpu", at("cores") ?? at("sockets"));
  const model = view.properties("cpu", "cputype");
  if (model === null) return;
  const flags = (model.text("flags") ?? "").split(";").filter((flag) => flag !== "");
  const virtual = flags.filter((flag) => /^[+-](?:nested-virt|vmx|svm)$/.test(flag));
  const type = model.text("cputype");
  // The processor of the host comes with its virtualization.
  if (virtual.length > 0) cpu.nested = virtual.some((flag) => flag.startsWith("+"));
  else if (type === "host" || type === "max") cpu.nested = true;
  const others = flags.filter((flag) => !virtual.includes(flag));
  const rest = [
    ...(type === null ? [] : [`cputype=${type}`]),
    ...(others.length === 0 ? [] : [`flags=${others.join(";")}`]),
    ...model.rest().map(({ name, value }) => `${name}=${value}`),
  ];
  if (rest.length > 0) reading.foreign("proxmox", "cpu: model of the processor", rest.join(","));
}

/** Memory in MiB. A balloon that is smaller is what the guest may shrink to. */
function readMemory(view: ConfView, reading: Reading, at: PlaceOf): void {
  const { machine } = reading;
  const mebibytes = view.properties("memory", "current")?.number("current") ?? 512;
  machine.memoryBytes = mebibytes * MIB;
  reading.origin("memoryBytes", at("memory"));
  const balloon = view.number("balloon");
  if (balloon !== null && balloon > 0 && balloon < mebibytes) {
    machine.dynamicMemory = { minBytes: balloon * MIB, maxBytes: machine.memoryBytes };
  }
  if (view.text("shares") !== null && machine.dynamicMemory !== null) {
    reading.foreign("proxmox", "shares", view.text("shares") ?? "");
  }
}

/** Serial ports, sound and screen. */
function readPorts(view: ConfView, reading: Reading): void {
  const { machine } = reading;
  for (let index = 0; index < 4; index++) {
    const port = view.text(`serial${index}`);
    if (port === null) continue;
    machine.serialPorts.push(
      port === "socket" ? { index, backing: "pipe", target: null } : { index, backing: "device", target: port },
    );
  }
  const audio = view.properties("audio0", "device");
  machine.sound = audio?.text("device") ?? null;
  if (audio?.text("driver") === "none") reading.foreign("proxmox", "audio0: driver", "none");
  const vga = view.properties("vga", "type");
  if (vga === null) return;
  const type = vga.text("type");
  const memory = vga.number("memory");
  const heads = /^qxl([2-4])$/.exec(type ?? "")?.[1];
  machine.video = {
    model: heads === undefined ? type : "qxl",
    memoryBytes: memory === null ? null : memory * MIB,
    heads: heads === undefined ? null : Number(heads),
  };
  for (const { name, value } of vga.rest()) reading.foreign("proxmox", `vga: ${name}`, value);
}

function readStartup(view: ConfView, reading: Reading): void {
  const startup = view.properties("startup", "order");
  if (startup === null) return;
  const order = startup.number("order");
  const up = startup.number("up");
  if (order !== null) {
    reading.appliance.startup.push({ machine: reading.machine.id, order, startDelaySeconds: up ?? 0 });
  } else if (up !== null) reading.foreign("proxmox", "startup: up", String(up));
  for (const { name, value } of startup.rest()) reading.foreign("proxmox", `startup: ${name}`, value);
}
