import type { Attachment, Machine } from "../../appliance/appliance.js";
import { findGuestSystem } from "../../appliance/guest-os.js";
import { alignUp, MIB } from "../../base/bytes.js";
import type { MachineShape } from "../../targets/profile.js";
import { type BootStep, bootSequence } from "../boot-sequence.js";
import type { ResultFiles } from "../files.js";
import type {
  HypervAdapter,
  HypervBootSource,
  HypervComPort,
  HypervDrive,
  HypervFirmware,
  HypervMachine,
  HypervMemory,
} from "./document.js";

/** Source of what the model has no place for and Hyper-V has. */
export const FOREIGN = "hyperv";
/** Name under which the template of secure boot is carried, so that a way back to Hyper-V finds it again. */
export const TEMPLATE = "secure boot template";

const TEMPLATES: readonly string[] = ["MicrosoftWindows", "MicrosoftUEFICertificateAuthority", "OpenSourceShieldedVM"];
const STEP = 2 * MIB;
const LEAST = 32 * MIB;

/** The name that a card gets: what users call it in `-SwitchMap` where its network has no name. */
export function adapterName(index: number): string {
  return `Network Adapter ${index + 1}`;
}

/** What is going to be made of a fitted machine, in the words of Hyper-V: the script makes it, and the document beside it says it. */
export function describeMachine(machine: Machine, shape: MachineShape, files: ResultFiles): HypervMachine {
  const generation = shape.id === "gen2" ? 2 : 1;
  const attachments = machine.attachments.filter((drive) => isMade(machine, drive, files));
  const scsi = machine.controllers.filter((controller) => controller.bus === "scsi");
  return {
    name: machine.name,
    id: null,
    biosGuid: null,
    generation,
    version: null,
    notes: machine.annotation === null || machine.annotation === "" ? null : windowsLines(machine.annotation),
    state: "Off",
    processors: {
      count: machine.cpu.count,
      nested: machine.cpu.nested,
      threadsPerCore: machine.cpu.threadsPerCore,
    },
    memory: memoryOf(machine),
    startupOrder: generation === 1 ? startupOrder(machine) : null,
    firmware: generation === 2 ? firmwareOf(machine, attachments) : null,
    security: { tpm: generation === 2 && machine.tpm === "2.0", shielded: false },
    scsiControllers: Math.max(-1, ...scsi.map((controller) => controller.index)) + 1,
    drives: attachments.map((attachment) => driveOf(machine, attachment, files)),
    networkAdapters: machine.nics.map(
      (nic, index): HypervAdapter => ({
        name: adapterName(index),
        legacy: nic.model === "legacy",
        switch: nic.connected ? nic.network : null,
        switchType: null,
        mac: nic.mac === null ? null : nic.mac.replaceAll(":", "").toUpperCase(),
        macDynamic: nic.mac === null,
        vlan: nic.vlan === null ? null : { mode: "Access", accessId: nic.vlan, nativeId: 0, allowed: null },
      }),
    ),
    comPorts: [0, 1].map((index) => comPort(machine, index)),
    checkpoints: [],
    gpuPartitions: 0,
    startAction: null,
    startDelaySeconds: null,
    stopAction: null,
    integrationServicesOff: [],
  };
}

/** A generation 1 machine has its floppy drive anyway: only what is in it is something to make. */
function isMade(machine: Machine, attachment: Attachment, files: ResultFiles): boolean {
  return files.of(machine, attachment) !== null || attachment.device === "cdrom";
}

function driveOf(machine: Machine, attachment: Attachment, files: ResultFiles): HypervDrive {
  const controller = machine.controllers.find((known) => known.id === attachment.controller);
  const path = files.of(machine, attachment);
  const type = attachment.device === "floppy" ? "Floppy" : controller?.bus === "ide" ? "IDE" : "SCSI";
  return {
    device: attachment.device === "cdrom" ? "dvd" : attachment.device,
    controllerType: type,
    controllerNumber: type === "Floppy" ? 0 : (controller?.index ?? 0),
    controllerLocation: type === "Floppy" ? 0 : (attachment.slot ?? 0),
    path,
    host: null,
    shared: false,
    chain: [],
  };
}

function memoryOf({ memoryBytes, dynamicMemory }: Machine): HypervMemory {
  if (dynamicMemory === null) {
    return { startupBytes: memoryBytes, dynamic: false, minimumBytes: null, maximumBytes: null };
  }
  const { minBytes, maxBytes } = dynamicMemory;
  return {
    startupBytes: memoryBytes,
    dynamic: true,
    // What it starts with lies between the two, in Hyper-V.
    minimumBytes: Math.min(memoryBytes, Math.max(LEAST, alignUp(minBytes, STEP))),
    maximumBytes: Math.max(memoryBytes, alignUp(maxBytes, STEP)),
  };
}

function firmwareOf(machine: Machine, attachments: readonly Attachment[]): HypervFirmware {
  const secureBoot = machine.firmware === "efi-secure";
  const source = (step: BootStep): HypervBootSource[] => {
    const drive = "drive" in step ? attachments.indexOf(step.drive) : -1;
    if ("drive" in step && (drive < 0 || step.drive.device === "floppy")) return [];
    const adapter = "nic" in step ? machine.nics.indexOf(step.nic) : -1;
    return [
      {
        type: drive < 0 ? "Network" : "Drive",
        drive: drive < 0 ? null : drive,
        adapter: adapter < 0 ? null : adapter,
        description: null,
      },
    ];
  };
  return {
    secureBoot,
    secureBootTemplate: secureBoot ? templateOf(machine) : null,
    bootOrder: bootSequence(machine).flatMap(source),
  };
}

/** The template that came with the machine, or else the one for its guest's maker. */
function templateOf(machine: Machine): string {
  const windows = findGuestSystem(machine.guestOs).system.family === "windows";
  return carriedTemplate(machine) ?? (windows ? "MicrosoftWindows" : "MicrosoftUEFICertificateAuthority");
}

/** The template that a machine of Hyper-V had; `null`: it comes from elsewhere. */
export function carriedTemplate(machine: Machine): string | null {
  const carried = machine.foreign.find(({ source, name }) => source === FOREIGN && name === TEMPLATE)?.payload;
  return carried !== undefined && TEMPLATES.includes(carried) ? carried : null;
}

/** Kinds of devices in their order; Hyper-V wants all four. */
function startupOrder(machine: Machine): string[] {
  const order: string[] = [];
  for (const word of [...bootSequence(machine).map(startupWord), "IDE", "CD", "LegacyNetworkAdapter", "Floppy"]) {
    if (!order.includes(word)) order.push(word);
  }
  return order;
}

function startupWord(step: BootStep): string {
  if ("nic" in step) return "LegacyNetworkAdapter";
  const { device } = step.drive;
  return device === "disk" ? "IDE" : device === "cdrom" ? "CD" : "Floppy";
}

/** A named pipe of Windows, on this host or on another one. */
const PIPE = /^\\\\[^\\/]+\\pipe\\[^\\/]+$/i;

function comPort(machine: Machine, index: number): HypervComPort {
  const port = machine.serialPorts.find((known) => known.index === index);
  const pipe = port?.backing === "pipe" && port.target !== null && PIPE.test(port.target) ? port.target : null;
  return { number: index + 1, path: pipe };
}

/** A literal of the script has Windows line ends, as the whole script does. */
function windowsLines(text: string): string {
  return text.replace(/\r\n|\r|\n/g, "\r\n");
}
