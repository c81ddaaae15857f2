import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ovaXml, xvaBytes } from "../../../src/package/xva/testing/archive.js";
import { craftVhd } from "../../support/vhd.js";
import { descriptorText } from "../../support/vmdk.js";
import type { HostileFamily } from "../case.js";
import { changed, DISK, described, file, GOOD, packed, sparse } from "../make.js";

const MIB = 2 ** 20;
const gzipped = (bytes: () => Uint8Array) =>
  packed(() => ({
    ...described(changed('ovf:href="disk.vmdk"', 'ovf:href="disk.vmdk" ovf:compression="gzip"')),
    "disk.vmdk": gzipSync(bytes()),
  }));
const unsure = ["--no-integrity"];

/** Things that are too many, too deep, or grow: a limit that stands nowhere else in the corpus, and bombs. */
export const boundsFamily: HostileFamily = {
  title: "Bombs and limits",
  cases: [
    {
      tries: "a disk packed with gzip that unpacks to more than the limit",
      code: "io/limit",
      lay: gzipped(() => DISK),
      options: [...unsure, "--limit", "unpackedBytes=16KiB"],
      runs: { convert: 3 },
    },
    {
      tries: "64 MiB of zeros in 64 KiB of gzip for a disk",
      code: "vmdk/bad-header",
      lay: gzipped(() => new Uint8Array(64 * MIB)),
      options: unsure,
      runs: { convert: 3 },
    },
    {
      tries: "gzip in gzip for a disk",
      code: "vmdk/bad-header",
      lay: gzipped(() => gzipSync(DISK)),
      options: unsure,
      runs: { convert: 3 },
    },
    {
      tries: "gzip cut off in the middle for a disk",
      code: "io/codec-failed",
      lay: packed(() => ({
        ...described(changed('ovf:href="disk.vmdk"', 'ovf:href="disk.vmdk" ovf:compression="gzip"')),
        "disk.vmdk": gzipSync(DISK).subarray(0, 200),
      })),
      options: unsure,
      runs: { convert: 3 },
    },
    {
      tries: "a chain of 70 deltas",
      code: "io/limit",
      lay: (place) => {
        for (let i = 0; i < 70; i++) {
          const settings = ["parentCID=12345678", `parentFileNameHint="disk${i + 1}.vmdk"`];
          writeFileSync(join(place, `disk${i}.vmdk`), descriptorText(["RW 1 ZERO"], settings));
        }
        return "disk0.vmdk";
      },
      options: ["--allow-external"],
      runs: { "disk info": 3, "disk convert": 3 },
    },
    {
      tries: "a loop of three deltas",
      code: "disk/chain-loop",
      lay: (place) => {
        for (let i = 0; i < 3; i++) {
          const settings = ["parentCID=12345678", `parentFileNameHint="disk${(i + 1) % 3}.vmdk"`];
          writeFileSync(join(place, `disk${i}.vmdk`), descriptorText(["RW 1 ZERO"], settings));
        }
        return "disk0.vmdk";
      },
      options: ["--allow-external"],
      runs: { "disk info": 3, "disk convert": 3 },
    },
    {
      tries: "more chunks in an XVA than the limit",
      code: "io/limit",
      lay: file("box.xva", () =>
        xvaBytes([
          ovaXml({ "Ref:4": 20 * MIB }),
          ...Array.from({ length: 20 }, (_, i) => [`Ref:4/${String(i).padStart(8, "0")}`, new Uint8Array(0)] as const),
        ]),
      ),
      options: ["--limit", "chunks=10"],
      runs: { "disk info": 3 },
    },
    {
      tries: "a manifest beyond a limit that was lowered",
      code: "io/limit",
      lay: packed(() => GOOD),
      options: ["--limit", "manifestBytes=100"],
      runs: { verify: 3, convert: 3 },
    },
    {
      tries: "an extent list beyond a limit that was lowered",
      code: "io/limit",
      lay: file("disk.vmdk", () => descriptorText(["RW 1 ZERO", "RW 1 ZERO", "RW 1 ZERO"])),
      options: ["--limit", "diskExtents=2"],
      runs: { "disk info": 3 },
    },
    {
      tries: "blocks of a disk beyond a limit that was lowered",
      code: "io/limit",
      lay: sparse("disk.vhd", () => craftVhd({ footer: { type: 3, bytes: 8 * MIB }, blocks: new Map() })),
      options: ["--limit", "unitBytes=1MiB"],
      runs: { "disk info": 3 },
    },
    {
      tries: "elements deeper than a limit that was lowered",
      code: "xml/limit",
      lay: packed(() => GOOD),
      options: ["--limit", "xmlDepth=2"],
      runs: { inspect: 3 },
    },
    {
      tries: "attributes beyond a limit that was lowered",
      code: "xml/limit",
      lay: packed(() => GOOD),
      options: ["--limit", "xmlAttributes=2"],
      runs: { inspect: 3 },
    },
    {
      tries: "a limit that is none",
      code: "cli/invalid-value",
      lay: packed(() => GOOD),
      options: ["--limit", "everything=1"],
      runs: { inspect: 2, convert: 2 },
    },
  ],
};
