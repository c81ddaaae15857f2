import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { diskContext } from "../../test/support/disks.js";
import { differenceShape } from "./difference.js";
import type { DiskShape } from "./model.js";
import { layerDisk } from "./testing/layers.js";

/** A disk in words of eight sectors each, which is what a difference tells apart. */
function disk(units: string): ReturnType<typeof layerDisk> {
  return layerDisk([...units].map((unit) => unit.repeat(8)).join(""));
}

/** The kinds of a shape in letters, eight sectors each. */
async function kinds(shape: DiskShape): Promise<string> {
  let text = "";
  for await (const { offset, length, kind } of shape.extents?.() ?? []) {
    assert.equal(offset, text.length * 4096);
    text += { data: "D", zero: "0", absent: "." }[kind].repeat(Math.ceil(length / 4096));
  }
  return text;
}

describe("a disk as changes to another one", () => {
  it("is absent where both are the same, however they store it", async () => {
    const shape = await differenceShape(disk("ab__c."), disk("ab._c_"), 6 * 4096, diskContext());
    assert.equal(await kinds(shape), "......");
  });

  it("tells what is other data from what became zeros", async () => {
    const shape = await differenceShape(disk("xb_.cdA"), disk("abcdc_a"), 7 * 4096, diskContext());
    assert.equal(await kinds(shape), "D.00.DD");
  });

  it("reads both as zeros past their end", async () => {
    const longer = await differenceShape(disk("ab_c"), disk("a"), 5 * 4096, diskContext());
    assert.equal(await kinds(longer), ".D.D.");
    const shorter = await differenceShape(disk("a"), disk("ab_c"), 4 * 4096, diskContext());
    assert.equal(await kinds(shorter), ".0.0");
    assert.equal(shorter.info.size, 4 * 4096);
  });

  it("finds one sector that differs, in the last unit too", async () => {
    const base = "a".repeat(19);
    for (const at of [0, 7, 8, 18]) {
      const over = `${base.slice(0, at)}b${base.slice(at + 1)}`;
      const shape = await differenceShape(layerDisk(over), layerDisk(base), 19 * 512, diskContext());
      assert.equal(await kinds(shape), [0, 1, 2].map((unit) => (unit === Math.floor(at / 8) ? "D" : ".")).join(""));
    }
  });

  it("keeps units whole where data starts in the middle of one", async () => {
    const shape = await differenceShape(
      layerDisk("...a...._...b..."),
      layerDisk("cccccccc....b..."),
      16 * 512,
      diskContext(),
    );
    assert.equal(await kinds(shape), "D.");
  });

  it("is refused where it has more runs than tables may take", async () => {
    const limits = { tableBytes: 64 };
    const over = disk("a_a_a_a_a_a_a_a_");
    await assert.rejects(differenceShape(over, disk("________________"), over.info.size, diskContext({ limits })), {
      code: "io/limit",
    });
  });
});
