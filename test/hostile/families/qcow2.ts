import { SparseBytes } from "../../../src/io/testing/sparse-bytes.js";
import { qcow2Bytes } from "../../support/qcow2.js";
import type { HostileCase, HostileFamily } from "../case.js";
import { type Change, change, cut, damaged } from "../disks.js";
import { sparse } from "../make.js";

const refused = { "disk info": 3, "disk convert": 3 } as const;
const later = { "disk convert": 3, "disk hash": 3 } as const;
const qcow2 = (...changes: readonly Change[]) => damaged("qcow2-plain", "disk.qcow2", "big", ...changes);
/** The plain fixture with a backing file of this name, which lies in the free end of its header's cluster. */
const backed = (name: string, more: readonly Change[] = []): HostileCase["lay"] =>
  qcow2([8, 1024n], [16, new TextEncoder().encode(name).length], [1024, new TextEncoder().encode(name)], ...more);
/** Another fixture with changes. */
const other = (name: string, ...changes: readonly Change[]) =>
  sparse("disk.qcow2", async () => {
    const disk = new SparseBytes();
    disk.write(0, await qcow2Bytes(name));
    return change(disk, changes, "big");
  });

const rows: readonly (readonly [
  what: string,
  changes: readonly Change[],
  code: HostileCase["code"],
  runs: HostileCase["runs"],
])[] = [
  ["a version of the future", [[4, 9]], "qcow2/bad-header", refused],
  ["clusters of one byte", [[20, 0]], "qcow2/bad-header", refused],
  ["clusters of 2^63 bytes, to shift out of a number", [[20, 63]], "qcow2/bad-header", refused],
  ["a size of 2^60 bytes", [[24, 2n ** 60n]], "io/limit", refused],
  ["a size of 2^50 bytes over a table of a few entries", [[24, 2n ** 50n]], "qcow2/bad-header", refused],
  ["an L1 table of 4 billion entries", [[36, 0xffffffff]], "io/limit", { "disk check": 3 }],
  ["an L1 table behind the end of the file", [[40, 2n ** 50n]], "qcow2/bad-table", refused],
  ["an L1 table that is the header", [[40, 0n]], "qcow2/bad-table", { "disk convert": 3 }],
  ["an encryption that nobody knows", [[32, 77]], "qcow2/bad-header", refused],
  ["an encryption, to be taken for noise", [[32, 2]], "qcow2/encrypted", refused],
  ["an incompatible feature that nobody knows", [[72, 2n ** 40n]], "qcow2/unknown-feature", refused],
  ["the mark that it is corrupt", [[72, 2n]], "qcow2/corrupt", { "disk info": 1 }],
  ["a header of 4 GiB", [[100, 0xfffffff8]], "qcow2/bad-header", refused],
  ["reference counts of 2^200 bits", [[96, 200]], "qcow2/bad-header", refused],
  [
    "65,536 snapshots that are not there",
    [
      [60, 65_536],
      [64, 2n ** 40n],
    ],
    "qcow2/bad-snapshots",
    { "disk info": 3 },
  ],
  [
    "a compression that nobody knows",
    [
      [72, 8n],
      [104, 0x77000000],
    ],
    "qcow2/unknown-compression",
    refused,
  ],
];

const parents: readonly HostileCase[] = (
  [
    ["a file of the system", "/etc/passwd"],
    ["a path that climbs", "../../../../etc/passwd"],
    ["a device", "/dev/sda"],
    ["an address, as QEMU would fetch it", "http://127.0.0.1:9/x"],
    ["a socket, as QEMU would open it", "nbd:unix:/run/x.sock"],
    ["options in JSON, as QEMU would read them", 'json:{"driver":"file","filename":"/etc/passwd"}'],
    ["a URL of ssh", "ssh://root@127.0.0.1/etc/passwd"],
    ["a name of 1,000 characters", "x".repeat(1000)],
  ] as const
).map(([what, name]) => ({
  tries: `a QCOW2 with ${what} as its backing file`,
  code: "disk/parent-missing",
  lay: backed(name),
  runs: refused,
  options: ["--allow-external"],
}));

/** QCOW2 images. */
export const qcow2Family: HostileFamily = {
  title: "QCOW2",
  cases: [
    ...rows.map(
      ([what, changes, code, runs]): HostileCase => ({
        tries: `a QCOW2 with ${what}`,
        code,
        lay: qcow2(...changes),
        runs,
      }),
    ),
    ...parents,
    {
      tries: "a QCOW2 whose backing file lies beside it and was not allowed",
      code: "disk/parent-missing",
      lay: backed("disk2.qcow2"),
      runs: refused,
    },
    {
      tries: "a QCOW2 that is its own backing file",
      code: "disk/chain-loop",
      lay: backed("disk.qcow2"),
      options: ["--allow-external"],
      runs: refused,
    },
    {
      tries: "a QCOW2 with a backing name of 4 GiB",
      code: "qcow2/bad-header",
      lay: qcow2([8, 1024n], [16, 0xffffffff]),
      runs: refused,
    },
    {
      tries: "a QCOW2 with a backing name behind the end of the file",
      code: "qcow2/bad-header",
      lay: qcow2([8, 2n ** 50n], [16, 10]),
      runs: refused,
    },
    {
      tries: "a QCOW2 whose data are in a file of the system",
      code: "qcow2/external-data",
      lay: other("external.qcow2"),
      runs: refused,
    },
    {
      tries: "a QCOW2 cut off in the middle",
      code: "qcow2/bad-cluster",
      lay: cut("qcow2-plain", "disk.qcow2", (size) => Math.floor(size / 2)),
      runs: later,
    },
    {
      tries: "a QCOW2 of its magic alone",
      code: "qcow2/bad-header",
      lay: cut("qcow2-plain", "disk.qcow2", () => 8),
      runs: refused,
    },
    {
      tries: "a compressed QCOW2 whose clusters are noise",
      code: "io/codec-failed",
      lay: damaged("qcow2-compressed", "disk.qcow2", "big", [5 * 65_536, new Uint8Array(65_536).fill(0xff)]),
      runs: later,
    },
  ],
};
