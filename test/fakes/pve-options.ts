/** Settings of machines of Proxmox VE and what each may be, written from qm(1) and qm.conf(5). */

/** A setting that is not one, or is of a wrong form: in the words of Proxmox VE, by its name. */
export class OptionError extends Error {
  readonly key: string;

  constructor(key: string, message: string) {
    super(message);
    this.key = key;
  }
}

/** Parts of a value: their names and what each may be. */
type Format = Readonly<Record<string, RegExp>>;

const BOOL = /^[01]$/;
const INT = /^[0-9]+$/;
const VOLUME = /^(?:none|cdrom|\/.+|[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]:[^\s,]+)$/;
const driveBase: Format = {
  file: VOLUME,
  media: /^(?:cdrom|disk)$/,
  cache: /^(?:none|writethrough|writeback|unsafe|directsync)$/,
  format: /^(?:raw|cow|qcow|qcow2|qed|vmdk|cloop)$/,
  size: /^[0-9]+(?:\.[0-9]+)?[KMGT]?$/,
  backup: BOOL,
  replicate: BOOL,
  discard: /^(?:ignore|on)$/,
  ssd: BOOL,
  shared: BOOL,
  "import-from": /^(?:\/.+|[A-Za-z][A-Za-z0-9._-]*:.+)$/,
};
const MAC = /^[0-9A-F][02468ACE](?::[0-9A-F]{2}){5}$/i;
const CARDS =
  "e1000 e1000-82540em e1000-82544gc e1000-82545em e1000e i82551 i82557b i82559er ne2k_isa ne2k_pci pcnet rtl8139 virtio vmxnet3".split(
    " ",
  );
const net: Format = {
  model: new RegExp(`^(?:${CARDS.join("|")})$`),
  macaddr: MAC,
  bridge: /^[-_.\w]+$/,
  tag: /^(?:[1-9][0-9]{0,2}|[1-3][0-9]{3}|40[0-8][0-9]|409[0-4])$/,
  firewall: BOOL,
  link_down: BOOL,
  ...Object.fromEntries(CARDS.map((card) => [card, MAC])),
};
const NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*$/;

/** Options by pattern: a whole value, or parts with the name of the one that may come without. */
const OPTIONS: readonly (readonly [key: RegExp, value: RegExp | readonly [first: string, parts: Format]])[] = [
  [/^name$/, NAME],
  [/^description$/, /^[\s\S]{0,8192}$/],
  [/^(?:cores|sockets|vcpus)$/, /^[1-9][0-9]*$/],
  [/^cpu$/, ["cputype", { cputype: /^[A-Za-z0-9_-]+$/, flags: /^[+-][a-z0-9-]+(?:;[+-][a-z0-9-]+)*$/, hidden: BOOL }]],
  [/^memory$/, ["current", { current: /^(?:1[6-9]|[2-9][0-9]|[1-9][0-9]{2,})$/ }]],
  [/^balloon$/, INT],
  [/^ostype$/, /^(?:other|wxp|w2k|w2k3|w2k8|wvista|win7|win8|win10|win11|l24|l26|solaris)$/],
  [/^bios$/, /^(?:seabios|ovmf)$/],
  [
    /^machine$/,
    ["type", { type: /^(?:pc|q35|pc-(?:i440fx|q35)-[0-9.]+(?:\+pve[0-9]+)?)$/, viommu: /^(?:intel|virtio)$/ }],
  ],
  [/^(?:localtime|onboot|template|protection|tablet|numa|acpi|kvm)$/, BOOL],
  [/^smbios1$/, ["uuid", { uuid: /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, base64: BOOL }]],
  [/^scsihw$/, /^(?:lsi|lsi53c810|virtio-scsi-pci|virtio-scsi-single|megasas|pvscsi)$/],
  [/^serial[0-3]$/, /^(?:\/dev\/.+|socket)$/],
  [/^audio0$/, ["device", { device: /^(?:ich9-intel-hda|intel-hda|AC97)$/, driver: /^(?:spice|none)$/ }]],
  [
    /^vga$/,
    [
      "type",
      {
        type: /^(?:cirrus|none|qxl[234]?|serial[0-3]|std|virtio|virtio-gl|vmware)$/,
        memory: /^(?:[4-9]|[1-9][0-9]|[1-4][0-9]{2}|50[0-9]|51[0-2])$/,
      },
    ],
  ],
  [/^startup$/, ["order", { order: INT, up: INT, down: INT }]],
  [/^boot$/, ["legacy", { legacy: /^[acdn]{1,4}$/, order: /^(?:[a-z]+[0-9]+(?:;[a-z]+[0-9]+)*)?$/ }]],
  [/^net(?:[0-9]|[12][0-9]|3[01])$/, ["model", net]],
  [/^ide[0-3]$/, ["file", driveBase]],
  [/^sata[0-5]$/, ["file", driveBase]],
  [/^scsi(?:[0-9]|[12][0-9]|30)$/, ["file", { ...driveBase, ro: BOOL, iothread: BOOL }]],
  [/^virtio(?:[0-9]|1[0-5])$/, ["file", { ...driveBase, ro: BOOL, iothread: BOOL }]],
  [
    /^efidisk0$/,
    [
      "file",
      {
        file: VOLUME,
        efitype: /^[24]m$/,
        "pre-enrolled-keys": BOOL,
        format: /^(?:raw|qcow2)$/,
        size: /./,
        "import-from": /^(?:\/.+|[A-Za-z][A-Za-z0-9._-]*:.+)$/,
      },
    ],
  ],
  [/^tpmstate0$/, ["file", { file: VOLUME, version: /^v(?:1\.2|2\.0)$/, size: /./ }]],
];

/**
 * The parts of a setting's value; `null`: it has none.
 * @throws `OptionError`
 */
export function readOption(key: string, value: string): Map<string, string> | null {
  const option = OPTIONS.find(([pattern]) => pattern.test(key));
  if (option === undefined)
    throw new OptionError(key, "property is not defined in schema and the schema does not allow additional properties");
  const [, format] = option;
  if (format instanceof RegExp) {
    if (!format.test(value)) throw new OptionError(key, `value does not match the format: ${value}`);
    return null;
  }
  const [first, parts] = format;
  const found = new Map<string, string>();
  for (const part of value.split(",")) {
    const [, name = first, text = part] = /^([^=]+)=(.*)$/.exec(part) ?? [];
    const pattern = parts[name];
    if (pattern === undefined) throw new OptionError(key, `property is not defined: ${name}`);
    if (!pattern.test(text)) throw new OptionError(key, `${name}: invalid value: ${text}`);
    if (found.has(name)) throw new OptionError(key, `duplicate key: ${name}`);
    found.set(name, text);
  }
  return found;
}

/** Settings that are drives. */
export const DRIVE: RegExp = /^(?:ide|sata|scsi|virtio|efidisk|tpmstate)\d+$/;
