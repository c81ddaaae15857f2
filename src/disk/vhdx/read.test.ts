import assert from "node:assert/strict";
import { test } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import {
  CRAFTED,
  type CraftedItem,
  type CraftedVhdx,
  craftedItems,
  craftVhdx,
  entryBytes,
} from "../../../test/support/vhdx.js";
import { GIB, MIB, viewOf } from "../../base/bytes.js";
import { createRegistry } from "../../base/registry.js";
import { type SparseBytes, sparseSource } from "../../io/testing/sparse-bytes.js";
import type { Extent } from "../model.js";
import { openChain } from "../open.js";
import { readGuest } from "../read.js";
import { checkReads, lawfulExtents } from "../testing/laws.js";
import { vhdx } from "./format.js";
import { parseHeader, parseRegionTable, serializeHeader, serializeRegionTable } from "./header.js";
import { openVhdx } from "./read.js";

const PLAIN: CraftedVhdx = {
  diskBytes: 3 * MIB,
  blockBytes: MIB,
  entries: [
    { index: 0, state: 6, mib: 5 },
    { index: 2, state: 6, mib: 4 },
  ],
};

const bytesOf = (value: number, length: number): Uint8Array => new Uint8Array(length).fill(value);

const open = (file: SparseBytes, ctx = diskContext()) => openVhdx(sparseSource(file, "disk.vhdx"), ctx);

async function kinds(file: SparseBytes): Promise<readonly Extent["kind"][]> {
  return (await lawfulExtents(await open(file))).map((extent) => extent.kind);
}

test("finds blocks where the table says, in any order", async () => {
  const file = craftVhdx(PLAIN);
  file.write(5 * MIB, bytesOf(1, MIB));
  file.write(4 * MIB, bytesOf(3, MIB));
  const disk = await open(file);
  assert.deepEqual(await lawfulExtents(disk), [
    { offset: 0, length: MIB, kind: "data" },
    { offset: MIB, length: MIB, kind: "zero" },
    { offset: 2 * MIB, length: MIB, kind: "data" },
  ]);
  await checkReads(disk, { offset: 17, length: 3 * MIB - 40 });
  const guest = await readGuest(disk, { offset: 0, length: 3 * MIB }, diskContext());
  assert.deepEqual([guest[0], guest[MIB - 1], guest[MIB], guest[2 * MIB], guest[3 * MIB - 1]], [1, 1, 0, 3, 3]);
});

test("the header with the higher number rules", async () => {
  const disk = await open(craftVhdx(PLAIN));
  assert.equal(disk.info.identity, CRAFTED.dataWriteId);
  assert.equal(disk.info.properties.creator, "crafted by hand");
});

test("a damaged header is reported, and the other one used", async () => {
  const file = craftVhdx(PLAIN);
  file.write(0x20000 + 20, bytesOf(9, 1));
  const ctx = diskContext();
  assert.equal((await open(file, ctx)).info.identity, CRAFTED.dataWriteId);
  assert.deepEqual(ctx.codes(), ["vhdx/copy-damaged"]);
});

test("two damaged headers are an error", async () => {
  const file = craftVhdx(PLAIN);
  file.write(0x10000 + 20, bytesOf(9, 1));
  file.write(0x20000, bytesOf(0, 4));
  await assert.rejects(open(file), { code: "vhdx/bad-header" });
});

test("a file that ends within its headers, and one that begins otherwise, are errors", async () => {
  const file = craftVhdx(PLAIN);
  file.write(0, bytesOf(0, 8));
  await assert.rejects(open(file), { code: "vhdx/bad-header" });
  file.truncate(70_000);
  await assert.rejects(open(file), { code: "vhdx/bad-header" });
});

test("a damaged region table is reported, and the other one used", async () => {
  const file = craftVhdx(PLAIN);
  file.write(0x30000, bytesOf(0, 64));
  const ctx = diskContext();
  assert.equal((await open(file, ctx)).info.size, 3 * MIB);
  assert.deepEqual(ctx.codes(), ["vhdx/copy-damaged"]);
  file.write(0x40000, bytesOf(0, 64));
  await assert.rejects(open(file), { code: "vhdx/bad-region" });
});

test("an unknown region stops us where it is required, and only there", async () => {
  for (const required of [false, true]) {
    const file = craftVhdx(PLAIN);
    const known = parseRegionTable(file.read(0x30000, 0x10000));
    assert.ok(typeof known !== "string");
    const stranger = { id: "12345678-1234-1234-1234-123456789abc", at: 7 * MIB, length: MIB, required };
    file.write(0x30000, serializeRegionTable([...known, stranger]));
    if (required) await assert.rejects(open(file), { code: "vhdx/unknown-region" });
    else assert.equal((await open(file)).info.size, 3 * MIB);
  }
});

test("regions out of place, twice or past the end are errors", async () => {
  const known = parseRegionTable(craftVhdx(PLAIN).read(0x30000, 0x10000));
  assert.ok(typeof known !== "string");
  const [bat, metadata] = known;
  assert.ok(bat !== undefined && metadata !== undefined);
  for (const regions of [
    [bat],
    [metadata],
    [bat, metadata, bat],
    [{ ...bat, at: 0 }, metadata],
    [{ ...bat, at: 3 * MIB + 512 }, metadata],
    [{ ...bat, length: 0 }, metadata],
    [{ ...bat, at: 8 * MIB }, metadata],
  ]) {
    const file = craftVhdx(PLAIN);
    file.write(0x30000, serializeRegionTable(regions));
    await assert.rejects(open(file), { code: "vhdx/bad-region" });
  }
});

test("a block table that is too small for the disk is an error", async () => {
  await assert.rejects(open(craftVhdx({ diskBytes: 200 * GIB, blockBytes: MIB, entries: [] })), {
    code: "vhdx/bad-region",
  });
});

test("metadata that is missing or impossible is an error", async () => {
  const shapes: readonly CraftedVhdx[] = [
    { ...PLAIN, blockBytes: 0 },
    { ...PLAIN, blockBytes: MIB / 2 },
    { ...PLAIN, blockBytes: 3 * MIB },
    { ...PLAIN, blockBytes: 512 * MIB },
    { ...PLAIN, sector: 520 },
    { ...PLAIN, diskBytes: 3 * MIB + 1 },
    { ...PLAIN, sector: 4096, diskBytes: 3 * MIB + 512 },
    { ...PLAIN, diskBytes: 2 ** 46 + MIB },
  ];
  for (const shape of shapes) await assert.rejects(open(craftVhdx(shape)), { code: "vhdx/bad-metadata" });
  const items = craftedItems(PLAIN);
  for (const missing of [0, 1, 2]) {
    const left = items.filter((_, i) => i !== missing);
    await assert.rejects(open(craftVhdx({ ...PLAIN, items: left })), { code: "vhdx/bad-metadata" });
  }
  await assert.rejects(open(craftVhdx({ ...PLAIN, items: [...items, items[0] as CraftedItem] })), {
    code: "vhdx/bad-metadata",
  });
});

test("an unknown metadata item stops us where it is required, and only there", async () => {
  const stranger = { id: "12345678-1234-1234-1234-123456789abc", bytes: new Uint8Array(8) };
  const items = craftedItems(PLAIN);
  await assert.rejects(open(craftVhdx({ ...PLAIN, items: [...items, { ...stranger, flags: 4 }] })), {
    code: "vhdx/unknown-metadata",
  });
  const disk = await open(craftVhdx({ ...PLAIN, items: [...items, { ...stranger, flags: 0 }] }));
  assert.equal(disk.info.properties.diskId, "01234567-89ab-cdef-0123-456789abcdef");
});

test("blocks that promise nothing read as zeros", async () => {
  for (const state of [0, 1, 2, 3, 5]) {
    const file = craftVhdx({ diskBytes: MIB, blockBytes: MIB, entries: [{ index: 0, state, mib: 4 }] });
    assert.deepEqual(await kinds(file), ["zero"], `state ${state}`);
  }
});

test("a state that does not exist, or needs a parent that is not there, is an error", async () => {
  for (const state of [4, 7]) {
    const file = craftVhdx({ diskBytes: MIB, blockBytes: MIB, entries: [{ index: 0, state, mib: 4 }] });
    await assert.rejects(kinds(file), { code: "vhdx/bad-block" });
  }
});

test("a block past the end of the file, or within the headers, is an error", async () => {
  for (const mib of [0, 8, 2 ** 40]) {
    const file = craftVhdx({ diskBytes: MIB, blockBytes: MIB, entries: [{ index: 0, state: 6, mib }] });
    const disk = await open(file);
    await assert.rejects(disk.reads({ offset: 0, length: MIB }), { code: "vhdx/bad-block" });
  }
});

test("a file that ends behind the guest's last byte, within the last block, is whole", async () => {
  const shape = { diskBytes: MIB + 512, blockBytes: MIB, entries: [{ index: 1, state: 6, mib: 4 }] };
  const disk = await open(craftVhdx({ ...shape, fileBytes: 4 * MIB + 512 }));
  await checkReads(disk, { offset: 0, length: MIB + 512 });
});

test("entries of sector bitmaps are stepped over, whatever stands in them", async () => {
  // 256 MiB and sectors of 512 bytes: sixteen blocks to a chunk. qemu-img 7.2 leaves rubbish in the entries between.
  const disk = await open(
    craftVhdx({
      diskBytes: 20 * 256 * MIB,
      blockBytes: 256 * MIB,
      entries: [
        { index: 15, state: 6, mib: 256 },
        { index: 16, state: 4, mib: 1 },
        { index: 17, state: 6, mib: 512 },
      ],
      fileBytes: 768 * MIB,
    }),
  );
  assert.deepEqual(await lawfulExtents(disk), [
    { offset: 0, length: 15 * 256 * MIB, kind: "zero" },
    { offset: 15 * 256 * MIB, length: 512 * MIB, kind: "data" },
    { offset: 17 * 256 * MIB, length: 3 * 256 * MIB, kind: "zero" },
  ]);
  const [op] = await disk.reads({ offset: 15 * 256 * MIB, length: 512 * MIB });
  assert.deepEqual(op?.table, Float64Array.of(256 * MIB, 512 * MIB));
});

test("a disk with sectors of 4 KiB says so, and has chunks eight times as long", async () => {
  const disk = await open(
    craftVhdx({
      diskBytes: 130 * 256 * MIB,
      blockBytes: 256 * MIB,
      sector: 4096,
      entries: [
        { index: 127, state: 6, mib: 256 },
        { index: 129, state: 6, mib: 512 },
      ],
      fileBytes: 768 * MIB,
    }),
  );
  assert.equal(disk.info.logicalSectorSize, 4096);
  assert.deepEqual((await lawfulExtents(disk))[1], { offset: 127 * 256 * MIB, length: 512 * MIB, kind: "data" });
});

const CHILD: CraftedVhdx = {
  diskBytes: 4 * MIB,
  blockBytes: MIB,
  parent: {
    parent_linkage: "{99999999-8888-7777-6666-555555555555}",
    relative_path: ".\\disk.vhdx",
    absolute_win32_path: "C:\\machines\\disk.vhdx",
  },
  entries: [
    { index: 0, state: 7, mib: 5 },
    { index: 2, state: 2, mib: 0 },
    { index: 3, state: 6, mib: 7 },
    // Behind the 4096 blocks of the first chunk: the sector bitmap.
    { index: 4096, state: 6, mib: 6 },
  ],
};

test("a child names its parent, and leaves absent what is not in it, sector by sector", async () => {
  const file = craftVhdx(CHILD);
  // Lowest bit first: sectors 0 and 9 are here.
  file.write(6 * MIB, Uint8Array.of(0x01, 0x02));
  const disk = await open(file);
  assert.equal(disk.info.variant, "differencing");
  assert.deepEqual(disk.info.parent, { name: "disk.vhdx", identity: CRAFTED.dataWriteId });
  assert.deepEqual(await lawfulExtents(disk), [
    { offset: 0, length: 512, kind: "data" },
    { offset: 512, length: 8 * 512, kind: "absent" },
    { offset: 9 * 512, length: 512, kind: "data" },
    { offset: 10 * 512, length: 2 * MIB - 10 * 512, kind: "absent" },
    { offset: 2 * MIB, length: MIB, kind: "zero" },
    { offset: 3 * MIB, length: MIB, kind: "data" },
  ]);
  await checkReads(disk, { offset: 100, length: 5000 });
  await checkReads(disk, { offset: 0, length: 4 * MIB });
});

test("a child whose sector bitmap is not in the file is an error", async () => {
  const file = craftVhdx({ ...CHILD, entries: CHILD.entries.slice(0, 3) });
  await assert.rejects(kinds(file), { code: "vhdx/bad-block" });
});

test("a parent locator that points outside of itself, or of another kind, is an error", async () => {
  const items = craftedItems(CHILD);
  const locator = items.at(-1) as CraftedItem;
  const broken = (change: (bytes: Uint8Array) => void): CraftedVhdx => {
    const bytes = locator.bytes.slice();
    change(bytes);
    return { ...CHILD, items: [...items.slice(0, -1), { ...locator, bytes }] };
  };
  for (const shape of [
    broken((bytes) => viewOf(bytes).setUint32(20, 100_000, true)),
    broken((bytes) => viewOf(bytes).setUint16(18, 9999, true)),
    broken((bytes) => bytes.fill(1, 0, 16)),
    { ...CHILD, items: items.slice(0, -1) },
  ]) {
    await assert.rejects(open(craftVhdx(shape)), { code: "vhdx/bad-metadata" });
  }
});

test("a chain reads as one disk", async () => {
  const below = craftVhdx(PLAIN);
  below.write(5 * MIB, bytesOf(1, MIB));
  below.write(4 * MIB, bytesOf(3, MIB));
  const above = craftVhdx(CHILD);
  above.write(6 * MIB, Uint8Array.of(0x02));
  above.write(5 * MIB, bytesOf(5, MIB));
  above.write(7 * MIB, bytesOf(7, MIB));
  const ctx = diskContext();
  const disk = await openChain(
    { bytes: sparseSource(above, "child.avhdx") },
    {
      formats: createRegistry([vhdx]),
      format: null,
      resolver: { open: async ({ name }) => (name === "disk.vhdx" ? sparseSource(below, "disk.vhdx") : null) },
    },
    ctx,
  );
  const guest = await readGuest(disk, { offset: 0, length: 4 * MIB }, ctx);
  assert.deepEqual(ctx.codes(), []);
  const at = [0, 511, 512, 1023, 1024, MIB, 2 * MIB, 3 * MIB, 4 * MIB - 1];
  assert.deepEqual(
    at.map((place) => guest[place]),
    [1, 1, 5, 5, 1, 0, 0, 7, 7],
  );
});

test("a header survives being written and read", () => {
  const header = parseHeader(craftVhdx({ ...PLAIN, logId: CRAFTED.logId }).read(0x10000, 4096));
  assert.ok(typeof header !== "string");
  assert.deepEqual(parseHeader(serializeHeader(header)), header);
  assert.equal(header.logId, CRAFTED.logId);
});

test("looking at a header's checksum leaves the bytes alone, in Node's buffers too", () => {
  const buffer = Buffer.from(craftVhdx(PLAIN).read(0x10000, 4096));
  assert.deepEqual(parseHeader(buffer), parseHeader(buffer));
});

test("the state of a block is three bits, and its place the MiB above bit 20", () => {
  assert.deepEqual(entryBytes(6, 3), Uint8Array.of(6, 0, 0x30, 0, 0, 0, 0, 0));
});
