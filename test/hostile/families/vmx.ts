import type { HostileFamily } from "../case.js";
import { blocked, type ConfigRow, configCases, elsewhereCases, odd, refused, told } from "../configs.js";
import { DISK, file, folder, utf8 } from "../make.js";

const drive = (name: string, image = "disk.vmdk"): string =>
  `${name}.present = "TRUE"\n${name}.fileName = "${image}"\n`;
const SOUND =
  'config.version = "8"\nvirtualHW.version = "19"\ndisplayName = "box"\nguestOS = "debian12-64"\nfloppy0.present = "FALSE"\nmemsize = "512"\n' +
  `scsi0.present = "TRUE"\nscsi0.virtualDev = "pvscsi"\n${drive("scsi0:0")}`;

/** A machine with its disk beside it, and with lines behind its own. */
const machine = (lines: () => string, more: Readonly<Record<string, Uint8Array>> = {}) =>
  folder(() => ({ "box.vmx": utf8(lines()), "disk.vmdk": DISK, ...more }), "box.vmx");
const more = (lines: () => string) => machine(() => SOUND + lines());
const instead = (from: string, to: string) => machine(() => SOUND.replace(from, () => to));
const each = (count: number, line: (index: number) => string) => () =>
  Array.from({ length: count }, (_, i) => line(i)).join("");

const NIC = 'ethernet0.present = "TRUE"\n';

const rows: readonly ConfigRow[] = [
  ["no setting in it", "config/unreadable", file("box.vmx", () => '  config.version = "8\n'), refused],
  ["nine MiB of a comment", "io/limit", more(() => `#${"a".repeat(9 * 2 ** 20)}`), refused],
  ["60,000 settings", "config/unreadable", more(each(60_000, (i) => `a${i} = "1"\n`)), refused],
  [
    "3,000 drives",
    "config/unreadable",
    more(each(3000, (i) => `scsi${i >> 10}:${i & 1023}.present = "TRUE"\n`)),
    refused,
  ],
  [
    "settings that are encrypted",
    "config/encrypted",
    more(() => 'encryption.keySafe = "k"\nencryption.data = "d"\n'),
    refused,
  ],
  [
    "an encoding in which nothing is a setting",
    "config/unreadable",
    machine(() => `.encoding = "utf-16le"\n${SOUND}`),
    refused,
  ],
  [
    "a million blanks behind an equals sign, to try all ways to share them",
    "config/strange-line",
    more(() => `x =${" ".repeat(1_000_000)}"a"b\n`),
    odd,
  ],
  [
    "250,000 escapes in a name",
    "fit/name-changed",
    instead('"box"', `"${"|1Bx".repeat(250_000)}"`),
    { convert: 0, "convert --to ova": 0 },
  ],
  ["100 lines that are none", "config/strange-line", more(() => '"\n'.repeat(100)), odd],
  [
    "one setting twice, of which other readers take either",
    "config/repeated-setting",
    more(() => 'memsize = "513"\n'),
    odd,
  ],
  [
    "a name that clears the screen and turns the text",
    "fit/name-changed",
    instead('"box"', '"|1B[2J|0D|0A|E2|80|AE"'),
    told,
  ],
  ["a name with a NUL", "fit/name-changed", instead('"box"', '"a|00b"'), told],
  ["a name of nothing", "fit/name-changed", instead('"box"', '"|20"'), told],
  [
    "a name that climbs, to write anywhere",
    "libvirt/name-changed",
    instead('"box"', '"../../../../../tmp/vmferry-hostile-escaped"'),
    { "convert --to libvirt": 0 },
  ],
  [
    "control characters in its notes, and the end of an element",
    "fit/text-cleaned",
    more(() => 'annotation = "</annotation>|00|0B"\n'),
    told,
  ],
  ["more memory than a number holds", "config/strange-value", instead('"512"', '"99999999999999999999"'), odd],
  ["no memory", "config/strange-value", instead('"512"', '"0"'), odd],
  ["four thousand million processors", "config/strange-value", more(() => 'numvcpus = "4294967296"\n'), odd],
  ["4,096 processors", "fit/too-many-cpus", more(() => 'numvcpus = "4096"\n'), blocked],
  ["a firmware that is a path", "config/strange-value", more(() => 'firmware = "../x"\n'), odd],
  ["a UUID that is none", "config/strange-value", more(() => 'uuid.bios = "no"\n'), odd],
  [
    "a hardware address that is none",
    "config/strange-value",
    more(() => `${NIC}ethernet0.addressType = "static"\nethernet0.address = "zz"\n`),
    odd,
  ],
  ["a hundred network cards", "fit/too-many-nics", more(each(100, (i) => `ethernet${i}.present = "TRUE"\n`)), blocked],
  [
    "a network whose name is a command and ends a line",
    "fit/name-changed",
    more(() => `${NIC}ethernet0.networkName = "$(id)'|22|0A"\n`),
    told,
  ],
  ["two names of one drive", "fit/drive-renumbered", more(() => drive("scsi00:00")), told],
  ["a drive at number 999", "fit/drive-renumbered", more(() => drive("scsi0:999")), told],
  [
    "itself as its disk",
    "disk/unknown-format",
    more(() => drive("scsi0:1", "box.vmx")),
    { inspect: 1, convert: 2, "convert --to libvirt": 2 },
  ],
  [
    "a disk that ends within its header",
    "vmdk/bad-descriptor",
    machine(() => `${SOUND}${drive("scsi0:1", "cut.vmdk")}`, { "cut.vmdk": DISK.subarray(0, 600) }),
    { inspect: 1, convert: 3 },
  ],
  [
    "an image in a CD drive that is a file of this host",
    "config/image-missing",
    more(() => 'ide0:0.present = "TRUE"\nide0:0.deviceType = "cdrom-image"\nide0:0.fileName = "/etc/passwd"\n'),
    odd,
  ],
  [
    "a device of this host in a CD drive",
    "platform/foreign-dropped",
    more(() => 'ide0:0.present = "TRUE"\nide0:0.deviceType = "atapi-cdrom"\nide0:0.fileName = "/dev/sda"\n'),
    told,
  ],
  [
    "a serial port that writes to a file of this host",
    "libvirt/serial-of-host",
    more(() => 'serial0.present = "TRUE"\nserial0.fileType = "file"\nserial0.fileName = "/etc/cron.d/x"\n'),
    { "convert --to libvirt": 0 },
  ],
  [
    "a setting that every object has",
    "platform/foreign-dropped",
    more(() => '__proto__ = "x"\nconstructor = "x"\n'),
    told,
  ],
  [
    "40,000 settings that nobody knows",
    "platform/foreign-dropped",
    more(each(40_000, (i) => `a${i} = "1"\n`)),
    { convert: 0, "convert --to ova": 0 },
  ],
];

/** A text descriptor of a disk in pieces. */
const pieces = (extent: string, parent = ""): Uint8Array =>
  utf8(
    `# Disk DescriptorFile\nversion=1\nCID=00000001\nparentCID=${parent === "" ? "ffffffff" : "00000001"}\n${parent}createType="monolithicFlat"\n${extent}\nddb.adapterType = "lsilogic"\n${"#\n".repeat(512)}`,
  );
const withDisk = (bytes: Uint8Array) => machine(() => `${SOUND}${drive("scsi0:1", "x.vmdk")}`, { "x.vmdk": bytes });

const chained: readonly ConfigRow[] = [
  [
    "a disk whose bytes are a file of this host",
    "vmdk/extent-missing",
    withDisk(pieces('RW 16384 FLAT "/etc/passwd" 0')),
    { inspect: 1, convert: 3 },
  ],
  [
    "a disk whose bytes are a device of this host",
    "vmdk/extent-missing",
    withDisk(pieces('RW 16384 FLAT "/dev/zero" 0')),
    { inspect: 1, convert: 3 },
  ],
  [
    "a disk that is its own parent",
    "disk/chain-loop",
    withDisk(pieces('RW 1 FLAT "x.vmdk" 0', 'parentFileNameHint="x.vmdk"\n')),
    { inspect: 1, convert: 3 },
  ],
  [
    "a disk whose parent is a file of this host",
    "disk/parent-missing",
    withDisk(pieces('RW 1 FLAT "x.vmdk" 0', 'parentFileNameHint="/etc/passwd"\n')),
    { inspect: 1, convert: 3 },
  ],
];

/** Machines of VMware. */
export const vmxFamily: HostileFamily = {
  title: "Machines of VMware",
  cases: [
    ...configCases("a VMX file", [...rows, ...chained]),
    ...elsewhereCases("a VMX file", (path) => more(() => drive("scsi0:1", path))),
  ],
};
