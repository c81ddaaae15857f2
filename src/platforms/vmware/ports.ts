/** What is neither a drive nor a network card: serial ports, sound, graphics. */
import type { Machine, SerialPort } from "../../appliance/appliance.js";
import { MIB } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { formatBytes } from "../../base/text.js";
import { loss } from "../losses.js";
import type { Product } from "./devices.js";
import type { VmxEntry } from "./vmx.js";

/** Serial ports: 4 in hosted products, 32 in ESXi since hardware version 11 ("Configuration Maximums"). */
const PORTS: Readonly<Record<Product, number>> = { hosted: 4, esx: 32 };

/** Entries for a machine's serial ports. */
export function serialEntries(machine: Machine, product: Product, notes: Diagnostic[]): VmxEntry[] {
  const entries: VmxEntry[] = [];
  const taken = new Set<number>();
  for (const port of machine.serialPorts) {
    const name = `serial${port.index}`;
    if (port.index >= PORTS[product] || taken.has(port.index)) {
      notes.push(portNote(machine, port, "is left out: there is no place for it"));
      continue;
    }
    taken.add(port.index);
    const backing = backingEntries(name, port);
    if (backing === null) {
      notes.push(portNote(machine, port, `(${port.backing}) is connected to nothing: VMware has no such other end`));
    } else if (port.backing === "network" && product === "hosted") {
      notes.push(portNote(machine, port, "goes over the network, which ESXi does and hosted products do not"));
    }
    entries.push([`${name}.present`, "TRUE"], ...(backing ?? unconnected(name)));
  }
  return entries;
}

/** `null`: VMware has nothing like it. */
function backingEntries(name: string, { backing, target }: SerialPort): VmxEntry[] | null {
  const fileName: VmxEntry = [`${name}.fileName`, target ?? ""];
  switch (backing) {
    case null:
      return unconnected(name);
    case "device":
      return target === null ? unconnected(name) : [[`${name}.fileType`, "device"], fileName];
    case "file":
      return target === null ? null : [[`${name}.fileType`, "file"], fileName];
    case "pipe":
      return target === null ? null : [[`${name}.fileType`, "pipe"], fileName, [`${name}.pipe.endPoint`, "server"]];
    case "network":
      if (target === null) return null;
      return [
        [`${name}.fileType`, "network"],
        [`${name}.fileName`, /^[a-z]+:\/\//i.test(target) ? target : `tcp://${target}`],
        [`${name}.network.endPoint`, "server"],
      ];
    case "pty":
      return null;
  }
}

function unconnected(name: string): VmxEntry[] {
  return [
    [`${name}.fileType`, "device"],
    [`${name}.fileName`, "auto detect"],
    [`${name}.autodetect`, "TRUE"],
    [`${name}.startConnected`, "FALSE"],
  ];
}

function portNote(machine: Machine, port: SerialPort, what: string): Diagnostic {
  return loss("warning", "vmware/serial-port-changed", `${machine.name}: serial port ${port.index} ${what}`, {
    data: { machine: machine.id, port: port.index, backing: port.backing, target: port.target },
    hint: "Choose what the port is connected to in the machine's settings.",
  });
}

/** VMware's three cards, and the words of other platforms for the same chips. */
const CARDS: readonly (readonly [card: string, words: RegExp])[] = [
  ["hdaudio", /^(?:vmware\.soundcard\.)?(?:hd-?audio|hda|intel-hda|ich[679](?:-intel-hda)?|sthda.*)$/i],
  ["es1371", /^(?:vmware\.soundcard\.)?(?:es1371|ensoniq1371|es1370)$/i],
  ["sb16", /^(?:vmware\.soundcard\.)?sb16$/i],
];

/** Entries for a machine's sound card. One that VMware does not have becomes HD Audio, which every system of today knows. */
export function soundEntries(machine: Machine, notes: Diagnostic[]): VmxEntry[] {
  const { sound } = machine;
  if (sound === null) return [];
  const card = CARDS.find(([, words]) => words.test(sound))?.[0] ?? null;
  if (card === null) {
    notes.push(
      loss("info", "vmware/sound-changed", `${machine.name}: the sound card ${sound} becomes one of HD Audio`, {
        data: { machine: machine.id, from: sound, to: "hdaudio" },
      }),
    );
  }
  return [
    ["sound.present", "TRUE"],
    ["sound.virtualDev", card ?? "hdaudio"],
    ["sound.autodetect", "TRUE"],
    ["sound.fileName", "-1"],
  ];
}

/** What `svga.vramSize` takes at most, and at least ("Configuration Maximums" of vSphere 8). */
const MOST_VIDEO_BYTES = 256 * MIB;
const LEAST_VIDEO_BYTES = 4 * MIB;
const MOST_HEADS = 10;

/** Entries for a machine's graphics card, which is VMware's own in every case. */
export function videoEntries(machine: Machine, notes: Diagnostic[]): VmxEntry[] {
  const { video } = machine;
  if (video === null) return [];
  const { model, memoryBytes, heads } = video;
  const entries: VmxEntry[] = [["svga.present", "TRUE"]];
  const changes: string[] = [];
  if (model !== null && !/^(?:svga|vmsvga|vmvga|vmware(?:[-_]?svga)?)$/i.test(model))
    changes.push(`${model} becomes VMware's own`);
  if (memoryBytes !== null) {
    const bytes = Math.min(MOST_VIDEO_BYTES, Math.max(LEAST_VIDEO_BYTES, memoryBytes));
    if (bytes !== memoryBytes) changes.push(`its memory of ${formatBytes(memoryBytes)} becomes ${formatBytes(bytes)}`);
    entries.push(["svga.autodetect", "FALSE"], ["svga.vramSize", String(bytes)]);
  }
  if (heads !== null) {
    const displays = Math.min(MOST_HEADS, Math.max(1, heads));
    if (displays !== heads) changes.push(`${heads} displays become ${displays}`);
    entries.push(["svga.numDisplays", String(displays)]);
  }
  if (changes.length > 0) {
    notes.push(
      loss("info", "vmware/video-changed", `${machine.name}: graphics card: ${changes.join("; ")}`, {
        data: { machine: machine.id, model, memoryBytes, heads },
      }),
    );
  }
  return entries;
}
