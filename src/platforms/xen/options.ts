/** Options of the xl export. */
export interface XenOptions {
  /** Format of the disks written. */
  readonly disks: "qcow2" | "raw";
  /** Absolute path of the folder in which the disks lie when the guest is made. xl takes other paths for devices. */
  readonly folder: string;
  /** Bridge of the host for cards whose network has no name that a bridge can have. */
  readonly bridge: string;
}

/** Defaults of the xl export. */
export const xenDefaults: XenOptions = Object.freeze({
  disks: "qcow2",
  folder: "/var/lib/xen/images",
  bridge: "xenbr0",
});

/** Where a file of the result lies when the guest is made. */
export function pathIn({ folder }: XenOptions, name: string): string {
  return `${folder.replace(/\/+$/, "")}/${name}`;
}
