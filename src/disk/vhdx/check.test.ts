import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checked, damage, fixture, guestSum, repaired } from "../../../test/support/damage.js";
import { CRAFTED, type CraftedVhdx, craftVhdx, entryBytes, logEntryBytes } from "../../../test/support/vhdx.js";
import { equalBytes, MIB, viewOf } from "../../base/bytes.js";
import type { SparseBytes } from "../../io/testing/sparse-bytes.js";
import { vhdx } from "./format.js";
import {
  parseHeader,
  parseRegionTable,
  REGION,
  serializeHeader,
  serializeRegionTable,
  type VhdxHeader,
  type VhdxRegion,
} from "./header.js";

const HEADERS = [0x10000, 0x20000] as const;
const REGIONS = [0x30000, 0x40000] as const;

const dynamic = (): Promise<SparseBytes> => fixture("vhdx-dynamic");

function headerOf(file: SparseBytes, i: 0 | 1): VhdxHeader {
  const header = parseHeader(file.read(HEADERS[i], 4096));
  assert.ok(typeof header === "object", String(header));
  return header;
}
function regionsOf(file: SparseBytes): readonly VhdxRegion[] {
  const regions = parseRegionTable(file.read(REGIONS[0], 65536));
  assert.ok(typeof regions === "object");
  return regions;
}
function setRegions(file: SparseBytes, change: (region: VhdxRegion) => VhdxRegion): void {
  const bytes = serializeRegionTable(regionsOf(file).map(change));
  for (const at of REGIONS) file.write(at, bytes);
}
/** Where the table of a file stands. */
const batAt = (file: SparseBytes): number => regionsOf(file).find(({ id }) => id === REGION.bat)?.at ?? 0;
const metadataAt = (file: SparseBytes): number => regionsOf(file).find(({ id }) => id === REGION.metadata)?.at ?? 0;
const setEntry = (file: SparseBytes, index: number, state: number, mib: number): SparseBytes =>
  damage(file, batAt(file) + 8 * index, entryBytes(state, mib));
/** The MiB at which a block lies. */
const mibOf = (file: SparseBytes, index: number): number =>
  Number(viewOf(file.read(batAt(file) + 8 * index, 8)).getBigUint64(0, true) / 2n ** 20n);
/** Entries that name a place, by their index in the table. */
const placed = (file: SparseBytes): readonly number[] =>
  [0, 1, 2, 3, 4, 5].filter((index) => viewOf(file.read(batAt(file) + 8 * index, 4)).getUint32(0, true) % 8 === 6);

const DIRTY: CraftedVhdx = { diskBytes: 4 * MIB, blockBytes: MIB, entries: [], logId: CRAFTED.logId };
/** A file whose block table is only in its log (MS-VHDX 2.3.1), in two entries, and data of which a part is zeroed by the log. */
function dirty(): SparseBytes {
  const file = craftVhdx(DIRTY);
  file.write(5 * MIB, new Uint8Array(MIB).fill(5));
  const table = (...mibs: readonly number[]): Uint8Array => {
    const sector = new Uint8Array(4096);
    for (const [i, mib] of mibs.entries()) if (mib > 0) sector.set(entryBytes(6, mib), 8 * i);
    return sector;
  };
  const entries = [
    { sequence: 5, tail: 0, changes: [{ at: CRAFTED.batAt, data: table(5) }] },
    {
      sequence: 6,
      tail: 0,
      changes: [
        { at: CRAFTED.batAt, data: table(5, 0, 8) },
        { at: 5 * MIB, zeros: 8192 },
      ],
      last: 9 * MIB,
    },
  ];
  let at = CRAFTED.logAt;
  for (const entry of entries) {
    const bytes = logEntryBytes(entry);
    file.write(at, bytes);
    at += bytes.length;
  }
  return file;
}

describe("VHDX check", () => {
  it("finds no fault in what qemu-img wrote, and mends nothing", async () => {
    for (const id of ["vhdx-dynamic", "vhdx-fixed", "vhdx-wide-block"]) {
      const file = await fixture(id);
      assert.deepEqual(await checked(vhdx, file), [], id);
      assert.deepEqual((await repaired(vhdx, file)).plan, { patches: [], fileBytes: null, mended: [], left: [] }, id);
    }
  });

  const damaged: readonly [what: string, findings: readonly string[], change: (file: SparseBytes) => void][] = [
    ["no identifier", ["error vhdx/bad-header"], (file) => damage(file, 0, 0)],
    ["an end within the headers", ["error vhdx/bad-header"], (file) => file.truncate(MIB - 1)],
    ["a damaged header", ["warning vhdx/copy-damaged"], (file) => damage(file, HEADERS[0] + 100, 1)],
    ["two damaged headers", ["error vhdx/bad-header"], (file) => HEADERS.map((at) => damage(file, at + 100, 1))],
    [
      "headers of one number that differ",
      ["error vhdx/headers-disagree"],
      (file) =>
        file.write(
          HEADERS[0],
          serializeHeader({ ...headerOf(file, 0), sequence: headerOf(file, 1).sequence, logVersion: 1 }),
        ),
    ],
    [
      "a place for the log that is none",
      ["warning vhdx/bad-log", "error vhdx/overlap"],
      (file) =>
        HEADERS.map((at, i) =>
          file.write(at, serializeHeader({ ...headerOf(file, i === 0 ? 0 : 1), logAt: MIB + 512 })),
        ),
    ],
    [
      "a log of which nothing is whole",
      ["error vhdx/bad-log"],
      (file) =>
        HEADERS.map((at, i) =>
          file.write(at, serializeHeader({ ...headerOf(file, i === 0 ? 0 : 1), logId: CRAFTED.logId })),
        ),
    ],
    ["a damaged region table", ["warning vhdx/copy-damaged"], (file) => damage(file, REGIONS[1] + 100, 1)],
    ["two damaged region tables", ["error vhdx/bad-region"], (file) => REGIONS.map((at) => damage(file, at + 100, 1))],
    [
      "region tables that differ",
      ["warning vhdx/regions-disagree"],
      (file) => file.write(REGIONS[1], serializeRegionTable(regionsOf(file).slice(1))),
    ],
    [
      "a region that nobody knows and everybody must",
      ["error vhdx/unknown-region"],
      (file) => {
        const more = { id: CRAFTED.logId, at: 64 * MIB, length: MIB, required: true };
        const bytes = serializeRegionTable([...regionsOf(file), more]);
        for (const at of REGIONS) file.write(at, bytes);
      },
    ],
    [
      "regions over each other",
      ["error vhdx/overlap", "error vhdx/bad-metadata"],
      (file) => {
        const bat = batAt(file);
        setRegions(file, (region) => ({ ...region, at: bat }));
      },
    ],
    ["a block size that cannot be", ["error vhdx/bad-metadata"], (file) => damage(file, metadataAt(file) + 0x10000, 3)],
    ["a state that cannot be", ["error vhdx/bad-block"], (file) => setEntry(file, 0, 4, 0)],
    [
      "a partial block without a parent",
      ["error vhdx/bad-block"],
      (file) => setEntry(file, 0, 7, mibOf(file, placed(file)[0] ?? 0)),
    ],
    ["a block past the end of the file", ["error vhdx/bad-block"], (file) => setEntry(file, 0, 6, 4096)],
    ["a block over the log", ["error vhdx/overlap"], (file) => setEntry(file, placed(file)[0] ?? 0, 6, 1)],
    [
      "two blocks at one place",
      ["error vhdx/shared-block"],
      (file) => setEntry(file, placed(file)[1] ?? 0, 6, mibOf(file, placed(file)[0] ?? 0)),
    ],
    [
      "the end of the file cut off",
      ["error vhdx/bad-block"],
      (file) => file.truncate(Math.max(...placed(file).map((i) => mibOf(file, i))) * MIB),
    ],
  ];
  for (const [what, findings, change] of damaged) {
    it(`finds ${what}`, async () => {
      const file = await dynamic();
      change(file);
      assert.deepEqual(await checked(vhdx, file), findings);
    });
  }

  it("finds a log that has to be applied, and looks at what it makes of the file", async () => {
    assert.deepEqual(await checked(vhdx, await fixture("vhdx-torn")), ["warning vhdx/log-pending"]);
    assert.deepEqual(await checked(vhdx, dirty()), ["warning vhdx/log-pending"]);
  });

  it("holds sector bitmaps against the blocks that need them", async () => {
    const child = (
      bitmap: readonly [state: number, mib: number],
      parent: Readonly<Record<string, string>>,
    ): SparseBytes =>
      craftVhdx({
        diskBytes: 4 * MIB,
        blockBytes: MIB,
        parent,
        // A chunk has 4096 blocks of 1 MiB.
        entries: [
          { index: 0, state: 7, mib: 4 },
          { index: 4096, state: bitmap[0], mib: bitmap[1] },
        ],
      });
    const parent = { parent_linkage: `{${CRAFTED.dataWriteId}}`, relative_path: ".\\base.vhdx" };
    assert.deepEqual(await checked(vhdx, child([6, 5], parent)), []);
    assert.deepEqual(await checked(vhdx, child([0, 0], parent)), ["error vhdx/bad-block"]);
    assert.deepEqual(await checked(vhdx, child([6, 4], parent)), ["error vhdx/shared-block"]);
    assert.deepEqual(await checked(vhdx, child([6, 5], {})), ["error vhdx/no-parent"]);
  });
});

describe("VHDX repair", () => {
  it("applies a log, keeps what the guest reads, and leaves a closed file", async () => {
    for (const file of [dirty(), await fixture("vhdx-torn")]) {
      const before = await guestSum(vhdx, file);
      const old = [headerOf(file, 0), headerOf(file, 1)];
      const sequence =
        old[0] !== undefined && old[1] !== undefined && old[0].sequence > old[1].sequence
          ? old[0].sequence
          : (old[1]?.sequence ?? 0n);
      const ruling = old.find((header) => header.sequence === sequence);
      const done = await repaired(vhdx, file);
      assert.deepEqual([done.mended, done.left], [["vhdx/log-pending"], []]);
      assert.deepEqual(await checked(vhdx, done.file), []);
      assert.equal(await guestSum(vhdx, done.file), before);
      // MS-VHDX 2.2.2.1: each update counts on, the file write GUID is new, the data write GUID stays.
      const [first, second] = [headerOf(done.file, 0), headerOf(done.file, 1)];
      assert.deepEqual([first.sequence, second.sequence].sort(), [sequence + 1n, sequence + 2n]);
      for (const header of [first, second]) {
        assert.equal(header.logId, null);
        assert.equal(header.dataWriteId, ruling?.dataWriteId);
        assert.notEqual(header.fileWriteId, ruling?.fileWriteId);
      }
    }
  });

  it("makes the file as long as its log says", async () => {
    const done = await repaired(vhdx, dirty());
    assert.equal(done.plan.fileBytes, 9 * MIB);
    assert.equal(done.file.size, 9 * MIB);
  });

  it("writes a damaged header or region table again from the other copy", async () => {
    const whole = await dynamic();
    for (const at of [...HEADERS, ...REGIONS]) {
      const file = damage(await dynamic(), at + 8, 0x77);
      const before = await guestSum(vhdx, file);
      const done = await repaired(vhdx, file);
      assert.deepEqual([done.mended, done.left], [["vhdx/copy-damaged"], []]);
      assert.deepEqual(await checked(vhdx, done.file), []);
      assert.equal(await guestSum(vhdx, done.file), before);
      assert.ok(equalBytes(done.file.read(REGIONS[0], 0x20000), whole.read(REGIONS[0], 0x20000)));
      assert.ok(equalBytes(done.file.read(MIB, done.file.size - MIB), whole.read(MIB, whole.size - MIB)));
    }
  });

  it("names entries with reserved bits set, and reads them all the same", async () => {
    const file = await dynamic();
    const [index = 0] = placed(file);
    const at = batAt(file) + 8 * index;
    const before = await guestSum(vhdx, file);
    // Bit 3 of the entry (MS-VHDX 2.5.1): the lowest of the reserved ones.
    damage(file, at, Uint8Array.of((file.read(at, 1)[0] as number) + 8));
    assert.deepEqual(await checked(vhdx, file), ["warning vhdx/reserved-bits"]);
    assert.equal(await guestSum(vhdx, file), before);
  });

  it("counts what the file holds and nothing uses, and no holes", async () => {
    const file = await dynamic();
    const end = Math.ceil(file.size / MIB);
    file.truncate((end + 3) * MIB);
    assert.deepEqual(await checked(vhdx, file), []);
    file.write((end + 1) * MIB, new Uint8Array(MIB).fill(1));
    assert.deepEqual(await checked(vhdx, file), ["info vhdx/leaked-space"]);
  });

  it("mends a region table that the log changes and one that is damaged at once", async () => {
    const file = damage(dirty(), REGIONS[0] + 8, 0x77);
    const before = await guestSum(vhdx, file);
    const done = await repaired(vhdx, file);
    assert.deepEqual([...done.mended].sort(), ["vhdx/copy-damaged", "vhdx/log-pending"]);
    assert.equal(await guestSum(vhdx, done.file), before);
  });

  it("leaves what has no one right answer, and says so", async () => {
    const shared = await dynamic();
    setEntry(shared, placed(shared)[1] ?? 0, 6, mibOf(shared, placed(shared)[0] ?? 0));
    const torn = await dynamic();
    HEADERS.forEach((at, i) => {
      torn.write(at, serializeHeader({ ...headerOf(torn, i === 0 ? 0 : 1), logId: CRAFTED.logId }));
    });
    const tied = await dynamic();
    tied.write(
      HEADERS[0],
      serializeHeader({ ...headerOf(tied, 0), sequence: headerOf(tied, 1).sequence, logVersion: 1 }),
    );
    for (const [file, code] of [
      [shared, "vhdx/shared-block"],
      [torn, "vhdx/bad-log"],
      [tied, "vhdx/headers-disagree"],
    ] as const) {
      const { plan, left } = await repaired(vhdx, file);
      assert.deepEqual([plan.patches, plan.mended, left], [[], [], [code]]);
    }
  });
});
