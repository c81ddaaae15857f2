import { craftVma, mendVmaSums } from "../../support/vma.js";
import type { HostileCase, HostileFamily } from "../case.js";
import { file } from "../make.js";

const CONF = "name: box\nmemory: 64\nscsi0: local-lvm:vm-100-disk-0,size=128K\n";
const DISK = new Uint8Array(2 * 65536).fill(7);
const make = (conf = CONF, device = "drive-scsi0"): Buffer =>
  craftVma({ configs: { "qemu-server.conf": conf }, devices: [{ name: device, bytes: DISK }] });
/** Where the only extent begins. */
const EXTENT = make().readUInt32BE(56);

/** A backup in which something was changed, and whose sums fit again. */
const changed = (change: (bytes: Buffer) => void): HostileCase["lay"] =>
  file("box.vma", () => {
    const bytes = make();
    change(bytes);
    return mendVmaSums(bytes, [EXTENT]);
  });
const refused = { inspect: 3, convert: 3, "disk info": 3, "disk convert": 3 } as const;
/** Something is read, and the disk is never taken for whole. */
const damaged = { convert: 1, "disk check": 1, "disk convert": 1 } as const;

const rows: readonly (readonly [
  what: string,
  lay: HostileCase["lay"],
  code: HostileCase["code"],
  runs: HostileCase["runs"],
  also?: HostileCase["also"],
])[] = [
  ["a header of 4 GiB", changed((b) => void b.writeUInt32BE(2 ** 32 - 1, 56)), "io/limit", refused],
  ["names that lie behind the header", changed((b) => void b.writeUInt32BE(2 ** 31, 52)), "vma/bad-header", refused],
  ["a configuration that lies nowhere", changed((b) => void b.writeUInt32BE(65_000, 3068)), "vma/bad-header", refused],
  ["a disk of 2^60 bytes", changed((b) => void b.writeBigUInt64BE(2n ** 60n, 4096 + 40)), "io/limit", refused],
  ["a device whose name climbs", file("box.vma", () => make(CONF, "../../evil")), "vma/bad-header", refused],
  [
    "a cluster that comes twice",
    changed((b) => void b.writeUInt32BE(0, EXTENT + 40 + 8 + 4)),
    "vma/bad-extent",
    damaged,
    ["vma/missing-clusters"],
  ],
  [
    "a cluster behind the end of its disk",
    changed((b) => void b.writeUInt32BE(2 ** 32 - 1, EXTENT + 40 + 8 + 4)),
    "vma/bad-extent",
    damaged,
    ["vma/missing-clusters"],
  ],
  [
    "an extent of another backup",
    changed((b) => void b.writeUInt32BE(0xdeadbeef, EXTENT + 8)),
    "vma/cut-off",
    damaged,
    ["vma/missing-clusters"],
  ],
  [
    "an extent with more blocks than it can have",
    changed((b) => void b.writeUInt16BE(65_535, EXTENT + 6)),
    "vma/cut-off",
    damaged,
    ["vma/missing-clusters"],
  ],
  [
    "a machine whose disk climbs out of the backup",
    file("box.vma", () => make("name: box\nmemory: 64\nscsi0: ../../etc/passwd\nscsi1: /etc/shadow\n")),
    "vma/not-in-backup",
    { inspect: 0, convert: 0 },
  ],
];

/** What a VMA can try. */
export const vmaFamily: HostileFamily = {
  title: "VMA",
  cases: rows.map(([what, lay, code, runs, also]) => ({
    tries: `${what}, in a VMA`,
    code,
    lay,
    runs,
    ...(also === undefined ? {} : { also }),
  })),
};
