import type { HostileCase, HostileFamily } from "../case.js";
import { type Change, cut, damaged } from "../disks.js";

const refused = { "disk info": 3, "disk convert": 3 } as const;
const vdi = (...changes: readonly Change[]) => damaged("vdi-dynamic", "disk.vdi", "little", ...changes);
/** The map of the fixture. */
const MAP = 512;

const rows: readonly (readonly [
  what: string,
  changes: readonly Change[],
  code: HostileCase["code"],
  runs: HostileCase["runs"],
])[] = [
  ["a version of the future", [[68, 0x00090000]], "vdi/unknown-version", refused],
  ["a header of 0 bytes", [[72, 0]], "vdi/bad-header", refused],
  ["a type that nobody knows", [[76, 99]], "vdi/bad-header", refused],
  ["a type that was never in use", [[76, 3]], "vdi/bad-header", refused],
  ["a block of 0 bytes, to divide by", [[376, 0]], "vdi/bad-header", refused],
  ["a block of 3,000 bytes", [[376, 3000]], "vdi/bad-header", refused],
  ["a block of 2 GiB, to be allocated", [[376, 2 ** 31]], "io/limit", refused],
  ["a size of 2^60 bytes", [[368, 2n ** 60n]], "io/limit", refused],
  ["a size that its blocks cannot hold", [[368, 2n ** 40n]], "vdi/bad-header", refused],
  ["4 billion blocks", [[384, 0xffffffff]], "io/limit", refused],
  ["a map behind the end of the file", [[340, 0xfffffe00]], "vdi/bad-map", refused],
  ["data that start behind the end of the file", [[344, 0xfffffe00]], "vdi/bad-block", { "disk convert": 3 }],
  ["a block behind the end of the file", [[MAP, 0x7fffffff]], "vdi/bad-block", { "disk convert": 3, "disk hash": 3 }],
  [
    "two blocks in one place",
    [
      [MAP, 0],
      [MAP + 4, 0],
      [MAP + 8, 0],
    ],
    "vdi/shared-block",
    { "disk check": 1 },
  ],
  ["more blocks in use than there are", [[388, 0xffff]], "vdi/allocated-count", { "disk check": 0 }],
];

/** VDIs. */
export const vdiFamily: HostileFamily = {
  title: "VDI",
  cases: [
    ...rows.map(
      ([what, changes, code, runs]): HostileCase => ({ tries: `a VDI with ${what}`, code, lay: vdi(...changes), runs }),
    ),
    {
      tries: "a VDI with a map that is the header",
      code: "vdi/overlap",
      also: ["vdi/bad-block"],
      lay: vdi([340, 0]),
      runs: { "disk check": 1 },
    },
    {
      tries: "a VDI that ends in its header",
      code: "vdi/bad-header",
      lay: cut("vdi-dynamic", "disk.vdi", () => 300),
      runs: refused,
    },
    {
      tries: "a VDI cut off in the middle of its blocks",
      code: "vdi/bad-block",
      lay: cut("vdi-dynamic", "disk.vdi", (size) => Math.floor(size / 2)),
      runs: { "disk convert": 3 },
    },
    {
      tries: "a VDI that says to be a difference and names no parent",
      code: "disk/parent-missing",
      lay: vdi([76, 4]),
      runs: refused,
    },
  ],
};
