/*
 * How targets read OVF. Texts are described, not taken; each reader names what its facts rest on. "Tried" means: with the program itself, in
 * test/interop/target.test.ts, which also holds the verdicts of `validate --for` against it.
 */
import { TIB } from "../base/bytes.js";
import type { OvfReader } from "./profile.js";

/** What is right for a reader that nothing else is known of. */
const UNKNOWN: Omit<OvfReader, "name" | "sources"> = {
  generations: ["1"],
  typedSections: "ignored",
  collections: "made",
  hardwareSections: "first",
  items2: "ignored",
  configurations: null,
  hardware: null,
  resourceTypes: null,
  refusedTypes: [],
  storageSubtypes: null,
  ideSubtypes: "any",
  ideControllers: null,
  itemOrder: "any",
  memoryUnits: null,
  memoryMissing: null,
  memoryLimits: null,
  parents: null,
  controllersOfABus: null,
  parentIds: "any",
  hostResources: ["ovf:/disk/", "/disk/"],
  otherResources: null,
  cdImages: null,
  emptyDisks: "made",
  diskFormats: null,
  capacityProperties: "resolved",
  parentDisks: null,
  chunks: null,
  compression: null,
  escapedNames: null,
  remoteFiles: null,
  fileNames: null,
  diskIds: null,
  extensions: null,
  guestIds: null,
  encodings: null,
  firmware: null,
  vmwareSettings: null,
  virtualBoxMachine: null,
  tar: null,
  manifest: null,
};

const VMWARE: Omit<OvfReader, "hardware"> = {
  ...UNKNOWN,
  name: "VMware's OVF import",
  sources: [
    "VMware's verdicts on 957 descriptors of its own tests (vmware/govmomi, ovf/fixtures)",
    "refusals in public threads, named in the rules",
  ],
  generations: ["0.9", "1"],
  typedSections: "read",
  items2: "refused",
  ideControllers: 2,
  // home-assistant/operating-system#660: Connection behind Description is an "Unsupported element".
  itemOrder: "alphabet",
  hostResources: ["ovf:/disk/", "/disk/", "ovf://disk/"],
  firmware: "vmw:Config",
  vmwareSettings: "obeyed",
  manifest: { spelling: "any", other: "refused" },
};

/** vSphere and ESXi, whichever client reads. `newest` and `oldest`: hardware versions (Broadcom article 315655). */
export function vsphereReader(newest: number, oldest: number): OvfReader {
  return {
    ...VMWARE,
    hardware: { newest, oldest, otherFamilies: "refused" },
    // graylog-labs/graylog2-images#224: no sound on ESXi.
    refusedTypes: [35],
    // inverse-inc/packetfence#5522: "Value 'PIIX4' of ResourceSubType element not found in []", vSphere 6.7.
    ideSubtypes: "refused",
  };
}

/** Workstation and Fusion: what fails the check of the hardware family can be retried with fewer checks. */
export function hostedReader(newest: number): OvfReader {
  return { ...VMWARE, hardware: { newest, oldest: 3, otherFamilies: "asks" } };
}

/** VirtualBox 7. */
export const virtualBoxReader: OvfReader = {
  ...UNKNOWN,
  name: "VirtualBox",
  sources: [
    "tried with VirtualBox 7.2.22",
    "VirtualBox/virtualbox src/VBox/Main/xml/ovfreader.cpp of 2024 (read for its facts)",
  ],
  // What is in neither namespace of the standard is read as OVF 0.9.
  generations: ["0.9", "1", "2"],
  typedSections: "ovf-prefix",
  configurations: "ignored",
  parentDisks: "taken-for-whole",
  hardwareSections: "merged",
  items2: "read",
  resourceTypes: [3, 4, 5, 6, 10, 14, 15, 17, 20, 23, 35],
  storageSubtypes: ["ahci", "vmware.sata.ahci", "virtioscsi", "virtio-scsi", "nvme", "vmware.nvme.controller"],
  ideControllers: 2,
  memoryUnits: ["byte * 2^20", "byte * 2^30", "MegaBytes", "MB", "GigaBytes", "GB"],
  memoryMissing: "default",
  memoryLimits: "refused",
  parents: "needed",
  controllersOfABus: "one",
  hostResources: ["ovf:/disk/", "ovf://disk/", "/disk/"],
  otherResources: "refused",
  cdImages: "empty",
  // It takes the file's format from the URI, and a disk without a file has no name that could tell.
  emptyDisks: {
    formats: [
      "http://www.vmware.com/specifications/vmdk.html#sparse",
      "http://www.vmware.com/specifications/vmdk.html#compressed",
      "http://www.vmware.com/interfaces/specifications/vmdk.html#compressed",
      "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized",
    ],
  },
  diskFormats: "needed",
  capacityProperties: "refused",
  chunks: "refused",
  compression: "gz-name",
  escapedNames: "refused",
  remoteFiles: "refused",
  extensions: "needed",
  guestIds: "numbers",
  encodings: "strict",
  firmware: "vbox:Machine",
  virtualBoxMachine: "obeyed",
  // "VERR_TAR_UNSUPPORTED_PAX_TYPE".
  tar: ["ustar", "gnu"],
  manifest: { spelling: "any", other: "refused" },
};

/** virt-v2v, which is how OVF comes to libvirt. */
export const virtV2vReader: OvfReader = {
  ...UNKNOWN,
  name: "virt-v2v",
  sources: [
    "tried with virt-v2v 2.2.0",
    "libguestfs/virt-v2v input/OVF.ml and OVA.ml of 2025 (read for their facts)",
    "libguestfs/virt-v2v#18",
  ],
  collections: "ignored",
  hardwareSections: "merged",
  configurations: "ignored",
  parentDisks: "taken-for-whole",
  memoryUnits: "megabytes",
  memoryMissing: { bytes: TIB },
  parentIds: "numbers",
  otherResources: "refused",
  cdImages: "empty",
  emptyDisks: "refused",
  escapedNames: "refused",
  remoteFiles: "refused",
  encodings: "strict",
  firmware: "vmw:Config",
  manifest: { spelling: "no-blanks", other: "unchecked" },
};

/** XenServer 8 through XenCenter. */
export const xenCenterReader: OvfReader = {
  ...UNKNOWN,
  name: "XenCenter",
  sources: ["xenserver/xenadmin XenOvfApi and OvfActions", "xenserver/xenadmin#2532", "xcp-ng/xenadmin#202"],
  collections: "made",
  hardwareSections: "rated",
  refusedTypes: [1, 2, 11, 12, 13, 14, 18, ...Array.from({ length: 12 }, (_, i) => 22 + i)],
  manifest: { spelling: "any", other: "unchecked" },
};

/** XCP-ng 8.3 through Xen Orchestra. */
export const xenOrchestraReader: OvfReader = {
  ...UNKNOWN,
  name: "Xen Orchestra",
  sources: [
    "vatesfr/xen-orchestra, package vmdk and ova import",
    "vatesfr/xen-orchestra#8162",
    "vatesfr/xen-orchestra#3962",
  ],
  // Names are taken without their namespaces.
  generations: ["1", "2"],
  collections: "ignored",
  compression: "gz-name",
  // Members whose path has PaxHeader in it are passed over, and the names in them with them.
  tar: ["ustar", "gnu"],
};

/** Proxmox VE 8 and 9. */
export const proxmoxReader: OvfReader = {
  ...UNKNOWN,
  name: "Proxmox VE",
  sources: ["proxmox/pve-storage src/PVE/GuestImport/OVF.pm of 2024 (read for its facts)"],
  collections: "ignored",
  hardwareSections: "merged",
  configurations: "ignored",
  parentDisks: "taken-for-whole",
  memoryUnits: "megabytes",
  memoryMissing: "refused",
  parents: "skipped",
  // A disk item that names its disk in another way is passed over with a warning.
  hostResources: ["ovf:/disk/", "/disk/"],
  otherResources: "skipped",
  emptyDisks: "skipped",
  cdImages: "empty",
  capacityProperties: "refused",
  chunks: "refused",
  compression: "refused",
  escapedNames: "refused",
  remoteFiles: "refused",
  fileNames: /^[A-Za-z0-9\-.+=_]+$/,
  diskIds: /^[A-Za-z0-9\-._~]+$/,
  encodings: "strict",
  firmware: "vmw:Config",
};

/** VM Import/Export of Amazon Web Services. */
export const awsReader: OvfReader = {
  ...UNKNOWN,
  name: "VM Import/Export",
  sources: [
    'VM Import/Export user guide, "System requirements" and "Limitations for resources being imported" (docs.aws.amazon.com)',
  ],
  generations: ["0.9", "1"],
  typedSections: "read",
  collections: "ignored",
  emptyDisks: "skipped",
};
