import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gpt, guestDisk, mbr, PROTECTIVE } from "../../../test/support/guest.js";
import { guestImage } from "../../../test/support/guest-images.js";
import { LVM_START, lvmLabel } from "../../../test/support/lvm.js";
import { MIB, SECTOR } from "../../base/bytes.js";
import { testContext } from "../../io/testing/context.js";
import { type SparseBytes, sparseSource } from "../../io/testing/sparse-bytes.js";
import { zlibCodec } from "../../runtime/node/codec.js";
import type { VirtualDisk } from "../model.js";
import { openRaw } from "../raw/read.js";
import { guestFacts } from "./facts.js";
import type { GuestFacts } from "./model.js";

const SIZE = 64 * MIB;
/** Where the first partition starts, in sectors. */
const FIRST = 2048;
const root = await guestImage("ext4-1k");

async function look(bytes: SparseBytes, guestBytes = 8 * MIB): Promise<GuestFacts & { readonly bytesRead: number }> {
  const disk = openRaw(sparseSource(bytes, "disk"));
  let bytesRead = 0;
  const counted: VirtualDisk = {
    ...disk,
    reads(range, signal) {
      bytesRead += range.length;
      return disk.reads(range, signal);
    },
  };
  const facts = await guestFacts(counted, testContext({ runtime: { codec: zlibCodec() }, limits: { guestBytes } }));
  return { ...facts, bytesRead };
}

function kinds({ volumes }: GuestFacts): readonly string[] {
  return volumes.map(({ name, kind }) => `${name}: ${kind}`);
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe("a Linux system", () => {
  it("is found in a primary partition", async () => {
    const disk = guestDisk(SIZE, {
      0: mbr([{ type: 0x83, first: FIRST, sectors: 2048, active: true }], { code: true }),
      [FIRST * SECTOR]: root,
    });
    const facts = await look(disk);
    assert.deepEqual([facts.system, facts.sure, facts.root, facts.id], ["linux", "read", "partition 1", "debian"]);
    assert.equal(facts.boot.firmware, "bios");
    assert.deepEqual(facts.notRead, []);
    assert.deepEqual(facts.volumes, [{ name: "partition 1", kind: "ext", size: 2048 * SECTOR }]);
  });

  it("is found in a logical partition, which counts from 5", async () => {
    const extended = 8192;
    const chain = (own: number, next: number | null): Uint8Array =>
      mbr([
        { type: 0x83, first: own, sectors: 2048 },
        ...(next === null ? [] : [{ type: 0x05, first: next, sectors: 4096 }]),
      ]);
    const disk = guestDisk(SIZE, {
      0: mbr([
        { type: 0x82, first: FIRST, sectors: 2048 },
        { type: 0x05, first: extended, sectors: 20_000 },
      ]),
      [FIRST * SECTOR + 4086]: text("SWAPSPACE2"),
      [extended * SECTOR]: chain(2048, 8192),
      [(extended + 8192) * SECTOR]: chain(2048, null),
      [(extended + 8192 + 2048) * SECTOR]: root,
    });
    const facts = await look(disk);
    assert.deepEqual(kinds(facts), ["partition 1: swap", "partition 5: unknown", "partition 6: ext"]);
    assert.equal(facts.root, "partition 6");
  });

  it("is found in a partition of a GPT under its number, and on a disk without partitions", async () => {
    const tables = gpt([{ type: "linux", first: FIRST, sectors: 4096 }], 2);
    const [header, table] = [tables.header, tables.table.slice()];
    table.copyWithin(13 * 128, 0, 128);
    table.fill(0, 0, 128);
    const disk = guestDisk(SIZE, {
      0: mbr([PROTECTIVE]),
      [SECTOR]: header,
      [2 * SECTOR]: table,
      [FIRST * SECTOR]: root,
    });
    assert.equal((await look(disk)).root, "partition 14");
    assert.equal((await look(guestDisk(SIZE, { 0: root }))).root, "the whole disk");
  });

  it("is found on a logical volume, in the order of its segments", async () => {
    const half = Math.ceil(root.length / 2 / 65_536) * 65_536;
    const extents = [half / 65_536, half / 65_536] as const;
    const segments = `
      segment1 { start_extent = 0 extent_count = ${extents[0]} type = "striped" stripe_count = 1 stripes = [ "pv0", 64 ] }
      segment2 { start_extent = ${extents[0]} extent_count = ${extents[1]} type = "striped" stripe_count = 1 stripes = ["pv0", 8] }`;
    const label = lvmLabel(`
      swap { segment_count = 1 segment1 { start_extent = 0 extent_count = 2 type = "striped" stripes = ["pv0", 0] } }
      root { segment_count = 2 ${segments} }
      wide { segment1 { start_extent = 0 extent_count = 8 type = "striped" stripe_count = 2 stripes = ["pv0", 0, "pv1", 0] } }
      far { segment1 { start_extent = 0 extent_count = 8 type = "striped" stripe_count = 1 stripes = ["pv1", 0] } }
      thin { segment1 { start_extent = 0 extent_count = 8 type = "thin" } }`);
    const at = FIRST * SECTOR;
    const data = at + LVM_START;
    const disk = guestDisk(SIZE, {
      0: mbr([{ type: 0x8e, first: FIRST, sectors: 60_000 }]),
      [at]: label,
      [data + 4086]: text("SWAPSPACE2"),
      [data + 64 * 65_536]: root.slice(0, half),
      [data + 8 * 65_536]: root.slice(half),
    });
    const facts = await look(disk);
    assert.deepEqual(kinds(facts), [
      "partition 1: lvm",
      "vg0/swap: swap",
      "vg0/root: ext",
      "vg0/wide: unknown",
      "vg0/far: unknown",
      "vg0/thin: unknown",
    ]);
    assert.deepEqual([facts.root, facts.id], ["vg0/root", "debian"]);
    assert.equal(facts.notRead.length, 3);
  });

  it("whose journal was not replayed says so", async () => {
    const stale = root.slice();
    stale[1024 + 0x60] = (stale[1024 + 0x60] as number) + 4;
    const facts = await look(guestDisk(SIZE, { 0: stale }));
    assert.equal(facts.system, "linux");
    assert.match(facts.notRead.join(), /journal of the whole disk/);
  });

  it("on a file system that is not read is told by the signature, and as likely", async () => {
    for (const [kind, at, magic] of [
      ["xfs", 0, "XFSB"],
      ["btrfs", 0x10040, "_BHRfS_M"],
    ] as const) {
      const facts = await look(guestDisk(SIZE, { [at]: text(magic) }));
      assert.deepEqual([facts.system, facts.sure, facts.root], ["linux", "likely", null]);
      assert.deepEqual(kinds(facts), [`the whole disk: ${kind}`]);
      assert.equal(facts.notRead.length, 1);
    }
  });
});

describe("other systems", () => {
  it("Windows is told by its file system, and not read inside", async () => {
    const disk = guestDisk(SIZE, {
      0: mbr([{ type: 7, first: FIRST, sectors: 4096, active: true }], { code: true }),
      [FIRST * SECTOR + 3]: text("NTFS    "),
    });
    const facts = await look(disk);
    assert.deepEqual([facts.system, facts.sure, facts.id], ["windows", "likely", null]);
    assert.deepEqual(facts.notRead, ["partition 1: NTFS is not looked into"]);
  });

  it("a disk with nothing on it tells nothing", async () => {
    for (const size of [SIZE, 512, 0]) {
      const facts = await look(guestDisk(size, {}));
      assert.deepEqual([facts.system, facts.sure, facts.root, facts.kernels.length], ["unknown", "unknown", null, 0]);
    }
  });
});

describe("a look", () => {
  it("reads no more of the disk than its limit, and says where it stopped", async () => {
    const disk = guestDisk(SIZE, { 0: root });
    const whole = await look(disk);
    // Boot facts have a limit of their own, of which a disk without a table takes one page.
    assert.ok(whole.bytesRead < MIB, `${whole.bytesRead}`);
    for (const limit of [0, 16_384, 65_536]) {
      const facts = await look(disk, limit);
      assert.ok(facts.bytesRead <= limit + 65_536, `${facts.bytesRead}`);
      assert.match(facts.notRead.join(), /the limit of bytes/);
    }
  });

  it("is not led in circles by tables of logical partitions, nor past the end by large ones", async () => {
    const circle = mbr([
      { type: 0x83, first: 1, sectors: 8 },
      { type: 0x05, first: 0, sectors: 8 },
    ]);
    const facts = await look(
      guestDisk(SIZE, {
        0: mbr([
          { type: 0x0f, first: 100, sectors: 0xffffffff },
          { type: 0x83, first: 0xfffffff0, sectors: 0xffffffff },
        ]),
        [100 * SECTOR]: circle,
      }),
    );
    assert.ok(facts.volumes.length <= 32);
    assert.ok(facts.bytesRead < 4 * MIB);
  });

  it("takes no group of LVM for more than it is", async () => {
    const at = FIRST * SECTOR;
    const damages: Readonly<Record<string, (label: Uint8Array) => void>> = {
      "no label": (label) => label.fill(0, 512, 520),
      "a header past its sector": (label) => label.fill(0xff, 512 + 20, 512 + 24),
      "no metadata": (label) => label.fill(0, 4096, 4096 + 512),
      "metadata of no end": (label) => label.fill(0xff, 4096 + 48, 4096 + 56),
      "a description of braces alone": (label) => label.fill(0x7b, 4096 + 512),
      "another volume's description": (label) => label.fill(0x41, 512 + 32, 512 + 64),
    };
    for (const [what, damage] of Object.entries(damages)) {
      const label = lvmLabel(
        'root { segment1 { start_extent = 0 extent_count = 9 type = "striped" stripes = ["pv0", 0] } }',
      );
      damage(label);
      const facts = await look(guestDisk(SIZE, { 0: mbr([{ type: 0x8e, first: FIRST, sectors: 9000 }]), [at]: label }));
      assert.equal(facts.root, null, what);
      assert.equal(facts.volumes.length, 1, what);
    }
  });
});
