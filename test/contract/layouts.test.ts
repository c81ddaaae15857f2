/** What holds for the layout of every image that is written: `DiskFormat.layout`. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { copyDisk } from "../../src/disk/copy.js";
import { shapeOf } from "../../src/disk/extents.js";
import { diskFormats } from "../../src/disk/formats.js";
import { probeWindow } from "../../src/disk/probe.js";
import { layoutQcow2 } from "../../src/disk/qcow2/file-layout.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { type ImageShape, imageOf } from "../../src/disk/testing/images.js";
import { lawfulLayout } from "../../src/disk/testing/laws.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { memoryFileSet } from "../../src/io/testing/memory-set.js";
import { sparseSource } from "../../src/io/testing/sparse-bytes.js";
import { diskContext } from "../support/disks.js";
import { diskFileBytes, diskFixtures } from "../support/fixtures.js";
import { qcow2Fixtures, qcow2Source } from "../support/qcow2.js";

const SHAPES: Readonly<Record<string, ImageShape>> = {
  "an empty disk": { sectors: 0, runs: [] },
  "one sector": { sectors: 1, runs: [{ sector: 0, sectors: 1, content: "noise" }] },
  "a hole and nothing else": { sectors: 10_247, runs: [] },
  "data and holes": {
    sectors: 3 * 2 ** 21 + 1,
    runs: [
      { sector: 0, sectors: 900, content: "text" },
      { sector: 65_535, sectors: 3, content: "noise" },
      { sector: 2 ** 21 - 1, sectors: 9000, content: "noise" },
      { sector: 2 ** 21 + 20_000, sectors: 9000, content: "zeros" },
      { sector: 3 * 2 ** 21, sectors: 1, content: "noise" },
    ],
  },
};

/** Names that a gap has: what nobody uses. */
const GAPS: ReadonlySet<string> = new Set(["unused", "free"]);

/** What a disk with data has in the one file that its format knows, and nothing else. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  "vmdk monolithicFlat": ["descriptor"],
  "vmdk twoGbMaxExtentFlat": ["descriptor"],
  "vhd dynamic": ["footer copy", "dynamic disk header", "block table", "blocks", "footer"],
  "vhd fixed": ["data", "footer"],
  "vhdx dynamic": ["file type identifier", "header", "region table", "log", "metadata", "block table", "blocks"],
  "vhdx fixed": ["file type identifier", "header", "region table", "log", "metadata", "block table", "blocks"],
  "vdi dynamic": ["header", "block map", "blocks"],
  "vdi static": ["header", "block map", "blocks"],
  "qcow2 uncompressed": ["header", "L1 table", "refcount table", "refcount blocks", "L2 tables", "clusters"],
};

describe("the layout of an image", () => {
  for (const { plan: planOf, layout, ...format } of diskFormats.all) {
    if (planOf === undefined) continue;
    if (layout === undefined) {
      it(`is not described for ${format.id}, which is the guest's bytes alone`, () => {
        assert.equal(format.id, "raw");
      });
      continue;
    }
    for (const variant of format.writes) {
      for (const [name, shape] of Object.entries(SHAPES)) {
        it(`tiles every file of ${format.id} ${variant}: ${name}`, async () => {
          const ctx = diskContext();
          const from = openRaw(sparseSource(imageOf(shape), "image"));
          const plan = await planOf(shapeOf(from), { name: `disk${format.extensions[0]}`, variant }, ctx);
          const set = memoryFileSet();
          await copyDisk(from, [{ plan, files: set }], ctx);
          let described = 0;
          for (const file of set.files.keys()) {
            const source = set.source(file);
            // Flat extents are the guest's bytes: no format knows them.
            if (format.probe(await probeWindow(source))?.match !== "yes") continue;
            described++;
            const parts = await lawfulLayout(layout(source, ctx), source.size);
            assert.ok(parts.some(({ what }) => !GAPS.has(what)));
            const wanted = NAMES[`${format.id} ${variant}`];
            const named = [...new Set(parts.map(({ what }) => what))].filter((what) => !GAPS.has(what));
            if (name === "data and holes" && wanted !== undefined) assert.deepEqual(named, wanted);
          }
          assert.ok(described > 0);
          assert.deepEqual(ctx.codes(), []);
        });
      }
    }
  }
});

/** Parts that single images have to show. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  "snapshots.qcow2": ["snapshot table", "L1 table of a snapshot", "L2 tables of snapshots", "clusters of snapshots"],
  "zstd.qcow2": ["compressed clusters"],
};

const fixtures = await diskFixtures();
const images = await qcow2Fixtures();

describe("the layout of an image of another program", () => {
  for (const fixture of fixtures) {
    const layout = diskFormats.find(fixture.format)?.layout;
    it(`tiles ${fixture.id}`, { skip: layout === undefined && `${fixture.format} is not described` }, async () => {
      const file = fixture.files[0] ?? assert.fail();
      const source = memorySource(await diskFileBytes(file), file.name);
      const parts = await lawfulLayout(layout?.(source, diskContext()) ?? assert.fail(), source.size);
      assert.ok(parts.some(({ what }) => !GAPS.has(what)));
    });
  }
  for (const { name } of images) {
    it(`tiles ${name}, and leaves nothing of it unexplained`, async () => {
      const source = await qcow2Source(name);
      const parts = await lawfulLayout(layoutQcow2(source, diskContext()), source.size);
      assert.ok(!parts.some(({ what }) => what === "leaked"));
      const names = new Set(parts.map(({ what }) => what));
      for (const wanted of NAMED[name] ?? []) assert.ok(names.has(wanted), `${wanted} in ${[...names].join(", ")}`);
    });
  }
});
