import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { diskFileBytes, diskFixtures } from "../../../test/support/fixtures.js";
import { diskFile } from "../../../test/support/packages.js";
import { craftSeSparse } from "../../../test/support/vmdk.js";
import { concatBytes } from "../../base/bytes.js";
import { memorySource } from "../../io/sources/memory.js";
import { sparseSource } from "../../io/testing/sparse-bytes.js";
import type { LayoutPart } from "../model.js";
import { lawfulLayout } from "../testing/laws.js";
import { layoutVmdk } from "./layout.js";

function layoutOf(bytes: Uint8Array): Promise<readonly LayoutPart[]> {
  return lawfulLayout(layoutVmdk(memorySource(bytes, "x.vmdk"), diskContext()), bytes.length);
}

const stream = await diskFile("vmdk", "streamOptimized", {
  sectors: 70_000,
  runs: [
    { sector: 0, sectors: 300, content: "text" },
    { sector: 69_000, sectors: 300, content: "noise" },
  ],
});

describe("the layout of a stream", () => {
  it("names every marker and what it announces, and ends exactly with the end-of-stream marker", async () => {
    const parts = await layoutOf(stream);
    assert.deepEqual(
      parts.map(({ what }) => what),
      [
        ...["header", "descriptor", "unused"],
        ...["grains", "marker", "grain table"],
        ...["grains", "marker", "grain table"],
        ...["marker", "grain directory", "marker", "footer", "end-of-stream marker"],
      ],
    );
    const last = parts.at(-1);
    assert.deepEqual([last?.offset, last?.length], [stream.length - 512, 512]);
    assert.deepEqual(
      parts.filter(({ what }) => what === "grains").map(({ values }) => values),
      [{ grains: 3 }, { grains: 3 }],
    );
  });

  it("shows padding behind its end, and whether it is zeros", async () => {
    for (const zeros of [true, false]) {
      const padding = new Uint8Array(70_000);
      if (!zeros) padding[69_999] = 1;
      const parts = await layoutOf(concatBytes([stream, padding]));
      assert.deepEqual(parts.at(-1), { offset: stream.length, length: 70_000, what: "padding", values: { zeros } });
      assert.equal(parts.at(-2)?.what, "end-of-stream marker");
    }
  });

  it("that is cut off has no end, and what is left of it is shown", async () => {
    const parts = await layoutOf(stream.subarray(0, stream.length - 600));
    assert.ok(!parts.some(({ what }) => what === "end-of-stream marker" || what === "padding"));
  });
});

describe("the layout of other VMDKs", () => {
  it("has both directories with their tables in front of the grains", async () => {
    const fixture = (await diskFixtures()).find(({ variant }) => variant === "monolithicSparse") ?? assert.fail();
    const parts = await layoutOf(await diskFileBytes(fixture.files[0] ?? assert.fail()));
    const named = new Set(parts.map(({ what }) => what));
    for (const prefix of ["", "redundant "]) {
      assert.ok(named.has(`${prefix}grain directory`) && named.has(`${prefix}grain tables`));
    }
    assert.ok(named.has("header") && named.has("descriptor") && named.has("grains"));
  });

  it("is the descriptor alone where extents are files of their own", async () => {
    const text = new TextEncoder().encode("# Disk DescriptorFile\nversion=1\n");
    assert.deepEqual(await layoutOf(text), [{ offset: 0, length: text.length, what: "descriptor", values: {} }]);
  });

  it("is not described for space-efficient deltas, which says so", async () => {
    const source = sparseSource(craftSeSparse(32_768, {}), "x-sesparse.vmdk");
    await assert.rejects(lawfulLayout(layoutVmdk(source, diskContext()), source.size), { code: "disk/no-layout" });
  });
});
