/** Names of every kind of thing that vmferry knows. Each is a closed union, so that a `switch` over it can be exhaustive. */

/** Disk formats. `xva` and `vma` are disks scattered in a package. */
export type DiskFormatId = "raw" | "vmdk" | "vhd" | "vhdx" | "vdi" | "qcow2" | "xva" | "vma";

/** What lies before us: a container, or a descriptor beside its files. */
export type PackageKind =
  | "ova"
  | "directory"
  | "vmx"
  | "vbox"
  | "libvirt"
  | "xva"
  | "hyperv"
  | "proxmox"
  | "vma"
  | "xl"
  | "disk";

/** Platforms that configurations are read from and written for. */
export type PlatformId =
  | "ovf"
  | "vmware"
  | "virtualbox"
  | "hyperv"
  | "xenserver"
  | "xen"
  | "libvirt"
  | "proxmox"
  | "qemu";

/** Target profiles: one platform in one version. `ovf` is the standard alone. */
export type TargetId =
  | `vsphere-${"6.5" | "7" | "8"}`
  | "workstation-17"
  | "fusion-13"
  | "virtualbox-7"
  | `hyperv-${"2019" | "2022" | "2025"}`
  | "xenserver-8"
  | "xcp-ng-8.3"
  | "libvirt"
  | `proxmox-${"8" | "9"}`
  | "aws"
  | "xen"
  | "qemu"
  | "ovf";

/** Buses that a controller can speak. */
export type Bus = "ide" | "sata" | "scsi" | "nvme" | "virtio-blk" | "virtio-scsi" | "floppy" | "usb";

/** Firmware kinds. `efi-secure` is EFI with secure boot switched on. */
export type Firmware = "bios" | "efi" | "efi-secure";

/** Digests that manifests and disks use. */
export type HashName = "md5" | "sha1" | "sha256" | "sha384" | "sha512";

/** A secret by reference: `env:NAME`, `file:PATH` or `cmd:COMMAND`. It stays a reference in plans, journals and reports. */
export interface SecretRef {
  readonly secret: string;
}

/** Values that survive `JSON.stringify` unchanged. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
