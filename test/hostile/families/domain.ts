import type { HostileFamily } from "../case.js";
import { blocked, type ConfigRow, configCases, elsewhereCases, odd, refused, told } from "../configs.js";
import { DISK, folder, utf8 } from "../make.js";

interface DiskParts {
  readonly source?: string;
  readonly inner?: string;
  readonly type?: string;
  readonly format?: string;
  readonly name?: string;
}

const disk = ({
  source = '<source file="disk.vmdk"/>',
  inner = "",
  type = "file",
  format = "vmdk",
  name = "vda",
}: DiskParts = {}): string =>
  `<disk type="${type}" device="disk"><driver name="qemu" type="${format}"/>${source}<target dev="${name}" bus="virtio"/>${inner}</disk>`;

interface DomainParts {
  readonly head?: string;
  readonly name?: string;
  readonly memory?: string;
  readonly vcpu?: string;
  readonly os?: string;
  readonly rest?: string;
  readonly devices?: string;
}

const domain = ({
  head = "",
  name = "box",
  memory = '<memory unit="MiB">512</memory>',
  vcpu = "1",
  os = '<type arch="x86_64" machine="pc">hvm</type>',
  rest = "",
  devices = disk(),
}: DomainParts = {}): string =>
  `${head}<domain type="kvm"><name>${name}</name>${memory}<vcpu>${vcpu}</vcpu><os>${os}</os>${rest}<devices>${devices}</devices></domain>`;

/** A domain with its disk beside it. */
const laid = (text: () => string, more: () => Readonly<Record<string, Uint8Array>> = () => ({})) =>
  folder(() => ({ "box.xml": utf8(text()), "disk.vmdk": DISK, ...more() }), "box.xml");
const machine = (parts: () => DomainParts) => laid(() => domain(parts()));
const device = (text: () => string) => machine(() => ({ devices: disk() + text() }));

/** A QCOW2 of 8 MiB that holds nothing but changes to another file. Version 2, clusters of 64 KiB: header, table, and no data. */
function overlay(parent: string): Uint8Array {
  const bytes = Buffer.alloc(4 * 65_536);
  bytes.write("QFI\xfb", 0, "latin1");
  bytes.writeUInt32BE(2, 4);
  bytes.writeBigUInt64BE(512n, 8);
  bytes.writeUInt32BE(parent.length, 16);
  bytes.writeUInt32BE(16, 20);
  bytes.writeBigUInt64BE(8n * 2n ** 20n, 24);
  bytes.writeUInt32BE(1, 36);
  bytes.writeBigUInt64BE(65_536n, 40);
  bytes.writeBigUInt64BE(131_072n, 48);
  bytes.writeUInt32BE(1, 56);
  bytes.write(parent, 512, "latin1");
  bytes.writeBigUInt64BE(196_608n, 131_072);
  for (let cluster = 0; cluster < 4; cluster++) bytes.writeUInt16BE(1, 196_608 + 2 * cluster);
  return bytes;
}
const onOverlay = (parent: string, format = "qcow2") =>
  laid(
    () => domain({ devices: disk({ source: '<source file="x.qcow2"/>', format }) }),
    () => ({ "x.qcow2": overlay(parent) }),
  );

const lost = { inspect: 1, convert: 3, "convert --to libvirt": 3 } as const;
const notThere = {
  inspect: 1,
  convert: [3, "package/no-member"],
  "convert --to libvirt": [3, "package/no-member"],
} as const;

const rows: readonly ConfigRow[] = [
  [
    "an entity that reads a file",
    "xml/doctype",
    machine(() => ({ head: '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>' })),
    refused,
  ],
  ["elements nested 300 deep", "xml/limit", machine(() => ({ rest: "<a>".repeat(300) + "</a>".repeat(300) })), refused],
  ["nine MiB of blanks", "io/limit", machine(() => ({ rest: " ".repeat(9 * 2 ** 20) })), refused],
  ["a control character as a reference", "xml/not-well-formed", machine(() => ({ name: "a&#x1b;b" })), refused],
  ["2,049 disks", "config/unreadable", machine(() => ({ devices: disk().repeat(2049) })), refused],
  ["2,049 network cards", "config/unreadable", device(() => '<interface type="user"/>'.repeat(2049)), refused],
  [
    "a container in place of a machine",
    "config/unreadable",
    machine(() => ({ os: "<type>exe</type><init>/bin/sh</init>" })),
    refused,
  ],
  [
    "2,000 disks",
    "fit/no-room-for-disk",
    machine(() => ({ devices: disk().repeat(2000) })),
    { "convert --to libvirt": [3, "convert/blocked"] },
  ],
  [
    "more memory than a number holds",
    "config/strange-value",
    machine(() => ({ memory: '<memory unit="EiB">9999</memory>' })),
    odd,
  ],
  ["memory in words", "config/strange-value", machine(() => ({ memory: "<memory>lots</memory>" })), odd],
  ["10^15 - 1 processors", "fit/too-many-cpus", machine(() => ({ vcpu: "999999999999999" })), blocked],
  ["a negative number of processors", "config/strange-value", machine(() => ({ vcpu: "-1" })), odd],
  [
    "cores and dies whose product no number holds",
    "config/strange-value",
    machine(() => ({
      rest: '<cpu><topology sockets="1" cores="999999999999999" dies="999999999999999" threads="1"/></cpu>',
    })),
    odd,
  ],
  [
    "a name that turns the text, and climbs",
    "libvirt/name-changed",
    machine(() => ({ name: "../../../../../tmp/vmferry-hostile-escaped&#x202e;&#x9b;" })),
    { "convert --to libvirt": 0 },
    ["fit/name-changed"],
  ],
  [
    "arguments for QEMU itself",
    "platform/foreign-dropped",
    machine(() => ({
      rest: '<commandline xmlns="http://libvirt.org/schemas/domain/qemu/1.0"><arg value="-drive"/><arg value="file=/etc/shadow"/></commandline>',
    })),
    told,
  ],
  [
    "a folder of this host that the guest would see",
    "platform/foreign-dropped",
    device(() => '<filesystem type="mount"><source dir="/"/><target dir="x"/></filesystem>'),
    told,
  ],
  [
    "a device of this host that the guest would get",
    "platform/foreign-dropped",
    device(() => '<hostdev mode="subsystem" type="pci"><source><address slot="0"/></source></hostdev>'),
    told,
  ],
  [
    "a serial port that writes to a file of this host",
    "libvirt/serial-of-host",
    device(() => '<serial type="file"><source path="/etc/cron.d/x"/><target port="99999"/></serial>'),
    { "convert --to libvirt": 0 },
  ],
  [
    "a bridge that is a command",
    "libvirt/network-chosen",
    device(() => '<interface type="bridge"><source bridge="$(id)"/></interface>'),
    { "convert --to libvirt": 0 },
  ],
  [
    "a hardware address that is none",
    "config/strange-value",
    device(() => '<interface type="user"><mac address="zz"/></interface>'),
    odd,
  ],
  [
    "a controller of number 10^15 - 1",
    "fit/controller-model-changed",
    device(() => '<controller type="scsi" index="999999999999999" model="x"/>'),
    told,
  ],
  [
    "100,000 places in the boot order",
    "fit/disk-moved",
    machine(() => ({ os: `<type arch="x86_64">hvm</type>${'<boot dev="hd"/>'.repeat(100_000)}` })),
    { convert: 0, "convert --to ova": 0 },
  ],
  [
    "the memory of its firmware in a file of this host",
    "platform/foreign-dropped",
    machine(() => ({
      os: '<type arch="x86_64">hvm</type><loader type="pflash">/x/OVMF_CODE.fd</loader><nvram>/etc/passwd</nvram>',
    })),
    told,
  ],
  [
    "a kernel that is a file of this host",
    "package/missing-file",
    machine(() => ({ os: '<type arch="x86_64">hvm</type><kernel>/etc/shadow</kernel>' })),
    { inspect: 1, convert: 1, "convert --to libvirt": [3, "package/no-member"] },
  ],
  ["two disks in one place", "platform/foreign-dropped", device(() => disk()), told],
  ["a disk without a source", "config/strange-value", machine(() => ({ devices: disk({ source: "" }) })), odd],
  [
    "a disk that is a device of this host",
    "package/missing-file",
    machine(() => ({ devices: disk({ source: '<source dev="/dev/sda"/>', type: "block" }) })),
    notThere,
    ["package/no-member"],
  ],
  [
    "a disk on a network block device",
    "package/missing-file",
    machine(() => ({
      devices: disk({
        source: '<source protocol="nbd" name="x"><host name="169.254.169.254" port="80"/></source>',
        type: "network",
      }),
    })),
    notThere,
    ["package/no-member"],
  ],
  [
    "a volume that climbs out of its pool",
    "package/missing-file",
    machine(() => ({ devices: disk({ source: '<source pool="../.." volume="etc/passwd"/>', type: "volume" }) })),
    notThere,
    ["package/no-member"],
  ],
  ["a disk over a file of this host", "disk/parent-missing", onOverlay("/etc/passwd"), lost],
  ["a disk over itself", "disk/chain-loop", onOverlay("x.qcow2"), lost],
  [
    "a raw disk in which a guest wrote that it lies over a file of this host",
    "disk/format-disagrees",
    onOverlay("/etc/passwd", "raw"),
    odd,
  ],
  [
    "a disk of another format than it says",
    "disk/format-disagrees",
    machine(() => ({ devices: disk({ format: "qcow2" }) })),
    odd,
  ],
];

/** Domains of libvirt. */
export const domainFamily: HostileFamily = {
  title: "Domains of libvirt",
  cases: [
    ...configCases("a domain", rows),
    ...elsewhereCases("a domain", (path) =>
      machine(() => ({ devices: disk() + disk({ source: `<source file="${path}"/>`, name: "vdb" }) })),
    ),
  ],
};
