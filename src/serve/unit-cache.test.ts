import assert from "node:assert/strict";
import { test } from "node:test";
import { diskContext } from "../../test/support/disks.js";
import { fc } from "../../test/support/fast-check.js";
import { openRaw } from "../disk/raw/read.js";
import { imageOf } from "../disk/testing/images.js";
import { memorySource } from "../io/sources/memory.js";
import { createUnitCache } from "./unit-cache.js";

const image = imageOf({
  sectors: 4001,
  runs: [
    { sector: 0, sectors: 100, content: "text" },
    { sector: 900, sectors: 2000, content: "noise" },
    { sector: 4000, sectors: 1, content: "text" },
  ],
});
const bytes = image.read(0, image.size);
const open = () => openRaw(memorySource(bytes, "image"));

test("what comes out of the cache is what the disk holds, whatever is asked for", async () => {
  const ctx = diskContext();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(70_000)), { maxLength: 20 }),
      fc.constantFrom(512, 4096, 65_536),
      fc.constantFrom(1, 3, 1000),
      async (asked, pieceBytes, pieces) => {
        const cache = createUnitCache(open(), ctx, { pieceBytes, mostBytes: pieceBytes * pieces });
        for (const [offset, wish] of asked) {
          const length = Math.min(wish, bytes.length - offset);
          const got = await cache.read({ offset, length });
          assert.ok(Buffer.from(got).equals(Buffer.from(bytes.subarray(offset, offset + length))));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("a piece is read once, however many ask for it at the same time, and the one used last goes last", async () => {
  const cache = createUnitCache(open(), diskContext(), { pieceBytes: 4096, mostBytes: 2 * 4096 });
  const read = (piece: number) => cache.read({ offset: piece * 4096 + 10, length: 20 });
  await Promise.all([read(0), read(0), read(0)]);
  assert.equal(cache.misses, 1);
  await read(1);
  await read(0);
  await read(2);
  await read(0);
  assert.equal(cache.misses, 3, "1 went, 0 stayed");
  await read(1);
  assert.equal(cache.misses, 4);
});

test("a reading that fails is tried again", async () => {
  let fails = true;
  const disk = open();
  const reads = disk.reads.bind(disk);
  disk.reads = async (range, signal) => {
    if (fails) throw new Error("no");
    return reads(range, signal);
  };
  const cache = createUnitCache(disk, diskContext());
  await assert.rejects(cache.read({ offset: 0, length: 10 }), /no/);
  fails = false;
  assert.deepEqual(await cache.read({ offset: 0, length: 10 }), bytes.subarray(0, 10));
});
