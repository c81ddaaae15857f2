import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { withPlainZstd } from "../../../test/support/zstd.js";
import { inlinePool } from "../../io/testing/inline-pool.js";
import { memoryFileSet } from "../../io/testing/memory-set.js";
import { sparseSource } from "../../io/testing/sparse-bytes.js";
import { zlibCodec } from "../../runtime/node/codec.js";
import { copyDisk } from "../copy.js";
import { shapeOf } from "../extents.js";
import { openRaw } from "../raw/read.js";
import { differenceFrom, imageOf } from "../testing/images.js";
import { qcow2 } from "./format.js";

const image = imageOf({
  sectors: 3 * 128 * 8192 + 77,
  runs: [
    { sector: 0, sectors: 64, content: "text" },
    { sector: 256, sectors: 200, content: "noise" },
    { sector: 128 * 8192 - 1, sectors: 2, content: "noise" },
    { sector: 3 * 128 * 8192 + 76, sectors: 1, content: "text" },
  ],
});

/** A runtime that packs Zstandard on every Node.js. */
function zstdContext(): ReturnType<typeof diskContext> {
  const ctx = diskContext();
  const codec = withPlainZstd(zlibCodec());
  const { runtime } = ctx;
  return { ...ctx, runtime: { ...runtime, codec, pool: inlinePool(codec) } };
}

describe("QCOW2 with Zstandard clusters", () => {
  it("is written as it is read: packed clusters, plain ones where packing shortens nothing", async () => {
    const ctx = zstdContext();
    const from = openRaw(sparseSource(image, "image"));
    const options = { name: "x.qcow2", variant: "compressed", compression: "zstd" } as const;
    const plan = await qcow2.plan?.(shapeOf(from), options, ctx);
    const set = memoryFileSet();
    const result = await copyDisk(from, [{ plan: plan ?? assert.fail(), files: set }], ctx);
    assert.equal(result.codec, "zstd");
    const disk = await qcow2.open({ bytes: set.source("x.qcow2") }, set.resolver, ctx);
    assert.equal(disk.info.variant, "compressed");
    assert.equal(disk.info.properties.compression, "zstd");
    assert.equal(await differenceFrom(image, disk, ctx), null);
    const kernels = (await disk.reads({ offset: 0, length: 512 * 512 })).map(({ kernel }) => kernel);
    assert.deepEqual(new Set(kernels), new Set(["qcow2/zstd-cluster", "plain"]));
    const findings = [];
    for await (const finding of qcow2.check?.(set.source("x.qcow2"), set.resolver, ctx) ?? []) findings.push(finding);
    assert.deepEqual(findings, []);
  });

  it("is refused where the runtime has no encoder", async () => {
    const ctx = diskContext();
    const { zstdInto: _, ...codec } = ctx.runtime.codec;
    const without = { ...ctx, runtime: { ...ctx.runtime, codec } };
    const shape = shapeOf(openRaw(sparseSource(image, "image")));
    const options = { name: "x.qcow2", variant: "compressed", compression: "zstd" } as const;
    await assert.rejects(async () => qcow2.plan?.(shape, options, without), { code: "disk/no-encoder" });
  });

  it("is refused for a variant that packs nothing", async () => {
    const shape = shapeOf(openRaw(sparseSource(image, "image")));
    const options = { name: "x.qcow2", variant: "uncompressed", compression: "zstd" } as const;
    await assert.rejects(async () => qcow2.plan?.(shape, options, zstdContext()), { code: "disk/unknown-compression" });
  });
});
