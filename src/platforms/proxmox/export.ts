import type { Appliance, Machine } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { MachineShape, TargetProfile } from "../../targets/profile.js";
import type { HeldFact } from "../facts.js";
import { createFiles, type ResultFiles } from "../files.js";
import { commonLosses } from "../losses.js";
import type { DiskFiles, ExportPlan } from "../platform.js";
import { encodeText } from "./conf.js";
import { renderImportScript } from "./script.js";
import { type DriveSetting, type MachineSettings, settingsOf } from "./settings.js";

/** Options of the export to Proxmox VE. */
export interface ProxmoxOptions {
  /** Format of the disks written. The host imports them into what its storage has. */
  readonly disks: "qcow2" | "raw";
  /** Storage of the host for disks. */
  readonly storage: string;
  /** Storage of the host for CD images. */
  readonly isoStorage: string;
  /** Bridge of the host for network cards whose own network is none of its bridges. */
  readonly bridge: string;
  /** `own`: cards are plugged into bridges called as their networks, where bridges can be called so. */
  readonly cards?: "own";
}

/** What the export says of one machine. */
export interface DescribedMachine {
  readonly machine: Machine;
  /** Names of its configuration and of the script that makes it. */
  readonly conf: string;
  readonly script: string;
  readonly settings: MachineSettings;
}

/** Defaults of the export: the names that a new host has. */
export const proxmoxDefaults: ProxmoxOptions = Object.freeze({
  disks: "qcow2",
  storage: "local-lvm",
  isoStorage: "local",
  bridge: "vmbr0",
});

const LABEL = "Proxmox VE";

/** What the configuration has a word for. */
const HOLDS: ReadonlySet<HeldFact> = new Set<HeldFact>([
  "uuid",
  "chipset",
  "tpm",
  "maxCpus",
  "nested",
  "dynamicMemory",
  "serialPorts",
  "sound",
  "video",
  "clock",
  "nicKind",
  "vlan",
  "readOnly",
  "startup",
]);

/**
 * Writes for each machine of a fitted appliance what its configuration is on Proxmox VE, and a script that makes it there. Pure.
 * @throws `proxmox/bad-name` where a storage or a bridge cannot be called so
 */
export function exportProxmox(
  fitted: Appliance,
  _shapes: ReadonlyMap<string, MachineShape>,
  _target: TargetProfile,
  options: Partial<ProxmoxOptions> & DiskFiles,
): ExportPlan {
  const o: ProxmoxOptions = { ...proxmoxDefaults, ...options };
  const { machines, files, notes } = describeProxmox(fitted, { ...o, ...options });
  const text = new TextEncoder();
  const configs = machines.flatMap(({ conf, script, settings }) => [
    { name: conf, bytes: text.encode(renderConf(settings, o)) },
    { name: script, bytes: text.encode(renderImportScript(settings, { ...o, script })), executable: true },
  ]);
  notes.push(...commonLosses(fitted, LABEL, { files: files.kept(), holds: HOLDS }));
  return { configs, notes, disks: files.disks(), files: files.assets() };
}

/**
 * The machines of a fitted appliance in the settings of Proxmox VE, with the files that they need. Pure: the same for the same appliance.
 * @throws `proxmox/bad-name` where a storage or a bridge cannot be called so
 */
export function describeProxmox(
  fitted: Appliance,
  options: ProxmoxOptions & DiskFiles,
): { readonly machines: readonly DescribedMachine[]; readonly files: ResultFiles; readonly notes: Diagnostic[] } {
  const { storage, isoStorage, bridge, disks, cards } = options;
  for (const word of [storage, isoStorage, bridge]) {
    if (/^[A-Za-z][A-Za-z0-9._-]*$/.test(word)) continue;
    throw new FerryError("proxmox/bad-name", `${JSON.stringify(word)} is no name of a storage or a bridge`, {
      hint: "They begin with a letter, and have letters, digits, dots and hyphens: local-lvm, vmbr0.",
    });
  }
  const files = createFiles(
    fitted,
    {
      format: disks,
      variant: disks === "qcow2" ? "uncompressed" : "raw",
      extension: disks === "qcow2" ? ".qcow2" : ".raw",
      cdromExtension: ".iso",
    },
    options.files,
  );
  const notes: Diagnostic[] = [];
  const one = fitted.machines.length === 1;
  const machines = fitted.machines.map((machine): DescribedMachine => {
    const { name: conf } = files.machine(machine, ".conf");
    const script = files.take(one ? "import" : `import-${machine.name}`, ".sh");
    const settings = settingsOf({ appliance: fitted, machine, files, notes, bridge, ownBridges: cards === "own" });
    return { machine, conf, script, settings };
  });
  return { machines, files, notes };
}

/** Number that the configuration's volumes have: the script takes the next free one of the host. */
const VMID = 100;

/** The configuration as Proxmox VE writes it: the description, then settings by the alphabet. */
function renderConf(machine: MachineSettings, o: ProxmoxOptions): string {
  const settings: [string, string][] = [
    ["name", machine.name],
    ...machine.settings.map(({ key, value }): [string, string] => [
      key,
      value.map((part) => (typeof part === "string" ? part : o[part.option])).join(""),
    ]),
    ...machine.drives.map((drive): [string, string] => [drive.key, volumeOf(drive, o)]),
    ...(machine.order === "" ? [] : ([["boot", `order=${machine.order}`]] as [string, string][])),
  ];
  const description = (machine.description ?? "").replace(/\s+$/, "");
  const comment =
    description === ""
      ? ""
      : description
          .split("\n")
          .map((line) => `#${encodeText(line)}\n`)
          .join("");
  return (
    comment +
    settings
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}: ${value}\n`)
      .join("")
  );
}

function volumeOf({ key, kind, file, options, size }: DriveSetting, o: ProxmoxOptions): string {
  const sized = size === null ? [] : [`size=${size}`];
  const parts = [...options, ...sized].map((part) => `,${part}`).join("");
  switch (kind) {
    case "disk":
      return `${o.storage}:${VMID}/${file ?? ""}${parts}`;
    case "iso":
      return `${o.isoStorage}:iso/${file ?? ""}${parts}`;
    case "empty":
      return `none${parts}`;
    case "made":
      return `${o.storage}:vm-${VMID}-${key}${parts}`;
  }
}
