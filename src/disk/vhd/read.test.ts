import assert from "node:assert/strict";
import { test } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import {
  CRAFTED_BITMAP,
  type CraftedVhd,
  craftVhd,
  dynamicHeaderBytes,
  footerBytes,
} from "../../../test/support/vhd.js";
import { GIB, MIB, SECTOR, TIB } from "../../base/bytes.js";
import { createRegistry } from "../../base/registry.js";
import { SparseBytes, sparseSource } from "../../io/testing/sparse-bytes.js";
import type { VirtualDisk } from "../model.js";
import { openChain } from "../open.js";
import { probeWindow } from "../probe.js";
import { readGuest } from "../read.js";
import { checkReads, lawfulExtents } from "../testing/laws.js";
import { vhd } from "./format.js";
import { openVhd } from "./read.js";

const open = (file: SparseBytes, ctx = diskContext()): Promise<VirtualDisk> =>
  openVhd(sparseSource(file, "disk.vhd"), ctx);

const bytesOf = (value: number, length: number): Uint8Array => new Uint8Array(length).fill(value);

const DYNAMIC: CraftedVhd = {
  footer: { type: 3, bytes: 7 * MIB },
  // Blocks 0 and 3: the second in the file before the first.
  blocks: new Map([
    [0, (5 * MIB) / SECTOR],
    [3, (2 * MIB) / SECTOR],
  ]),
};

function fixedFile(bytes: number, footer = footerBytes({ type: 2, bytes })): SparseBytes {
  const file = new SparseBytes(bytes);
  file.write(bytes, footer);
  return file;
}

test("finds a dynamic disk's blocks behind their bitmaps, in any order", async () => {
  const file = craftVhd(DYNAMIC);
  file.write(5 * MIB + CRAFTED_BITMAP, bytesOf(1, 2 * MIB));
  file.write(2 * MIB + CRAFTED_BITMAP, bytesOf(4, 2 * MIB));
  const ctx = diskContext();
  const disk = await open(file, ctx);
  assert.deepEqual(ctx.codes(), []);
  assert.deepEqual(await lawfulExtents(disk), [
    { offset: 0, length: 2 * MIB, kind: "data" },
    { offset: 2 * MIB, length: 4 * MIB, kind: "zero" },
    { offset: 6 * MIB, length: MIB, kind: "data" },
  ]);
  await checkReads(disk, { offset: 1000, length: 7 * MIB - 2000 });
  const guest = await readGuest(disk, { offset: 0, length: 7 * MIB }, ctx);
  assert.deepEqual([guest[0], guest[2 * MIB - 1], guest[2 * MIB], guest[6 * MIB], guest[7 * MIB - 1]], [1, 1, 0, 4, 4]);
});

test("a dynamic disk's sector bitmaps do not hide what is there", async () => {
  const file = craftVhd(DYNAMIC);
  file.write(5 * MIB + CRAFTED_BITMAP, bytesOf(1, 2 * MIB));
  const guest = await readGuest(await open(file), { offset: 0, length: SECTOR }, diskContext());
  assert.equal(guest[0], 1);
});

test("a fixed disk is its bytes and a footer", async () => {
  const file = fixedFile(3 * MIB);
  file.write(MIB, bytesOf(7, MIB));
  const disk = await open(file);
  assert.equal(disk.info.variant, "fixed");
  assert.deepEqual(await lawfulExtents(disk), [
    { offset: 0, length: MIB, kind: "zero" },
    { offset: MIB, length: MIB, kind: "data" },
    { offset: 2 * MIB, length: MIB, kind: "zero" },
  ]);
  await checkReads(disk, { offset: 5, length: 3 * MIB - 9 });
});

test("a footer of 511 bytes, as Virtual PC before 2004 wrote it, is read", async () => {
  const file = fixedFile(3 * MIB, footerBytes({ type: 2, bytes: 3 * MIB }).subarray(0, 511));
  assert.equal((await probeWindow(sparseSource(file, "x"))).tail.length, 4096);
  assert.deepEqual(vhd.probe(await probeWindow(sparseSource(file, "x"))), { match: "yes" });
  assert.equal((await open(file)).info.size, 3 * MIB);
  const dynamic = craftVhd(DYNAMIC);
  dynamic.truncate(dynamic.size - 1);
  const ctx = diskContext();
  assert.equal((await open(dynamic, ctx)).info.size, 7 * MIB);
  assert.deepEqual(ctx.codes(), []);
});

test("a fixed disk with a part missing is an error", async () => {
  await assert.rejects(open(fixedFile(3 * MIB, footerBytes({ type: 2, bytes: 4 * MIB }))), { code: "vhd/cut-off" });
});

test("the size is that of the footer, unless the maker goes by the geometry", async () => {
  const geometry = [150, 4, 17] as const; // 5,222,400 bytes
  const bytes = 5 * MIB + 7 * SECTOR;
  const makers = [
    ["win ", bytes],
    ["vbox", bytes],
    ["qem2", bytes],
    ["d2v\0", bytes],
    ["tap\0", bytes],
    ["CTXS", bytes],
    ["vpc ", 5_222_400],
    ["vs  ", 5_222_400],
    ["qemu", 5_222_400],
  ] as const;
  for (const [creator, size] of makers) {
    const ctx = diskContext();
    const disk = await open(fixedFile(bytes, footerBytes({ type: 2, bytes, creator, geometry })), ctx);
    assert.equal(disk.info.size, size, creator);
    assert.deepEqual(ctx.codes(), size === bytes ? [] : ["vhd/size-by-geometry"], creator);
  }
});

test("a geometry that cannot grow says nothing about the size", async () => {
  const footer = footerBytes({ type: 3, bytes: 200 * GIB, creator: "vpc ", geometry: [65_535, 16, 255] });
  const file = craftVhd({ footer: { type: 3, bytes: 200 * GIB }, blocks: new Map() });
  file.write(file.size - 512, footer);
  assert.equal((await open(file)).info.size, 200 * GIB);
});

test("where the footer is damaged, the copy in front is used and that is reported", async () => {
  const file = craftVhd(DYNAMIC);
  file.write(file.size - 100, bytesOf(1, 1));
  const ctx = diskContext();
  assert.equal((await open(file, ctx)).info.size, 7 * MIB);
  assert.deepEqual(ctx.codes(), ["vhd/footer-damaged"]);
});

test("where the end is missing, the copy in front is used and that is reported", async () => {
  const file = craftVhd(DYNAMIC);
  file.truncate(file.size - 512);
  const ctx = diskContext();
  assert.equal((await open(file, ctx)).info.size, 7 * MIB);
  assert.deepEqual(ctx.codes(), ["vhd/footer-damaged"]);
});

test("where the copy is damaged, the footer is used and that is reported", async () => {
  const file = craftVhd(DYNAMIC);
  file.write(30, bytesOf(1, 1));
  const ctx = diskContext();
  assert.equal((await open(file, ctx)).info.size, 7 * MIB);
  assert.deepEqual(ctx.codes(), ["vhd/footer-damaged"]);
});

test("where the copy is older, the footer counts", async () => {
  const file = craftVhd(DYNAMIC);
  file.write(0, footerBytes({ type: 3, bytes: 5 * MIB }));
  const ctx = diskContext();
  assert.equal((await open(file, ctx)).info.size, 7 * MIB);
  assert.deepEqual(ctx.codes(), ["vhd/footer-stale"]);
});

test("no footer, or none that is whole, is an error", async () => {
  await assert.rejects(open(new SparseBytes(3 * MIB)), { code: "vhd/no-footer" });
  await assert.rejects(open(new SparseBytes(0)), { code: "vhd/no-footer" });
  await assert.rejects(open(new SparseBytes(100)), { code: "vhd/no-footer" });
  const fixed = fixedFile(3 * MIB);
  fixed.write(3 * MIB + 50, bytesOf(9, 1));
  await assert.rejects(open(fixed), { code: "vhd/bad-footer" });
  const both = craftVhd(DYNAMIC);
  both.write(50, bytesOf(9, 1));
  both.write(both.size - 50, bytesOf(9, 1));
  await assert.rejects(open(both), { code: "vhd/bad-footer" });
});

test("a footer that says something impossible is an error", async () => {
  for (const footer of [
    { type: 1, bytes: 3 * MIB },
    { type: 9, bytes: 3 * MIB },
    { type: 2, bytes: 3 * MIB, version: 0x20000 },
    { type: 2, bytes: 3 * MIB - 1 },
  ]) {
    await assert.rejects(open(fixedFile(3 * MIB, footerBytes(footer))), { code: "vhd/bad-footer" });
  }
});

test("a dynamic header that is damaged, elsewhere or impossible is an error", async () => {
  const damaged = craftVhd(DYNAMIC);
  damaged.write(600, bytesOf(1, 1));
  const elsewhere = craftVhd({ ...DYNAMIC, footer: { ...DYNAMIC.footer, headerAt: 64 * 1024 } });
  const outside = craftVhd({ ...DYNAMIC, footer: { ...DYNAMIC.footer, headerAt: TIB } });
  const files = [damaged, elsewhere, outside];
  for (const header of [{ version: 0x20000 }, { blockBytes: 0 }, { blockBytes: 256 }, { blockBytes: 3 * MIB }]) {
    files.push(craftVhd({ ...DYNAMIC, header }));
  }
  for (const file of files) await assert.rejects(open(file), { code: "vhd/bad-header" });
  await assert.rejects(open(craftVhd({ ...DYNAMIC, header: { blockBytes: 512 * MIB } })), { code: "io/limit" });
});

test("a block table that is too short or past the end is an error", async () => {
  for (const header of [{ tableEntries: 3 }, { tableAt: 9 * MIB }]) {
    await assert.rejects(open(craftVhd({ ...DYNAMIC, header })), { code: "vhd/bad-table" });
  }
});

test("a huge table that a header claims is not read before it is needed", async () => {
  const file = new SparseBytes(TIB);
  const footer = footerBytes({ type: 3, bytes: 2040 * GIB });
  file.write(0, footer);
  file.write(512, dynamicHeaderBytes({ tableAt: 1536, tableEntries: 0xffffffff, blockBytes: 512 }));
  file.write(TIB, footer);
  const disk = await open(file);
  const started = performance.now();
  await disk.reads({ offset: 1000 * GIB, length: 4096 });
  assert.ok(performance.now() - started < 1000);
});

test("a block past the end of the file is an error", async () => {
  const disk = await open(craftVhd({ ...DYNAMIC, blocks: new Map([[1, (7 * MIB) / SECTOR]]) }));
  await assert.rejects(disk.reads({ offset: 0, length: 7 * MIB }), { code: "vhd/bad-block" });
});

test("blocks of other sizes have bitmaps of other sizes", async () => {
  for (const blockBytes of [512, 4096, 512 * 1024, 16 * MIB]) {
    const bitmap = Math.ceil(blockBytes / 512 / 8 / 512) * 512;
    const file = craftVhd({
      footer: { type: 3, bytes: 2 * blockBytes },
      header: { blockBytes, tableEntries: 2 },
      blocks: new Map([[1, MIB / SECTOR]]),
      fileBytes: 20 * MIB,
    });
    file.write(1540, Uint8Array.of(0, 0, 8, 0)); // 1 MiB as sectors, wherever the table was thought to end
    const [op] = await (await open(file)).reads({ offset: blockBytes, length: blockBytes });
    assert.deepEqual(op?.table, Float64Array.of(MIB + bitmap, blockBytes), `${blockBytes}`);
  }
});

const PARENT_ID = "12345678-9abc-def0-1234-56789abcdef0";

function utf16(text: string): Uint8Array {
  return Uint8Array.from([...text].flatMap((c) => [c.charCodeAt(0) % 256, Math.floor(c.charCodeAt(0) / 256)]));
}

function child(texts: Readonly<Record<string, Uint8Array>>, space = 512): SparseBytes {
  const places = Object.entries(texts).map(([platform, bytes], i) => ({
    platform,
    space,
    length: bytes.length,
    at: 64 * 1024 + 4096 * i,
  }));
  const file = craftVhd({
    footer: { type: 4, bytes: 7 * MIB, id: "aaaaaaaa-0000-0000-0000-000000000001" },
    header: { parent: { id: PARENT_ID, name: "header.vhd" }, locators: places },
    blocks: new Map([[0, MIB / SECTOR]]),
  });
  for (const { platform, at } of places) file.write(at, texts[platform] as Uint8Array);
  // Highest bit first: sectors 0 and 9 of the first block are here.
  file.write(MIB, Uint8Array.of(0x80, 0x40));
  file.write(MIB + CRAFTED_BITMAP, bytesOf(5, 2 * MIB));
  return file;
}

test("a child leaves absent what is not in it, sector by sector", async () => {
  const disk = await open(child({}));
  assert.equal(disk.info.variant, "differencing");
  assert.deepEqual(await lawfulExtents(disk), [
    { offset: 0, length: SECTOR, kind: "data" },
    { offset: SECTOR, length: 8 * SECTOR, kind: "absent" },
    { offset: 9 * SECTOR, length: SECTOR, kind: "data" },
    { offset: 10 * SECTOR, length: 7 * MIB - 10 * SECTOR, kind: "absent" },
  ]);
  await checkReads(disk, { offset: 100, length: 5000 });
});

test("a child names its parent by the best locator that can be read", async () => {
  const cases: readonly [SparseBytes, string][] = [
    [child({}), "header.vhd"],
    [child({ W2ku: utf16("C:\\m\\base.vhd"), W2ru: utf16(".\\base.vhd") }), "base.vhd"],
    [child({ W2ku: utf16("C:\\m\\base.vhd") }), "C:/m/base.vhd"],
    [child({ W2ru: utf16("..\\up\\base.vhd\0\0") }, 1), "../up/base.vhd"],
    [child({ MacX: new TextEncoder().encode("file://./b%20c.vhd") }), "b c.vhd"],
    [child({ MacX: new TextEncoder().encode("file://./50%.vhd") }), "50%.vhd"],
    [child({ MacX: new TextEncoder().encode("nonsense"), Wi2r: new TextEncoder().encode(".\\old.vhd") }), "old.vhd"],
    // EUR in the code page of Windows.
    [child({ Wi2r: Uint8Array.of(0x80, 0x2e, 0x76, 0x68, 0x64) }), "\u20ac.vhd"],
  ];
  for (const [file, name] of cases) {
    assert.deepEqual((await open(file)).info.parent, { name, identity: PARENT_ID });
  }
});

test("a locator that points outside of the file is passed over", async () => {
  const file = craftVhd({
    footer: { type: 4, bytes: 7 * MIB },
    header: {
      parent: { id: PARENT_ID, name: "header.vhd" },
      locators: [
        { platform: "W2ru", space: 1, length: 20, at: TIB },
        { platform: "W2ku", space: 1, length: 0xffffffff, at: 0 },
      ],
    },
    blocks: new Map(),
  });
  assert.equal((await open(file)).info.parent?.name, "header.vhd");
});

test("a chain reads as one disk", async () => {
  const below = craftVhd(DYNAMIC);
  below.write(5 * MIB + CRAFTED_BITMAP, bytesOf(1, 2 * MIB));
  const above = child({ W2ru: utf16(".\\base.vhd") });
  const ctx = diskContext();
  const disk = await openChain(
    { bytes: sparseSource(above, "child.avhd") },
    {
      formats: createRegistry([vhd]),
      format: null,
      resolver: { open: async ({ name }) => (name === "base.vhd" ? sparseSource(below, "base.vhd") : null) },
    },
    ctx,
  );
  const guest = await readGuest(disk, { offset: 0, length: 7 * MIB }, ctx);
  assert.deepEqual(ctx.codes(), []);
  const at = [0, SECTOR, 9 * SECTOR, 10 * SECTOR, 2 * MIB];
  assert.deepEqual(
    at.map((place) => guest[place]),
    [5, 1, 5, 1, 0],
  );
});

test("a parent that is not the one is reported", async () => {
  const below = craftVhd({ ...DYNAMIC, footer: { ...DYNAMIC.footer, id: "99999999-9999-9999-9999-999999999999" } });
  const ctx = diskContext();
  await openChain(
    { bytes: sparseSource(child({}), "child.avhd") },
    { formats: createRegistry([vhd]), format: null, resolver: { open: async () => sparseSource(below, "base.vhd") } },
    ctx,
  );
  assert.deepEqual(ctx.codes(), ["disk/parent-changed"]);
});

test("a cookie without its checksum is no proof", async () => {
  const raw = new SparseBytes(MIB);
  raw.write(MIB - 512, new TextEncoder().encode("conectix"));
  assert.deepEqual(vhd.probe(await probeWindow(sparseSource(raw, "x"))), { match: "maybe" });
  const head = new SparseBytes(MIB);
  head.write(0, new TextEncoder().encode("conectix"));
  assert.deepEqual(vhd.probe(await probeWindow(sparseSource(head, "x"))), { match: "maybe" });
  assert.equal(vhd.probe(await probeWindow(sparseSource(new SparseBytes(MIB), "x"))), null);
  assert.deepEqual(vhd.probe(await probeWindow(sparseSource(craftVhd(DYNAMIC), "x"))), { match: "yes" });
});
