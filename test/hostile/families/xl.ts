import type { HostileFamily } from "../case.js";
import { blocked, type ConfigRow, configCases, elsewhereCases, odd, refused, told } from "../configs.js";
import { DISK, file, folder, utf8 } from "../make.js";

const DRIVE = "'disk.vmdk,vmdk,hda,rw'";
const SOUND = `name = 'box'\ntype = "hvm"\nmemory = 512\nvcpus = 1\ndisk = [ ${DRIVE} ]\n`;

/** A guest with its disk beside it. */
const guest = (text: () => string) => folder(() => ({ "box.cfg": utf8(text()), "disk.vmdk": DISK }), "box.cfg");
const more = (lines: () => string) => guest(() => SOUND + lines());
const instead = (from: string, to: string) => guest(() => SOUND.replace(from, () => to));
const disks = (others: string) => instead(DRIVE, `${DRIVE}, ${others}`);
const notThere = {
  inspect: 1,
  convert: [3, "package/no-member"],
  "convert --to libvirt": [3, "package/no-member"],
} as const;

const rows: readonly ConfigRow[] = [
  ["no setting that ends", "config/unreadable", file("box.cfg", () => "name = \"\nmemory = 1 1\n vcpus = '"), refused],
  ["nine MiB of a comment", "io/limit", more(() => `#${"a".repeat(9 * 2 ** 20)}`), refused],
  ["200,000 values in a list", "config/unreadable", more(() => `x = [${"1,".repeat(200_000)}]\n`), refused],
  [
    "a million settings on one line",
    "config/unreadable",
    more(() => `${" ".repeat(1_000_000)}${"a=1;".repeat(1_000_000)}\n`),
    refused,
  ],
  ["1,025 disks", "config/unreadable", instead(DRIVE, `${DRIVE},`.repeat(1025)), refused],
  ["1,025 network cards", "config/unreadable", more(() => `vif = [${"'',".repeat(1025)}]\n`), refused],
  ["65 serial ports", "config/unreadable", more(() => `serial = [${"'pty',".repeat(65)}]\n`), refused],
  [
    "a million blanks inside of a bridge's name",
    "libvirt/network-chosen",
    more(() => `vif = [ 'bridge=a${" ".repeat(1_000_000)}b' ]\n`),
    { "convert --to libvirt": 0 },
  ],
  [
    "a million comments that might end a line",
    "config/strange-line",
    more(() => `!${":#".repeat(1_000_000)}\u2028x\n`),
    odd,
  ],
  [
    "lists nested a thousand deep",
    "config/strange-line",
    more(() => `x = ${"[".repeat(1000)}${"]".repeat(1000)}\n`),
    odd,
  ],
  ["a string without an end", "config/strange-line", more(() => `x = "${"a".repeat(1_000_000)}`), odd],
  [
    "a program, which is not run",
    "config/strange-line",
    more(() => 'import os\nos.system("touch /tmp/vmferry-hostile-escaped")\n'),
    odd,
  ],
  ["more memory than a number holds", "config/strange-value", instead("512", "999999999999999"), odd],
  ["a negative amount of memory", "config/strange-value", instead("512", "-1"), odd],
  ["memory of sixteen hexadecimal digits", "config/strange-value", instead("512", "0xffffffffffffffff"), odd],
  ["10^15 - 1 processors", "fit/too-many-cpus", instead("vcpus = 1", "vcpus = 999999999999999"), blocked],
  ["no processors", "fit/cpus-raised", instead("vcpus = 1", "vcpus = 0"), told],
  [
    "a name that clears the screen, and climbs",
    "fit/name-changed",
    instead("'box'", '"../../../../../tmp/vmferry-hostile-escaped\\x1b[2J\\n"'),
    told,
  ],
  [
    "a name that climbs, to write anywhere",
    "libvirt/name-changed",
    instead("'box'", "'../../../../../tmp/vmferry-hostile-escaped'"),
    { "convert --to libvirt": 0 },
  ],
  ["a disk that names no device", "config/strange-value", disks("'/a.img'"), odd],
  ["a disk that names no target", "config/strange-value", disks("',,hdb,w'"), odd],
  ["two disks in one place", "platform/foreign-dropped", disks(DRIVE), told],
  [
    "disk number 18,277",
    "fit/controller-model-changed",
    disks("'disk.vmdk,vmdk,xvdzzz,rw'"),
    { "convert --to ova": 0 },
  ],
  [
    "a script that attaches its disk",
    "platform/foreign-dropped",
    disks("'disk.vmdk,vmdk,hdb,rw,script=/tmp/evil'"),
    told,
  ],
  [
    "a script that attaches its network card, and a bridge that is a command",
    "platform/foreign-dropped",
    more(() => "vif = [ 'bridge=$(id),script=/tmp/evil' ]\n"),
    told,
  ],
  ["a hardware address that is none", "config/strange-value", more(() => "vif = [ 'mac=zz' ]\n"), odd],
  [
    "a device of this host that the guest would get",
    "platform/foreign-dropped",
    more(() => "pci = [ '00:00.0' ]\n"),
    told,
  ],
  [
    "a setting that every object has",
    "platform/foreign-dropped",
    more(() => "__proto__ = 'x'\nconstructor = 'x'\n"),
    told,
  ],
  [
    "a serial port that writes to a file of this host",
    "libvirt/serial-of-host",
    more(() => "serial = 'file:/etc/cron.d/x'\n"),
    { "convert --to libvirt": 0 },
  ],
  [
    "a firmware that is a file of this host",
    "platform/foreign-dropped",
    more(() => "firmware = '/etc/passwd'\n"),
    told,
  ],
  [
    "a kernel that is a file of this host",
    "package/missing-file",
    more(() => "kernel = '/etc/shadow'\n"),
    { inspect: 1, convert: 1, "convert --to libvirt": [3, "package/no-member"] },
  ],
  ["a floppy that is a file of this host", "package/missing-file", more(() => "fda = '/etc/passwd'\n"), notThere],
  [
    "a disk that is a device of this host",
    "package/missing-file",
    disks("'phy:/dev/sda,hdb,w'"),
    notThere,
    ["package/no-member"],
  ],
  ["a disk of another format than it says", "disk/format-disagrees", instead(",vmdk,", ",qcow2,"), odd],
  [
    "a disk in which a guest may have written the header of another format",
    "disk/format-disagrees",
    instead(",vmdk,", ",raw,"),
    odd,
  ],
];

/** Guests of Xen. */
export const xlFamily: HostileFamily = {
  title: "Guests of Xen",
  cases: [
    ...configCases("a configuration of xl", rows),
    ...elsewhereCases("a configuration of xl", (path) => disks(`'format=vmdk,vdev=hdb,access=rw,target=${path}'`)),
  ],
};
