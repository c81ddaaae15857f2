import assert from "node:assert/strict";
import { test } from "node:test";
import { renderScorecard } from "../../scripts/scorecard-render.js";
import { readText } from "../../scripts/tree.js";
import { testContext } from "../../src/io/testing/context.js";
import { nodeHash } from "../../src/runtime/node/hash.js";

test("the scorecard is what becomes of the test machines today", async () => {
  const { page, table } = await renderScorecard(testContext({ runtime: { hash: nodeHash } }));
  const stale = "run `node dist/scripts/gen-scorecard.js`, and look at the difference";
  assert.equal(readText("docs/reference/scorecard.md"), page, stale);
  assert.equal(readText("docs/reference/scorecard.tsv"), table, stale);
  assert.doesNotMatch(table, /\tunexplained\t/);
});
