/** What a machine is: name, identity, guest system, sizes, firmware, security. */
import type { Appliance, Machine } from "../../appliance/appliance.js";
import { findGuestSystem } from "../../appliance/guest-os.js";
import { MIB } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { loss } from "../losses.js";
import { uuidFromText } from "../names-of-devices.js";
import type { Product } from "./devices.js";
import { TPM_VERSION } from "./hardware.js";
import type { VmxEntry } from "./vmx.js";

/** The first entries of a VMX file. `nvram`: what the firmware's memory is called. */
export function identityEntries(
  machine: Machine,
  hardware: number,
  product: Product,
  nvram: string,
  notes: Diagnostic[],
): VmxEntry[] {
  const { cpu, firmware } = machine;
  const entries: VmxEntry[] = [
    ["config.version", "8"],
    ["virtualHW.version", String(hardware)],
  ];
  if (product === "hosted") entries.push(["virtualHW.productCompatibility", "hosted"]);
  entries.push(["displayName", machine.name]);
  if (machine.annotation !== null) entries.push(["annotation", machine.annotation]);
  entries.push(...uuidEntries(machine, notes), ...guestEntries(machine, notes));
  entries.push(["memSize", String(machine.memoryBytes / MIB)], ["numvcpus", String(cpu.count)]);
  if (cpu.coresPerSocket !== null) entries.push(["cpuid.coresPerSocket", String(cpu.coresPerSocket)]);
  if (cpu.nested !== null) entries.push(["vhv.enable", cpu.nested ? "TRUE" : "FALSE"]);
  // BIOS is what no word means: VMware writes none, and virt-v2v knows none.
  if (firmware !== "bios") entries.push(["firmware", "efi"]);
  if (firmware === "efi-secure") entries.push(["uefi.secureBoot.enabled", "TRUE"]);
  entries.push(...tpmEntries(machine, hardware, product, notes), ...clockEntries(machine, product, notes));
  entries.push(["nvram", nvram], ...pciBridges());
  return entries;
}

/** `56 4d ... - ...`, as VMware writes it; kept where the machine starts in another folder than it was written for. */
function uuidEntries({ id, name, uuid }: Machine, notes: Diagnostic[]): VmxEntry[] {
  if (uuid === null) return [];
  const digits = uuidFromText(uuid)?.replaceAll("-", "");
  if (digits === undefined) {
    notes.push(
      loss(
        "warning",
        "platform/fact-dropped",
        `${name}: ${JSON.stringify(uuid)} is no UUID; the machine gets a new one`,
        {
          data: { machine: id, fact: "uuid", value: uuid },
        },
      ),
    );
    return [];
  }
  const bytes = digits.match(/../g) ?? [];
  return [
    ["uuid.bios", `${bytes.slice(0, 8).join(" ")}-${bytes.slice(8).join(" ")}`],
    ["uuid.action", "keep"],
  ];
}

function guestEntries(machine: Machine, notes: Diagnostic[]): VmxEntry[] {
  const { system, by } = findGuestSystem(machine.guestOs);
  const { cim, virtualbox, description } = machine.guestOs;
  const data = { machine: machine.id, guestOS: system.vmx, cim, virtualbox };
  if (by === null) {
    notes.push(
      loss(
        "warning",
        "vmware/guest-os-unknown",
        `${machine.name}: nothing names the guest system in a way that VMware knows; it becomes ${system.vmx}`,
        { data },
      ),
    );
  } else if (by !== "vmware") {
    const from = by === "cim" ? `number ${cim}` : (machine.guestOs[by] ?? by);
    notes.push(
      loss("info", "vmware/guest-os-mapped", `${machine.name}: guest system ${from} becomes ${system.vmx}`, { data }),
    );
  }
  return [["guestOS", system.vmx], ...(description === null ? [] : [["guestOSAltName", description] as const])];
}

/**
 * The module keeps its secrets in encrypted files, so that a machine that merely says it has one does not start. Workstation and Fusion encrypt what
 * they have to by themselves where they are told to make the module; on ESXi it takes a key provider.
 */
function tpmEntries(machine: Machine, hardware: number, product: Product, notes: Diagnostic[]): VmxEntry[] {
  if (machine.tpm === null) return [];
  const made = product === "hosted" && machine.firmware !== "bios" && hardware >= TPM_VERSION;
  const why =
    machine.firmware === "bios"
      ? "VMware has none for BIOS machines"
      : "it needs encryption by a key provider, which a file cannot bring";
  const what = made ? "is made anew and empty when the machine first starts" : `is left out: ${why}`;
  notes.push(
    loss(made ? "info" : "warning", "vmware/tpm-new", `${machine.name}: the TPM ${machine.tpm} ${what}`, {
      data: { machine: machine.id, tpm: machine.tpm, made },
      hint: "Disks that are unlocked by the TPM ask for their recovery key: have it at hand.",
    }),
  );
  return made ? [["managedvm.autoAddVTPM", "software"]] : [];
}

/** A hosted product's clock shows the host's local time without a word; ESXi's host has no time but UTC. */
function clockEntries(machine: Machine, product: Product, notes: Diagnostic[]): VmxEntry[] {
  if (machine.clock === "utc") return [["rtc.diffFromUTC", "0"]];
  const told = machine.foreign.some(({ source, name }) => source === "vmware" && /^rtc\.diffFromUTC$/i.test(name));
  if (machine.clock === "localtime" && product === "esx" && !told) {
    notes.push(
      loss("warning", "vmware/clock-utc", `${machine.name}: its clock showed local time; on ESXi it shows UTC`, {
        data: { machine: machine.id },
        hint: "Set rtc.diffFromUTC to the seconds between the two, or let VMware Tools set the guest's clock.",
      }),
    );
  }
  return [];
}

/** PCI Express ports: without them there is room for a handful of cards only. */
function pciBridges(): VmxEntry[] {
  const entries: VmxEntry[] = [["pciBridge0.present", "TRUE"]];
  for (const number of [4, 5, 6, 7]) {
    entries.push(
      [`pciBridge${number}.present`, "TRUE"],
      [`pciBridge${number}.virtualDev`, "pcieRootPort"],
      [`pciBridge${number}.functions`, "8"],
    );
  }
  entries.push(["vmci0.present", "TRUE"], ["hpet0.present", "TRUE"]);
  return entries;
}

/** The file with the firmware's memory: VMware's own alone, whose format no other platform has. `null`: there is none. */
export function nvramOf(fitted: Appliance, machine: Machine): string | null {
  const types = machine.hardwareTypes;
  if (types.length === 0 || !types.every((type) => /^vmx-/i.test(type))) return null;
  const inDrives = new Set(fitted.machines.flatMap(({ attachments }) => attachments.map(({ file }) => file)));
  const files = fitted.files.filter(({ id, role }) => role === "nvram" && !inDrives.has(id));
  if (machine.nvram !== null) return files.find(({ id }) => id === machine.nvram)?.id ?? null;
  // Packages name such a file without saying whose it is.
  return files.length === 1 && fitted.machines.length === 1 ? (files[0]?.id ?? null) : null;
}
