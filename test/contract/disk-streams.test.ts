/** What holds for every format that is read in one pass, into every format and variant that is written. Both come from the registry. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, before, describe, it } from "node:test";
import { alignUp, SECTOR } from "../../src/base/bytes.js";
import { FerryError } from "../../src/base/errors.js";
import { copyDisk } from "../../src/disk/copy.js";
import { diskFormats } from "../../src/disk/formats.js";
import type { DiskFormat, DiskStream, ReadOp } from "../../src/disk/model.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { differenceFrom, type ImageShape, imageOf } from "../../src/disk/testing/images.js";
import { lawfulExtents } from "../../src/disk/testing/laws.js";
import type { Context } from "../../src/io/context.js";
import { choppedStream } from "../../src/io/testing/chopped.js";
import { testContext } from "../../src/io/testing/context.js";
import { type MemoryFileSet, memoryFileSet } from "../../src/io/testing/memory-set.js";
import { type SparseBytes, sparseSource } from "../../src/io/testing/sparse-bytes.js";
import { openFolderSet } from "../../src/runtime/node/file-set.js";
import { openFileSource } from "../../src/runtime/node/file-source.js";
import { createNodeRuntime, type NodeRuntime } from "../../src/runtime/node/runtime.js";
import { diskContext } from "../support/disks.js";
import { fc } from "../support/fast-check.js";
import { diskFile } from "../support/packages.js";

const worker = new URL("../../src/worker-node.js", import.meta.url);
const ctx = diskContext();

/** How a streamable format's file is made; each format with `openStream` needs a line. */
const FILES: Readonly<Record<string, (shape: ImageShape) => Promise<Uint8Array>>> = {
  raw: (shape) => diskFile("raw", "raw", shape),
  vmdk: (shape) => diskFile("vmdk", "streamOptimized", shape),
};

const streamable = diskFormats.all.filter((format) => format.openStream !== undefined);
const writable = diskFormats.all.flatMap((format) => format.writes.map((variant) => ({ format, variant })));

const SHAPES: Readonly<Record<string, ImageShape>> = {
  "a hole and nothing else": { sectors: 10_247, runs: [] },
  "one sector": { sectors: 1, runs: [{ sector: 0, sectors: 1, content: "noise" }] },
  "data in the last sector alone": { sectors: 20_003, runs: [{ sector: 20_002, sectors: 1, content: "text" }] },
  "data in several segments, across their borders": {
    sectors: 80_001,
    runs: [
      { sector: 3, sectors: 700, content: "text" },
      { sector: 8000, sectors: 600, content: "noise" },
      { sector: 8200, sectors: 200, content: "zeros" },
      { sector: 16_300, sectors: 3000, content: "text" },
      { sector: 79_900, sectors: 101, content: "noise" },
    ],
  },
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

const MIXED = SHAPES["data in several segments, across their borders"] as ImageShape;

async function streamOf(format: DiskFormat, file: Uint8Array, pieces: readonly number[]): Promise<DiskStream> {
  const input = choppedStream(file, { size: file.length, pieces });
  return (await format.openStream?.(input, ctx)) ?? assert.fail(format.id);
}

async function writtenFrom(
  stream: DiskStream,
  target: (typeof writable)[number],
  scope: Context = ctx,
): Promise<MemoryFileSet> {
  const options = { name: "disk", variant: target.variant };
  const plan = await target.format.plan?.({ info: stream.info, extents: null }, options, scope);
  const files = memoryFileSet();
  await copyDisk(stream, [{ plan: plan ?? assert.fail(target.format.id), files }], scope);
  return files;
}

async function checkWritten(
  files: MemoryFileSet,
  { format }: (typeof writable)[number],
  image: SparseBytes,
): Promise<void> {
  const disk = await format.open({ bytes: files.source("disk") }, files.resolver, ctx);
  assert.equal(disk.info.size, alignUp(image.size, format.limits.sizeMultiple));
  await lawfulExtents(disk);
  assert.equal(await differenceFrom(image, disk, ctx), null);
  await disk.close();
}

/** A stream whose reads come in another order. */
function reordered(stream: DiskStream, order: (reads: ReadOp[]) => ReadOp[]): DiskStream {
  return {
    ...stream,
    async *reads(): AsyncIterable<ReadOp> {
      const reads: ReadOp[] = [];
      for await (const read of stream.reads()) reads.push(read);
      yield* order(reads);
    },
  };
}

describe("a disk that comes once", () => {
  it("is of a format that these laws know", () => {
    assert.deepEqual(streamable.map(({ id }) => id).sort(), Object.keys(FILES).sort());
  });

  for (const format of streamable) {
    const make = FILES[format.id] ?? (() => assert.fail(format.id));
    for (const target of writable) {
      for (const [what, shape] of Object.entries(SHAPES)) {
        if (format.id === "raw" && shape.sectors > 2 ** 20) continue;
        it(`as ${format.id}: ${what} becomes ${target.format.id} ${target.variant}`, async () => {
          const stream = await streamOf(format, await make(shape), [65_536]);
          await checkWritten(await writtenFrom(stream, target), target, imageOf(shape));
        });
      }
    }

    it(`as ${format.id} gives the same result however it is cut`, async () => {
      const file = await make({
        sectors: 9003,
        runs: [
          { sector: 3, sectors: 300, content: "text" },
          { sector: 8000, sectors: 600, content: "noise" },
          { sector: 8200, sectors: 200, content: "zeros" },
          { sector: 8990, sectors: 13, content: "text" },
        ],
      });
      const target = writable.find(({ variant }) => variant === "streamOptimized") ?? assert.fail();
      const contentOf = async (pieces: readonly number[], of: Uint8Array = file): Promise<Uint8Array> => {
        const files = await writtenFrom(await streamOf(format, of, pieces), target);
        const bytes = files.files.get("disk") ?? assert.fail();
        return bytes.read(0, bytes.size);
      };
      const whole = await contentOf([file.length]);
      const small = await make({ sectors: 300, runs: [{ sector: 3, sectors: 30, content: "noise" }] });
      assert.deepEqual(await contentOf([1], small), await contentOf([small.length], small), "one byte at a time");
      const pieces = fc.array(fc.oneof(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 300_000 })), {
        minLength: 1,
        maxLength: 20,
      });
      await fc.assert(
        fc.asyncProperty(pieces, async (lengths) => assert.deepEqual(await contentOf(lengths), whole)),
        { numRuns: 4 },
      );
    });
  }

  for (const target of writable) {
    const what = `${target.format.id} ${target.variant}`;
    it(`in any order becomes the same ${what}, or is refused where the layout needs the guest's order`, async () => {
      const shape: ImageShape = { ...MIXED, sectors: 60_000 };
      const vmdk = diskFormats.get("vmdk");
      const file = await FILES.vmdk?.(shape);
      const stream = await streamOf(vmdk, file ?? assert.fail(), [65_536]);
      const backwards = reordered(stream, (reads) => reads.reverse());
      try {
        await checkWritten(await writtenFrom(backwards, target), target, imageOf(shape));
        assert.ok(!/^(?:compressed|streamOptimized)$/.test(target.variant), `${what} writes tables behind its units`);
      } catch (error) {
        if (!(error instanceof FerryError)) throw error;
        assert.deepEqual([error.code, target.variant], ["disk/stream-order", target.variant]);
        assert.match(target.variant, /^(?:compressed|streamOptimized)$/);
      }
    });
  }

  it("passes packed grains on unopened", async () => {
    const target = writable.find(({ variant }) => variant === "streamOptimized") ?? assert.fail();
    const file = await diskFile("vmdk", "streamOptimized", MIXED);
    const { codec, hash } = ctx.runtime;
    const once = testContext({
      runtime: {
        hash,
        pool: ctx.runtime.pool,
        codec: {
          ...codec,
          inflateInto: () => assert.fail("a grain was unpacked"),
          deflateInto: () => assert.fail("a grain was packed"),
        },
      },
    });
    const files = await writtenFrom(await streamOf(diskFormats.get("vmdk"), file, [4096]), target, once);
    await checkWritten(files, target, imageOf(MIXED));
  });

  describe("with worker threads and files", () => {
    let runtime: NodeRuntime;
    let folder: string;

    before(async () => {
      runtime = createNodeRuntime({ worker, workers: 2 });
      folder = await mkdtemp(path.join(tmpdir(), "vmferry-streams-"));
    });
    after(async () => {
      await runtime.close();
      await rm(folder, { recursive: true, force: true });
    });

    const threaded = (): Context =>
      testContext({ runtime: { pool: runtime.pool, codec: runtime.codec, hash: runtime.hash } });

    for (const target of writable) {
      it(`becomes ${target.format.id} ${target.variant}, written in place`, async () => {
        const stream = await streamOf(
          diskFormats.get("vmdk"),
          await diskFile("vmdk", "streamOptimized", MIXED),
          [60_000],
        );
        const place = path.join(folder, `${target.format.id}-${target.variant}`);
        const set = await openFolderSet(place);
        const options = { name: "disk", variant: target.variant };
        const plan = await target.format.plan?.({ info: stream.info, extents: null }, options, threaded());
        await copyDisk(stream, [{ plan: plan ?? assert.fail(), files: set }], threaded());
        await set.commit();
        const source = await openFileSource(path.join(place, "disk"), runtime.native);
        const resolver = {
          open: ({ name }: { readonly name: string | null }) =>
            openFileSource(path.join(place, name ?? ""), runtime.native),
        };
        const disk = await target.format.open({ bytes: source }, resolver, ctx);
        assert.equal(await differenceFrom(imageOf(MIXED), disk, ctx), null);
        await disk.close();
        await source.close();
      });
    }

    it("and is cut off at any place ends with one error, and leaves nothing", async () => {
      const file = await diskFile("vmdk", "streamOptimized", MIXED);
      const qcow2 = writable.find(({ variant }) => variant === "uncompressed") ?? assert.fail();
      for (let i = 1; i < 12; i++) {
        const cut = file.subarray(0, 65_536 + Math.floor(((file.length - 65_536 - SECTOR) * i) / 12));
        const set = await openFolderSet(path.join(folder, "cut"));
        const stream = await streamOf(diskFormats.get("vmdk"), cut, [60_000]);
        const plan = await qcow2.format.plan?.({ info: stream.info, extents: null }, { name: "disk" }, threaded());
        await assert.rejects(copyDisk(stream, [{ plan: plan ?? assert.fail(), files: set }], threaded()), (error) => {
          return error instanceof FerryError && error.code === "disk/stream-cut-off";
        });
        await set.abort();
        assert.deepEqual(
          (await readdir(folder)).filter((name) => name.includes("cut")),
          [],
        );
      }
    });

    it("keeps no more segments in memory than threads work at", async () => {
      const shape: ImageShape = { sectors: 40 * 8192, runs: [{ sector: 0, sectors: 40 * 8192, content: "text" }] };
      const file = await diskFile("vmdk", "streamOptimized", shape);
      const input = choppedStream(file, { pieces: [65_536] });
      const stream = (await diskFormats.get("vmdk").openStream?.(input, ctx)) ?? assert.fail();
      let started = 0;
      let ended = 0;
      let most = 0;
      const counted: DiskStream = {
        ...stream,
        async *reads(): AsyncIterable<ReadOp> {
          for await (const read of stream.reads()) {
            started++;
            most = Math.max(most, started - ended);
            yield read;
          }
        },
      };
      const pool: Context["runtime"]["pool"] = {
        size: 2,
        run: (kernel, job, options) => runtime.pool.run(kernel, job, options).finally(() => ended++),
      };
      const scope = testContext({ runtime: { pool, codec: runtime.codec, hash: runtime.hash } });
      const plan = await diskFormats.get("raw").plan?.({ info: counted.info, extents: null }, { name: "disk" }, scope);
      await copyDisk(counted, [{ plan: plan ?? assert.fail(), files: memoryFileSet() }], scope);
      assert.equal(ended, 40);
      // Four under way, one that waits to be, and one that is being gathered.
      assert.ok(most <= 6, `${most} segments at once`);
    });
  });

  it("keeps its holes: raw disks are compared where they hold data", async () => {
    const shape: ImageShape = { sectors: 2 ** 14, runs: [{ sector: 1000, sectors: 1, content: "text" }] };
    const stream = await streamOf(diskFormats.get("raw"), await diskFile("raw", "raw", shape), [65_536]);
    const files = await writtenFrom(stream, { format: diskFormats.get("raw"), variant: "raw" });
    const allocated = files.files.get("disk")?.allocated ?? 0;
    assert.ok(allocated > 0 && allocated <= 2 ** 17, String(allocated));
    const disk = openRaw(sparseSource(files.files.get("disk") ?? assert.fail(), "disk"));
    assert.equal(await differenceFrom(imageOf(shape), disk, ctx), null);
  });
});
