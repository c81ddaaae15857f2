import assert from "node:assert/strict";
import { test } from "node:test";
import { bitRuns } from "./bits.js";

const BITMAP = Uint8Array.of(0x01, 0xff, 0x00, 0x00, 0xf0);

test("the first bit of a VHDX bitmap is the lowest of its byte", () => {
  assert.deepEqual(
    [...bitRuns(BITMAP, 0, 40, "lowest")],
    [
      { from: 0, to: 1, set: true },
      { from: 1, to: 8, set: false },
      { from: 8, to: 16, set: true },
      { from: 16, to: 36, set: false },
      { from: 36, to: 40, set: true },
    ],
  );
});

test("the first bit of a VHD bitmap is the highest of its byte", () => {
  assert.deepEqual(
    [...bitRuns(BITMAP, 0, 40, "highest")],
    [
      { from: 0, to: 7, set: false },
      { from: 7, to: 16, set: true },
      { from: 16, to: 32, set: false },
      { from: 32, to: 36, set: true },
      { from: 36, to: 40, set: false },
    ],
  );
});

test("runs are cut at both ends of the range asked for", () => {
  assert.deepEqual([...bitRuns(BITMAP, 10, 12, "lowest")], [{ from: 10, to: 12, set: true }]);
  assert.deepEqual([...bitRuns(BITMAP, 18, 30, "highest")], [{ from: 18, to: 30, set: false }]);
  assert.deepEqual([...bitRuns(BITMAP, 5, 5, "lowest")], []);
});
