import type { Appliance } from "../../appliance/appliance.js";
import { mergeAppliances } from "../../appliance/merge.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { plural, printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import { parseXml } from "../../xml/parse.js";
import { uuidFromText } from "../names-of-devices.js";
import type { ConfigFiles, ConfigText, MachineConfig, NamedFile } from "../platform.js";
import { createReading, type Reading } from "../reading.js";
import { applyXenSettings } from "../xen-settings.js";
import { disksOf, readDrives, readNics } from "./import-devices.js";
import { importForeign } from "./import-foreign.js";
import { type RpcStruct, type XapiExport, type XapiRecord, xapiExport } from "./records.js";

/** What is said of one export at most: machines and snapshots that are left out. */
const MOST_SAID = 20;

/**
 * Reads an `ova.xml`.
 * @throws `config/unreadable`, `xml/...`
 */
export function readOvaXml(text: ConfigText, ctx: Context): MachineConfig {
  const { root } = parseXml(text.bytes, text.label, ctx.limits);
  const xapi = xapiExport(root, text.label);
  const { version } = xapi;
  const machines = xapi.ofKind("VM").filter(isMachine);
  const brand = version.filled("product_brand");
  const files: readonly NamedFile[] = machines.flatMap((machine) => disksOf(xapi, machine));
  return {
    version: version.filled("export_vsn"),
    producer: brand === null ? null : [brand, version.filled("product_version")].filter(Boolean).join(" "),
    files,
    appliance(found, report) {
      leftOut(xapi, machines.length, text, report);
      return mergeAppliances(
        text.name,
        machines.map((machine) => importMachine(xapi, machine, text, found, report)),
      );
    },
  };
}

/** Whether a record is a machine that somebody runs: no snapshot of one, and no part of the host. */
function isMachine({ fields }: XapiRecord): boolean {
  return fields.flag("is_a_snapshot") !== true && fields.flag("is_control_domain") !== true;
}

/** Says what of an export is no machine of the result. */
function leftOut(xapi: XapiExport, machines: number, text: ConfigText, report: (finding: Diagnostic) => void): void {
  const others = xapi.ofKind("VM").filter((record) => !isMachine(record));
  for (const { fields } of others.slice(0, MOST_SAID)) {
    const name = printable(fields.text("name_label") ?? "");
    report({
      code: "xenserver/snapshot-left-out",
      severity: "warning",
      message:
        fields.flag("is_a_snapshot") === true
          ? `the snapshot '${name}' is left out: machines are converted as they are now`
          : `'${name}' is part of the host, and left out`,
      location: fields.location,
      hint: "Revert to a snapshot, and export again, to convert that one.",
    });
  }
  if (others.length > MOST_SAID) {
    const message = `${plural(others.length - MOST_SAID, "more snapshot")} left out`;
    report({ code: "xenserver/snapshot-left-out", severity: "warning", message });
  }
  if (machines > 0) return;
  report({
    code: "xenserver/no-machine",
    severity: "error",
    message: `${text.label} describes no machine`,
    hint: "It was made of snapshots alone, or of a disk: vmferry disk convert reads that.",
  });
}

function importMachine(
  xapi: XapiExport,
  record: XapiRecord,
  text: ConfigText,
  files: ConfigFiles,
  report: (finding: Diagnostic) => void,
): Appliance {
  const { fields } = record;
  const reading = createReading(fields.filled("name_label") ?? text.name, files, report);
  const { machine } = reading;
  reading.origin("name", fields.locationOf("name_label"));
  machine.annotation = fields.filled("name_description");
  machine.uuid = uuidFromText(fields.text("uuid"));
  const otherConfig = fields.struct("other_config");
  machine.guestOs.xenserver = otherConfig.filled("base_template_name");
  reading.origin("guestOs", otherConfig.locationOf("base_template_name"));
  const metrics = xapi.find(fields.text("guest_metrics"), "VM_guest_metrics")?.fields;
  machine.guestOs.description = metrics?.struct("os_version").filled("name") ?? null;
  applyXenSettings(
    machine,
    {
      domainType: fields.filled("domain_type"),
      bootPolicy: fields.text("HVM_boot_policy"),
      bootParams: mapOf(fields.struct("HVM_boot_params")),
      platform: mapOf(fields.struct("platform")),
      pv: new Map(PV_FIELDS.flatMap((name) => pairOf(name, fields.filled(name)))),
    },
    (name, value) => reading.foreign("xenserver", name, value),
  );
  reading.origin(
    "firmware",
    fields.struct("HVM_boot_params").locationOf("firmware") ?? fields.locationOf("HVM_boot_policy"),
  );
  stateDefaults(reading);
  if (xapi.ofKind("VTPM").some(({ fields: vtpm }) => belongsTo(vtpm, record.id)) || fields.list("VTPMs").length > 0) {
    machine.tpm = "2.0";
  }
  readSizes(reading, fields);
  readDrives(xapi, record, reading);
  nameFirstDisk(reading);
  readNics(xapi, record, reading);
  readStart(reading, fields);
  importForeign(xapi, record, reading);
  return reading.appliance;
}

const PV_FIELDS = ["PV_bootloader", "PV_kernel", "PV_ramdisk", "PV_args", "PV_bootloader_args", "PV_legacy_args"];

function pairOf(name: string, value: string | null): readonly (readonly [string, string])[] {
  return value === null ? [] : [[name, value]];
}

function mapOf(struct: RpcStruct): ReadonlyMap<string, string> {
  return new Map(struct.entries());
}

/** A VTPM's record has the machine under its own name, or as the exporting xapi spells its type. */
function belongsTo(vtpm: RpcStruct, machine: string): boolean {
  return vtpm.text("VM") === machine || vtpm.text("vTPM'_VM") === machine;
}

/** What XenServer means where nothing is said. */
function stateDefaults({ machine }: Reading): void {
  machine.virtualization ??= "hvm";
  if (machine.virtualization !== "hvm") return;
  machine.chipset = "i440fx";
  if (machine.firmware === "unknown") {
    machine.firmware = "bios";
    machine.firmwareFrom = "default";
  }
  if (machine.boot.length === 0)
    machine.boot = [
      { device: "disk", index: null },
      { device: "cdrom", index: null },
    ];
}

/** Firmware starts the first drive by number, on whatever bus that is emulated. */
function nameFirstDisk({ machine }: Reading): void {
  if (machine.virtualization !== "hvm") return;
  const first = machine.attachments.findIndex(({ device }) => device === "disk");
  machine.boot = machine.boot.map((step) => (step.device === "disk" && first >= 0 ? { ...step, index: first } : step));
}

function readSizes(reading: Reading, fields: RpcStruct): void {
  const { machine } = reading;
  const max = fields.number("VCPUs_max") ?? 1;
  machine.cpu.count = Math.max(1, fields.number("VCPUs_at_startup") ?? max);
  machine.cpu.max = max > machine.cpu.count ? max : null;
  reading.origin("cpu", fields.locationOf("VCPUs_at_startup"));
  const staticMax = fields.number("memory_static_max") ?? 0;
  // Exports older than ballooning have other meanings: xapi takes the static maximum for all.
  const ballooned = fields.has("parent");
  const start = (ballooned ? fields.number("memory_dynamic_max") : null) ?? staticMax;
  const least = (ballooned ? fields.number("memory_dynamic_min") : null) ?? start;
  machine.memoryBytes = start;
  if (least !== start || staticMax > start)
    machine.dynamicMemory = { minBytes: least, maxBytes: Math.max(start, staticMax) };
  reading.origin("memoryBytes", fields.locationOf("memory_dynamic_max") ?? fields.locationOf("memory_static_max"));
}

/** When the machine starts among those of its appliance. */
function readStart({ appliance, machine }: Reading, fields: RpcStruct): void {
  const order = fields.number("order") ?? 0;
  const startDelaySeconds = fields.number("start_delay") ?? 0;
  if (order > 0 || startDelaySeconds > 0) appliance.startup.push({ machine: machine.id, order, startDelaySeconds });
}
