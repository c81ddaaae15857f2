/** What holds for every format and variant that is resized where it lies. New ones are picked up from the registry. */
import assert from "node:assert/strict";
import { mkdtemp, open, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, before, describe, it } from "node:test";
import { copyDisk } from "../../src/disk/copy.js";
import { shapeOf } from "../../src/disk/extents.js";
import { diskFormats } from "../../src/disk/formats.js";
import type { DiskFormat, VirtualDisk } from "../../src/disk/model.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { differenceFrom, type ImageShape, imageOf } from "../../src/disk/testing/images.js";
import { lawfulExtents } from "../../src/disk/testing/laws.js";
import type { Context } from "../../src/io/context.js";
import { folderResolver } from "../../src/io/resolver.js";
import { sparseSource } from "../../src/io/testing/sparse-bytes.js";
import { diskResize } from "../../src/operations/disk/amend.js";
import { openEditableFile } from "../../src/runtime/node/editable-file.js";
import { openSingleFileSet } from "../../src/runtime/node/file-set.js";
import { openFileSource } from "../../src/runtime/node/file-source.js";
import { openFolderAccess } from "../../src/runtime/node/folder.js";
import { createContext, createNodeRuntime } from "../../src/runtime/node/runtime.js";
import { hasCode } from "../support/errors.js";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Variants that say no, because they are written once or lie in several files. */
const REFUSED: ReadonlySet<string> = new Set([
  "streamOptimized",
  "monolithicFlat",
  "twoGbMaxExtentSparse",
  "twoGbMaxExtentFlat",
]);

const SHAPES: Readonly<Record<string, ImageShape>> = {
  "an empty disk": { sectors: 0, runs: [] },
  "one sector": { sectors: 1, runs: [{ sector: 0, sectors: 1, content: "noise" }] },
  "a disk that ends within a unit": {
    sectors: 20_003,
    runs: [
      { sector: 0, sectors: 300, content: "text" },
      { sector: 9_000, sectors: 5_000, content: "noise" },
      { sector: 20_000, sectors: 3, content: "noise" },
    ],
  },
};

/** From within the tables' room to far past it. */
const SIZES = [12 * MIB + 512, 300 * GIB] as const;

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "vmferry-resize-"));
});
after(async () => {
  await runtime.close();
  await rm(folder, { recursive: true, force: true });
});

const runtime = createNodeRuntime({ worker: new URL("../../src/worker-node.js", import.meta.url), workers: 0 });
const { native } = runtime;
const contextOf = (): Context => createContext(runtime);

async function write(format: DiskFormat, variant: string, shape: ImageShape): Promise<string> {
  const ctx = contextOf();
  const file = path.join(folder, `disk${format.extensions[0]}`);
  const disk = openRaw(sparseSource(imageOf(shape), "image.raw"));
  const plan = await format.plan?.(shapeOf(disk), { name: path.basename(file), variant }, ctx);
  if (plan === undefined) throw new Error(`${format.id} is not written`);
  const files = await openSingleFileSet(file, { force: true });
  await copyDisk(disk, [{ plan, files }], ctx);
  await files.commit();
  return file;
}

const resolver = () => folderResolver(openFolderAccess(folder, native), { external: "refused" });

async function resize(format: DiskFormat, file: string, bytes: number): Promise<number | null> {
  const editable = await openEditableFile(file, { native });
  try {
    const disk = { name: "disk", file: editable, resolver: resolver(), format: format.id };
    const plan = await diskResize(disk, { bytes }, "plan", contextOf());
    const done = await diskResize(disk, { bytes }, "apply", contextOf());
    assert.deepEqual(
      [plan.capacityBytes, plan.fileBytes],
      [done.capacityBytes, done.fileBytes],
      "a dry run tells what is done",
    );
    assert.equal(plan.applied, false);
    return done.capacityBytes.after;
  } finally {
    await editable.close();
  }
}

async function withDisk(format: DiskFormat, file: string, use: (disk: VirtualDisk) => Promise<void>): Promise<void> {
  const source = await openFileSource(file, native);
  const disk = await format.open({ bytes: source }, resolver(), contextOf());
  await use(disk);
  await disk.close();
  await source.close();
}

for (const format of diskFormats.all.filter(({ plan }) => plan !== undefined)) {
  for (const variant of format.writes) {
    describe(`${format.id} ${variant}, resized where it lies`, () => {
      if (REFUSED.has(variant)) {
        it("is refused, and the file stays as it was", async () => {
          const file = await write(format, variant, SHAPES["one sector"] as ImageShape);
          const { mtimeMs } = await stat(file);
          await assert.rejects(resize(format, file, GIB), hasCode("disk/cannot-amend"));
          assert.equal((await stat(file)).mtimeMs, mtimeMs);
        });
        return;
      }
      for (const [name, shape] of Object.entries(SHAPES)) {
        it(`keeps the guest's bytes and reads as zeros behind: ${name}`, async () => {
          const image = imageOf(shape);
          for (const bytes of SIZES) {
            if (variant === "static" || variant === "fixed") if (bytes > GIB) continue;
            const file = await write(format, variant, shape);
            assert.equal(await resize(format, file, bytes), bytes);
            await withDisk(format, file, async (disk) => {
              await lawfulExtents(disk);
              assert.equal(await differenceFrom(image, disk, contextOf()), null, `at ${bytes}`);
            });
          }
        });
      }
      it("grows again and again", async () => {
        const shape = SHAPES["a disk that ends within a unit"] as ImageShape;
        const file = await write(format, variant, shape);
        for (const bytes of [11 * MIB, 12 * MIB + 512, 12 * MIB + 1024, 900 * MIB]) {
          assert.equal(await resize(format, file, bytes), bytes);
          await withDisk(format, file, async (disk) => {
            assert.equal(await differenceFrom(imageOf(shape), disk, contextOf()), null, `at ${bytes}`);
          });
        }
        assert.ok(!(await readdir(folder)).some((entry) => entry.endsWith(".vmferry-undo")));
      });
      it("shows nothing of what lay behind the end of its last unit", async () => {
        const shape = SHAPES["a disk that ends within a unit"] as ImageShape;
        const file = await write(format, variant, shape);
        const size = shape.sectors * 512;
        let place = -1;
        let length = 0;
        await withDisk(format, file, async (disk) => {
          const [op] = await disk.reads({ offset: size - 512, length: 512 });
          if (op?.kernel !== "plain" || disk.info.blockSize <= 512) return;
          place = (op.table[0] as number) + op.skip + 512;
          length = disk.info.blockSize - (size % disk.info.blockSize);
        });
        if (place >= 0) {
          const handle = await open(file, "r+");
          const { size: fileBytes } = await handle.stat();
          await handle.write(Buffer.alloc(Math.min(length, fileBytes - place), 0xee), 0, undefined, place);
          await handle.close();
        }
        await resize(format, file, 700 * MIB);
        await withDisk(format, file, async (disk) => {
          assert.equal(await differenceFrom(imageOf(shape), disk, contextOf()), null);
        });
      });
      it("is not made smaller", async () => {
        const file = await write(format, variant, SHAPES["a disk that ends within a unit"] as ImageShape);
        await assert.rejects(resize(format, file, 512), hasCode("disk/cannot-shrink"));
      });
    });
  }
}
