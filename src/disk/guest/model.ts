import type { BootFacts } from "../boot.js";
import type { ContentKind } from "./signatures.js";

/** How sure a fact is. `read`: it stands on the disk; `likely`: it follows from what stands there; `unknown`: nothing tells. */
export type Sureness = "read" | "likely" | "unknown";

/** What a guest's boot disk says about its system. Plain data; texts are the guest's own, cut to 200 characters. */
export interface GuestFacts {
  readonly system: "linux" | "windows" | "unknown";
  readonly sure: Sureness;
  /** What the system is told by. */
  readonly reason: string;
  /** `ID` of os-release: `debian`. */
  readonly id: string | null;
  /** `VERSION_ID` of os-release: `12`. */
  readonly versionId: string | null;
  /** `PRETTY_NAME` of os-release. */
  readonly prettyName: string | null;
  readonly boot: BootFacts;
  readonly volumes: readonly GuestVolume[];
  /** The volume that holds the root of a Linux system; `null`: none was found, or none that is read. */
  readonly root: string | null;
  /** By version, the newest first. */
  readonly kernels: readonly GuestKernel[];
  /** How an initial RAM disk of this system is made. */
  readonly initramfs: InitramfsFacts;
  /** Names that another bus or another order of disks changes. */
  readonly deviceNames: readonly DeviceNameUse[];
  /** Settings of network cards, by name or by MAC address. */
  readonly interfaces: readonly InterfaceUse[];
  readonly tools: readonly GuestTool[];
  /** What was not looked at, and why: whole clauses. */
  readonly notRead: readonly string[];
}

/** A partition or a logical volume. */
export interface GuestVolume {
  /** `partition 2`, `vg0/root`, `the whole disk`. */
  readonly name: string;
  readonly kind: ContentKind;
  /** Bytes; `null` where it is not read. */
  readonly size: number | null;
}

/** A kernel that a guest may start. */
export interface GuestKernel {
  /** `6.1.0-21-amd64`: what follows `vmlinuz-`. */
  readonly version: string;
  /** Path of its initial RAM disk, or `null`. */
  readonly initramfs: string | null;
  readonly drivers: readonly DriverFact[];
}

/** Whether a kernel can drive a device of some platform when it has to. */
export interface DriverFact {
  /** As Linux names it, with `_`: `virtio_blk`. */
  readonly driver: string;
  /** A disk's driver must be there before the root is mounted, a network card's one afterwards. */
  readonly carries: "disk" | "network";
  readonly kernel: "built-in" | "module" | "absent" | "unknown";
  /** Whether it is there in time. `source-only`: only if the machine, as it was, needed it when the initial RAM disk was made. */
  readonly available: "yes" | "source-only" | "no" | "unknown";
  readonly sure: Sureness;
  readonly reason: string;
}

/** What makes the initial RAM disks of a guest, and what it puts into them. */
export interface InitramfsFacts {
  readonly maker: "initramfs-tools" | "dracut" | "mkinitcpio" | "mkinitfs" | null;
  /** `generic`: drivers of any machine; `host-only`: of the machine that it was made on; `listed`: those that are named. */
  readonly scope: "generic" | "host-only" | "listed" | "unknown";
  /** Drivers that settings name, with `_`. */
  readonly named: readonly string[];
  readonly sure: Sureness;
  readonly reason: string;
}

/** A place where a device is named by its bus or its order. */
export interface DeviceNameUse {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** `/dev/sda1`, `/dev/disk/by-path/...`. */
  readonly device: string;
  readonly purpose: "mount" | "swap" | "encryption" | "root" | "resume" | "boot loader";
  /** Where it is mounted; `null` for other purposes. */
  readonly mountPoint: string | null;
}

/** A setting of a network card. */
export interface InterfaceUse {
  readonly file: string;
  readonly by: "ifupdown" | "netplan" | "NetworkManager" | "ifcfg" | "networkd" | "udev";
  /** The interface's name that the setting is for, or that it gives. */
  readonly name: string | null;
  /** The MAC address that it is bound to, in lower case with colons. */
  readonly mac: string | null;
  /** Whether it has addresses that do not come from the network. */
  readonly fixed: boolean;
}

/** Software that a hypervisor wants in its guests, or that sets a guest up. */
export interface GuestTool {
  readonly id:
    | "open-vm-tools"
    | "virtualbox-guest"
    | "qemu-guest-agent"
    | "xen-guest"
    | "hyperv-daemons"
    | "spice-vdagent"
    | "cloud-init";
  /** What it was told by. */
  readonly path: string;
}
