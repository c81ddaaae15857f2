import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/fast-check.js";
import { diskFile } from "../../test/support/packages.js";
import { TIB } from "../base/bytes.js";
import type { Codec } from "../io/codec.js";
import { noResolver } from "../io/resolver.js";
import { memorySource } from "../io/sources/memory.js";
import { testContext } from "../io/testing/context.js";
import { inlinePool } from "../io/testing/inline-pool.js";
import { SparseBytes, sparseSource } from "../io/testing/sparse-bytes.js";
import { zlibCodec } from "../runtime/node/codec.js";
import { nodeHash } from "../runtime/node/hash.js";
import { changedRanges } from "./changed-ranges.js";
import { diskFormats } from "./formats.js";
import type { VirtualDisk } from "./model.js";
import { openChain } from "./open.js";
import { openRaw } from "./raw/read.js";

/** A context that counts what is unpacked. */
function counting() {
  const inner = zlibCodec();
  const counts = { inflated: 0 };
  const counted =
    <K extends "inflateInto" | "inflateWhole">(name: K): Codec[K] =>
    (src, dst, wrapper) => {
      counts.inflated++;
      return inner[name](src, dst, wrapper);
    };
  const own = { inflateInto: counted("inflateInto"), inflateWhole: counted("inflateWhole") };
  const codec: Codec = Object.assign(Object.create(inner) as Codec, own);
  return { ctx: testContext({ runtime: { codec, hash: nodeHash, pool: inlinePool(codec) } }), counts };
}

/** A disk of a size with single bytes that are not zero. */
function withBytes(size: number, places: Readonly<Record<number, number>>): VirtualDisk {
  const bytes = new SparseBytes(size);
  for (const [at, value] of Object.entries(places)) bytes.write(Number(at), Uint8Array.of(value));
  return openRaw(sparseSource(bytes, "sparse"));
}

const runs = [
  { sector: 0, sectors: 2000, content: "text" },
  { sector: 12_000, sectors: 600, content: "noise" },
] as const;
const packed = await diskFile("vmdk", "streamOptimized", { sectors: 16_384, runs: [...runs] });
const other = await diskFile("vmdk", "streamOptimized", {
  sectors: 16_384,
  runs: [...runs, { sector: 2100, sectors: 3, content: "text" }],
});

describe("the ranges in which two disks differ", () => {
  it("are those that a comparison byte by byte gives, both ways", async () => {
    const size = 40_000 * 512;
    const places = fc.dictionary(fc.integer({ min: 0, max: size - 1 }).map(String), fc.integer({ min: 1, max: 3 }), {
      maxKeys: 8,
    });
    await fc.assert(
      fc.asyncProperty(places, places, async (one, two) => {
        const [a, b] = [withBytes(size, one), withBytes(size, two)];
        const blocks = new Set<number>();
        for (const at of new Set([...Object.keys(one), ...Object.keys(two)])) {
          if ((one[at] ?? 0) !== (two[at] ?? 0)) blocks.add(Math.floor(Number(at) / 4096));
        }
        const { ctx } = counting();
        const found = await changedRanges(a, b, ctx);
        const told = found.ranges.flatMap(({ offset, length }) =>
          Array.from({ length: Math.ceil(length / 4096) }, (_, i) => offset / 4096 + i),
        );
        assert.deepEqual(
          told,
          [...blocks].sort((x, y) => x - y),
        );
        assert.equal(found.count, found.ranges.length);
        assert.equal(
          found.changedBytes,
          found.ranges.reduce((sum, { length }) => sum + length, 0),
        );
        assert.deepEqual((await changedRanges(b, a, ctx)).ranges, found.ranges);
      }),
      { numRuns: 40 },
    );
  });

  it("of two disks of 60 TiB cost what their data costs, and what is past an end is zeros", async () => {
    const { ctx } = counting();
    const [a, b] = [withBytes(60 * TIB, { 5: 1, [59 * TIB]: 2 }), withBytes(61 * TIB, { 5: 1, [60 * TIB + 4096]: 3 })];
    const { ranges, comparedBytes, sizes } = await changedRanges(a, b, ctx);
    assert.deepEqual(ranges, [
      { offset: 59 * TIB, length: 4096 },
      { offset: 60 * TIB + 4096, length: 4096 },
    ]);
    assert.deepEqual(sizes, [60 * TIB, 61 * TIB]);
    assert.ok(comparedBytes < 20 * 1024 * 1024);
  });

  it("are listed up to a thousand, and counted beyond", async () => {
    const places = Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [i * 8192, 1]));
    const { ctx } = counting();
    const found = await changedRanges(withBytes(1500 * 8192, places), withBytes(1500 * 8192, {}), ctx);
    assert.deepEqual([found.count, found.ranges.length, found.changedBytes], [1500, 1000, 1500 * 4096]);
  });

  it("are found without unpacking units that are packed alike", async () => {
    const open = (bytes: Uint8Array): Promise<VirtualDisk> =>
      openChain(
        { bytes: memorySource(bytes, "disk.vmdk") },
        { formats: diskFormats, resolver: noResolver, format: "vmdk" },
        counting().ctx,
      );
    const same = counting();
    assert.equal((await changedRanges(await open(packed), await open(packed), same.ctx)).count, 0);
    assert.equal(same.counts.inflated, 0);
    const changed = counting();
    const { ranges } = await changedRanges(await open(packed), await open(other), changed.ctx);
    assert.deepEqual(ranges, [{ offset: 262 * 4096, length: 4096 }]);
    // Only the segment of 4 MiB in which they differ.
    assert.ok(changed.counts.inflated > 0 && changed.counts.inflated < 140, `${changed.counts.inflated}`);
  });
});
