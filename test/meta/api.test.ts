import assert from "node:assert/strict";
import { test } from "node:test";
import { publicEntries, renderApi } from "../../scripts/api-render.js";
import { readText } from "../../scripts/tree.js";

test("what users can import is what the snapshot says", () => {
  const entries = publicEntries(JSON.parse(readText("package.json") ?? ""));
  assert.ok(entries.has("."), "the test must run from the project root");
  const hint =
    "run `node dist/scripts/gen-api.js`, look at the difference, and say in CHANGELOG.md what changed for users";
  assert.equal(renderApi(entries), readText("test/meta/api.snapshot.txt"), hint);
});
