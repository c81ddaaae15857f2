/** Whom a package is made for: the words, formats and versions that an importer of OVF takes. */
import type { DiskFormatId, HashName, TargetId } from "../../base/ids.js";
import type { MachineShape, TargetProfile } from "../../targets/profile.js";
import { targets } from "../../targets/targets.js";

/** A consumer that packages are made for, or the standard alone. */
export type FlavourId = "vsphere" | "virtualbox" | "xenserver" | "strict";

/** The versions that packages are written in. */
export type WrittenVersion = "1.0" | "1.1" | "2.0" | "2.1";

/** How packages for one consumer look. */
export interface OvfFlavour {
  readonly id: FlavourId;
  readonly label: string;
  /** Machines are fitted to the first; what is written passes `validate --for` all of them. */
  readonly targets: readonly TargetId[];
  /** Versions that its importer reads, the default first. */
  readonly versions: readonly WrittenVersion[];
  /** Disks of the result. */
  readonly disk: {
    readonly format: DiskFormatId;
    readonly variant: string;
    readonly extension: string;
    /** URI of `ovf:format`. */
    readonly uri: string;
  };
  /** Disks without an image: named by their capacity alone, or given an image of zeros. */
  readonly emptyDisks: "described" | "made";
  /** VMware's settings and ids, each with `ovf:required="false"`. */
  readonly vmware: boolean;
  /** VirtualBox's id of the guest system, with `ovf:required="false"`. */
  readonly virtualbox?: true;
  /** XenServer's settings and numbers of drives, which it wrote itself. */
  readonly xenserver?: true;
  /** Buses that its importer makes smaller than the target has them. */
  readonly buses?: MachineShape["buses"];
  /** The digest of the manifest. */
  digest(version: WrittenVersion): HashName;
}

/** What machines are fitted to for a flavour. */
export function profileOf({ targets: [id = "ovf"], buses }: OvfFlavour): TargetProfile {
  const target = targets.get(id);
  if (buses === undefined) return target;
  return { ...target, shapes: target.shapes.map((shape) => ({ ...shape, buses: { ...shape.buses, ...buses } })) };
}

const STREAM: OvfFlavour["disk"] = {
  format: "vmdk",
  variant: "streamOptimized",
  extension: ".vmdk",
  uri: "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized",
};

/** vSphere, ESXi, Workstation and Fusion. */
export const vsphereFlavour: OvfFlavour = {
  id: "vsphere",
  label: "an OVF package for VMware",
  targets: ["vsphere-8"],
  versions: ["1.0", "1.1"],
  disk: STREAM,
  emptyDisks: "described",
  vmware: true,
  digest: () => "sha256",
};

/** VirtualBox 7, in the words of its own packages. */
export const virtualboxFlavour: OvfFlavour = {
  id: "virtualbox",
  label: "an OVF package for VirtualBox",
  targets: ["virtualbox-7"],
  versions: ["1.0", "1.1", "2.0", "2.1"],
  disk: STREAM,
  emptyDisks: "made",
  vmware: false,
  virtualbox: true,
  // Its importer gives an NVMe controller one port: "port=1 (must be in range [0, 0])" (tried with 7.2.22).
  buses: { nvme: { controllers: 1, slots: 1 } },
  digest: () => "sha256",
};

/** XenServer 8, and XCP-ng by the same importer, in the words of XenCenter's own packages. Sources: xenadmin XenOvfApi, and Export.cs and Import.cs of its OvfActions. */
export const xenserverFlavour: OvfFlavour = {
  id: "xenserver",
  label: "an OVF package for XenServer",
  targets: ["xenserver-8"],
  versions: ["1.0"],
  disk: {
    format: "vhd",
    variant: "dynamic",
    extension: ".vhd",
    uri: "http://www.microsoft.com/technet/virtualserver/downloads/vhdspec.mspx",
  },
  // An item whose disk has no file is passed over.
  emptyDisks: "made",
  vmware: false,
  xenserver: true,
  digest: () => "sha256",
};

/** The standard alone: nothing that one vendor made up. */
export const strictFlavour: OvfFlavour = {
  id: "strict",
  label: "an OVF package by the standard alone",
  targets: ["ovf"],
  versions: ["1.1", "1.0", "2.0", "2.1"],
  disk: STREAM,
  emptyDisks: "described",
  vmware: false,
  // DSP0243 1.x knows SHA-1 alone.
  digest: (version) => (version.startsWith("1.") ? "sha1" : "sha256"),
};

/** In the order of help. */
export const flavours: readonly OvfFlavour[] = [vsphereFlavour, virtualboxFlavour, xenserverFlavour, strictFlavour];
