/** What holds for every variant that is written where zeros are stored too (`disk convert --sparse none`). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { copyDisk } from "../../src/disk/copy.js";
import { fullShape, shapeOf } from "../../src/disk/extents.js";
import { diskFormats } from "../../src/disk/formats.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { differenceFrom, imageOf } from "../../src/disk/testing/images.js";
import { lawfulExtents } from "../../src/disk/testing/laws.js";
import { memoryFileSet } from "../../src/io/testing/memory-set.js";
import { sparseSource } from "../../src/io/testing/sparse-bytes.js";
import { diskContext } from "../support/disks.js";

const image = imageOf({
  sectors: 20_003,
  runs: [
    { sector: 3, sectors: 300, content: "text" },
    { sector: 9000, sectors: 200, content: "zeros" },
    { sector: 20_002, sectors: 1, content: "noise" },
  ],
});

describe("a disk of which zeros are stored too", () => {
  for (const { plan: planOf, ...format } of diskFormats.all) {
    if (planOf === undefined) continue;
    for (const variant of format.writes) {
      it(`has no hole and the same content as ${format.id} ${variant}`, async () => {
        const ctx = diskContext();
        const from = openRaw(sparseSource(image, "image"));
        const name = `disk${format.extensions[0]}`;
        const plan = await planOf(fullShape(shapeOf(from)), { name, variant }, ctx);
        const set = memoryFileSet();
        await copyDisk(from, [{ plan: { ...plan, zeros: "stored" }, files: set }], ctx);
        const disk = await format.open({ bytes: set.source(name) }, set.resolver, ctx);
        const extents = (await lawfulExtents(disk)).map(({ offset, length, kind }) => ({ offset, length, kind }));
        assert.deepEqual(extents, [{ offset: 0, length: disk.info.size, kind: "data" }]);
        assert.equal(await differenceFrom(image, disk, ctx), null);
        await disk.close();
      });
    }
  }
});
