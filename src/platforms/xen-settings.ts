/**
 * The words of xapi (XenServer, XCP-ng) for a machine's settings: the same in an `ova.xml` and in the OVF that XenCenter writes
 * (`VirtualSystemOtherConfigurationData`). Sources: xapi's datamodel_vm.ml, vm_platform.ml and xapi_xenops.ml, xenopsd's device.ml.
 */
import type { BootDevice, Machine } from "../appliance/appliance.js";
import { MIB } from "../base/bytes.js";

/** Settings by xapi's names. */
export interface XenSettings {
  /** `hvm`, `pv`, `pvh`, `pv_in_pvh`; `null`, `unspecified`: `bootPolicy` tells. */
  readonly domainType: string | null;
  /** `BIOS order`, whatever the firmware; empty: a PV guest; `null`: not said. */
  readonly bootPolicy: string | null;
  /** `HVM_boot_params`: `order` (`cdn`), `firmware` (`bios`, `uefi`). */
  readonly bootParams: ReadonlyMap<string, string>;
  /** `platform`: `cores-per-socket`, `secureboot`, `vga` and so on. */
  readonly platform: ReadonlyMap<string, string>;
  /** `PV_kernel`, `PV_args`, `PV_bootloader` and so on, without what is empty. */
  readonly pv: ReadonlyMap<string, string>;
}

/** Letters of a boot order. */
const LETTERS: Readonly<Record<string, BootDevice["device"]>> = { a: "floppy", c: "disk", d: "cdrom", n: "network" };

/** The kinds of devices in a boot order such as `dc`, each once. */
export function bootKinds(order: string): readonly BootDevice["device"][] {
  const kinds = [...order.toLowerCase()].flatMap((letter) =>
    Object.hasOwn(LETTERS, letter) ? (LETTERS[letter] ?? []) : [],
  );
  return [...new Set(kinds)];
}

/** The letters for kinds of devices, each once. */
export function bootOrder(kinds: Iterable<BootDevice["device"]>): string {
  const letters = [...new Set(kinds)].flatMap(
    (kind) => Object.entries(LETTERS).find(([, known]) => known === kind)?.[0] ?? [],
  );
  return letters.join("");
}

/** A map as XenCenter writes it into OVF: `nx=true;acpi=true;`. */
export function parseXenMap(text: string): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const pair of text.split(";")) {
    const equals = pair.indexOf("=");
    if (equals > 0) map.set(pair.slice(0, equals).trim(), pair.slice(equals + 1).trim());
  }
  return map;
}

/** The same the other way, as XenCenter of today writes it: `nx=true;acpi=true`. */
export function formatXenMap(map: ReadonlyMap<string, string>): string {
  return [...map].map(([key, value]) => `${key}=${value}`).join(";");
}

/** Settings that every machine on emulated hardware has, with the values that mean nothing special. */
const USUAL: Readonly<Record<string, RegExp>> = {
  nx: /^(?:true|1)$/,
  pae: /^(?:true|1)$/,
  apic: /^(?:true|1)$/,
  acpi: /^(?:true|1)$/,
  viridian: /^(?:false|0)$/,
  hpet: /^(?:true|1)$/,
  // Follows from the firmware.
  "device-model": /^qemu-upstream-(?:compat|uefi)$/,
  stdvga: /^(?:0|1|true|false)?$/,
  // What only the host knows: it sets them anew.
  device_id: /^[0-9a-f]{0,8}$/i,
  featureset: /^/,
};

/** What is left of settings: no word of the model fits them. */
export type ForeignSetting = (name: string, value: string) => void;

/** Takes over what the settings say; what they do not say stays as it is. */
export function applyXenSettings(machine: Machine, settings: XenSettings, foreign: ForeignSetting): void {
  const { bootParams, pv } = settings;
  const virtualization = virtualizationOf(settings);
  if (virtualization !== null) machine.virtualization = virtualization;
  const hvm = (virtualization ?? "hvm") === "hvm";
  if (settings.domainType === "pv_in_pvh") foreign("domain_type", "pv_in_pvh");
  if (hvm) {
    const firmware = bootParams.get("firmware")?.toLowerCase();
    if (firmware === "uefi" || firmware === "bios") {
      machine.firmware = firmware === "uefi" ? "efi" : "bios";
      machine.firmwareFrom = "declared";
    } else if (firmware !== undefined) foreign("HVM_boot_params:firmware", firmware);
    const order = bootParams.get("order");
    if (order !== undefined && order !== "") machine.boot = bootKinds(order).map((device) => ({ device, index: null }));
  }
  for (const [key, value] of bootParams) {
    if (key !== "firmware" && key !== "order") foreign(`HVM_boot_params:${key}`, value);
  }
  applyPlatform(machine, settings.platform, foreign);
  if (hvm) for (const [key, value] of pv) foreign(key, value);
  else applyPv(machine, pv, foreign);
}

function virtualizationOf({ domainType, bootPolicy }: XenSettings): Machine["virtualization"] {
  if (domainType === "hvm" || domainType === "pv" || domainType === "pvh") return domainType;
  if (domainType === "pv_in_pvh") return "pv";
  return bootPolicy === null ? null : bootPolicy === "" ? "pv" : "hvm";
}

function applyPv(machine: Machine, pv: ReadonlyMap<string, string>, foreign: ForeignSetting): void {
  const loader = pv.get("PV_bootloader") ?? null;
  const words = [pv.get("PV_args"), pv.get("PV_legacy_args")].filter((text) => text !== undefined);
  machine.directBoot = { kernel: null, initrd: null, arguments: words.join(" ") || null, loader };
  // Files of the host, which no export holds.
  for (const key of ["PV_kernel", "PV_ramdisk", "PV_bootloader_args"]) {
    const value = pv.get(key);
    if (value !== undefined) foreign(key, value);
  }
}

function applyPlatform(machine: Machine, platform: ReadonlyMap<string, string>, foreign: ForeignSetting): void {
  for (const [key, value] of platform) {
    if (value === "") continue;
    const usual = Object.hasOwn(USUAL, key) ? USUAL[key] : undefined;
    if (usual?.test(value) === true) continue;
    if (!applySetting(machine, key, value.trim())) foreign(`platform:${key}`, value);
  }
}

/** Whether the model has a word for a setting. */
function applySetting(machine: Machine, key: string, value: string): boolean {
  const number = /^[0-9]{1,9}$/.test(value) ? Number(value) : null;
  switch (key) {
    case "cores-per-socket":
      if (number === null || number < 1) return false;
      machine.cpu.coresPerSocket = number;
      return true;
    case "nested-virt":
    case "exp-nested-hvm":
      if (truth(value) === null) return false;
      machine.cpu.nested = truth(value);
      return true;
    case "secureboot":
      // `auto` asks the pool, which is not here.
      if (truth(value) === null) return false;
      if (truth(value) === true && machine.firmware === "efi") machine.firmware = "efi-secure";
      return true;
    case "vtpm":
      if (truth(value) === true) machine.tpm = "2.0";
      return truth(value) !== null;
    case "vga":
      machine.video = { model: value, memoryBytes: machine.video?.memoryBytes ?? null, heads: null };
      return true;
    case "videoram":
      if (number === null) return false;
      machine.video = { model: machine.video?.model ?? null, memoryBytes: number * MIB, heads: null };
      return true;
    case "timeoffset":
      if (!/^-?[0-9]{1,9}$/.test(value)) return false;
      machine.clock = Number(value) === 0 ? "utc" : "localtime";
      return true;
    case "hvm_serial":
      if (value !== "none") machine.serialPorts = [{ index: 0, ...serialBacking(value) }];
      return true;
    default:
      return false;
  }
}

function truth(value: string): boolean | null {
  return /^(?:true|1)$/i.test(value) ? true : /^(?:false|0)$/i.test(value) ? false : null;
}

/** QEMU's `-serial`. */
function serialBacking(value: string): Pick<Machine["serialPorts"][number], "backing" | "target"> {
  if (value === "pty" || value === "null") return { backing: value === "pty" ? "pty" : null, target: null };
  const [, scheme = "", target = ""] = /^([a-z]+):(.*)$/s.exec(value) ?? [];
  if (scheme === "tcp" || scheme === "udp" || scheme === "telnet") return { backing: "network", target: value };
  if (scheme === "file" || scheme === "pipe") return { backing: scheme, target };
  if (scheme === "unix") return { backing: "pipe", target };
  return { backing: "device", target: value };
}

/** The settings of a machine on XenServer. What they cannot say is for the caller to name. */
export function xenSettingsOf(machine: Machine): XenSettings {
  const type = machine.virtualization ?? "hvm";
  const hvm = type === "hvm";
  const efi = machine.firmware === "efi" || machine.firmware === "efi-secure";
  const bootParams = new Map<string, string>();
  const platform = new Map<string, string>();
  const pv = new Map<string, string>();
  if (hvm) {
    const kinds = machine.boot.map(({ device }) => device);
    bootParams.set("firmware", efi ? "uefi" : "bios");
    bootParams.set("order", bootOrder(kinds) || "cdn");
    for (const key of ["nx", "pae", "apic", "acpi"]) platform.set(key, "true");
    platform.set("device-model", efi ? "qemu-upstream-uefi" : "qemu-upstream-compat");
    if (efi) platform.set("secureboot", String(machine.firmware === "efi-secure"));
    if (machine.video !== null) {
      platform.set("vga", xenVideo(machine.video.model));
      if (machine.video.memoryBytes !== null) {
        platform.set("videoram", String(Math.max(1, Math.ceil(machine.video.memoryBytes / MIB))));
      }
    }
    if (machine.cpu.nested !== null) platform.set("nested-virt", String(machine.cpu.nested));
    if (machine.clock === "utc") platform.set("timeoffset", "0");
    // The other kinds name files and devices of the host, which an import must not.
    if (machine.serialPorts.some(isConsole)) platform.set("hvm_serial", "pty");
  } else {
    const { directBoot } = machine;
    // What is booted comes out of the guest's disk: an archive has no place for kernels.
    pv.set("PV_bootloader", directBoot?.loader ?? "pygrub");
    if (directBoot !== null && directBoot.arguments !== null) pv.set("PV_args", directBoot.arguments);
  }
  if (machine.cpu.coresPerSocket !== null) platform.set("cores-per-socket", String(machine.cpu.coresPerSocket));
  return { domainType: type, bootPolicy: hvm ? "BIOS order" : "", bootParams, platform, pv };
}

/** Whether a serial port is the one that XenServer gives: the first, on a terminal of the host. */
export function isConsole({ index, backing }: Machine["serialPorts"][number]): boolean {
  return index === 0 && backing === "pty";
}

/** XenServer has two graphics cards. */
export function xenVideo(model: string | null): "std" | "cirrus" {
  return model?.toLowerCase() === "cirrus" ? "cirrus" : "std";
}
