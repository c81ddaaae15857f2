import type { Diagnostic, Location } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { Limits } from "../../base/limits.js";
import { parseXml } from "../../xml/parse.js";
import type { XmlElement } from "../../xml/tree.js";
import type { HypervMachine } from "./document.js";
import type { CollectedText } from "./read-json.js";
import { readXmlAdapters, readXmlDrives } from "./read-xml-devices.js";
import { createTree, type Tree } from "./xml-tree.js";

/*
 * The configuration that Hyper-V of Windows Server 2008 to 2012 R2 keeps, and exports, as XML. Microsoft has not documented it. What is
 * known is from files that others show and from programs that read and write them: a tree of values with their types, in which every device has a section
 * that is called after its instance, and a manifest that tells which instance is which device.
 */

/** Classes of devices, and the instances of those that a machine has once. */
const BIOS = "ac6b8dc1-3257-4a70-b1b2-a9c9215659ad";
const SERIAL = "8e3a359f-559a-4b6a-98a9-1690a6100ed7";

const STARTUP: Readonly<Record<string, string>> = {
  floppy: "Floppy",
  harddrive: "IDE",
  optical: "CD",
  network: "LegacyNetworkAdapter",
};
const START_ACTIONS = ["Nothing", "StartIfRunning", "Start"] as const;
const STOP_ACTIONS = ["TurnOff", "Save", "ShutDown"] as const;

/** Mebibytes, in which this format counts memory. */
const MEBIBYTE = 2 ** 20;
/** Checkpoints that are believed: Hyper-V allows 50. */
const MOST_CHECKPOINTS = 1000;

/**
 * Parses an exported configuration.
 * @throws `config/unreadable`, and what the XML layer throws
 */
export function parseExported(bytes: Uint8Array, file: string, limits: Limits): CollectedText {
  const { root } = parseXml(bytes, file, limits);
  const tree = createTree(root);
  const name = tree.text("properties/name");
  if (root.name !== "configuration" || name === null) {
    throw new FerryError("config/unreadable", `${file} is no configuration of a Hyper-V machine with a name`, {
      hint: "An exported machine has it as 'Virtual Machines/GUID.xml'. Of checkpoints the machine's own file counts.",
      location: root.location,
    });
  }
  const places = new Map<string, Location>();
  const machine = machineFrom(tree, name, (fact, element) => {
    if (element !== undefined) places.set(fact, element.location);
  });
  return {
    read: (_report: (finding: Diagnostic) => void) => ({ machine, at: (fact) => places.get(fact) }),
  };
}

type Note = (fact: string, element: XmlElement | undefined) => void;

function machineFrom(tree: Tree, name: string, note: Note): HypervMachine {
  // Before 2012 R2 there was but one generation, and no word for it.
  const generation = (tree.count("properties/subtype") ?? 0) + 1;
  const version = tree.count("properties/version");
  const bios = tree.section(BIOS) ?? createTree(undefined);
  const serial = tree.section(SERIAL) ?? createTree(undefined);
  note("name", tree.element("properties/name"));
  note("generation", tree.element("properties/subtype"));
  note("processors", tree.element("settings/processors/count"));
  note("memory", tree.element("settings/memory/bank/size"));
  note("checkpoints", tree.element("global_settings/snapshots/list/size"));
  const bank = (value: string): number | null => {
    const amount = tree.count(`settings/memory/bank/${value}`);
    return amount === null ? null : amount * MEBIBYTE;
  };
  const drives = readXmlDrives(tree, note);
  return {
    name,
    id: tree.text("properties/global_id"),
    biosGuid: bios.text("bios_guid"),
    generation,
    version: version === null ? null : `${version >> 8}.${version & 0xff}`,
    notes: tree.text("properties/notes"),
    state: null,
    processors: { count: tree.count("settings/processors/count") ?? 0, nested: null, threadsPerCore: null },
    memory: {
      startupBytes: bank("size") ?? 0,
      dynamic: tree.flag("settings/memory/bank/dynamic_memory_enabled") ?? false,
      minimumBytes: bank("reservation"),
      maximumBytes: bank("limit"),
    },
    startupOrder: generation === 1 ? startupOrder(bios) : null,
    firmware:
      generation === 1
        ? null
        : {
            secureBoot: bios.flag("secure_boot_enabled") ?? false,
            // There was no choice of templates before Windows Server 2016.
            secureBootTemplate: bios.flag("secure_boot_enabled") === true ? "MicrosoftWindows" : null,
            bootOrder: [],
          },
    security: null,
    scsiControllers: drives.scsiControllers,
    drives: drives.drives,
    networkAdapters: readXmlAdapters(tree, note),
    comPorts: [0, 1].map((port) => ({ number: port + 1, path: serial.text(`port${port}/connection`) })),
    checkpoints: checkpoints(tree),
    gpuPartitions: 0,
    startAction: START_ACTIONS[tree.count("global_settings/power/host_startup/action") ?? -1] ?? null,
    startDelaySeconds: null,
    stopAction: STOP_ACTIONS[tree.count("global_settings/power/host_shutdown/action") ?? -1] ?? null,
    integrationServicesOff: [],
  };
}

function startupOrder(bios: Tree): string[] {
  return [0, 1, 2, 3].flatMap((place) => {
    const word = bios.text(`boot/device${place}`)?.toLowerCase() ?? "";
    return Object.hasOwn(STARTUP, word) ? (STARTUP[word] ?? []) : [];
  });
}

function checkpoints(tree: Tree): HypervMachine["checkpoints"] {
  const count = Math.min(tree.count("global_settings/snapshots/list/size") ?? 0, MOST_CHECKPOINTS);
  return Array.from({ length: count }, (_, index) => ({ name: `checkpoint ${index + 1}`, created: null }));
}
