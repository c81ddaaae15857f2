import assert from "node:assert/strict";
import { test } from "node:test";
import { isZero } from "./bytes.js";

test("zeros are told from others wherever they begin and however many they are", () => {
  const buffer = new Uint8Array(160);
  for (let offset = 0; offset < 9; offset++) {
    for (let length = 0; length < 140; length++) {
      const bytes = buffer.subarray(offset, offset + length);
      assert.equal(isZero(bytes), true, `${length} bytes from ${offset}`);
      if (length === 0) continue;
      for (const at of [0, Math.floor(length / 2), length - 1]) {
        bytes[at] = 1;
        assert.equal(isZero(bytes), false, `byte ${at} of ${length} from ${offset}`);
        bytes[at] = 0;
      }
    }
  }
});
