import assert from "node:assert/strict";
import { test } from "node:test";
import { xenPlatform } from "../../src/platforms/xen/platform.js";
import { assertModel, corpusModels, readText } from "../support/partial-model.js";

const models = corpusModels("xl");
const skip = models.length > 0 ? false : "../shared is absent";

for (const { name, bytes, expected } of models) {
  test(`the configuration ${name} is what its text says`, () => {
    assert.ok(expected !== null, `test/corpus/expected/xl has no ${name}.json`);
    const { appliance, findings } = readText(xenPlatform, name, bytes);
    assertModel(appliance, findings, expected);
    assert.ok(!/thebeast|123poi/.test(JSON.stringify([appliance, findings])), "a password");
  });
}

test("the corpus has configurations of xl and xm", { skip }, () => {
  assert.equal(models.length, 12);
});
