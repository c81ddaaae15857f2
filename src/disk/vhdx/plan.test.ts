import assert from "node:assert/strict";
import { test } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { GIB, MIB, SECTOR, TIB } from "../../base/bytes.js";
import { SparseBytes, sparseSource } from "../../io/testing/sparse-bytes.js";
import { shapeOf } from "../extents.js";
import type { DiskShape, WritePlan } from "../model.js";
import { openRaw } from "../raw/read.js";
import { parseHeader, parseRegionTable } from "./header.js";
import { blockBytesFor, planVhdx } from "./plan.js";

const ctx = diskContext();

/** A disk with data at some places. */
function shape(size: number, ...places: readonly number[]): DiskShape {
  const image = new SparseBytes(size);
  for (const at of places) image.write(at, Uint8Array.of(1));
  return shapeOf(openRaw(sparseSource(image, "image")));
}

/** The plan's fixed bytes in one piece. */
function head(plan: WritePlan): Uint8Array {
  const bytes = new Uint8Array(3 * MIB);
  for (const region of plan.fixed) {
    let at = region.at as number;
    for (const chunk of region.bytes()) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
  }
  return bytes;
}

test("blocks grow with the disk, from 1 MiB to the 32 MiB of Hyper-V", () => {
  const cases = [
    [0, MIB],
    [TIB, MIB],
    [TIB + SECTOR, 2 * MIB],
    [15 * TIB, 16 * MIB],
    [64 * TIB, 32 * MIB],
  ] as const;
  for (const [disk, block] of cases) assert.equal(blockBytesFor(disk), block);
});

test("blocks with data lie one behind the other in guest order", async () => {
  const plan = await planVhdx(shape(10 * MIB + SECTOR, 0, 4 * MIB, 5 * MIB, 10 * MIB), { name: "d.vhdx" }, ctx);
  assert.deepEqual([...plan.files], [{ name: "d.vhdx", size: 8 * MIB }]);
  assert.deepEqual(
    [...plan.segments].map(({ offset, length, at }) => [offset, length, at]),
    [
      [0, MIB, 4 * MIB],
      [4 * MIB, 2 * MIB, 5 * MIB],
      [10 * MIB, SECTOR, 7 * MIB],
    ],
  );
});

test("a fixed disk has a place for every block, and writes where there is data", async () => {
  const plan = await planVhdx(shape(10 * MIB, 4 * MIB), { name: "d.vhdx", variant: "fixed" }, ctx);
  assert.deepEqual([...plan.files], [{ name: "d.vhdx", size: 14 * MIB }]);
  assert.deepEqual(
    [...plan.segments].map(({ offset, at }) => [offset, at]),
    [[4 * MIB, 8 * MIB]],
  );
});

test("both headers and both region tables are whole, and there is nothing in the log", async () => {
  const bytes = head(await planVhdx(shape(GIB), { name: "d.vhdx" }, ctx));
  const first = parseHeader(bytes.slice(0x10000, 0x11000));
  const second = parseHeader(bytes.slice(0x20000, 0x21000));
  assert.ok(typeof first !== "string" && typeof second !== "string");
  assert.ok(second.sequence > first.sequence);
  assert.equal(second.logId, null);
  assert.deepEqual([second.logAt, second.logBytes], [MIB, MIB]);
  assert.deepEqual(parseRegionTable(bytes.slice(0x30000, 0x40000)), parseRegionTable(bytes.slice(0x40000, 0x50000)));
});

test("ids come from the disk and its name, and from nothing else", async () => {
  const at = (size: number, name: string, ...places: readonly number[]) =>
    planVhdx(shape(size, ...places), { name }, ctx).then((plan) => head(plan).slice(0x10000, 0x10030));
  const first = await at(GIB, "a.vhdx", 0);
  assert.deepEqual(await at(GIB, "a.vhdx", 0), first);
  for (const other of [at(GIB, "b.vhdx", 0), at(2 * GIB, "a.vhdx", 0), at(GIB, "a.vhdx", 4 * MIB)]) {
    assert.notDeepEqual(await other, first);
  }
});

test("the sector size of the source is kept, and sizes are whole sectors", async () => {
  const { info, extents } = shape(10 * MIB + SECTOR);
  const plan = await planVhdx({ info: { ...info, logicalSectorSize: 4096 }, extents }, { name: "d.vhdx" }, ctx);
  const bytes = head(plan);
  const words = new DataView(bytes.buffer, 2 * MIB + 0x10000, 64);
  // Block size, flags, disk size, disk id, logical and physical sector size.
  assert.equal(words.getBigUint64(8, true), BigInt(10 * MIB + 4096));
  assert.deepEqual([words.getUint32(32, true), words.getUint32(36, true)], [4096, 4096]);
});

test("a disk above 64 TiB is refused", async () => {
  await assert.rejects(planVhdx(shape(64 * TIB + SECTOR), { name: "d.vhdx" }, ctx), { code: "disk/too-large" });
  assert.ok(await planVhdx(shape(64 * TIB), { name: "d.vhdx" }, ctx));
});
