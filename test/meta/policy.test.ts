import assert from "node:assert/strict";
import { test } from "node:test";
import { policySchema, renderPolicyPage } from "../../scripts/policy-render.js";
import { readText } from "../../scripts/tree.js";
import { policyFields } from "../../src/operations/policy/policy.js";

const stale = "run `node dist/scripts/gen-policy.js`";

test("the page and the schema of policies are those of the settings", () => {
  assert.equal(readText("docs/reference/policy.md"), renderPolicyPage(policyFields), stale);
  assert.deepEqual(JSON.parse(readText("schemas/policy.schema.json") ?? "null"), policySchema(policyFields), stale);
});
