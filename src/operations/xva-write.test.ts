import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/fast-check.js";
import { MIB, SECTOR } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import type { VirtualDisk } from "../disk/model.js";
import { openRaw } from "../disk/raw/read.js";
import { differenceFrom, type ImageShape, imageOf } from "../disk/testing/images.js";
import { openXva } from "../disk/xva/read.js";
import type { Context } from "../io/context.js";
import type { ByteSource } from "../io/source.js";
import { testContext } from "../io/testing/context.js";
import { inlinePool } from "../io/testing/inline-pool.js";
import { memoryFileSet } from "../io/testing/memory-set.js";
import { type SparseBytes, sparseSource } from "../io/testing/sparse-bytes.js";
import { scanTar } from "../package/tar/scan.js";
import { ovaXml } from "../package/xva/testing/archive.js";
import { zlibCodec } from "../runtime/node/codec.js";
import { nodeHash } from "../runtime/node/hash.js";
import { readXva } from "./xva.js";
import { writeXva } from "./xva-write.js";

const codec = zlibCodec();

function context(): Context {
  return testContext({ runtime: { codec, hash: nodeHash, pool: inlinePool(codec, nodeHash) } });
}

function diskOf(image: SparseBytes): VirtualDisk {
  return openRaw(sparseSource(image, "image"));
}

/** Writes an archive of disks by name. */
async function written(
  images: Readonly<Record<string, SparseBytes>>,
  sum: "xxh64" | "sha1" = "xxh64",
): Promise<ByteSource> {
  const set = memoryFileSet();
  const to = await set.create("vm.xva", null);
  const [, config] = ovaXml(Object.fromEntries(Object.entries(images).map(([name, { size }]) => [name, size])));
  const disks = Object.entries(images).map(([name, image]) => ({ name, disk: diskOf(image) }));
  await writeXva(to, { config, disks, sum }, context());
  await to.close();
  return set.source("vm.xva");
}

/** Reads every disk back: its bytes, its sums, and nothing to complain of. */
async function proven(archive: ByteSource, images: Readonly<Record<string, SparseBytes>>): Promise<void> {
  const ctx = context();
  const disks = await readXva(archive, ctx);
  assert.deepEqual(
    disks.map(({ name }) => name),
    Object.keys(images).sort(),
  );
  for (const chunks of disks) {
    const image = images[chunks.name] ?? assert.fail();
    assert.deepEqual(chunks.notes ?? [], []);
    assert.equal(chunks.size, image.size);
    assert.equal(await differenceFrom(image, openXva(chunks, ctx), ctx), null);
    for await (const finding of chunks.check?.() ?? assert.fail("no sums")) assert.fail(finding.message);
  }
}

async function membersOf(archive: ByteSource): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const event of scanTar(archive, context())) {
    if (event.event === "member") names.push(`${new TextDecoder().decode(event.name)} ${event.size}`);
    else assert.deepEqual([event.event, event.event === "end" && event.marked], ["end", true]);
  }
  return names;
}

const MANY: ImageShape = {
  sectors: (11 * MIB) / SECTOR + 3,
  runs: [
    { sector: (2 * MIB) / SECTOR - 1, sectors: 2, content: "text" },
    { sector: (5 * MIB) / SECTOR, sectors: 2048, content: "zeros" },
    { sector: (9 * MIB) / SECTOR + 7, sectors: 1, content: "noise" },
  ],
};

describe("an XVA that is written", () => {
  for (const sum of ["xxh64", "sha1"] as const) {
    it(`holds its disks in the order of their names, with sums, without chunks of zeros in between (${sum})`, async () => {
      const images = { "Ref:2": imageOf(MANY), "Ref:10": imageOf({ sectors: 4096, runs: [] }) };
      const archive = await written(images, sum);
      const [config = "", ...members] = await membersOf(archive);
      const [suffix, digits] = sum === "xxh64" ? ["xxhash", 16] : ["checksum", 40];
      assert.match(config, /^ova\.xml /);
      const chunk = (name: string, size = MIB): string[] => [`${name} ${size}`, `${name}.${suffix} ${digits}`];
      assert.deepEqual(members, [
        ...chunk("Ref:10/00000000"),
        ...chunk("Ref:10/00000001"),
        ...chunk("Ref:2/00000000"),
        ...chunk("Ref:2/00000001"),
        ...chunk("Ref:2/00000002"),
        ...chunk("Ref:2/00000009"),
        ...chunk("Ref:2/00000011", 3 * SECTOR),
      ]);
      await proven(archive, images);
    });
  }

  it("leaves no chunk out behind a first one that is short, which would be the length of gaps", async () => {
    const images = { "Ref:1": imageOf({ sectors: 3, runs: [] }), "Ref:2": imageOf(MANY) };
    const archive = await written(images);
    assert.equal((await membersOf(archive)).filter((name) => name.startsWith("Ref:2/")).length, 24);
    await proven(archive, images);
  });

  it("gives back random disks", async () => {
    const shape = fc.integer({ min: 1, max: 30_000 }).chain((sectors) => {
      const run = fc.record({
        sector: fc.integer({ min: 0, max: sectors - 1 }),
        sectors: fc.integer({ min: 1, max: 3000 }),
        content: fc.constantFrom("text" as const, "noise" as const, "zeros" as const),
      });
      return fc.record({ sectors: fc.constant(sectors), runs: fc.array(run, { maxLength: 4 }) });
    });
    await fc.assert(
      fc.asyncProperty(shape, shape, async (first, second) => {
        const images = { "Ref:3": imageOf(first), "Ref:4": imageOf(second) };
        await proven(await written(images), images);
      }),
      { numRuns: 10 },
    );
  });

  it("takes little of a huge disk of few bytes, and refuses one whose chunks cannot be numbered", async () => {
    const huge = imageOf({ sectors: 60e12 / SECTOR, runs: [{ sector: 7e10, sectors: 9, content: "noise" }] });
    const archive = await written({ "Ref:4": huge });
    assert.ok(archive.size < 4 * MIB, String(archive.size));
    await proven(archive, { "Ref:4": huge });
    const larger = imageOf({ sectors: 1.1e14 / SECTOR, runs: [] });
    await assert.rejects(
      written({ "Ref:4": larger }),
      (error) => error instanceof FerryError && error.code === "disk/too-large",
    );
  });
});
