/** What holds for every disk format and every variant that is written. New formats and variants are picked up from the registry. */
// Long: the laws of one interface stand together, so that whoever implements it finds all of them here.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, before, describe, it } from "node:test";
import { alignUp, SECTOR } from "../../src/base/bytes.js";
import { FerryError } from "../../src/base/errors.js";
import { copyDisk } from "../../src/disk/copy.js";
import { shapeOf } from "../../src/disk/extents.js";
import { diskFormats } from "../../src/disk/formats.js";
import type { DiskFormat, VirtualDisk, WritePlan } from "../../src/disk/model.js";
import { probeWindow } from "../../src/disk/probe.js";
import { raw } from "../../src/disk/raw/format.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { differenceFrom, type ImageRun, type ImageShape, imageOf } from "../../src/disk/testing/images.js";
import { checkReads, lawfulExtents } from "../../src/disk/testing/laws.js";
import type { Context } from "../../src/io/context.js";
import type { Kernel, Pool, PoolRunOptions } from "../../src/io/pool.js";
import type { ByteSource } from "../../src/io/source.js";
import { testContext } from "../../src/io/testing/context.js";
import { inlinePool } from "../../src/io/testing/inline-pool.js";
import { type MemoryFileSet, memoryFileSet } from "../../src/io/testing/memory-set.js";
import { SparseBytes, sparseSource } from "../../src/io/testing/sparse-bytes.js";
import { openFolderSet } from "../../src/runtime/node/file-set.js";
import { openFileSource } from "../../src/runtime/node/file-source.js";
import { createNodeRuntime, type NodeRuntime } from "../../src/runtime/node/runtime.js";
import { fc } from "../support/fast-check.js";

type Writable = DiskFormat & { readonly plan: NonNullable<DiskFormat["plan"]> };

const worker = new URL("../../src/worker-node.js", import.meta.url);
const HUGE = 60e12;
/** Processor seconds that a huge sparse disk may take, and bytes that the heap may grow meanwhile. */
const HUGE_LIMITS = { seconds: 8, heapBytes: 200 * 2 ** 20 };

function hasPlan(format: DiskFormat): format is Writable {
  return format.plan !== undefined;
}

/** Shapes that break writers. Sizes are in sectors. */
const SHAPES: Readonly<Record<string, ImageShape>> = {
  "an empty disk": { sectors: 0, runs: [] },
  "one sector of data": { sectors: 1, runs: [{ sector: 0, sectors: 1, content: "noise" }] },
  "one sector of zeros": { sectors: 1, runs: [] },
  "a hole and nothing else": { sectors: 10_247, runs: [] },
  "zeros that are written as data": { sectors: 10_247, runs: [{ sector: 0, sectors: 10_247, content: "zeros" }] },
  "data from end to end": { sectors: 2049, runs: [{ sector: 0, sectors: 2049, content: "noise" }] },
  "data in the last sector alone": { sectors: 20_003, runs: [{ sector: 20_002, sectors: 1, content: "text" }] },
  "data in the first sector alone": { sectors: 20_003, runs: [{ sector: 0, sectors: 1, content: "text" }] },
  "more than one table of every kind": {
    sectors: 3 * 2 ** 21 + 1,
    runs: [
      { sector: 0, sectors: 9, content: "text" },
      { sector: 65_535, sectors: 3, content: "noise" },
      { sector: 2 ** 21 - 1, sectors: 200, content: "text" },
      { sector: 3 * 2 ** 21, sectors: 1, content: "noise" },
    ],
  },
};

/** Several segments, runs across their borders, zeros among data. */
const MIXED: ImageShape = {
  sectors: 40_001,
  runs: [
    { sector: 3, sectors: 700, content: "text" },
    { sector: 8000, sectors: 600, content: "noise" },
    { sector: 8200, sectors: 200, content: "zeros" },
    { sector: 16_300, sectors: 3000, content: "text" },
    { sector: 39_900, sectors: 101, content: "noise" },
  ],
};

/** Random disks from a sector to three gigabytes, with runs anywhere. */
function shapes(): fc.Arbitrary<ImageShape> {
  const sectors = fc.oneof(
    fc.integer({ min: 1, max: 300 }),
    fc.integer({ min: 1, max: 20_000 }),
    fc.integer({ min: 1, max: 6_000_000 }),
  );
  return sectors.chain((total) => {
    const run: fc.Arbitrary<ImageRun> = fc.record({
      sector: fc.oneof(fc.integer({ min: 0, max: total - 1 }), fc.constantFrom(0, total - 1)),
      sectors: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 600 })),
      content: fc.constantFrom("text", "noise", "zeros"),
    });
    return fc.record({ sectors: fc.constant(total), runs: fc.array(run, { maxLength: 6 }) });
  });
}

function codeOf(error: unknown): string {
  return error instanceof FerryError ? error.code : String(error);
}

async function sizesOf(plan: WritePlan): Promise<Map<string, number | null>> {
  return new Map([...plan.files].map(({ name, size }) => [name, size]));
}

describe("every disk format", () => {
  let runtime: NodeRuntime;
  let inline: Context;
  let folder: string;

  before(async () => {
    runtime = createNodeRuntime({ worker, workers: 2 });
    const { codec, hash } = runtime;
    inline = testContext({ runtime: { pool: inlinePool(codec), codec, hash } });
    folder = await mkdtemp(path.join(tmpdir(), "vmferry-contract-"));
  });
  after(async () => {
    await runtime.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Writes a disk with a format into memory. */
  async function written(
    format: Writable,
    variant: string,
    from: VirtualDisk,
    ctx: Context = inline,
  ): Promise<{ readonly set: MemoryFileSet; readonly name: string; readonly plan: WritePlan }> {
    const name = `disk${format.extensions[0]}`;
    const plan = await format.plan(shapeOf(from), { name, variant }, ctx);
    const set = memoryFileSet();
    const result = await copyDisk(from, [{ plan, files: set }], ctx);
    for (const [file, size] of await sizesOf(plan)) {
      const bytes = set.files.get(file);
      assert.ok(bytes !== undefined, `${file} is planned and was never created`);
      if (size !== null) assert.equal(bytes.size, size, `planned size of ${file}`);
      assert.equal(result.files[0]?.get(file), bytes.size, `reported size of ${file}`);
    }
    return { set, name, plan };
  }

  /**
   * Writes an image, opens it again, and proves that the guest's bytes are the same and that the laws of disks hold. Returns the bytes
   * of memory that the written files take.
   */
  async function roundTrip(format: Writable, variant: string, image: SparseBytes): Promise<number> {
    const { set, name } = await written(format, variant, openRaw(sparseSource(image, "image")));
    const disk = await format.open({ bytes: set.source(name) }, set.resolver, inline);
    assert.equal(disk.info.size, alignUp(image.size, format.limits.sizeMultiple));
    assert.equal(disk.info.format, format.id);
    assert.ok(format.variants.includes(disk.info.variant), `${disk.info.variant} is in variants`);
    const extents = await lawfulExtents(disk);
    assert.ok(!extents.some((extent) => extent.kind === "absent"), "nothing is absent without a parent");
    assert.equal(await differenceFrom(image, disk, inline), null);
    for (const extent of [extents[0], extents.at(-1)]) {
      if (extent === undefined) continue;
      const offset = Math.max(0, extent.offset - 1000);
      await checkReads(disk, { offset, length: Math.min(2 ** 22, disk.info.size - offset) });
    }
    await disk.close();
    return [...set.files.values()].reduce((sum, file) => sum + file.allocated, 0);
  }

  function maxSizeOf(format: DiskFormat, variant: string): number {
    return format.limits.maxSizes?.[variant] ?? format.limits.maxSize;
  }

  for (const format of diskFormats.all) {
    describe(format.id, () => {
      it("says of itself what others rely on", () => {
        assert.ok(format.extensions.length > 0 && format.extensions.every((ext) => /^\.[a-z0-9]+$/.test(ext)));
        assert.equal(format.plan === undefined, format.writes.length === 0, "writes and plan agree");
        for (const variant of format.writes) assert.ok(format.variants.includes(variant), `${variant} is read too`);
      });

      if (!hasPlan(format)) return;

      it("refuses a variant that it does not write", async () => {
        const shape = shapeOf(openRaw(sparseSource(new SparseBytes(SECTOR), "image")));
        await assert.rejects(format.plan(shape, { name: "disk", variant: "no-such-variant" }, inline), (error) => {
          assert.equal(codeOf(error), "disk/unknown-variant");
          return true;
        });
      });

      for (const variant of format.writes) describe(variant, () => variantContract(format, variant));
    });
  }

  function variantContract(format: Writable, variant: string): void {
    for (const [name, shape] of Object.entries(SHAPES)) {
      it(`carries ${name}`, async () => {
        await roundTrip(format, variant, imageOf(shape));
      });
    }

    it("carries random disks", async () => {
      await fc.assert(
        fc.asyncProperty(shapes(), async (shape) => {
          await roundTrip(format, variant, imageOf(shape));
        }),
        { numRuns: 15 },
      );
    });

    it("reads any range as the whole disk reads there", async () => {
      const image = imageOf(MIXED);
      const { set, name } = await written(format, variant, openRaw(sparseSource(image, "image")));
      const disk = await format.open({ bytes: set.source(name) }, set.resolver, inline);
      const range = fc.record({
        offset: fc.integer({ min: 0, max: disk.info.size }),
        length: fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: disk.info.size })),
      });
      await fc.assert(
        fc.asyncProperty(range, async ({ offset, length }) => {
          const cut = { offset, length: Math.min(length, disk.info.size - offset) };
          await checkReads(disk, cut);
        }),
        { numRuns: 40 },
      );
    });

    it("shows its signature, or is known by its name", async () => {
      const { set, name } = await written(format, variant, openRaw(sparseSource(imageOf(MIXED), "image")));
      const window = await probeWindow(set.source(name));
      const by = diskFormats.all.filter((other) => other.probe(window)?.match === "yes");
      if (by.length === 0) assert.equal(format.probe(window)?.match, "maybe");
      else assert.deepEqual(by, [format]);
    });

    it("plans as data that can be looked at again and again", async () => {
      const plan = await format.plan(
        shapeOf(openRaw(sparseSource(imageOf(MIXED), "image"))),
        { name: "disk", variant },
        inline,
      );
      assert.deepEqual([...plan.files], [...plan.files]);
      const ops = [...plan.segments];
      assert.deepEqual([...plan.segments], ops);
      let end = 0;
      for (const op of ops) {
        assert.ok(op.offset >= end && op.length > 0, "write ops are sorted and not empty");
        assert.equal(op.offset % op.unitBytes, 0, "write ops start at a unit");
        end = op.offset + op.length;
      }
    });

    it("gives the same bytes on threads and without, from a source with a ref and without", async () => {
      const image = imageOf(MIXED);
      const file = path.join(folder, `${format.id}-${variant}.source`);
      await writeFile(file, image.read(0, image.size));
      const source = await openFileSource(file, runtime.native);
      const bare: ByteSource = { ...source, label: source.label, size: source.size, ref: () => null };
      const onThreads = testContext({ runtime });
      const first = await written(format, variant, openRaw(bare));
      for (const from of [bare, source]) {
        const plan = await format.plan(shapeOf(openRaw(source)), { name: first.name, variant }, onThreads);
        const out = path.join(folder, `${format.id}-${variant}.out`);
        const files = await openFolderSet(out);
        await copyDisk(openRaw(from), [{ plan, files }], onThreads);
        await files.commit();
        for (const [name, bytes] of first.set.files) {
          const got = await readFile(path.join(out, name));
          assert.equal(got.length, bytes.size, name);
          assert.ok(got.equals(bytes.read(0, bytes.size)), `${name} differs`);
        }
        await rm(out, { recursive: true });
      }
      await source.close();
    });

    it("is written beside another target in one copy", async () => {
      const image = imageOf(MIXED);
      const alone = await written(format, variant, openRaw(sparseSource(image, "image")));
      const from = openRaw(sparseSource(image, "image"));
      const together = [memoryFileSet("one"), memoryFileSet("two")] as const;
      await copyDisk(
        from,
        [
          { plan: await (raw as Writable).plan(shapeOf(from), { name: "disk.raw" }, inline), files: together[0] },
          { plan: alone.plan, files: together[1] },
        ],
        inline,
      );
      const disk = openRaw(together[0].source("disk.raw"));
      assert.equal(await differenceFrom(image, disk, inline), null);
      for (const [name, bytes] of alone.set.files) {
        const got = together[1].files.get(name);
        assert.equal(got?.size, bytes.size);
        assert.deepEqual(
          [...(got as SparseBytes).runs({ offset: 0, length: bytes.size })],
          [...bytes.runs({ offset: 0, length: bytes.size })],
        );
        for (const run of bytes.runs({ offset: 0, length: bytes.size })) {
          assert.deepEqual((got as SparseBytes).read(run.offset, run.length), bytes.read(run.offset, run.length));
        }
      }
    });

    it("ends with every job settled when the copy is interrupted", async () => {
      const image = imageOf({ sectors: 100_000, runs: [{ sector: 0, sectors: 100_000, content: "text" }] });
      const interrupt = new AbortController();
      let started = 0;
      let settled = 0;
      const pool: Pool = {
        size: runtime.pool.size,
        run<J, R>(kernel: Kernel<J, R>, job: J, options?: PoolRunOptions): Promise<R> {
          started++;
          if (started === 3) setImmediate(() => interrupt.abort());
          return runtime.pool.run(kernel, job, options).finally(() => {
            settled++;
          });
        },
      };
      const { codec, hash } = runtime;
      const ctx = testContext({ runtime: { pool, codec, hash }, signal: interrupt.signal });
      const from = openRaw(sparseSource(image, "image"));
      const out = path.join(folder, `${format.id}-${variant}.interrupted`);
      const files = await openFolderSet(out);
      const plan = await format.plan(shapeOf(from), { name: "disk", variant }, inline);
      await assert.rejects(copyDisk(from, [{ plan, files }], ctx), (error) => {
        assert.equal(codeOf(error), "run/canceled");
        return true;
      });
      assert.ok(started >= 3);
      assert.equal(settled, started);
      await files.abort();
      await assert.rejects(readFile(path.join(out, "disk")), { code: "ENOENT" });
    });

    it("carries a huge disk of three extents in little time and memory, or refuses it", async () => {
      const most = maxSizeOf(format, variant);
      const image = new SparseBytes(HUGE);
      for (const at of [0, HUGE / 2, HUGE - SECTOR]) image.write(at, new TextEncoder().encode(`here is ${at}`));
      if (HUGE > most) {
        const from = openRaw(sparseSource(image, "image"));
        await assert.rejects(format.plan(shapeOf(from), { name: "disk", variant }, inline), (error) => {
          assert.equal(codeOf(error), "disk/too-large");
          return true;
        });
        image.truncate(most);
        image.write(most - SECTOR, Uint8Array.of(1, 2, 3));
      }
      const heapBefore = heap();
      const before = process.cpuUsage();
      const inFiles = await roundTrip(format, variant, image);
      const { user, system } = process.cpuUsage(before);
      const seconds = (user + system) / 1e6;
      // What lies in the files is no memory of ours, though here it is in memory too: the map of a VDI names every block.
      const grown = heap() - heapBefore - inFiles;
      assert.ok(seconds < HUGE_LIMITS.seconds, `${seconds.toFixed(1)} s`);
      assert.ok(grown < HUGE_LIMITS.heapBytes, `the heap grew by ${grown} bytes`);
    });
  }

  function heap(): number {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  }
});
