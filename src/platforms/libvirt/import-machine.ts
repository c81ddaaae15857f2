import type { XmlElement } from "../../xml/tree.js";
import { uuidFromText } from "../names-of-devices.js";
import type { ConfigFiles, NamedFile } from "../platform.js";
import type { DomainReading } from "./import-scope.js";
import { attr, bytesFrom, child, children, flagFrom, numberFrom, textOf } from "./view.js";

/** The kernel that is booted from outside of the disks, and the firmware's memory: files that `<os>` names. */
export function filesOfSystem(domain: XmlElement): readonly NamedFile[] {
  const os = child(domain, "os");
  const files: NamedFile[] = [];
  const kernel = textOf(os, "kernel");
  const initrd = textOf(os, "initrd");
  const nvram = textOf(os, "nvram");
  if (kernel !== null) files.push({ path: kernel.trim(), role: "file", id: "kernel" });
  if (initrd !== null) files.push({ path: initrd.trim(), role: "file", id: "initrd" });
  // A machine that never ran has none yet.
  if (nvram !== null) files.push({ path: nvram.trim(), role: "nvram", id: "nvram", optional: true });
  return files;
}

/** Everything but the devices. */
export function readMachine(reading: DomainReading, files: ConfigFiles): void {
  const { domain, machine, origin } = reading;
  machine.annotation = textOf(domain, "description");
  machine.uuid = uuidFromText(textOf(domain, "uuid"));
  origin("uuid", child(domain, "uuid")?.location);
  readMemory(reading);
  readCpu(reading);
  readSystem(reading);
  readFirmware(reading, files);
  readDirectBoot(reading);
  readClock(reading);
  readMetadata(reading);
}

function readMemory(reading: DomainReading): void {
  const { domain, machine, left } = reading;
  const quantity = (name: string): number | null => {
    const element = child(domain, name);
    if (element === undefined) return null;
    const bytes = bytesFrom(element.text, attr(element, "unit"), "KiB");
    if (bytes === null) reading.strange(element, `${JSON.stringify(element.text.slice(0, 40))} is no amount of memory`);
    return bytes;
  };
  const most = quantity("memory");
  const now = quantity("currentMemory");
  reading.origin("memoryBytes", child(domain, "memory")?.location);
  if (most === null && child(domain, "memory") === undefined) reading.strange(domain, "it does not say its memory");
  machine.memoryBytes = now !== null && now > 0 && (most === null || now < most) ? now : (most ?? 0);
  if (most !== null && machine.memoryBytes < most) {
    machine.dynamicMemory = { minBytes: machine.memoryBytes, maxBytes: most };
  }
  const hotplug = child(domain, "maxMemory");
  if (hotplug !== undefined) left("maxMemory", hotplug.markup);
}

function readCpu(reading: DomainReading): void {
  const { domain, machine, left } = reading;
  const vcpu = child(domain, "vcpu");
  const most = vcpu === undefined ? 1 : numberFrom(vcpu.text);
  if (vcpu !== undefined && most === null) reading.strange(vcpu, "it is no number of processors");
  const count = numberFrom(attr(vcpu, "current")) ?? most ?? 1;
  machine.cpu.count = count;
  machine.cpu.max = most !== null && most > count ? most : null;
  reading.origin("cpu", vcpu?.location);
  if (attr(vcpu, "cpuset") !== null) left("cpuset of vcpu", vcpu?.markup);

  const cpu = child(domain, "cpu");
  const topology = child(cpu, "topology");
  const of = (name: string): number | null => numberFrom(attr(topology, name));
  if (topology !== undefined) {
    // Dies and clusters are how cores lie on one socket.
    const cores = (of("cores") ?? 1) * (of("dies") ?? 1) * (of("clusters") ?? 1);
    if (Number.isSafeInteger(cores)) machine.cpu.coresPerSocket = cores;
    else reading.strange(topology, "no processor has so many cores");
    machine.cpu.threadsPerCore = of("threads");
    for (const name of ["dies", "clusters"]) if ((of(name) ?? 1) > 1) left(`${name} of cpu`, topology.markup);
  }
  const mode = attr(cpu, "mode");
  const model = textOf(cpu, "model");
  if (model !== null && (mode === null || mode === "custom")) left("cpu model", model.trim());
  let others = "";
  for (const feature of children(cpu, "feature")) {
    const name = attr(feature, "name");
    if (name === "vmx" || name === "svm") {
      const policy = attr(feature, "policy") ?? "require";
      const on = !/^(?:disable|forbid)$/.test(policy);
      machine.cpu.nested = on || machine.cpu.nested === true;
    } else if (others.length < 2000) others += `${feature.markup}\n`;
  }
  if (others !== "") left("features of cpu", others);
  for (const part of cpu?.elements() ?? []) {
    if (!/^(?:model|vendor|topology|feature)$/.test(part.name)) left(`${part.name} of cpu`, part.markup);
  }
}

const BOOT = { hd: "disk", cdrom: "cdrom", fd: "floppy", network: "network" } as const;

function readSystem(reading: DomainReading): void {
  const { domain, machine, left, x86, emulated, xen } = reading;
  const os = child(domain, "os");
  const type = child(os, "type");
  const guest = type?.text.trim() ?? "hvm";
  reading.origin("virtualization", type?.location);
  machine.virtualization = guest === "xenpvh" ? "pvh" : guest === "xen" || guest === "linux" ? "pv" : "hvm";
  const word = attr(type, "machine");
  if (word !== null) machine.hardwareTypes = [word];
  if (machine.virtualization === "hvm" && x86) {
    // Without a word about it QEMU's `pc` is meant; Xen has no other for hardware that is emulated.
    const name = word ?? (emulated || xen ? "pc" : "");
    if (/^(?:pc|xenfv.*|pc-i440fx-.*|pc-[01]\.[0-9]+|rhel[56]\..*)$/.test(name)) machine.chipset = "i440fx";
    if (/^(?:q35|pc-q35-.*)$/.test(name)) machine.chipset = "q35";
  }
  if (!x86) {
    reading.report({
      code: "libvirt/other-architecture",
      severity: "warning",
      message: `${machine.name} runs on ${reading.arch}`,
      hint: "No target of vmferry has such processors: its disks can be carried over, its system starts nowhere but on its own kind.",
      location: (type ?? domain).location,
    });
  }
  for (const boot of children(os, "boot")) {
    const device = attr(boot, "dev") ?? "";
    const kind = Object.hasOwn(BOOT, device) ? BOOT[device as keyof typeof BOOT] : null;
    if (kind !== null && !machine.boot.some((known) => known.device === kind)) {
      machine.boot.push({ device: kind, index: null });
    }
  }
  for (const part of os?.elements() ?? []) {
    if (!/^(?:type|boot|kernel|initrd|cmdline|loader|nvram|firmware|bootmenu|bios|smbios)$/.test(part.name)) {
      left(part.name, part.markup);
    }
  }
}

/** Names of EFI firmware for QEMU, as distributions have them. */
const EFI_IMAGE = /(?:ovmf|edk2|aavmf|efi)/i;

function readFirmware(reading: DomainReading, files: ConfigFiles): void {
  const { domain, machine, left, x86, paravirtual } = reading;
  const os = child(domain, "os");
  const said = attr(os, "firmware");
  const loader = child(os, "loader");
  const path = loader?.text.trim() ?? "";
  const nvram = textOf(os, "nvram")?.trim() ?? null;
  const feature = (name: string): boolean | null =>
    flagFrom(
      attr(
        children(child(os, "firmware"), "feature").find((element) => attr(element, "name") === name),
        "enabled",
      ),
    );
  reading.origin("firmware", (said === null ? loader : os)?.location);
  if (paravirtual || (!x86 && said === null && loader === undefined)) {
    machine.firmware = "unknown";
  } else {
    const flash = attr(loader, "type") === "pflash" || nvram !== null;
    const efi = said === "efi" || (said === null && (flash || EFI_IMAGE.test(path.slice(path.lastIndexOf("/") + 1))));
    const secure = feature("secure-boot") ?? flagFrom(attr(loader, "secure"));
    // Firmware that could check signatures and has no keys to check them by boots everything.
    const keys = feature("enrolled-keys") !== false;
    if (efi && secure === true && !keys) left("secure boot without keys");
    machine.firmware = efi ? (secure === true && keys ? "efi-secure" : "efi") : "bios";
    machine.firmwareFrom = said !== null || loader !== undefined ? "declared" : "default";
  }
  if (path !== "" && !/hvmloader$/.test(path) && machine.firmware === "bios") left("loader", path);
  if (nvram === null) return;
  if (files.find(nvram) !== undefined) machine.nvram = reading.file(nvram, "nvram");
  else left("nvram", nvram);
}

function readDirectBoot(reading: DomainReading): void {
  const { domain, machine, paravirtual } = reading;
  const os = child(domain, "os");
  const kernel = textOf(os, "kernel")?.trim() ?? null;
  const initrd = textOf(os, "initrd")?.trim() ?? null;
  // Without a word about it, Xen's own loader fetches the kernel of such a guest.
  const loader = textOf(domain, "bootloader")?.trim() ?? (paravirtual && kernel === null ? "pygrub" : null);
  if (kernel === null && loader === null) return;
  machine.directBoot = {
    kernel: kernel === null ? null : reading.file(kernel, "kernel"),
    initrd: initrd === null ? null : reading.file(initrd, "initrd"),
    arguments: textOf(os, "cmdline") ?? textOf(domain, "bootloader_args"),
    loader,
  };
  reading.origin("directBoot", child(os, "kernel")?.location);
}

/** Timers as virt-install sets them for every guest. */
const USUAL_TIMERS = new Set(["rtc catchup", "pit delay", "hpet no"]);

function readClock(reading: DomainReading): void {
  const { domain, machine, left } = reading;
  const clock = child(domain, "clock");
  const offset = attr(clock, "offset") ?? "utc";
  const basis = offset === "variable" ? (attr(clock, "basis") ?? "utc") : offset;
  // libvirt's own default is UTC.
  if (basis === "utc" || basis === "localtime") machine.clock = basis;
  else left(`clock ${offset}`, clock?.markup);
  reading.origin("clock", clock?.location);
  const adjustment = attr(clock, "adjustment");
  if (offset === "variable" && adjustment !== null && !/^[+-]?0$/.test(adjustment))
    left("clock adjustment", adjustment);
  for (const timer of children(clock, "timer")) {
    const name = attr(timer, "name") ?? "";
    const usual = USUAL_TIMERS.has(`${name} ${attr(timer, "tickpolicy") ?? attr(timer, "present") ?? ""}`);
    if (!usual) left(`timer ${name}`.trim(), timer.markup);
  }
}

const OSINFO = "http://libosinfo.org/xmlns/libvirt/domain/1.0";

function readMetadata(reading: DomainReading): void {
  const { domain, machine, left } = reading;
  for (const element of child(domain, "metadata")?.elements() ?? []) {
    if (element.namespace === OSINFO && element.name === "libosinfo") {
      const os = element.element(OSINFO, "os");
      machine.guestOs.osinfo = attr(os, "id");
      reading.origin("guestOs", os?.location);
    } else left(`metadata ${element.prefix === "" ? "" : `${element.prefix}:`}${element.name}`);
  }
}
