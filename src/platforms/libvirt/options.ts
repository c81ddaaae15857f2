/** Options of the libvirt export. */
export interface LibvirtOptions {
  /** `kvm`: the host's processor runs the machine; `qemu`: QEMU emulates it, on any host. */
  readonly type: "kvm" | "qemu";
  /** Format of the disks written. */
  readonly disks: "qcow2" | "raw";
  /** Absolute path of the folder in which the disks lie when the domain is defined. libvirt takes no relative paths. */
  readonly folder: string;
  /** Network of the host that cards are plugged into. */
  readonly network: string;
  /** `own`: cards are plugged into networks of the host that are called as theirs; `network` is for cards whose network has no name. */
  readonly cards?: "own";
}

/** Defaults of the libvirt export. */
export const libvirtDefaults: LibvirtOptions = Object.freeze({
  type: "kvm",
  disks: "qcow2",
  folder: "/var/lib/libvirt/images",
  network: "default",
});

/** Where a file of the result lies when the domain is defined. */
export function pathIn({ folder }: LibvirtOptions, name: string): string {
  return `${folder.replace(/\/+$/, "")}/${name}`;
}
