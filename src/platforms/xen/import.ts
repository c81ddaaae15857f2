import { MIB } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { createLeftovers } from "../leftovers.js";
import { uuidFromText } from "../names-of-devices.js";
import type { ConfigText, MachineConfig, NamedFile } from "../platform.js";
import { createReading } from "../reading.js";
import { parseXl } from "./grammar.js";
import { filesOfDrives, readDrives } from "./import-drives.js";
import { readNics } from "./import-nics.js";
import type { GuestType, XlReading } from "./import-scope.js";
import { readSerialPorts } from "./import-serial.js";
import { createXlView, type XlView } from "./view.js";

/** Settings that say how the host runs the guest, or what every guest has. */
const HOUSEKEEPING =
  /^(?:pae|acpi|apic|hap|sdl|vnc|spice|vnc[a-z]+|spice[a-z_]+|sdl_[a-z]+|opengl|nographic|keymap|device_model[a-z_]*|gfx_passthru_kind|xen_platform_pci|stdvga|usbdevice|parallel|monitor|xenstore_[a-z_]+|hpet|vpt_align|shadow_memory|oos|vfb|vkb_device|pool|seclabel|init_seclabel|passthrough|on_poweroff|on_reboot|on_crash|on_watchdog|rtc_timeoffset|hdtype)$/;

/** What happens after each event unless the configuration says otherwise. */
const EVENTS: readonly (readonly [name: string, usual: RegExp])[] = [
  ["on_poweroff", /^destroy$/],
  ["on_reboot", /^restart$/],
  ["on_crash", /^(?:destroy|restart)$/],
];

const SECRET = /passw|secret|ticket/i;

/**
 * Reads a configuration of xl, or one of xm as far as it is no program.
 * @throws `config/unreadable` where nothing in it is a setting
 */
export function readXl(text: ConfigText): MachineConfig {
  const config = parseXl(decode(text.bytes));
  if (config.settings.size === 0) {
    throw new FerryError("config/unreadable", `${text.label} has no settings`, {
      hint: 'A configuration of xl has lines such as name = "web".',
    });
  }
  const view = createXlView(config, text.label);
  const type = guestType(view);
  const files: readonly NamedFile[] = [...filesOfDrives(view, type), ...filesOfKernel(view, type)];
  return {
    version: null,
    producer: "Xen",
    files,
    appliance(found, report) {
      for (const line of config.strange.slice(0, 10)) report(strangeLine(line, text.label));
      const own = createXlView(config, text.label);
      const reading = createReading(own.text("name") ?? text.name, found, report);
      const all: XlReading = { ...reading, view: own, type, left: createLeftovers(reading, "xl") };
      readMachine(all);
      readDrives(all);
      readNics(all);
      readSerialPorts(all);
      leaveRest(all);
      return reading.appliance;
    },
  };
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // Paths of old systems: each byte is a letter then.
    return new TextDecoder("latin1").decode(bytes);
  }
}

function strangeLine(line: number, file: string): Diagnostic {
  return {
    code: "config/strange-line",
    severity: "warning",
    message: `line ${line} is no setting`,
    hint: "It is left out. Configurations of xm may be programs: write what they come to as settings.",
    location: { at: "text", file, line, column: 1 },
  };
}

/** PV is what Xen makes without a word about it (xl.cfg(5)). */
function guestType(view: XlView): GuestType {
  const word = (view.text("type") ?? view.text("builder") ?? "").toLowerCase();
  if (word === "hvm") return "hvm";
  if (word === "pvh" || view.flag("pvh") === true) return "pvh";
  return "pv";
}

/** The loader of emulated firmware is no kernel, though old configurations name it as one. */
function kernelOf(view: XlView, type: GuestType): string | null {
  const kernel = view.text("kernel");
  return kernel !== null && type === "hvm" && kernel.includes("hvmloader") ? null : kernel;
}

function filesOfKernel(view: XlView, type: GuestType): readonly NamedFile[] {
  const kernel = kernelOf(view, type);
  const ramdisk = view.text("ramdisk");
  if (kernel === null) return [];
  const files: NamedFile[] = [{ path: kernel, role: "file", id: "kernel" }];
  return ramdisk === null ? files : [...files, { path: ramdisk, role: "file", id: "initrd" }];
}

function readMachine(reading: XlReading): void {
  const { view, machine, type, origin } = reading;
  origin("name", view.place("name"));
  machine.uuid = uuidFromText(view.text("uuid"));
  origin("uuid", view.place("uuid"));
  machine.virtualization = type;
  origin("virtualization", view.place("type") ?? view.place("builder"));
  // Xen's device model is a PC of the 440FX kind alone.
  machine.chipset = type === "hvm" ? "i440fx" : null;
  readMemory(reading);
  readCpus(reading);
  readFirmware(reading);
  readDirectBoot(reading);
  machine.clock = view.flag("localtime") === true ? "localtime" : "utc";
  origin("clock", view.place("localtime"));
  if (type !== "hvm") return;
  readBoot(reading);
  readVideo(reading);
  const [card, ...others] = (view.text("soundhw") ?? "").split(",").map((word) => word.trim());
  if (card !== undefined && card !== "") machine.sound = card;
  origin("sound", view.place("soundhw"));
  for (const other of others) reading.left(`soundhw ${other}`);
}

function readMemory({ view, machine, origin, report }: XlReading): void {
  const now = view.number("memory");
  const most = view.number("maxmem");
  origin("memoryBytes", view.place("memory") ?? view.place("maxmem"));
  const bytes = (now ?? most ?? 0) * MIB;
  if ((now ?? most) === null || !Number.isSafeInteger(bytes)) {
    const place = view.place("memory");
    report({
      code: "config/strange-value",
      severity: "warning",
      message: view.has("memory") ? "the memory is no number of MiB" : "it does not say its memory",
      hint: "Set memory in the configuration.",
      ...(place === undefined ? {} : { location: place }),
    });
    return;
  }
  machine.memoryBytes = bytes;
  const maxBytes = (most ?? 0) * MIB;
  if (maxBytes > bytes && Number.isSafeInteger(maxBytes)) machine.dynamicMemory = { minBytes: bytes, maxBytes };
}

function readCpus({ view, machine, origin, left }: XlReading): void {
  const said = view.number("vcpus");
  const online = view.text("vcpu_avail");
  const most = view.number("maxvcpus") ?? (online === null ? null : said);
  const mask = online !== null && /^[0-9]{1,40}$/.test(online) ? BigInt(online) : null;
  // xm says by a bit for each processor which of them are there.
  const bits = mask === null ? null : [...mask.toString(2)].filter((bit) => bit === "1").length;
  machine.cpu.count = (bits !== null && bits > 0 ? bits : said) ?? 1;
  machine.cpu.max = most !== null && most > machine.cpu.count ? most : null;
  machine.cpu.nested = view.flag("nestedhvm");
  origin("cpu", view.place("vcpus") ?? view.place("maxvcpus"));
  if (view.flag("viridian") === true || view.list("viridian").some((word) => !/^[01]$/.test(word))) left("viridian");
}

function readFirmware({ view, machine, type, origin, left }: XlReading): void {
  const firmware = view.text("firmware");
  const word = firmware ?? view.text("bios");
  origin("firmware", view.place("firmware") ?? view.place("bios"));
  if (type !== "hvm") {
    if (word !== null) left("firmware", word);
    return;
  }
  const efi = word !== null && /(?:^|\/)[^/]*(?:ovmf|uefi)[^/]*$/i.test(word);
  machine.firmware = efi ? "efi" : "bios";
  machine.firmwareFrom = word === null ? "default" : "declared";
  if (word !== null && !efi && !/^(?:bios|seabios|rombios)$/.test(word)) left("firmware", word);
}

function readDirectBoot(reading: XlReading): void {
  const { view, machine, type } = reading;
  const kernel = kernelOf(view, type);
  const loader = type === "hvm" ? null : view.text("bootloader");
  const ramdisk = view.text("ramdisk");
  const root = view.text("root");
  const extra = view.text("extra");
  const parts = [root === null ? null : `root=${root}`, extra].filter((part) => part !== null);
  const cmdline = view.text("cmdline") ?? (parts.length === 0 ? null : parts.join(" "));
  if (kernel === null && loader === null) return;
  machine.directBoot = {
    kernel: kernel === null ? null : reading.file(kernel, "kernel"),
    initrd: kernel === null || ramdisk === null ? null : reading.file(ramdisk, "initrd"),
    arguments: cmdline,
    loader: kernel === null ? loader : null,
  };
  reading.origin("directBoot", view.place("kernel") ?? view.place("bootloader"));
  if (kernel !== null && loader !== null) reading.left("bootloader", loader);
}

const BOOT = { a: "floppy", c: "disk", d: "cdrom", n: "network" } as const;

function readBoot({ view, machine, origin }: XlReading): void {
  // The default is the disk, then the CD drive.
  for (const letter of view.text("boot") ?? "cd") {
    if (Object.hasOwn(BOOT, letter) && machine.boot.length < 4) {
      machine.boot.push({ device: BOOT[letter as keyof typeof BOOT], index: null });
    }
  }
  origin("boot", view.place("boot"));
}

function readVideo({ view, machine, origin }: XlReading): void {
  const model = view.text("vga") ?? (view.flag("stdvga") === true ? "stdvga" : "cirrus");
  const megabytes = view.number("videoram");
  origin("video", view.place("vga") ?? view.place("stdvga"));
  if (model === "none") return;
  const memoryBytes = megabytes === null || megabytes > 2 ** 20 ? null : megabytes * MIB;
  machine.video = { model, memoryBytes, heads: null };
}

function leaveRest({ view, type, left }: XlReading): void {
  for (const name of ["sdl", "vnc", "spice"]) if (view.flag(name) === true) left(`graphics ${name}`);
  if (view.list("vfb").length > 0) left("vfb");
  for (const [name, usual] of EVENTS) {
    const said = view.text(name);
    if (said !== null && !usual.test(said)) left(name, said);
  }
  const offset = view.text("rtc_timeoffset");
  if (offset !== null && offset !== "0") left("rtc_timeoffset", offset);
  const parallel = view.text("parallel");
  if (parallel !== null && parallel !== "none") left("parallel", parallel);
  for (const device of view.list("usbdevice"))
    if (!/^(?:tablet|mouse|keyboard)$/.test(device)) left("usbdevice", device);
  for (const { name, value } of view.rest()) {
    if (HOUSEKEEPING.test(name) || /^(?:type|builder|pvh)$/.test(name)) continue;
    // A guest without emulated hardware has none of what these say.
    if (type !== "hvm" && /^(?:boot|soundhw|vga|videoram|serial|usb|usbversion)$/.test(name)) continue;
    if (value === "0" || value === "" || value === "[]") continue;
    left(name, SECRET.test(name) ? "" : value);
  }
}
