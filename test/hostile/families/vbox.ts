import type { HostileFamily } from "../case.js";
import { type ConfigRow, configCases, elsewhereCases, odd, refused, told } from "../configs.js";
import { DISK, file, folder, utf8 } from "../make.js";

const uuid = (number: number): string => `{7e420c9a-4360-43f5-acfd-${String(number).padStart(12, "0")}}`;
const medium = (number: number, location = "disk.vmdk", inner = "", format = "VMDK"): string =>
  `<HardDisk uuid="${uuid(number)}" location="${location}" format="${format}" type="Normal">${inner}</HardDisk>`;
const drive = (number: number, port = 0, type = "HardDisk"): string =>
  `<AttachedDevice type="${type}" port="${port}" device="0"><Image uuid="${uuid(number)}"/></AttachedDevice>`;

interface Parts {
  readonly head?: string;
  readonly name?: string;
  /** Behind the registry of media. */
  readonly before?: string;
  readonly media?: string;
  readonly dvds?: string;
  readonly sizes?: string;
  readonly hardware?: string;
  readonly drives?: string;
  readonly controllers?: string;
}

const NAMESPACE = 'xmlns="http://www.virtualbox.org/"';
const settings = ({
  head = "",
  name = "box",
  before = "",
  media = medium(1),
  dvds = "",
  sizes = '<CPU count="1"/><Memory RAMSize="512"/>',
  hardware = "",
  drives = drive(1),
  controllers = "",
}: Parts): string =>
  `<?xml version="1.0"?>${head}<VirtualBox ${NAMESPACE} version="1.19-linux"><Machine uuid="${uuid(99)}" name="${name}" OSType="Debian_64">` +
  `<MediaRegistry><HardDisks>${media}</HardDisks><DVDImages>${dvds}</DVDImages></MediaRegistry>${before}<Hardware>${sizes}${hardware}` +
  `<StorageControllers><StorageController name="SATA" type="AHCI">${drives}</StorageController>${controllers}</StorageControllers></Hardware></Machine></VirtualBox>`;

/** A machine with its disk beside it. */
const machine = (parts: () => Parts) =>
  folder(() => ({ "box.vbox": utf8(settings(parts())), "disk.vmdk": DISK, "b.vmdk": DISK }), "box.vbox");
const hardware = (text: () => string) => machine(() => ({ hardware: text() }));
const alone = (inner: string) => file("box.vbox", () => `<VirtualBox ${NAMESPACE}>${inner}</VirtualBox>`);
const notThere = {
  inspect: 1,
  convert: [3, "package/no-member"],
  "convert --to libvirt": [3, "package/no-member"],
} as const;
const kept = { inspect: 1, convert: 1, "convert --to libvirt": 1 } as const;

const rows: readonly ConfigRow[] = [
  [
    "an entity that reads a file",
    "xml/doctype",
    machine(() => ({ head: '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>' })),
    refused,
  ],
  [
    "images that hold changes to each other, 300 deep",
    "xml/limit",
    machine(() => ({
      media:
        Array.from({ length: 300 }, (_, i) => `<HardDisk uuid="${uuid(i)}" location="${i}.vdi">`).join("") +
        "</HardDisk>".repeat(300),
    })),
    refused,
  ],
  ["nine MiB of blanks", "io/limit", machine(() => ({ before: " ".repeat(9 * 2 ** 20) })), refused],
  ["3,000 drives", "config/unreadable", machine(() => ({ drives: drive(1).repeat(3000) })), refused],
  [
    "100,000 controllers",
    "config/unreadable",
    machine(() => ({ controllers: '<StorageController name="x" type="AHCI"/>'.repeat(100_000) })),
    refused,
  ],
  [
    "1,025 network cards",
    "config/unreadable",
    hardware(() => `<Network>${'<Adapter slot="0" enabled="true"><NAT/></Adapter>'.repeat(1025)}</Network>`),
    refused,
  ],
  ["the machines of a user in place of one", "config/unreadable", alone("<Global/>"), refused],
  ["a machine that is encrypted", "virtualbox/encrypted", alone("<MachineEncrypted/>"), refused],
  [
    "a disk that is encrypted",
    "virtualbox/encrypted",
    machine(() => ({ media: medium(1, "disk.vmdk", '<Property name="CRYPT/KeyStore" value="x"/>') })),
    refused,
  ],
  ["no hardware", "config/strange-value", alone('<Machine name="box"/>'), { inspect: 0, convert: 0 }],
  [
    "an image that holds changes to itself",
    "config/strange-value",
    machine(() => ({ media: medium(1, "disk.vmdk", medium(2, "b.vmdk", medium(3, "disk.vmdk"))), drives: drive(3) })),
    { inspect: [1, "disk/unsupported-parent"], convert: [3, "disk/unsupported-parent"] },
  ],
  [
    "more memory and processors than a number holds",
    "virtualbox/bad-value",
    machine(() => ({ sizes: '<CPU count="99999999"/><Memory RAMSize="99999999999999999999"/>' })),
    odd,
  ],
  ["no memory", "fit/memory-raised", machine(() => ({ sizes: '<CPU count="1"/><Memory RAMSize="0"/>' })), told],
  ["no processors", "fit/cpus-raised", machine(() => ({ sizes: '<CPU count="0"/><Memory RAMSize="64"/>' })), told],
  [
    "a name that turns the text, and climbs",
    "fit/name-changed",
    machine(() => ({ name: "../../../../../tmp/vmferry-hostile-escaped&#x202e;&#x9b;" })),
    told,
  ],
  [
    "a controller whose name turns the text",
    "virtualbox/unknown-controller",
    machine(() => ({
      controllers:
        '<StorageController name="x&#x202e;&#x9b;" type="../&#x202e;&#x9b;"><AttachedDevice type="HardDisk" port="0" device="0"/></StorageController>',
    })),
    odd,
  ],
  ["a port of 999,999", "virtualbox/bad-value", machine(() => ({ drives: drive(1, 999_999) })), odd],
  ["two disks in one place", "fit/drive-renumbered", machine(() => ({ drives: drive(1) + drive(1) })), told],
  [
    "a disk of no medium",
    "virtualbox/disk-elsewhere",
    machine(() => ({ drives: '<AttachedDevice type="HardDisk" port="0" device="0"/>' })),
    kept,
  ],
  [
    "a disk on a server, by iSCSI",
    "virtualbox/disk-elsewhere",
    machine(() => ({ media: medium(1, "169.254.169.254|x", "", "iSCSI") })),
    kept,
  ],
  [
    "a medium that nothing registers",
    "package/missing-file",
    machine(() => ({ drives: drive(7) })),
    notThere,
    ["package/no-member"],
  ],
  [
    "a medium that lies nowhere",
    "package/missing-file",
    machine(() => ({ media: medium(1, "") })),
    notThere,
    ["package/no-member"],
  ],
  [
    "an image in a CD drive that is a file of this host",
    "package/missing-file",
    machine(() => ({
      dvds: `<Image uuid="${uuid(5)}" location="/etc/passwd"/>`,
      drives: drive(1) + drive(5, 1, "DVD"),
    })),
    notThere,
  ],
  [
    "a CD that is made from files of this host",
    "platform/foreign-dropped",
    machine(() => ({
      dvds: `<Image uuid="${uuid(5)}" location="/etc/x.viso"/>`,
      drives: drive(1) + drive(5, 1, "DVD"),
    })),
    told,
  ],
  [
    "a device of this host in a CD drive",
    "platform/foreign-dropped",
    machine(() => ({
      drives: `${drive(1)}<AttachedDevice type="DVD" port="1" device="0"><HostDrive src="/dev/sda"/></AttachedDevice>`,
    })),
    told,
  ],
  [
    "a folder of this host that the guest would see",
    "platform/foreign-dropped",
    hardware(() => '<SharedFolders><SharedFolder name="x" hostPath="/"/></SharedFolders>'),
    told,
  ],
  [
    "a serial port that writes to a file of this host",
    "libvirt/serial-of-host",
    hardware(() => '<UART><Port slot="0" enabled="true" hostMode="RawFile" path="/etc/cron.d/x"/></UART>'),
    { "convert --to libvirt": 0 },
  ],
  [
    "a serial port of number 9",
    "virtualbox/bad-value",
    hardware(() => '<UART><Port slot="9" enabled="true" hostMode="Disconnected"/></UART>'),
    odd,
  ],
  [
    "a network that is a command",
    "libvirt/network-chosen",
    hardware(() => '<Network><Adapter slot="0" enabled="true"><BridgedInterface name="$(id)"/></Adapter></Network>'),
    { "convert --to libvirt": 0 },
  ],
  [
    "100,000 snapshots",
    "platform/foreign-dropped",
    machine(() => ({ before: '<Snapshot name="a"/>'.repeat(100_000) })),
    told,
  ],
  [
    "100,000 options",
    "platform/foreign-dropped",
    machine(() => ({
      before: `<ExtraData>${'<ExtraDataItem name="VBoxInternal/x" value="1"/>'.repeat(100_000)}</ExtraData>`,
    })),
    told,
  ],
  [
    "100,000 places in the boot order, none of which is a number",
    "virtualbox/bad-value",
    hardware(
      () =>
        `<Boot>${'<Order position="x" device="HardDisk"/>'.repeat(100_000)}</Boot><Display VRAMSize="99999999999"/>`,
    ),
    odd,
  ],
];

/** Machines of VirtualBox. */
export const vboxFamily: HostileFamily = {
  title: "Machines of VirtualBox",
  cases: [
    ...configCases("a .vbox file", rows),
    ...elsewhereCases("a .vbox file", (path) =>
      machine(() => ({ media: medium(1) + medium(2, path), drives: drive(1) + drive(2, 1) })),
    ),
  ],
};
