import assert from "node:assert/strict";
import { test } from "node:test";
import { isEmpty, joinEdits, noEdits } from "./edits.js";

test("edits are joined word by word, and an empty list of transports is an edit", () => {
  const joined = joinEdits(
    { ...noEdits, cpus: 2, remove: ["eula"] },
    { ...noEdits, memoryBytes: 2 ** 30, remove: ["product"] },
  );
  assert.deepEqual([joined.cpus, joined.memoryBytes, joined.remove], [2, 2 ** 30, ["eula", "product"]]);
  assert.deepEqual(
    [isEmpty(noEdits), isEmpty({ ...noEdits, machine: "vm" }), isEmpty({ ...noEdits, transports: [] })],
    [true, true, false],
  );
});
