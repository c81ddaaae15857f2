import assert from "node:assert/strict";
import { test } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { GIB, MIB, SECTOR } from "../../base/bytes.js";
import { memoryFileSet } from "../../io/testing/memory-set.js";
import { SparseBytes, sparseSource } from "../../io/testing/sparse-bytes.js";
import { copyDisk } from "../copy.js";
import { shapeOf } from "../extents.js";
import type { DiskShape } from "../model.js";
import { openRaw } from "../raw/read.js";
import { footerHolds, parseFooter } from "./header.js";
import { planVhd } from "./plan.js";

const ctx = diskContext();

function imageWith(size: number, ...places: readonly number[]): SparseBytes {
  const image = new SparseBytes(size);
  for (const at of places) image.write(at, Uint8Array.of(1));
  return image;
}

const shape = (size: number, ...places: readonly number[]): DiskShape =>
  shapeOf(openRaw(sparseSource(imageWith(size, ...places), "image")));

/** The file that a disk becomes. */
async function written(image: SparseBytes, variant: string): Promise<SparseBytes> {
  const disk = openRaw(sparseSource(image, "image"));
  const files = memoryFileSet();
  const plan = await planVhd(shapeOf(disk), { name: "d.vhd", variant }, ctx);
  await copyDisk(disk, [{ plan, files }], ctx);
  return files.files.get("d.vhd") as SparseBytes;
}

test("data of blocks starts at multiples of 4 KiB, with the bitmap before it", async () => {
  const plan = await planVhd(shape(9 * MIB + SECTOR, 0, 4 * MIB, 9 * MIB), { name: "d.vhd" }, ctx);
  assert.deepEqual(
    [...plan.segments].map(({ offset, length, at }) => [offset, length, at]),
    [
      [0, 2 * MIB, 4096],
      [4 * MIB, 2 * MIB, 4096 + 2 * MIB + 4096],
      [8 * MIB, MIB + SECTOR, 4096 + 2 * (2 * MIB + 4096)],
    ],
  );
  assert.deepEqual([...plan.files], [{ name: "d.vhd", size: 4096 + 2 * (2 * MIB + 4096) + 2 * MIB + 512 }]);
});

test("a written block has its whole bitmap set and its place in the table", async () => {
  const file = await written(imageWith(5 * MIB, 3 * MIB), "dynamic");
  const table = new DataView(file.read(1536, 12).buffer);
  assert.deepEqual(
    [0, 4, 8].map((at) => table.getUint32(at)),
    [0xffffffff, (4096 - 512) / SECTOR, 0xffffffff],
  );
  assert.deepEqual(file.read(4096 - 512, 512), new Uint8Array(512).fill(0xff));
  assert.equal(file.read(4096 + MIB, 1)[0], 1);
});

test("a block that turns out to be zeros has no place in the table", async () => {
  const image = new SparseBytes(5 * MIB);
  image.write(2 * MIB, new Uint8Array(MIB));
  const file = await written(image, "dynamic");
  assert.deepEqual(file.read(1536, 512), new Uint8Array(512).fill(0xff));
});

test("the footer at the end and its copy are the same and hold", async () => {
  const file = await written(imageWith(5 * MIB + 7 * SECTOR, 0), "dynamic");
  const footer = file.read(file.size - 512, 512);
  assert.deepEqual(file.read(0, 512), footer);
  assert.ok(footerHolds(footer));
  const { creator, currentBytes, originalBytes, geometry, time, headerAt } = parseFooter(footer, "d.vhd", 0);
  assert.deepEqual(
    { creator, currentBytes, originalBytes, geometry, time, headerAt },
    {
      creator: "win ",
      currentBytes: 5 * MIB + 7 * SECTOR,
      originalBytes: 5 * MIB + 7 * SECTOR,
      geometry: { cylinders: 150, heads: 4, sectors: 17 },
      time: 0,
      headerAt: 512,
    },
  );
});

test("a fixed disk is the guest's bytes and a footer", async () => {
  const image = imageWith(3 * MIB, 5, 2 * MIB);
  const file = await written(image, "fixed");
  assert.equal(file.size, 3 * MIB + 512);
  assert.deepEqual(file.read(0, 3 * MIB), image.read(0, 3 * MIB));
  assert.equal(parseFooter(file.read(3 * MIB, 512), "d.vhd", 0).type, "fixed");
});

test("2040 GiB are written, and a sector more is refused", async () => {
  for (const variant of ["dynamic", "fixed"]) {
    const options = { name: "d.vhd", variant };
    assert.ok(await planVhd(shape(2040 * GIB, 2039 * GIB), options, ctx));
    await assert.rejects(planVhd(shape(2040 * GIB + SECTOR), options, ctx), { code: "disk/too-large" });
  }
});
