/** What a profile can say, for its reader, its JSON Schema and its page. */

/** How a setting is written. */
export type ProfileKind =
  | "text"
  | "firmware"
  | "count"
  | "size"
  | "guest"
  | "mac"
  | "bus"
  | "nics"
  | "words"
  | "names"
  | "disks"
  | "machines"
  | "options"
  | "flavour"
  | "version"
  | "targets";

/** One setting. */
export interface ProfileField {
  readonly key: string;
  readonly kind: ProfileKind;
  /** `all`: at the top and for one target; `machine`: there and for one machine; `platform`, `package`: for such a target alone; `top`: at the top. */
  readonly where: "all" | "machine" | "platform" | "package" | "top";
  readonly what: string;
  readonly example: string;
}

/** In the order of the page. */
export const profileFields: readonly ProfileField[] = [
  {
    key: "name",
    kind: "text",
    where: "machine",
    what: "The machine's name; of several machines each has its own.",
    example: "web01",
  },
  { key: "cpus", kind: "count", where: "machine", what: "Processors.", example: "4" },
  { key: "memory", kind: "size", where: "machine", what: "Memory.", example: "8GiB" },
  { key: "firmware", kind: "firmware", where: "machine", what: "What the machine boots by.", example: "efi" },
  {
    key: "os",
    kind: "guest",
    where: "machine",
    what: "The guest system, by any platform's name.",
    example: "debian12",
  },
  { key: "bus", kind: "bus", where: "machine", what: "Where disks hang.", example: "sata" },
  {
    key: "nic",
    kind: "nics",
    where: "machine",
    what: "The model of network cards, or of single ones by their numbers from 0.",
    example: "{ 0: e1000e, '*': virtio }",
  },
  { key: "mac", kind: "mac", where: "all", what: "Whether addresses of network cards stay.", example: "new" },
  {
    key: "networks",
    kind: "names",
    where: "all",
    what: "Other names of networks; `*` is all others.",
    example: "{ VM Network: LAN }",
  },
  {
    key: "only",
    kind: "words",
    where: "all",
    what: "Machines that are converted, by id or name.",
    example: "[web01, db01]",
  },
  {
    key: "skip-disks",
    kind: "words",
    where: "all",
    what: "Disks that are left out, by id or file name.",
    example: "[scratch.vmdk]",
  },
  {
    key: "disks",
    kind: "disks",
    where: "all",
    what: "What single disks become, by id or file name: `format`, `variant`, `name`, `bus`, `controller`; `*` is all others.",
    example: "{ 'scsi0:0': { bus: sata }, '*': { format: raw } }",
  },
  {
    key: "machines",
    kind: "machines",
    where: "top",
    what: "What counts for one machine, by id or name: the settings of machines.",
    example: "{ db01: { memory: 32GiB } }",
  },
  {
    key: "targets",
    kind: "targets",
    where: "top",
    what: "What counts for one target: a platform (`libvirt`), a version of it (`vsphere-8`), `ova`, `ovf`, or one of these for a consumer (`ova:virtualbox`).",
    example: "{ proxmox: { options: { storage: tank } } }",
  },
  {
    key: "options",
    kind: "options",
    where: "platform",
    what: "How the platform's result is written, as `--option` has it.",
    example: "{ disks: raw }",
  },
  {
    key: "flavour",
    kind: "flavour",
    where: "package",
    what: "Who is going to import the package.",
    example: "virtualbox",
  },
  { key: "ovf-version", kind: "version", where: "package", what: "The version of the standard.", example: "'1.1'" },
];

/** Keys of one disk. */
export const DISK_KEYS = ["format", "variant", "name", "bus", "controller"] as const;
