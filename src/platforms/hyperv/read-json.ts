import type { Diagnostic, Location } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type {
  HypervAdapter,
  HypervBootSource,
  HypervDrive,
  HypervFirmware,
  HypervMachine,
  HypervVlan,
} from "./document.js";
import { parseJsonText } from "./json.js";
import { createJsonView, type JsonView } from "./view.js";

/** The facts of a machine, with their places. */
export interface PlacedMachine {
  readonly machine: HypervMachine;
  /** Where a fact stands: `memory`, `drives/0`. */
  at(fact: string): Location | undefined;
}

/** Collected JSON that was parsed. */
export interface CollectedText {
  /** Reads the facts; what is of a wrong type is reported. */
  read(report: (finding: Diagnostic) => void): PlacedMachine;
}

/**
 * Parses what the collector wrote.
 * @throws `config/unreadable` for what is no JSON, of another schema, or says nothing of a machine
 */
export function parseCollected(bytes: Uint8Array, file: string): CollectedText {
  const source = parseJsonText(bytes, file);
  const silent = createJsonView(source.root, "", source, () => {});
  const schema = silent.text("schema");
  if (schema !== "vmferry/hyperv@1") {
    const what = schema === null ? "names no schema" : `is of the schema ${JSON.stringify(schema.slice(0, 60))}`;
    throw new FerryError("config/unreadable", `${file} ${what}`, {
      hint: "vmferry reads vmferry/hyperv@1: collect the machine with the script that `vmferry collect hyperv` prints.",
    });
  }
  const machine = silent.object("machine");
  if (machine === null || machine.text("name") === null) {
    throw new FerryError("config/unreadable", `${file} describes no machine with a name`, {
      hint: "Collect the machine anew: vmferry collect hyperv prints the script that does it.",
    });
  }
  return {
    read(report) {
      const view = createJsonView(source.root, "", source, report).object("machine");
      if (view === null) throw new FerryError("internal/bug", "a machine that was there is gone");
      return { machine: machineFrom(view), at: (fact) => placeOf(view, fact) };
    },
  };
}

function placeOf(view: JsonView, fact: string): Location | undefined {
  const [name = "", index] = fact.split("/");
  return index === undefined ? view.place(name) : view.objects(name)[Number(index)]?.place();
}

function machineFrom(view: JsonView): HypervMachine {
  const processors = view.object("processors");
  const memory = view.object("memory");
  const security = view.object("security");
  return {
    name: view.text("name") ?? "",
    id: view.text("id"),
    biosGuid: view.text("biosGuid"),
    generation: view.count("generation") ?? 0,
    version: view.text("version"),
    notes: view.text("notes"),
    state: view.text("state"),
    processors: {
      count: processors?.count("count") ?? 0,
      nested: processors?.flag("nested") ?? null,
      threadsPerCore: processors?.count("threadsPerCore") ?? null,
    },
    memory: {
      startupBytes: memory?.count("startupBytes") ?? 0,
      dynamic: memory?.flag("dynamic") ?? false,
      minimumBytes: memory?.count("minimumBytes") ?? null,
      maximumBytes: memory?.count("maximumBytes") ?? null,
    },
    startupOrder: view.texts("startupOrder"),
    firmware: firmwareFrom(view.object("firmware")),
    security:
      security === null ? null : { tpm: security.flag("tpm") ?? false, shielded: security.flag("shielded") ?? false },
    scsiControllers: view.count("scsiControllers") ?? 0,
    drives: view.objects("drives").map(driveFrom),
    networkAdapters: view.objects("networkAdapters").map(adapterFrom),
    comPorts: view.objects("comPorts").map((port) => ({ number: port.count("number") ?? 0, path: port.text("path") })),
    checkpoints: view
      .objects("checkpoints")
      .map((point) => ({ name: point.text("name") ?? "", created: point.text("created") })),
    gpuPartitions: view.count("gpuPartitions") ?? 0,
    startAction: view.text("startAction"),
    startDelaySeconds: view.count("startDelaySeconds"),
    stopAction: view.text("stopAction"),
    integrationServicesOff: view.texts("integrationServicesOff") ?? [],
  };
}

function firmwareFrom(view: JsonView | null): HypervFirmware | null {
  if (view === null) return null;
  return {
    secureBoot: view.flag("secureBoot") ?? false,
    secureBootTemplate: view.text("secureBootTemplate"),
    bootOrder: view.objects("bootOrder").map(
      (source): HypervBootSource => ({
        type: source.text("type") ?? "",
        drive: source.count("drive"),
        adapter: source.count("adapter"),
        description: source.text("description"),
      }),
    ),
  };
}

function driveFrom(view: JsonView): HypervDrive {
  const device = view.text("device");
  return {
    device: device === "dvd" || device === "floppy" ? device : "disk",
    controllerType: view.text("controllerType") ?? "",
    controllerNumber: view.count("controllerNumber") ?? 0,
    controllerLocation: view.count("controllerLocation") ?? 0,
    path: view.text("path"),
    host: view.text("host"),
    shared: view.flag("shared") ?? false,
    chain: view.objects("chain").map((image) => ({
      path: image.text("path") ?? "",
      format: image.text("format"),
      type: image.text("type"),
      sizeBytes: image.count("sizeBytes"),
    })),
  };
}

function adapterFrom(view: JsonView): HypervAdapter {
  return {
    name: view.text("name") ?? "",
    legacy: view.flag("legacy") ?? false,
    switch: view.text("switch"),
    switchType: view.text("switchType"),
    mac: view.text("mac"),
    macDynamic: view.flag("macDynamic") ?? false,
    vlan: vlanFrom(view.object("vlan")),
  };
}

function vlanFrom(view: JsonView | null): HypervVlan | null {
  if (view === null) return null;
  return {
    mode: view.text("mode") ?? "",
    accessId: view.count("accessId"),
    nativeId: view.count("nativeId"),
    allowed: view.text("allowed"),
  };
}
