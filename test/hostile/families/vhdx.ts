import { MIB } from "../../../src/base/bytes.js";
import { CRAFTED, type CraftedVhdx, craftedItems, craftVhdx, logEntryBytes } from "../../support/vhdx.js";
import type { HostileCase, HostileFamily } from "../case.js";
import { type Change, change, cut } from "../disks.js";
import { file, sparse } from "../make.js";

const refused = { "disk info": 3, "disk convert": 3 } as const;
const GOOD: CraftedVhdx = { diskBytes: 4 * MIB, blockBytes: MIB, entries: [{ index: 0, state: 6, mib: 4 }] };
const vhdx = (shape: Partial<CraftedVhdx>, ...changes: readonly Change[]) =>
  sparse("disk.vhdx", () => change(craftVhdx({ ...GOOD, ...shape }), changes, "little"));
const items = (change: (items: ReturnType<typeof craftedItems>) => ReturnType<typeof craftedItems>) => ({
  items: change(craftedItems(GOOD)),
});
const child = (entries: Readonly<Record<string, string>>): HostileCase["lay"] =>
  vhdx({ parent: { parent_linkage: "{99999999-8888-7777-6666-555555555555}", ...entries }, entries: [] });
const noise = (length: number): Uint8Array => new Uint8Array(length).fill(0xff);
/** A file with a log of one entry. */
const logged = (
  entry: Partial<Parameters<typeof logEntryBytes>[0]>,
  spoil: (bytes: Uint8Array) => void = () => {},
): HostileCase["lay"] =>
  sparse("disk.vhdx", () => {
    const disk = craftVhdx({ ...GOOD, logId: CRAFTED.logId });
    const bytes = logEntryBytes({
      sequence: 9,
      tail: 0,
      changes: [{ at: 5 * MIB, data: new Uint8Array(4096).fill(7) }],
      ...entry,
    });
    spoil(bytes);
    disk.write(CRAFTED.logAt, bytes);
    return disk;
  });

/** VHDXs. */
export const vhdxFamily: HostileFamily = {
  title: "VHDX",
  cases: [
    ...(
      [
        ["a block of 0 bytes, to divide by", { blockBytes: 0 }, "vhdx/bad-metadata"],
        ["a block of 3 MiB", { blockBytes: 3 * MIB }, "vhdx/bad-metadata"],
        ["a block of 1 GiB, to be allocated", { blockBytes: 2 ** 30 }, "vhdx/bad-metadata"],
        ["sectors of 100 bytes", { sector: 100 }, "vhdx/bad-metadata"],
        ["a size of 2^60 bytes", { diskBytes: 2 ** 52 }, "vhdx/bad-metadata"],
        ["a table that is too short for the disk", { diskBytes: 2 ** 40 }, "vhdx/bad-region"],
        ["a metadata item missing", items((all) => all.slice(1)), "vhdx/bad-metadata"],
        ["a metadata item twice", items((all) => [...all, ...all.slice(0, 1)]), "vhdx/bad-metadata"],
        [
          "a required item that nobody knows",
          items((all) => [...all, { id: "aaaaaaaa-1111-2222-3333-444444444444", flags: 4, bytes: new Uint8Array(8) }]),
          "vhdx/unknown-metadata",
        ],
      ] as const satisfies readonly (readonly [string, Partial<CraftedVhdx>, HostileCase["code"]])[]
    ).map(
      ([what, shape, code]): HostileCase => ({ tries: `a VHDX with ${what}`, code, lay: vhdx(shape), runs: refused }),
    ),
    {
      tries: "a VHDX with both headers damaged",
      code: "vhdx/bad-header",
      lay: vhdx({}, [0x10000 + 8, noise(16)], [0x20000 + 8, noise(16)]),
      runs: refused,
    },
    {
      tries: "a VHDX with one header damaged, to make an old state of it count",
      code: "vhdx/copy-damaged",
      lay: vhdx({}, [0x20000 + 8, noise(16)]),
      runs: { "disk check": 0 },
    },
    {
      tries: "a VHDX with both region tables damaged",
      code: "vhdx/bad-region",
      lay: vhdx({}, [0x30000 + 8, noise(16)], [0x40000 + 8, noise(16)]),
      runs: refused,
    },
    {
      tries: "a VHDX with a metadata table that is noise",
      code: "vhdx/bad-metadata",
      lay: vhdx({}, [CRAFTED.metadataAt, noise(64)]),
      runs: refused,
    },
    {
      tries: "a VHDX with 65,535 metadata items",
      code: "vhdx/bad-metadata",
      lay: vhdx({}, [CRAFTED.metadataAt + 8, 0xffff0000]),
      runs: refused,
    },
    {
      tries: "a VHDX with a block behind the end of the file",
      code: "vhdx/bad-block",
      lay: vhdx({ entries: [{ index: 0, state: 6, mib: 2 ** 40 }] }),
      runs: { "disk convert": 3, "disk hash": 3 },
    },
    {
      tries: "a VHDX with two blocks in one place",
      code: "vhdx/shared-block",
      lay: vhdx({
        entries: [
          { index: 0, state: 6, mib: 4 },
          { index: 1, state: 6, mib: 4 },
        ],
      }),
      runs: { "disk check": 1 },
    },
    {
      tries: "a VHDX with a block that is its own table",
      code: "vhdx/overlap",
      lay: vhdx({ entries: [{ index: 0, state: 6, mib: 3 }] }),
      runs: { "disk check": 1 },
    },
    {
      tries: "a VHDX with a block state that nobody knows",
      code: "vhdx/bad-block",
      lay: vhdx({ entries: [{ index: 0, state: 4, mib: 4 }] }),
      runs: { "disk convert": 3 },
    },
    {
      tries: "a VHDX with a log that writes behind the end of the file",
      code: "vhdx/log-replayed",
      lay: logged({ changes: [{ at: 2 ** 50, data: new Uint8Array(4096) }] }),
      runs: { "disk info": 0, "disk convert": 0 },
    },
    {
      tries: "a VHDX with a log that zeroes 2^50 bytes",
      code: "vhdx/log-replayed",
      lay: logged({ changes: [{ at: 4 * MIB, zeros: 2 ** 50 }] }),
      runs: { "disk info": 0, "disk convert": 0 },
    },
    {
      tries: "a VHDX with a log whose only entry is damaged",
      code: "vhdx/bad-log",
      lay: logged({}, (bytes) => bytes.fill(0xff, 100, 200)),
      runs: refused,
    },
    {
      tries: "a VHDX with a log whose tail is in itself, to be walked for ever",
      code: "vhdx/bad-log",
      lay: logged({ tail: 8192 }),
      runs: refused,
    },
    {
      tries: "a VHDX with a log that is larger than the limit",
      code: "io/limit",
      lay: logged({}),
      options: ["--limit", "diskLogBytes=64KiB"],
      runs: { "disk info": 3 },
    },
    {
      tries: "a VHDX with a log that says the file was larger",
      code: "vhdx/bad-log",
      lay: logged({ flushed: 2 ** 40, last: 2 ** 40 }),
      runs: refused,
    },
    {
      tries: "a VHDX cut off behind its headers",
      code: "vhdx/bad-region",
      lay: cut("vhdx-dynamic", "disk.vhdx", () => 2 * MIB),
      runs: { "disk info": 3 },
    },
    {
      tries: "a VHDX of its signature alone",
      code: "vhdx/bad-header",
      lay: file("disk.vhdx", () => "vhdxfile"),
      runs: refused,
    },
    ...(
      [
        ["an absolute path of Windows", { absolute_win32_path: "\\\\?\\C:\\secret.vhdx" }],
        ["a path that climbs", { relative_path: "..\\..\\..\\secret.vhdx" }],
        ["a volume of Windows", { volume_path: "\\\\?\\Volume{26A21BDA-A627-11D7-9931-806E6F6E6963}\\x.vhdx" }],
        ["no name", {}],
      ] as const satisfies readonly (readonly [string, Readonly<Record<string, string>>])[]
    ).map(
      ([what, entries]): HostileCase => ({
        tries: `a VHDX with ${what} as its parent`,
        code: "disk/parent-missing",
        lay: child(entries),
        runs: refused,
      }),
    ),
    {
      tries: "a VHDX that is its own parent",
      code: "disk/chain-loop",
      lay: child({ relative_path: ".\\disk.vhdx" }),
      options: ["--allow-external"],
      runs: refused,
    },
  ],
};
