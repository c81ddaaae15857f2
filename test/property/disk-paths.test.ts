import assert from "node:assert/strict";
import { test } from "node:test";
import { copyDisk } from "../../src/disk/copy.js";
import { shapeOf } from "../../src/disk/extents.js";
import { diskFormats } from "../../src/disk/formats.js";
import type { VirtualDisk } from "../../src/disk/model.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { differenceFrom, imageOf } from "../../src/disk/testing/images.js";
import { memoryFileSet } from "../../src/io/testing/memory-set.js";
import { sparseSource } from "../../src/io/testing/sparse-bytes.js";
import { diskContext } from "../support/disks.js";
import { fc } from "../support/fast-check.js";

const steps = diskFormats.all.flatMap((format) =>
  format.plan === undefined ? [] : format.writes.map((variant) => ({ format, variant })),
);
const SECTORS = 12_000;
const shapes = fc.record({
  sectors: fc.integer({ min: 0, max: SECTORS }),
  runs: fc.array(
    fc.record({
      sector: fc.integer({ min: 0, max: SECTORS }),
      sectors: fc.integer({ min: 1, max: 400 }),
      content: fc.constantFrom("text" as const, "noise" as const, "zeros" as const),
    }),
    { maxLength: 5 },
  ),
});

test("random extents arrive through any three formats one after the other", async () => {
  const ctx = diskContext();
  const path = fc.array(fc.constantFrom(...steps), { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(shapes, path, async (shape, through) => {
      const image = imageOf(shape);
      let disk: VirtualDisk = openRaw(sparseSource(image, "image"));
      for (const { format, variant } of through) {
        const files = memoryFileSet();
        const name = `disk${format.extensions[0]}`;
        const plan = await format.plan?.(shapeOf(disk), { name, variant }, ctx);
        assert.ok(plan !== undefined);
        await copyDisk(disk, [{ plan, files }], ctx);
        disk = await format.open({ bytes: files.source(name) }, files.resolver, ctx);
      }
      assert.equal(disk.info.size, image.size);
      assert.equal(await differenceFrom(image, disk, ctx), null);
    }),
    { numRuns: 60 },
  );
});
