import type { Appliance, Machine } from "../../appliance/appliance.js";
import { cleanText } from "../../appliance/fit/text.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { commonLosses, loss } from "../losses.js";
import type { ExportDisk, ExportPlan } from "../platform.js";
import { carriedSettings, withCarried, xenSettingLosses } from "../xen-losses.js";
import { xenSettingsOf } from "../xen-settings.js";
import { OTHER_TEMPLATE, templateOf } from "../xen-templates.js";
import { writeDrives } from "./export-drives.js";
import { unsaid } from "./export-losses.js";
import { createRecords, ownUuid, type Records, type Writing } from "./export-records.js";
import { renderRpc, rpcStruct } from "./rpc.js";
import { NETWORK, SR, VIF, VM } from "./write-records.js";

/** Options of the XenServer export. */
export interface XenserverOptions {
  /** Sums of the chunks: XXH64 (XenServer 8, XCP-ng 8.3), or SHA-1 for older hosts. */
  readonly sum: "xxh64" | "sha1";
  /** A text that machines, disks and networks are marked with, by which whoever imports them finds them again; left out: none. */
  readonly mark?: string;
}

/** The network of cards that are plugged into none that has a name: every pool has it. */
export const DEFAULT_NETWORK = "Pool-wide network associated with eth0";

/** The key of the mark in `other_config`. */
export const MARK = "vmferry";

/** Defaults of the XenServer export. */
export const xenserverDefaults: XenserverOptions = Object.freeze({ sum: "xxh64" });

/**
 * Who wrote the export, to an importer: it refuses what a newer xapi than itself wrote. 1.3 is older than every one that knows this layout.
 */
const VERSION = rpcStruct({
  hostname: "localhost",
  date: "1970-01-01",
  product_version: "8",
  product_brand: "XenServer",
  build_number: "0",
  xapi_major: 1,
  xapi_minor: 3,
  export_vsn: 2,
});

/** Writes the `ova.xml` of all machines of a fitted appliance, and names its disks by their references. Pure. */
export function exportXenserver(fitted: Appliance, options: Partial<XenserverOptions>): ExportPlan {
  const { sum, mark } = { ...xenserverDefaults, ...options };
  const marks = new Map(mark === undefined ? [] : [[MARK, mark]]);
  const notes: Diagnostic[] = [];
  const records = createRecords(fitted);
  const sr = records.add("SR", { ...SR, name_label: "disks", type: "ext", content_type: "user", VDIs: [] });
  const disks = new Map<string, ExportDisk>();
  const images = new Set<string>();
  for (const machine of fitted.machines) writeMachine({ fitted, machine, records, sr, marks, disks, images, notes });
  // What is marked is imported by us, who know how.
  notes.push(...commonLosses(...unsaid(fitted, images, notes)), ...(mark === undefined ? advice(fitted) : []));
  const bytes = renderRpc(rpcStruct({ version: VERSION, objects: records.all() }));
  return {
    configs: [{ name: "ova.xml", bytes }],
    notes,
    disks: [...disks.values()],
    files: [],
    archive: { sum },
  };
}

function writeMachine(writing: Writing): void {
  const { fitted, machine, records, notes } = writing;
  const { domainType, bootPolicy, bootParams, platform, pv } = xenSettingsOf(machine);
  const kept = withCarried(machine, platform);
  const otherConfig = new Map([["base_template_name", templateOf(machine.guestOs) ?? OTHER_TEMPLATE]]);
  for (const [key, value] of carriedSettings(machine, "other_config")) otherConfig.set(key, value);
  for (const [key, value] of writing.marks) otherConfig.set(key, value);
  const vcpuParams = new Map(carriedSettings(machine, "VCPUs_params"));
  const nvram = new Map(carriedSettings(machine, "NVRAM"));
  sayHardware(machine, notes);
  const step = fitted.startup.find((start) => start.machine === machine.id);
  const vm = records.reserve("VM");
  const uuid = ownUuid(machine, fitted);
  const drives = writeDrives(writing, vm);
  const cards = writeNics(writing, vm);
  const tpm = machine.tpm === null ? [] : [writeTpm(records, vm)];
  records.fill(vm, {
    ...VM,
    ...(uuid === null ? {} : { uuid }),
    name_label: machine.name,
    name_description: machine.annotation ?? "",
    ...memoryOf(machine, notes),
    ...processorsOf(machine, notes),
    VCPUs_params: vcpuParams,
    NVRAM: nvram,
    VBDs: drives,
    VIFs: cards,
    VTPMs: tpm,
    domain_type: domainType ?? "hvm",
    HVM_boot_policy: bootPolicy ?? "BIOS order",
    HVM_boot_params: bootParams,
    platform: kept,
    ...Object.fromEntries(PV_FIELDS.map((field) => [field, pv.get(field) ?? ""])),
    other_config: otherConfig,
    order: step?.order ?? 0,
    start_delay: step?.startDelaySeconds ?? 0,
  });
}

const PV_FIELDS = ["PV_bootloader", "PV_kernel", "PV_ramdisk", "PV_args", "PV_bootloader_args", "PV_legacy_args"];

/** Fields that memory is in. They have to rise. */
function memoryOf({ id, name, memoryBytes, dynamicMemory }: Machine, notes: Diagnostic[]): Record<string, number> {
  const least = Math.min(dynamicMemory?.minBytes ?? memoryBytes, memoryBytes);
  const most = Math.max(dynamicMemory?.maxBytes ?? memoryBytes, memoryBytes);
  if (dynamicMemory !== null && (least < dynamicMemory.minBytes || most > dynamicMemory.maxBytes)) {
    notes.push(
      loss(
        "info",
        "xenserver/memory-range-widened",
        `${name}: what its memory starts with is outside of what it may be; the range is widened`,
        {
          data: { machine: id, memoryBytes, minBytes: dynamicMemory.minBytes, maxBytes: dynamicMemory.maxBytes },
        },
      ),
    );
  }
  return {
    memory_target: memoryBytes,
    memory_static_max: most,
    memory_dynamic_max: memoryBytes,
    memory_dynamic_min: least,
    memory_static_min: least,
  };
}

/** The most has to be a multiple of the cores in a socket: a machine does not start otherwise. */
function processorsOf({ id, name, cpu }: Machine, notes: Diagnostic[]): Record<string, number> {
  const wanted = Math.max(cpu.count, cpu.max ?? cpu.count);
  const cores = cpu.coresPerSocket ?? 1;
  const most = wanted - (wanted % cores);
  if (most !== wanted) {
    notes.push(
      loss(
        "info",
        "xenserver/max-cpus-lowered",
        `${name} may have ${most} processors instead of ${wanted}: whole sockets of ${cores} cores`,
        {
          data: { machine: id, from: wanted, to: most },
        },
      ),
    );
  }
  return { VCPUs_max: most, VCPUs_at_startup: cpu.count };
}

function sayHardware(machine: Machine, notes: Diagnostic[]): void {
  const { id, name, guestOs } = machine;
  notes.push(...xenSettingLosses(machine));
  if (templateOf(guestOs) !== null) return;
  notes.push(
    loss(
      "info",
      "xenserver/template-chosen",
      `${name}: no template stands for its guest system; it is made from "${OTHER_TEMPLATE}"`,
      {
        data: { machine: id, cim: guestOs.cim, vmware: guestOs.vmware, virtualbox: guestOs.virtualbox },
      },
    ),
  );
}

/** Network cards, numbered as they stand. */
function writeNics({ machine, fitted, records, marks }: Writing, vm: string): readonly string[] {
  return machine.nics.map((nic, index) => {
    const label = nic.network ?? DEFAULT_NETWORK;
    const description = fitted.networks.find(({ name }) => name === nic.network)?.description ?? "";
    const network = records.once(`network ${label}`, "network", () => ({
      ...NETWORK,
      name_label: label,
      name_description: description,
      other_config: marks,
      VIFs: [],
    }));
    return records.add("VIF", {
      ...VIF,
      device: String(index),
      network,
      VM: vm,
      MAC: nic.mac ?? "",
      MAC_autogenerated: nic.mac === null,
      locking_mode: nic.connected ? "network_default" : "disabled",
    });
  });
}

/** An empty TPM: what another one kept secret stays behind. */
function writeTpm(records: Records, vm: string): string {
  const fields = { "vTPM'_VM": vm, "vTPM'_is_unique": false, "vTPM'_is_protected": false, "vTPM'_content": "" };
  const ref = records.reserve("VTPM");
  records.fill(ref, { ...fields, "vTPM'_uuid": records.uuid(ref) });
  return ref;
}

/** How to import what has addresses of its own. */
function advice(fitted: Appliance): readonly Diagnostic[] {
  const own = fitted.machines.filter(({ uuid, nics }) => uuid !== null || nics.some(({ mac }) => mac !== null));
  if (own.length === 0) return [];
  const names = own.map(({ name }) => cleanText(name)).join(", ");
  return [
    loss(
      "info",
      "xenserver/preserve",
      `${names}: MAC addresses and UUIDs are kept by an import that preserves them alone`,
      {
        hint: "Import it with: xe vm-import filename=FILE preserve=true. Without that the host gives out new ones.",
      },
    ),
  ];
}
