import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memorySource } from "../io/sources/memory.js";
import { testContext } from "../io/testing/context.js";
import { FileLayout } from "./file-layout.js";

/** The parts of a file of `size` bytes, as text. */
function described(size: number, tell: (layout: FileLayout) => void): readonly string[] {
  const layout = new FileLayout(memorySource(new Uint8Array(size), "file"), testContext());
  tell(layout);
  return [...layout.parts("free")].map(
    ({ offset, length, what, values }) => `${offset}+${length} ${what} ${JSON.stringify(values)}`,
  );
}

describe("what lies where in a file", () => {
  it("comes in the order of the file, with names for the room between", () => {
    const parts = described(100, (layout) => {
      layout.part(60, 20, "tail", { id: 7 });
      layout.part(0, 10, "head");
    });
    assert.deepEqual(parts, ["0+10 head {}", "10+50 free {}", '60+20 tail {"id":7}', "80+20 free {}"]);
  });

  it("is one free stretch where nothing was told, and nothing of an empty file", () => {
    assert.deepEqual(
      described(5, () => {}),
      ["0+5 free {}"],
    );
    assert.deepEqual(
      described(0, (layout) => layout.part(0, 5, "head")),
      [],
    );
  });

  it("counts parts that are alike and follow each other, in whatever order they were told", () => {
    const parts = described(100, (layout) => {
      const blocks = layout.kind("blocks", "blocks", { each: 10 });
      for (const at of [30, 10, 20, 70, 80]) layout.one(blocks, at, 10);
    });
    assert.deepEqual(parts, [
      "0+10 free {}",
      '10+30 blocks {"blocks":3,"each":10}',
      "40+30 free {}",
      '70+20 blocks {"blocks":2,"each":10}',
      "90+10 free {}",
    ]);
  });

  it("never joins parts that stand alone", () => {
    const parts = described(20, (layout) => {
      layout.part(0, 10, "table");
      layout.part(10, 10, "table");
    });
    assert.deepEqual(parts, ["0+10 table {}", "10+10 table {}"]);
  });

  it("shows what is left of a part that another one lies over, and what shares bytes with its like", () => {
    const parts = described(60, (layout) => {
      layout.part(5, 20, "second");
      layout.part(0, 10, "first");
      layout.part(12, 4, "hidden");
      const packed = layout.kind("packed", "units");
      layout.one(packed, 30, 12);
      layout.one(packed, 38, 4);
      layout.one(packed, 40, 10);
    });
    assert.deepEqual(parts, [
      "0+10 first {}",
      "10+15 second {}",
      "25+5 free {}",
      '30+20 packed {"units":3}',
      "50+10 free {}",
    ]);
  });

  it("ends with the file, whatever a damaged table says", () => {
    const parts = described(20, (layout) => {
      const blocks = layout.kind("blocks", "blocks");
      layout.one(blocks, 10, 8);
      layout.one(blocks, 18, 8);
      layout.one(blocks, 2 ** 50, 8);
      layout.part(-5, 3, "nowhere");
      layout.part(3, 0, "nothing");
      layout.part(Number.NaN, 3, "no number");
    });
    assert.deepEqual(parts, ["0+10 free {}", '10+10 blocks {"blocks":2}']);
  });

  it("is refused where it takes more memory than tables may", () => {
    const ctx = testContext({ limits: { tableBytes: 10_000 } });
    const layout = new FileLayout(memorySource(new Uint8Array(5000), "file"), ctx);
    const blocks = layout.kind("blocks", "blocks");
    assert.throws(
      () => {
        for (let at = 0; at < 5000; at += 2) layout.one(blocks, at, 1);
      },
      { code: "io/limit" },
    );
  });
});
