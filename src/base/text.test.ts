import assert from "node:assert/strict";
import { test } from "node:test";
import { linesOf } from "./text.js";

test("lines end as anybody ends them, and have their numbers", () => {
  assert.deepEqual(
    [...linesOf("a\r\nb\rc\n\n d ")].map(({ line, text }) => `${line}:${text}`),
    ["1:a", "2:b", "3:c", "4:", "5: d "],
  );
  assert.deepEqual([...linesOf("")], [{ text: "", line: 1 }]);
});
