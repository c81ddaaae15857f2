import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FerryError } from "../../base/errors.js";
import { noResolver } from "../../io/resolver.js";
import type { ChunkSet } from "../../io/source.js";
import { memorySource } from "../../io/sources/memory.js";
import { testContext } from "../../io/testing/context.js";
import { zlibCodec } from "../../runtime/node/codec.js";
import { readGuest } from "../read.js";
import { checkReads, lawfulExtents } from "../testing/laws.js";
import { xva } from "./format.js";

const bytes = Uint8Array.from({ length: 8192 }, (_, i) => (i % 251) + 1);

/** 1000 bytes at 0, and 2000 right behind them from elsewhere; 500 at 6000. */
function chunkSet(size: number): ChunkSet {
  const all = [
    [0, 4000, 1000],
    [1000, 100, 2000],
    [6000, 7000, 500],
  ] as const;
  return {
    label: "vm.xva!Ref:4",
    source: memorySource(bytes, "vm.xva"),
    size,
    runs({ offset, length }) {
      const cut = all.flatMap(([at, from, count]) => {
        const start = Math.max(at, offset);
        const end = Math.min(at + count, offset + length);
        return end > start ? [start, from + start - at, end - start] : [];
      });
      return Float64Array.from(cut);
    },
  };
}

describe("a disk in chunks", () => {
  it("has the runs of its chunks as data, and zeros between and behind them up to a whole sector", async () => {
    const disk = await xva.open({ chunks: chunkSet(6500) }, noResolver, testContext());
    assert.equal(disk.info.size, 6656);
    assert.deepEqual(
      (await lawfulExtents(disk)).map(({ offset, length, kind }) => [offset, length, kind]),
      [
        [0, 3000, "data"],
        [3000, 3000, "zero"],
        [6000, 500, "data"],
        [6500, 156, "zero"],
      ],
    );
    for (const [offset, length] of [
      [0, 6656],
      [999, 2],
      [2999, 3002],
      [6600, 56],
    ] as const) {
      await checkReads(disk, { offset, length });
    }
    const guest = await readGuest(disk, { offset: 0, length: 6656 }, testContext({ runtime: { codec: zlibCodec() } }));
    const expected = new Uint8Array(6656);
    expected.set(bytes.subarray(4000, 5000), 0);
    expected.set(bytes.subarray(100, 2100), 1000);
    expected.set(bytes.subarray(7000, 7500), 6000);
    assert.deepEqual(guest, expected);
  });

  it("ends where its size says, whatever a padded last chunk has behind it", async () => {
    const disk = await xva.open({ chunks: chunkSet(6144) }, noResolver, testContext());
    const last = (await lawfulExtents(disk)).at(-1);
    assert.deepEqual(last, { offset: 6000, length: 144, kind: "data" });
  });

  it("reports what is known of it when it is opened", async () => {
    const ctx = testContext();
    const note = { code: "xva/no-size", severity: "warning", message: "a note" } as const;
    await xva.open({ chunks: { ...chunkSet(512), notes: [note] } }, noResolver, ctx);
    assert.deepEqual(ctx.codes(), ["xva/no-size"]);
  });

  it("is not told from bytes", async () => {
    await assert.rejects(
      xva.open({ bytes: memorySource(bytes, "vm.xva") }, noResolver, testContext()),
      (error) => error instanceof FerryError && error.code === "xva/no-archive",
    );
  });
});
