import type { BootDevice, Machine } from "../../appliance/appliance.js";
import { bootDiskIndex } from "../../appliance/fit/drives.js";
import { firstDrive } from "../../appliance/fit/positions.js";
import { findGuestSystem } from "../../appliance/guest-os.js";
import { MIB } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { usbChip } from "../../targets/chips.js";
import type { MachineShape } from "../../targets/profile.js";
import { el, type XmlNode } from "../../xml/build.js";
import { loss } from "../losses.js";
import { VIRTUALBOX_BOOT } from "../virtualbox-hardware.js";
import { networkElement, serialElement } from "./export-connections.js";
import type { Scope } from "./export-storage.js";

/** The most processors, MiB of video memory and screens that a machine takes: `VBoxManage list systemproperties`. */
const MOST = { cpus: 64, videoMiB: 256, heads: 64 } as const;

/** Everything below `Hardware` but the drives. */
export function hardwareElements(
  machine: Machine,
  shape: MachineShape,
  type: string,
  scope: Pick<Scope, "notes" | "cards" | "address">,
): (XmlNode | null)[] {
  const { notes } = scope;
  const efi = machine.firmware !== "bios";
  const chipset = shape.chipset === "q35" ? "ICH9" : "PIIX3";
  if (machine.chipset !== null && machine.chipset !== shape.chipset) {
    notes.push(
      loss(
        "info",
        "virtualbox/chipset-changed",
        `${machine.name}: its chip set becomes ${chipset}: ${machine.chipset === "q35" ? "ICH9" : "PIIX3"} has no room for its controllers`,
        { data: { machine: machine.id, from: machine.chipset, to: shape.chipset ?? null } },
      ),
    );
  }
  return [
    cpuElement(machine, type, notes),
    el("Memory", { RAMSize: machine.memoryBytes / MIB }),
    el("Chipset", { type: chipset }),
    bootElement(machine, notes),
    displayElement(machine, type, notes),
    // Of a guest with 32 bits the word without a number is the firmware that fits it.
    efi ? el("Firmware", { type: type.endsWith("_64") ? "EFI64" : "EFI" }) : null,
    el(
      "BIOS",
      {},
      el("ACPI", { enabled: true }),
      el("IOAPIC", { enabled: true }),
      el("SmbiosUuidLittleEndian", { enabled: true }),
    ),
    machine.tpm === null
      ? null
      : el("TrustedPlatformModule", { type: machine.tpm === "1.2" ? "v1_2" : "v2_0", location: "" }),
    usbElement(machine, notes),
    networkElement(machine, scope),
    serialElement(machine, notes),
    audioElement(machine, notes),
    el("RTC", { localOrUTC: clockOf(machine) === "utc" ? "UTC" : "local" }),
  ];
}

function cpuElement(machine: Machine, type: string, notes: Diagnostic[]): XmlNode {
  const { count, max, nested, coresPerSocket } = machine.cpu;
  // To the guest, all processors are cores of one socket.
  if (coresPerSocket !== null && coresPerSocket !== count) {
    notes.push(
      loss(
        "info",
        "virtualbox/cores-dropped",
        `${machine.name}: VirtualBox cannot hold that a socket has ${coresPerSocket} of its ${count} cores`,
        {
          data: { machine: machine.id, coresPerSocket },
          hint: "The guest sees one socket. Licences that count sockets may notice.",
        },
      ),
    );
  }
  const most = Math.min(max ?? count, Math.max(MOST.cpus, count));
  if (max !== null && most < max) {
    notes.push(
      loss(
        "info",
        "virtualbox/max-cpus-lowered",
        `${machine.name}: VirtualBox lets it have ${most} processors at most, and not ${max}`,
        {
          data: { machine: machine.id, from: max, to: most },
        },
      ),
    );
  }
  const hot = max !== null && most > count;
  return el(
    "CPU",
    { count: hot ? most : count, hotplug: hot ? true : null },
    // Kernels with 32 bits may need it; those with 64 have it anyway.
    el("PAE", { enabled: !type.endsWith("_64") }),
    el("LongMode", { enabled: type.endsWith("_64") }),
    el("X2APIC", { enabled: true }),
    nested === null ? null : el("NestedHWVirt", { enabled: nested }),
    hot ? el("CpuTree", {}, ...Array.from({ length: count }, (_, id) => el("Cpu", { id }))) : null,
  );
}

function bootElement(machine: Machine, notes: Diagnostic[]): XmlNode {
  const kinds: BootDevice["device"][] = [];
  const asked = machine.boot.length > 0 ? machine.boot : [{ device: "disk" as const }, { device: "cdrom" as const }];
  for (const { device } of asked) if (!kinds.includes(device)) kinds.push(device);
  const boot = machine.attachments[bootDiskIndex(machine)];
  const first = firstDrive(machine, "disk");
  if (machine.boot.length > 0 && boot !== undefined && first !== undefined && boot !== first) {
    notes.push(
      loss(
        "warning",
        "virtualbox/boot-by-kind",
        `${machine.name}: VirtualBox starts the first disk by its place, which is ${first.disk}, and not ${boot.disk}`,
        {
          data: { machine: machine.id, wanted: boot.disk, first: first.disk },
          hint: "Hang the disk that starts on the bus of the others, with --bus.",
        },
      ),
    );
  }
  if (kinds.length < asked.length) {
    notes.push(
      loss(
        "info",
        "virtualbox/boot-by-kind",
        `${machine.name}: the boot order names each kind of device once: of several the first is tried`,
        {
          data: { machine: machine.id, order: kinds },
        },
      ),
    );
  }
  const words = new Map([...VIRTUALBOX_BOOT].map(([word, device]) => [device, word]));
  return el(
    "Boot",
    {},
    ...[1, 2, 3, 4].map((position) => {
      const kind = kinds[position - 1];
      return el("Order", { position, device: kind === undefined ? "None" : (words.get(kind) ?? "None") });
    }),
  );
}

const VIDEO_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^(?:vmsvga|svga|vmware|vmvga)$/i, "VMSVGA"],
  [/^vboxsvga$/i, "VBoxSVGA"],
  [/^(?:vboxvga|vbox|vga|std|cirrus|bochs)$/i, "VBoxVGA"],
];

function displayElement(machine: Machine, type: string, notes: Diagnostic[]): XmlNode {
  const { video } = machine;
  const own =
    video?.model === null || video?.model === undefined
      ? null
      : (VIDEO_WORDS.find(([word]) => word.test(video.model ?? ""))?.[1] ?? null);
  // What VirtualBox gives to new machines.
  const model = own ?? (/^Windows/.test(type) ? "VBoxSVGA" : "VMSVGA");
  const wanted =
    video?.memoryBytes === null || video?.memoryBytes === undefined ? 16 : Math.ceil(video.memoryBytes / MIB);
  const memory = Math.min(wanted, MOST.videoMiB);
  const heads = Math.min(Math.max(video?.heads ?? 1, 1), MOST.heads);
  const changed =
    video !== null && ((video.model !== null && own === null) || memory !== wanted || heads !== (video.heads ?? 1));
  if (changed) {
    notes.push(
      loss(
        "info",
        "virtualbox/video-changed",
        `${machine.name}: its graphics card becomes ${model} with ${memory} MiB and ${heads} screens`,
        {
          data: { machine: machine.id, from: { ...video }, to: { model, memoryBytes: memory * MIB, heads } },
        },
      ),
    );
  }
  return el("Display", { controller: model, VRAMSize: memory, monitorCount: heads });
}

const SOUND_WORDS: readonly (readonly [RegExp, string])[] = [
  [/hda|ich[69]|intel-hda/i, "HDA"],
  [/ac97|ich(?![69])/i, "AC97"],
  [/sb16|soundblaster/i, "SB16"],
];

function audioElement(machine: Machine, notes: Diagnostic[]): XmlNode | null {
  const { sound } = machine;
  if (sound === null) return el("AudioAdapter", { enabled: false });
  const known = SOUND_WORDS.find(([word]) => word.test(sound))?.[1];
  const controller = known ?? "HDA";
  if (known === undefined) {
    notes.push(
      loss("info", "virtualbox/sound-changed", `${machine.name}: its sound card ${JSON.stringify(sound)} becomes HDA`, {
        data: { machine: machine.id, from: sound, to: "HDA" },
      }),
    );
  }
  return el("AudioAdapter", { controller, useDefault: true, driver: "Default", enabled: true, enabledOut: true });
}

function usbElement(machine: Machine, notes: Diagnostic[]): XmlNode | null {
  const words = { xhci: "XHCI", ehci: "EHCI", uhci: "OHCI" } as const;
  const asked = machine.controllers
    .filter(({ bus }) => bus === "usb")
    .map(({ model }) => words[usbChip(model ?? "xhci")]);
  const kinds = [...new Set(asked)];
  if (kinds.length < asked.length) {
    notes.push(
      loss(
        "info",
        "virtualbox/usb-merged",
        `${machine.name}: VirtualBox has one USB controller of a kind; ${asked.length - kinds.length} left out`,
        {
          data: { machine: machine.id, count: asked.length - kinds.length },
        },
      ),
    );
  }
  // The slow ports of a fast controller are another one's.
  if (kinds.includes("EHCI") && !kinds.includes("OHCI")) kinds.unshift("OHCI");
  if (kinds.length === 0) return null;
  return el("USB", {}, el("Controllers", {}, ...kinds.map((type) => el("Controller", { name: type, type }))));
}

/** Windows keeps its clock at local time, all others at UTC. */
function clockOf(machine: Machine): "utc" | "localtime" {
  return machine.clock ?? (findGuestSystem(machine.guestOs).system.family === "windows" ? "localtime" : "utc");
}
