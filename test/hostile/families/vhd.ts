import { MIB } from "../../../src/base/bytes.js";
import { craftVhd, footerBytes } from "../../support/vhd.js";
import type { HostileCase, HostileFamily } from "../case.js";
import { type Change, change, cut } from "../disks.js";
import { file, sparse } from "../make.js";

const refused = { "disk info": 3, "disk convert": 3 } as const;
const later = { "disk convert": 3, "disk hash": 3, "disk check": 1 } as const;
type Shape = Parameters<typeof craftVhd>[0];
const GOOD: Shape = { footer: { type: 3, bytes: 8 * MIB }, blocks: new Map([[0, 16]]) };
const vhd = (shape: Partial<Shape>, ...changes: readonly Change[]) =>
  sparse("disk.vhd", () => change(craftVhd({ ...GOOD, ...shape }), changes, "big"));
const UTF16 = (text: string): Uint8Array => Buffer.from(text, "utf16le");
/** A differencing disk whose parent has a name. */
const child = (name: string): HostileCase["lay"] =>
  sparse("disk.vhd", () => {
    const bytes = UTF16(name);
    const disk = craftVhd({
      footer: { type: 4, bytes: 8 * MIB },
      header: {
        parent: { id: "11111111-2222-3333-4444-555555555555", name },
        locators: [{ platform: "W2ru", space: 512, length: bytes.length, at: 4096 }],
      },
      blocks: new Map(),
    });
    disk.write(4096, bytes);
    return disk;
  });

/** VHDs. */
export const vhdFamily: HostileFamily = {
  title: "VHD",
  cases: [
    ...(
      [
        ["a type that nobody knows", { footer: { type: 9, bytes: 8 * MIB } }, "vhd/bad-footer"],
        ["a version of the future", { footer: { type: 3, bytes: 8 * MIB, version: 0x20000 } }, "vhd/bad-footer"],
        [
          "a header behind the end of the file",
          { footer: { type: 3, bytes: 8 * MIB, headerAt: 2 ** 40 } },
          "vhd/bad-header",
        ],
        ["a header that is the footer", { footer: { type: 3, bytes: 8 * MIB, headerAt: 0 } }, "vhd/bad-header"],
        ["a block of 0 bytes, to divide by", { header: { blockBytes: 0 } }, "vhd/bad-header"],
        ["a block of 3 MiB", { header: { blockBytes: 3 * MIB } }, "vhd/bad-header"],
        ["a block of 2 GiB, to be allocated", { header: { blockBytes: 2 ** 31 } }, "io/limit"],
        ["a table that is too short for the disk", { header: { tableEntries: 1 } }, "vhd/bad-table"],
        ["a table behind the end of the file", { header: { tableAt: 2 ** 41 } }, "vhd/bad-table"],
        ["a dynamic header of a version of the future", { header: { version: 0x70000 } }, "vhd/bad-header"],
      ] as const satisfies readonly (readonly [string, Partial<Shape>, HostileCase["code"]])[]
    ).map(
      ([what, shape, code]): HostileCase => ({
        tries: `a VHD with ${what}`,
        code,
        lay: vhd(shape as Partial<Shape>),
        runs: refused,
      }),
    ),
    {
      tries: "a VHD with a size of 2^60 bytes",
      code: "io/limit",
      lay: sparse("disk.vhd", () => {
        const disk = craftVhd(GOOD);
        const footer = footerBytes({ type: 3, bytes: 2 ** 60 });
        disk.write(0, footer);
        disk.write(disk.size - footer.length, footer);
        return disk;
      }),
      runs: refused,
    },
    {
      tries: "a VHD with a block behind the end of the file",
      code: "vhd/bad-block",
      lay: vhd({ blocks: new Map([[0, 0x7fffffff]]) }),
      runs: later,
    },
    {
      tries: "a VHD with a block that is the header",
      code: "vhd/overlap",
      lay: vhd({ blocks: new Map([[0, 1]]) }),
      runs: { "disk check": 1 },
    },
    {
      tries: "a VHD with two blocks in one place",
      code: "vhd/shared-block",
      lay: vhd({
        blocks: new Map([
          [0, 16],
          [1, 16],
        ]),
      }),
      runs: { "disk check": 1 },
    },
    {
      tries: "a VHD with one bit changed in its footer",
      code: "vhd/footer-damaged",
      lay: sparse("disk.vhd", () => {
        const disk = craftVhd(GOOD);
        disk.write(disk.size - 512 + 50, Uint8Array.of(7));
        return disk;
      }),
      runs: { "disk info": 0, "disk convert": 0 },
    },
    {
      tries: "a VHD without its footer",
      code: "disk/unknown-format",
      lay: file("disk.vhd", () => new Uint8Array(8192)),
      runs: { "disk info": 2, "disk convert": 2 },
    },
    {
      tries: "a fixed VHD that is larger than its file",
      code: "vhd/cut-off",
      lay: file("disk.vhd", () => Buffer.concat([new Uint8Array(4096), footerBytes({ type: 2, bytes: 2 ** 40 })])),
      runs: refused,
    },
    {
      tries: "a VHD cut off in the middle",
      code: "vhd/bad-block",
      lay: cut("vhd-dynamic", "disk.vhd", (size) => Math.floor(size / 2)),
      runs: { "disk convert": 3 },
    },
    ...(
      [
        ["an absolute path of Windows", "C:\\Windows\\secret.vhd"],
        ["a share of Windows, which would send a password", "\\\\127.0.0.1\\share\\x.vhd"],
        ["a path that climbs", "..\\..\\..\\secret.vhd"],
        ["a file of the system", "/etc/passwd"],
        ["an address", "http://127.0.0.1:9/x.vhd"],
      ] as const
    ).map(
      ([what, name]): HostileCase => ({
        tries: `a VHD with ${what} as its parent`,
        code: "disk/parent-missing",
        lay: child(name),
        runs: refused,
      }),
    ),
    {
      tries: "a VHD that is its own parent",
      code: "disk/chain-loop",
      lay: child(".\\disk.vhd"),
      options: ["--allow-external"],
      runs: refused,
    },
  ],
};
