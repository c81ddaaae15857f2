import type { Location } from "../base/diagnostics.js";
import type { Bus, DiskFormatId, Firmware, SecretRef } from "../base/ids.js";

/**
 * The neutral model: what would be deployed, with one configuration, locale and set of property values applied.
 * Built once from a source and never synced back. Platforms convert through it; OVF to OVF does not.
 */
export interface Appliance {
  name: string | null;
  machines: Machine[];
  networks: Network[];
  disks: Disk[];
  /** Files that are no disks: CD and floppy images, NVRAM. */
  files: FileAsset[];
  products: Product[];
  eulas: Eula[];
  options: DeploymentOption[];
  startup: StartupStep[];
  groups: Group[];
  foreign: Foreign[];
  /** Where each fact was read: `machines/alpha/memoryBytes`. */
  origins: Map<string, Location>;
}

/** One virtual machine. */
export interface Machine {
  /** Unique in the appliance. */
  id: string;
  name: string;
  annotation: string | null;
  /** What the guest sees as its SMBIOS UUID: lower case with hyphens. */
  uuid: string | null;
  guestOs: GuestOs;
  /** As the source names them: `vmx-13`, `virtualbox-2.2`. */
  hardwareTypes: string[];
  /** How the guest runs: on emulated hardware, or as a Xen guest that knows it is one; `null`: not said, which means `hvm`. */
  virtualization: "hvm" | "pv" | "pvh" | null;
  /** The chip set of the mainboard, by QEMU's names: PIIX3 and 440BX count as `i440fx`, ICH9 as `q35`. */
  chipset: "i440fx" | "q35" | null;
  firmware: Firmware | "unknown";
  /** `declared`: by the standard; `vendor`: by a vendor's extension; `disk`: read from the boot disk; `null`: nobody said. */
  firmwareFrom: "declared" | "vendor" | "disk" | "default" | null;
  /** A trusted platform module, by the version of its specification. What it keeps secret stays behind. */
  tpm: "1.2" | "2.0" | null;
  /** Id in `Appliance.files`: what the firmware remembers, in the source's own format. */
  nvram: string | null;
  /** What is booted without a boot loader of the guest: Xen's PV guests, QEMU's `-kernel`. */
  directBoot: DirectBoot | null;
  cpu: Cpu;
  memoryBytes: number;
  /** Where memory may shrink and grow while the machine runs; `memoryBytes` is what it starts with. */
  dynamicMemory: { minBytes: number; maxBytes: number } | null;
  /** What the author allows. */
  bounds: Bound[];
  controllers: Controller[];
  attachments: Attachment[];
  nics: Nic[];
  serialPorts: SerialPort[];
  /** The sound card, as the source names it: `hdaudio`, `AC97`, `ich9`. */
  sound: string | null;
  video: Video | null;
  /** What the hardware clock shows; `null`: not said. */
  clock: "utc" | "localtime" | null;
  boot: BootDevice[];
  install: Install | null;
  /** How the guest gets its OVF environment: `iso`, `com.vmware.guestInfo`. */
  transports: string[];
  foreign: Foreign[];
}

/** The guest system, by each naming scheme that the source used. */
export interface GuestOs {
  /** CIM_OperatingSystem.OsType. */
  cim: number | null;
  vmware: string | null;
  virtualbox: string | null;
  /** libosinfo's id: `http://debian.org/debian/12`. */
  osinfo: string | null;
  /** `ostype` of Proxmox VE: `l26`, `win11`. */
  proxmox: string | null;
  /** The template of XenServer that the machine was made from: `Debian Bookworm 12`. */
  xenserver: string | null;
  description: string | null;
}

/** Virtual processors. */
export interface Cpu {
  /** Processors that the guest sees when it starts. */
  count: number;
  coresPerSocket: number | null;
  /** Threads of each core, where the source tells threads from cores. */
  threadsPerCore: number | null;
  /** How many it may have while it runs, where that is more than `count`. */
  max: number | null;
  /** Whether the guest may run machines of its own; `null`: not said. */
  nested: boolean | null;
}

/** What is booted without a boot loader of the guest. */
export interface DirectBoot {
  /** Ids in `Appliance.files`; `null`: it comes out of the guest's disk, by `loader`. */
  kernel: string | null;
  initrd: string | null;
  arguments: string | null;
  /** What fetches the kernel from the guest's disk: `pygrub`. */
  loader: string | null;
}

/** A serial port. */
export interface SerialPort {
  /** From 0: COM1, ttyS0. */
  index: number;
  /** What is at the other end on the host; `null`: nothing that was named. */
  backing: "pty" | "file" | "pipe" | "network" | "device" | null;
  /** File, pipe, address or device of the host. */
  target: string | null;
}

/** A graphics card. */
export interface Video {
  /** As the source names it: `vga`, `qxl`, `VMSVGA`. */
  model: string | null;
  memoryBytes: number | null;
  heads: number | null;
}

/** Limits for one hardware fact. Unit: that of the fact, bytes for memory. */
export interface Bound {
  fact: "cpu" | "memory";
  min: number | null;
  max: number | null;
}

/** A controller that drives or other devices hang on. */
export interface Controller {
  id: string;
  bus: Bus;
  /** `AHCI`, `lsilogic`, `PIIX4`; `null` where not said. */
  model: string | null;
  /** Position among the controllers of its bus, from 0. */
  index: number;
}

/** A drive on a controller. */
export interface Attachment {
  device: "disk" | "cdrom" | "floppy";
  /** Id in `Appliance.disks`. */
  disk: string | null;
  /** Id in `Appliance.files`: the image in a CD or floppy drive; `null` is an empty drive. */
  file: string | null;
  /** Id of a controller; `null` where the source named none. */
  controller: string | null;
  slot: number | null;
  readOnly: boolean;
}

/** A network card. */
export interface Nic {
  network: string | null;
  /** What kind of network the source plugs it into; `network`: one that has a name on the host; `null`: not said. */
  kind: "nat" | "bridged" | "hostonly" | "internal" | "network" | null;
  /** Tag of the VLAN that the card's port is in, 1 to 4094. */
  vlan: number | null;
  /** As the source names it: `E1000`, `VmxNet3`, `virtio`. */
  model: string | null;
  /** Lower case with colons, or `null`: chosen at deployment. */
  mac: string | null;
  connected: boolean;
  portProfile: string | null;
}

/** What a machine boots from, in order. */
export interface BootDevice {
  device: "disk" | "cdrom" | "network" | "floppy";
  /** Index in `attachments` or `nics`, where known. */
  index: number | null;
}

/** An installation boot (DSP0243 9.8). */
export interface Install {
  initialBootStopDelaySeconds: number;
}

/** A network that cards are plugged into. */
export interface Network {
  name: string;
  description: string | null;
}

/** A virtual disk. Two attachments may share one. */
export interface Disk {
  id: string;
  /** Name in the package; `null`: an empty disk. */
  file: string | null;
  /** Told by content once opened; by the descriptor's URI before. */
  format: DiskFormatId | null;
  variant: string | null;
  /** What the descriptor says, or the image where it says nothing. */
  capacityBytes: number;
  /** Id of another disk. */
  parent: string | null;
  compression: "gzip" | null;
  /** Bytes per chunk where the file is stored in pieces. */
  chunkBytes: number | null;
  /** Whether the source lets several machines write to it at once. */
  shared: boolean;
}

/** A file that is no disk. */
export interface FileAsset {
  id: string;
  /** Name in the package. */
  name: string;
  role: "iso" | "floppy" | "nvram" | "kernel" | "initrd" | "file";
  size: number | null;
}

/** Software in a machine, with the questions that it asks. */
export interface Product {
  class: string | null;
  instance: string | null;
  name: string | null;
  vendor: string | null;
  version: string | null;
  fullVersion: string | null;
  /** `null`: a product of the whole appliance. */
  machine: string | null;
  properties: Property[];
}

/** One question of a product. */
export interface Property {
  key: string;
  type: string;
  value: string | SecretRef | null;
  password: boolean;
  userConfigurable: boolean;
  label: string | null;
  description: string | null;
  category: string | null;
  qualifiers: string | null;
}

/** A licence that must be accepted. */
export interface Eula {
  machine: string | null;
  text: string;
}

/** One named configuration of a package. */
export interface DeploymentOption {
  id: string;
  label: string;
  default: boolean;
}

/** When a machine starts. */
export interface StartupStep {
  machine: string;
  order: number;
  startDelaySeconds: number;
}

/** A nested collection of machines. */
export interface Group {
  id: string;
  name: string | null;
  members: string[];
}

/** Something that the model cannot hold: carried, listed as a loss, never interpreted. */
export interface Foreign {
  /** Where it comes from: `ovf`, `vmware`, `virtualbox`. */
  source: string;
  name: string;
  payload: string;
  machine: string | null;
}
