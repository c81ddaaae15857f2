// Long: records of xapi have that many fields, and stand whole.
/**
 * Exports as xapi writes them. No export of a XenServer is at hand: the records are made by xapi's data model (`ocaml/idl/datamodel*.ml`), the
 * writer in `ocaml/xapi/export.ml`, and the records that OpenXenManager and Xen Orchestra make for the same importer.
 */
import { type XvaMember, xvaBytes } from "../../src/package/xva/testing/archive.js";

/** A value of XML-RPC: whole numbers are text to xapi; `Double` and dates have elements of their own. */
export type Rpc = string | number | boolean | Date | Double | readonly Rpc[] | { readonly [name: string]: Rpc };

/** A number with a point. */
export class Double {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** The markup of a value. */
export function rpc(value: Rpc): string {
  if (typeof value === "boolean") return `<value><boolean>${value ? 1 : 0}</boolean></value>`;
  if (value instanceof Date) {
    const text = value.toISOString().replace(/-|\.000/g, "");
    return `<value><dateTime.iso8601>${text}</dateTime.iso8601></value>`;
  }
  if (value instanceof Double) return `<value><double>${value.value}</double></value>`;
  if (Array.isArray(value))
    return `<value><array><data>${value.map((item) => rpc(item)).join("")}</data></array></value>`;
  if (typeof value === "object") {
    const members = Object.entries(value).map(([name, v]) => `<member><name>${escaped(name)}</name>${rpc(v)}</member>`);
    return `<value><struct>${members.join("")}</struct></value>`;
  }
  return value === "" ? "<value/>" : `<value>${escaped(String(value))}</value>`;
}

/** One record of an export. */
export interface RpcRecord {
  readonly class: string;
  readonly id: string;
  readonly snapshot: { readonly [name: string]: Rpc };
}

const NULL = "OpaqueRef:NULL";
const GIB = 2 ** 30;

/** A machine on emulated hardware that boots by BIOS, as XCP-ng 8.3 exports it. */
export function vm(id: string, fields: { readonly [name: string]: Rpc }): RpcRecord {
  return {
    class: "VM",
    id,
    snapshot: {
      uuid: "5675265a-bdb4-b3d2-05dd-1d03caa0af38",
      allowed_operations: [],
      current_operations: {},
      name_label: "web",
      name_description: "",
      power_state: "Halted",
      user_version: 1,
      is_a_template: false,
      is_default_template: false,
      suspend_VDI: NULL,
      resident_on: NULL,
      scheduled_to_be_resident_on: NULL,
      affinity: NULL,
      memory_overhead: 23068672,
      memory_target: 2 * GIB,
      memory_static_max: 2 * GIB,
      memory_dynamic_max: 2 * GIB,
      memory_dynamic_min: 2 * GIB,
      memory_static_min: GIB,
      VCPUs_params: {},
      VCPUs_max: 2,
      VCPUs_at_startup: 2,
      actions_after_softreboot: "soft_reboot",
      actions_after_shutdown: "destroy",
      actions_after_reboot: "restart",
      actions_after_crash: "restart",
      consoles: [],
      VIFs: [],
      VBDs: [],
      VUSBs: [],
      crash_dumps: [],
      VTPMs: [],
      PV_bootloader: "",
      PV_kernel: "",
      PV_ramdisk: "",
      PV_args: "",
      PV_bootloader_args: "",
      PV_legacy_args: "",
      HVM_boot_policy: "BIOS order",
      HVM_boot_params: { firmware: "bios", order: "cdn" },
      HVM_shadow_multiplier: new Double(1),
      platform: {
        "device-model": "qemu-upstream-compat",
        timeoffset: "0",
        nx: "true",
        acpi: "1",
        apic: "true",
        pae: "true",
        hpet: "true",
        vga: "std",
        videoram: "8",
        viridian: "false",
        "cores-per-socket": "2",
      },
      PCI_bus: "",
      other_config: {
        base_template_name: "Debian Bookworm 12",
        mac_seed: "0f55e6fc-9a5a-a497-8091-e3d2af5388e1",
        "install-methods": "cdrom,nfs,http,ftp",
        linux_template: "true",
      },
      domid: -1,
      domarch: "",
      last_boot_CPU_flags: {},
      is_control_domain: false,
      metrics: NULL,
      guest_metrics: NULL,
      last_booted_record: "",
      recommendations: '<restrictions><restriction field="memory-static-max" max="1649267441664"/></restrictions>',
      xenstore_data: {},
      ha_always_run: false,
      ha_restart_priority: "",
      is_a_snapshot: false,
      snapshot_of: NULL,
      snapshots: [],
      snapshot_time: new Date(0),
      transportable_snapshot_id: "",
      blobs: {},
      tags: [],
      blocked_operations: {},
      snapshot_info: {},
      snapshot_metadata: "",
      parent: NULL,
      children: [],
      bios_strings: { "bios-vendor": "Xen", "bios-version": "", "system-manufacturer": "Xen", "hp-rombios": "" },
      protection_policy: NULL,
      is_snapshot_from_vmpp: false,
      snapshot_schedule: NULL,
      is_vmss_snapshot: false,
      appliance: NULL,
      start_delay: 0,
      shutdown_delay: 0,
      order: 0,
      VGPUs: [],
      attached_PCIs: [],
      suspend_SR: NULL,
      version: 0,
      generation_id: "",
      hardware_platform_version: 0,
      has_vendor_device: false,
      requires_reboot: false,
      reference_label: "debian-12",
      domain_type: "hvm",
      NVRAM: {},
      ...fields,
    },
  };
}

/** A drive. */
export function vbd(
  id: string,
  machine: string,
  disk: string,
  number: number | string,
  fields: { readonly [name: string]: Rpc } = {},
): RpcRecord {
  return {
    class: "VBD",
    id,
    snapshot: {
      uuid: "f2f0b6a2-0000-4000-8000-000000000001",
      allowed_operations: [],
      current_operations: {},
      VM: machine,
      VDI: disk,
      device: "",
      userdevice: String(number),
      bootable: number === 0,
      mode: "RW",
      type: "Disk",
      unpluggable: true,
      storage_lock: false,
      empty: false,
      other_config: { owner: "" },
      currently_attached: false,
      status_code: 0,
      status_detail: "",
      runtime_properties: {},
      qos_algorithm_type: "",
      qos_algorithm_params: {},
      qos_supported_algorithms: [],
      metrics: NULL,
      ...fields,
    },
  };
}

/** An empty CD drive. */
export function cd(
  id: string,
  machine: string,
  number: number,
  fields: { readonly [name: string]: Rpc } = {},
): RpcRecord {
  return vbd(id, machine, NULL, number, {
    mode: "RO",
    type: "CD",
    empty: true,
    unpluggable: false,
    bootable: false,
    ...fields,
  });
}

/** A disk of a number of bytes. */
export function vdi(id: string, sr: string, bytes: number, fields: { readonly [name: string]: Rpc } = {}): RpcRecord {
  return {
    class: "VDI",
    id,
    snapshot: {
      uuid: "ab706f00-0000-4000-8000-000000000001",
      name_label: "root",
      name_description: "",
      allowed_operations: [],
      current_operations: {},
      SR: sr,
      VBDs: [],
      crash_dumps: [],
      virtual_size: bytes,
      physical_utilisation: bytes,
      type: "user",
      sharable: false,
      read_only: false,
      other_config: {},
      storage_lock: false,
      location: "ab706f00-0000-4000-8000-000000000001",
      managed: true,
      missing: false,
      parent: NULL,
      xenstore_data: {},
      sm_config: {},
      is_a_snapshot: false,
      snapshot_of: NULL,
      snapshots: [],
      snapshot_time: new Date(0),
      tags: [],
      allow_caching: false,
      on_boot: "persist",
      metadata_of_pool: NULL,
      metadata_latest: false,
      is_tools_iso: false,
      cbt_enabled: false,
      ...fields,
    },
  };
}

/** A storage repository. */
export function sr(id: string, fields: { readonly [name: string]: Rpc } = {}): RpcRecord {
  return {
    class: "SR",
    id,
    snapshot: {
      uuid: "3fad97cd",
      name_label: "Local storage",
      type: "ext",
      content_type: "user",
      shared: false,
      ...fields,
    },
  };
}

/** A network card. */
export function vif(
  id: string,
  machine: string,
  network: string,
  number: number,
  fields: { readonly [name: string]: Rpc } = {},
): RpcRecord {
  return {
    class: "VIF",
    id,
    snapshot: {
      uuid: "c7eef231-0000-4000-8000-000000000001",
      allowed_operations: [],
      current_operations: {},
      device: String(number),
      network,
      VM: machine,
      MAC: `ce:0b:61:7d:00:0${number}`,
      MTU: 1500,
      other_config: {},
      currently_attached: false,
      status_code: 0,
      status_detail: "",
      runtime_properties: {},
      qos_algorithm_type: "",
      qos_algorithm_params: {},
      qos_supported_algorithms: [],
      metrics: NULL,
      MAC_autogenerated: true,
      locking_mode: "network_default",
      ipv4_allowed: [],
      ipv6_allowed: [],
      ...fields,
    },
  };
}

/** A network. */
export function network(id: string, label: string, fields: { readonly [name: string]: Rpc } = {}): RpcRecord {
  return {
    class: "network",
    id,
    snapshot: { uuid: "11d2bd29", name_label: label, name_description: "", bridge: "xenbr0", MTU: 1500, ...fields },
  };
}

/** The bytes of an `ova.xml`. */
export function ovaXmlOf(records: readonly RpcRecord[]): Uint8Array {
  const version = {
    hostname: "xcp-1",
    date: "2025-05-20",
    product_version: "8.3.0",
    product_brand: "XCP-ng",
    build_number: "cloud",
    xapi_major: 1,
    xapi_minor: 20,
    export_vsn: 2,
  };
  const objects = records.map(({ class: kind, id, snapshot }) => ({ class: kind, id, snapshot }));
  return new TextEncoder().encode(`<?xml version="1.0"?>${rpc({ version, objects })}`);
}

/** An archive with disks of a few chunks: every disk's first and last chunk, without sums. @param disks bytes by reference */
export function xvaOf(records: readonly RpcRecord[], disks: Readonly<Record<string, number>>): Uint8Array {
  const MIB = 2 ** 20;
  const members: XvaMember[] = [["ova.xml", ovaXmlOf(records)]];
  for (const [id, bytes] of Object.entries(disks).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const last = Math.ceil(bytes / MIB) - 1;
    const name = (n: number): string => `${id}/${String(n).padStart(8, "0")}`;
    members.push([name(0), new Uint8Array(Math.min(MIB, bytes)).fill(id.charCodeAt(id.length - 1))]);
    if (last > 0) members.push([name(last), new Uint8Array(bytes - last * MIB).fill(7)]);
  }
  return xvaBytes(members);
}
