import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SECTOR } from "../../../src/base/bytes.js";
import { craftSparse, descriptorText, GRAIN, PLACES, wordsOf } from "../../support/vmdk.js";
import type { HostileCase, HostileFamily } from "../case.js";
import { type Change, change, cut, damaged, textFile } from "../disks.js";
import { file, sparse } from "../make.js";
import { ESCAPED } from "./names.js";

const header = (...changes: readonly Change[]) =>
  sparse("disk.vmdk", () => change(craftSparse({ grains: { 0: 128 } }), changes, "little"));
const refused = { "disk info": 3, "disk convert": 3 } as const;
const later = { "disk convert": 3, "disk hash": 3 } as const;
/** A descriptor that names an extent. */
const names = (extent: string) => textFile("disk.vmdk", descriptorText([extent], ['createType="monolithicFlat"']));

const outside: readonly HostileCase[] = (
  [
    ["a file of the system", "/etc/passwd"],
    ["a device", "/dev/zero"],
    ["a path that climbs", "../../../../../../etc/passwd"],
    ["a path with backslashes", "..\\..\\secret.bin"],
    ["an address", "http://127.0.0.1:9/x.bin"],
    ["a URL of a file", "file:///etc/passwd"],
    ["a share of Windows", "\\\\127.0.0.1\\share\\x.bin"],
    ["a path that is not there", ESCAPED],
  ] as const
).map(([what, name]) => ({
  tries: `a VMDK with ${what} as its extent`,
  code: "vmdk/extent-missing",
  lay: names(`RW 1 FLAT "${name}" 0`),
  runs: refused,
}));

const fields: readonly (readonly [
  what: string,
  at: number,
  value: number | bigint,
  code: HostileCase["code"],
  runs: HostileCase["runs"],
])[] = [
  ["a version of the future", 4, 99, "vmdk/bad-header", refused],
  ["a capacity of 2^63 sectors", 12, 2n ** 63n, "io/limit", refused],
  ["a capacity of 2^50 sectors over tables of a few", 12, 2n ** 50n, "vmdk/bad-header", refused],
  ["a grain of 0 sectors, to divide by", 20, 0n, "vmdk/bad-header", refused],
  ["a grain of 7 sectors", 20, 7n, "vmdk/bad-header", refused],
  ["a grain of 2^40 sectors, to be allocated", 20, 2n ** 40n, "vmdk/bad-header", refused],
  ["grain tables of 4 billion entries", 44, 0xffffffff, "vmdk/bad-header", refused],
  ["grain tables of no entry, to divide by", 44, 0, "vmdk/bad-header", refused],
  ["a descriptor of 2^40 sectors", 36, 2n ** 40n, "io/limit", refused],
  ["a descriptor beyond the end of the file", 28, 2n ** 40n, "vmdk/bad-header", refused],
  [
    "a directory beyond the end of the file",
    56,
    2n ** 41n,
    "vmdk/redundant-tables",
    { "disk info": 0, "disk convert": 0 },
  ],
  ["the line feeds of a text transfer changed", 73, 0x0a0a0d20, "vmdk/bad-header", refused],
];

/** VMDKs. */
export const vmdkFamily: HostileFamily = {
  title: "VMDK",
  cases: [
    ...outside,
    ...fields.map(
      ([what, at, value, code, runs]): HostileCase => ({
        tries: `a sparse VMDK with ${what}`,
        code,
        lay: header([at, value]),
        runs,
      }),
    ),
    {
      tries: "a VMDK with a symbolic link to an endless device as its extent",
      code: "vmdk/extent-missing",
      lay: (place) => {
        symlinkSync("/dev/zero", join(place, "x.bin"));
        return names('RW 1 FLAT "x.bin" 0')(place);
      },
      runs: refused,
    },
    {
      tries: "a VMDK with a physical disk of the host as its extent",
      code: "vmdk/unsupported-extent",
      lay: names('RW 1 VMFSRDM "x.vmdk"'),
      runs: refused,
    },
    {
      tries: "a VMDK that is its own extent",
      code: "vmdk/bad-header",
      lay: textFile("disk.vmdk", descriptorText(['RW 1024 SPARSE "disk.vmdk"'])),
      runs: refused,
    },
    {
      tries: "a VMDK that is its own flat extent, to read the descriptor as a disk",
      code: "vmdk/short-extent",
      lay: names('RW 1024 FLAT "disk.vmdk" 0'),
      runs: refused,
    },
    {
      tries: "a flat extent shorter than its line says",
      code: "vmdk/short-extent",
      lay: (place) => {
        writeFileSync(join(place, "x.bin"), "short");
        return names('RW 1000 FLAT "x.bin" 0')(place);
      },
      runs: refused,
    },
    {
      tries: "a flat extent that starts behind its own end",
      code: "vmdk/bad-descriptor",
      lay: (place) => {
        writeFileSync(join(place, "x.bin"), new Uint8Array(1024));
        return names('RW 1 FLAT "x.bin" 9007199254740991')(place);
      },
      runs: refused,
    },
    {
      tries: "an extent of 2^60 sectors of zeros",
      code: "vmdk/bad-descriptor",
      lay: names(`RW ${2n ** 60n} ZERO`),
      runs: refused,
    },
    {
      tries: "extents whose sizes overflow when they are added",
      code: "vmdk/bad-descriptor",
      lay: textFile("disk.vmdk", descriptorText(Array.from({ length: 1000 }, () => `RW ${2n ** 43n} ZERO`))),
      runs: refused,
    },
    {
      tries: "40,000 extents",
      code: "io/limit",
      lay: textFile("disk.vmdk", descriptorText(Array.from({ length: 40_000 }, () => "RW 1 ZERO"))),
      runs: refused,
    },
    {
      tries: "a descriptor of 2 MiB",
      code: "io/limit",
      lay: textFile("disk.vmdk", `${descriptorText(["RW 1 ZERO"])}${"#\n".repeat(2 ** 20)}`),
      runs: refused,
    },
    {
      tries: "an extent of a kind that nobody knows",
      code: "vmdk/bad-descriptor",
      lay: names('RW 1 EXEC "id"'),
      runs: refused,
    },
    {
      tries: "a parent by an absolute path",
      code: "disk/parent-missing",
      lay: textFile(
        "disk.vmdk",
        descriptorText(
          ["RW 1 ZERO"],
          ["parentCID=12345678", 'parentFileNameHint="/etc/passwd"', 'createType="monolithicFlat"'],
        ),
      ),
      runs: refused,
    },
    {
      tries: "a parent that is the disk itself",
      code: "disk/chain-loop",
      lay: sparse("disk.vmdk", () =>
        craftSparse({
          descriptor: descriptorText(
            ['RW 131072 SPARSE "disk.vmdk"'],
            ["parentCID=12345678", 'parentFileNameHint="disk.vmdk"'],
          ),
        }),
      ),
      options: ["--allow-external"],
      runs: refused,
    },
    {
      tries: "a grain behind the end of the file",
      code: "vmdk/bad-grain",
      lay: sparse("disk.vmdk", () => craftSparse({ grains: { 700: 0xfffffff0 } })),
      runs: { ...later, "disk check": 1 },
    },
    {
      tries: "a grain that is the header",
      code: "vmdk/overlap",
      lay: sparse("disk.vmdk", () => craftSparse({ grains: { 0: 1 } })),
      runs: { "disk check": 1 },
    },
    {
      tries: "two grains in one place",
      code: "vmdk/overlap",
      lay: sparse("disk.vmdk", () => craftSparse({ grains: { 0: 128, 1: 128 } })),
      runs: { "disk check": 1 },
    },
    {
      tries: "tables that are the directory",
      code: "vmdk/overlap",
      lay: sparse("disk.vmdk", () => craftSparse({ directory: [PLACES.directory, PLACES.directory] })),
      runs: { "disk check": 1 },
    },
    {
      tries: "a table behind the end of the file, in both directories",
      code: "vmdk/bad-table",
      lay: sparse("disk.vmdk", () => {
        const disk = craftSparse({ directory: [0xfffffff0, 0] });
        disk.write(PLACES.redundantDirectory * SECTOR, wordsOf([0xfffffff0, 0]));
        return disk;
      }),
      runs: { "disk convert": 3 },
    },
    {
      tries: "more tables than the limit lets into memory",
      code: "io/limit",
      lay: header([12, 2n ** 40n]),
      options: ["--limit", "tableBytes=4KiB"],
      runs: { "disk info": 3 },
    },
    {
      tries: "a disk that was not closed",
      code: "vmdk/unclean",
      lay: sparse("disk.vmdk", () => craftSparse({ header: { unclean: true } })),
      runs: { "disk info": 0, "disk convert": 0 },
    },
    {
      tries: "a stream cut off in the middle",
      code: "vmdk/bad-grain",
      lay: cut("vmdk-stream", "disk.vmdk", (size) => Math.floor(size / 2)),
      runs: { "disk convert": 3, "disk hash": 3 },
    },
    {
      tries: "a stream of its first sector alone",
      code: "vmdk/bad-header",
      lay: cut("vmdk-stream", "disk.vmdk", () => SECTOR),
      runs: { "disk info": 3, "disk convert": 3 },
    },
    {
      tries: "a stream whose first grain is noise",
      code: "io/codec-failed",
      lay: damaged("vmdk-stream", "disk.vmdk", "little", [GRAIN + 40, Uint8Array.from({ length: 60 }, () => 0xff)]),
      runs: later,
    },
    {
      tries: "an ESX extent without its descriptor",
      code: "vmdk/bare-extent",
      lay: file("disk.vmdk", () => Buffer.concat([Buffer.from("COWD"), new Uint8Array(2044)])),
      runs: refused,
    },
    {
      tries: "an encrypted disk, to be taken for noise",
      code: "vmdk/encrypted",
      lay: textFile(
        "disk.vmdk",
        descriptorText(["RW 1 ZERO"], ['encoding="UTF-8"', 'encryption.keySafe = "vmware:key/list/x"']),
      ),
      runs: refused,
    },
    {
      tries: "a disk whose name says raw and whose content is a VMDK that names other files",
      code: "disk/name-disagrees",
      lay: textFile("disk.raw", descriptorText(['RW 1 FLAT "/etc/passwd" 0'], ['createType="monolithicFlat"'])),
      runs: { "disk info": 2, "disk convert": 2 },
    },
  ],
};
