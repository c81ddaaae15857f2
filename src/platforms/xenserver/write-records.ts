/**
 * Records with every field that xapi's importer reads: what has no default in its data model (`ocaml/idl/datamodel*.ml`) has to be there, or the import
 * fails. The rest is what a halted machine has that nobody touched.
 */
import { NO_REF } from "./records.js";
import { type RpcValue, rpcStruct } from "./rpc.js";

type Fields = Readonly<Record<string, RpcValue>>;

const NOTHING = rpcStruct({});
const NEVER: RpcValue = { date: "19700101T00:00:00Z" };
const DEVICE: Fields = {
  allowed_operations: [],
  current_operations: NOTHING,
  currently_attached: false,
  status_code: 0,
  status_detail: "",
  runtime_properties: NOTHING,
  qos_algorithm_type: "",
  qos_algorithm_params: NOTHING,
  qos_supported_algorithms: [],
  metrics: NO_REF,
};

/** A halted machine. */
export const VM: Fields = {
  allowed_operations: [],
  current_operations: NOTHING,
  power_state: "Halted",
  user_version: 1,
  is_a_template: false,
  is_default_template: false,
  suspend_VDI: NO_REF,
  resident_on: NO_REF,
  affinity: NO_REF,
  memory_overhead: 0,
  VCPUs_params: NOTHING,
  actions_after_softreboot: "soft_reboot",
  actions_after_shutdown: "destroy",
  actions_after_reboot: "restart",
  actions_after_crash: "restart",
  consoles: [],
  VUSBs: [],
  crash_dumps: [],
  HVM_shadow_multiplier: { double: 1 },
  PCI_bus: "",
  domid: -1,
  domarch: "",
  last_boot_CPU_flags: NOTHING,
  is_control_domain: false,
  metrics: NO_REF,
  guest_metrics: NO_REF,
  last_booted_record: "",
  recommendations: "",
  xenstore_data: NOTHING,
  ha_always_run: false,
  ha_restart_priority: "",
  is_a_snapshot: false,
  snapshot_of: NO_REF,
  snapshots: [],
  snapshot_time: NEVER,
  transportable_snapshot_id: "",
  blobs: NOTHING,
  tags: [],
  blocked_operations: NOTHING,
  snapshot_info: NOTHING,
  snapshot_metadata: "",
  // Without it xapi takes the export for one from before ballooning, and resets the memory.
  parent: NO_REF,
  children: [],
  bios_strings: NOTHING,
  protection_policy: NO_REF,
  is_snapshot_from_vmpp: false,
  snapshot_schedule: NO_REF,
  is_vmss_snapshot: false,
  appliance: NO_REF,
  shutdown_delay: 0,
  VGPUs: [],
  attached_PCIs: [],
  suspend_SR: NO_REF,
  version: 0,
  generation_id: "",
  hardware_platform_version: 0,
  has_vendor_device: false,
  requires_reboot: false,
  reference_label: "",
  NVRAM: NOTHING,
};

/** A drive. */
export const VBD: Fields = { ...DEVICE, device: "", storage_lock: false, other_config: NOTHING };

/** A network card. */
export const VIF: Fields = {
  ...DEVICE,
  MTU: 1500,
  other_config: NOTHING,
  ipv4_allowed: [],
  ipv6_allowed: [],
  ipv4_configuration_mode: "None",
  ipv4_addresses: [],
  ipv4_gateway: "",
  ipv6_configuration_mode: "None",
  ipv6_addresses: [],
  ipv6_gateway: "",
};

/** A disk. */
export const VDI: Fields = {
  name_description: "",
  allowed_operations: [],
  current_operations: NOTHING,
  crash_dumps: [],
  other_config: NOTHING,
  storage_lock: false,
  managed: true,
  missing: false,
  parent: NO_REF,
  xenstore_data: NOTHING,
  sm_config: NOTHING,
  is_a_snapshot: false,
  snapshot_of: NO_REF,
  snapshots: [],
  snapshot_time: NEVER,
  tags: [],
  allow_caching: false,
  on_boot: "persist",
  metadata_of_pool: NO_REF,
  metadata_latest: false,
  is_tools_iso: false,
  cbt_enabled: false,
};

/** Where disks lie: the importer puts them where it is told to, and looks at the kind of content alone. */
export const SR: Fields = {
  name_description: "",
  allowed_operations: [],
  current_operations: NOTHING,
  PBDs: [],
  virtual_allocation: 0,
  physical_utilisation: 0,
  physical_size: 0,
  shared: false,
  other_config: NOTHING,
  tags: [],
  sm_config: NOTHING,
  blobs: NOTHING,
  local_cache_enabled: false,
  introduced_by: NO_REF,
  clustered: false,
  is_tools_sr: false,
};

/** A network: the importer looks for one of its name, then for one of its bridge, and makes it where there is none. */
export const NETWORK: Fields = {
  allowed_operations: [],
  current_operations: NOTHING,
  PIFs: [],
  MTU: 1500,
  other_config: NOTHING,
  bridge: "",
  managed: true,
  blobs: NOTHING,
  tags: [],
  default_locking_mode: "unlocked",
  assigned_ips: NOTHING,
  purpose: [],
};
