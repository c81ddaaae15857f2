import type { Appliance } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { Limits } from "../../base/limits.js";
import { plural } from "../../base/text.js";
import { uuidFromText } from "../names-of-devices.js";
import type { ConfigFiles, ConfigText, MachineConfig } from "../platform.js";
import { createReading, type Reading } from "../reading.js";
import { FOREIGN, TEMPLATE } from "./describe.js";
import type { HypervMachine } from "./document.js";
import { filesOf, readBoot, readDrives, readNics, readSerialPorts } from "./import-devices.js";
import { type PlacedMachine, parseCollected } from "./read-json.js";
import { parseExported } from "./read-xml.js";

/**
 * Reads one machine of Hyper-V: what the collector wrote, or what old versions keep and export as XML.
 * @throws `config/unreadable`, and what the XML layer throws
 */
export function readHyperv(text: ConfigText, limits: Limits): MachineConfig {
  const { bytes, label } = text;
  const collected = isXml(bytes) ? parseExported(bytes, label, limits) : parseCollected(bytes, label);
  const { machine } = collected.read(() => {});
  return {
    version: machine.version,
    producer: "Microsoft Hyper-V",
    files: filesOf(machine),
    appliance: (files, report) => importHyperv(collected.read(report), files, report),
  };
}

/** Whether the first character is a `<`, behind marks of UTF-8 and UTF-16 and white space. */
function isXml(bytes: Uint8Array): boolean {
  const first = bytes.subarray(0, 256).find((byte) => ![0xef, 0xbb, 0xbf, 0xff, 0xfe, 0, 9, 10, 13, 32].includes(byte));
  return first === 0x3c;
}

/** The appliance of a machine's facts. */
export function importHyperv(
  placed: PlacedMachine,
  files: ConfigFiles,
  report: (finding: Diagnostic) => void,
): Appliance {
  const { machine: facts, at } = placed;
  const reading = createReading(facts.name, files, report);
  const { machine } = reading;
  reading.origin("name", at("name"));
  // Hyper-V has Windows line ends, the model has none of a system.
  machine.annotation = facts.notes?.replaceAll("\r\n", "\n") || null;
  machine.uuid = uuidFromText(facts.biosGuid);
  machine.hardwareTypes = facts.version === null ? [] : [`hyperv-${facts.version}`];
  readFirmware(placed, reading);
  machine.cpu.count = Math.max(1, facts.processors.count);
  machine.cpu.nested = facts.processors.nested;
  // 0: as many as the host has.
  machine.cpu.threadsPerCore = facts.processors.threadsPerCore || null;
  reading.origin("cpu", at("processors"));
  machine.memoryBytes = facts.memory.startupBytes;
  reading.origin("memoryBytes", at("memory"));
  const { dynamic, minimumBytes, maximumBytes } = facts.memory;
  if (dynamic) {
    machine.dynamicMemory = {
      minBytes: minimumBytes ?? facts.memory.startupBytes,
      maxBytes: maximumBytes ?? facts.memory.startupBytes,
    };
  }
  const places = readDrives(placed, reading);
  readNics(placed, reading);
  readSerialPorts(placed, reading);
  readBoot(facts, places, reading);
  readState(placed, reading);
  readRest(facts, reading);
  return reading.appliance;
}

function readFirmware({ machine: facts, at }: PlacedMachine, reading: Reading): void {
  const { machine } = reading;
  if (facts.generation !== 1 && facts.generation !== 2) {
    throw new FerryError(
      "config/unreadable",
      `${facts.name} is of generation ${facts.generation}; Hyper-V has 1 and 2`,
      {
        hint: "Collect the machine anew: vmferry collect hyperv prints the script that does it.",
        ...locationOf(at("generation")),
      },
    );
  }
  machine.firmware = facts.generation === 1 ? "bios" : facts.firmware?.secureBoot === true ? "efi-secure" : "efi";
  machine.firmwareFrom = "declared";
  reading.origin("firmware", at(facts.firmware === null ? "generation" : "firmware"));
  const template = facts.firmware?.secureBootTemplate ?? null;
  if (machine.firmware === "efi-secure" && template !== null) reading.foreign(FOREIGN, TEMPLATE, template);
  if (facts.security?.tpm === true) machine.tpm = "2.0";
}

function readState({ machine: facts, at }: PlacedMachine, { report }: Reading): void {
  const { name, state, checkpoints } = facts;
  if (state !== null && state !== "Off") {
    report({
      code: "hyperv/not-off",
      severity: "warning",
      message: `${name} was ${state} when it was collected`,
      hint: "Disks that were copied while it ran are as after a power cut: shut it down, and copy and collect it again.",
      data: { state },
      ...locationOf(at("state")),
    });
  }
  if (checkpoints.length > 0) {
    report({
      code: "hyperv/checkpoints-dropped",
      severity: "warning",
      message: `${name} has ${plural(checkpoints.length, "checkpoint")}; its present state is taken`,
      hint: "Export a checkpoint as a machine of its own where you need one: Export-VMSnapshot.",
      data: { checkpoints: checkpoints.map((point) => point.name) },
      ...locationOf(at("checkpoints")),
    });
  }
  if (facts.security?.shielded === true) {
    report({
      code: "hyperv/shielded",
      severity: "error",
      message: `${name} is a shielded machine: its disks are encrypted by keys that do not leave its hosts`,
      hint: "Take the shielding off on the host, and decrypt the disks in the guest, before you copy them.",
      ...locationOf(at("security")),
    });
  }
}

/** What the model has no place for. */
function readRest(facts: HypervMachine, reading: Reading): void {
  const { startAction, startDelaySeconds, stopAction, gpuPartitions, integrationServicesOff: off } = facts;
  // The defaults of Hyper-V say nothing about a machine.
  if (startAction !== null && startAction !== "StartIfRunning") {
    reading.foreign(FOREIGN, "automatic start", `${startAction}, after ${startDelaySeconds ?? 0} seconds`);
  }
  if (stopAction !== null && stopAction !== "Save") reading.foreign(FOREIGN, "automatic stop", stopAction);
  if (gpuPartitions > 0) reading.foreign(FOREIGN, "partitions of graphics cards", String(gpuPartitions));
  for (const service of off) reading.foreign(FOREIGN, "integration service that is off", service);
}

function locationOf<L>(location: L | undefined): { location: L } | object {
  return location === undefined ? {} : { location };
}
