import assert from "node:assert/strict";
import { test } from "node:test";
import { renderHostile } from "../../scripts/hostile-render.js";
import { readText, readTree } from "../../scripts/tree.js";
import { hostileFamilies } from "../hostile/corpus.js";

test("the page of hostile inputs is that of the corpus", () => {
  const stale = "run `node dist/scripts/gen-hostile.js`";
  assert.equal(readText("docs/reference/hostile.md"), renderHostile(hostileFamilies), stale);
});

test("every family of the corpus is in the list and is run by a test, and no two cases try the same", () => {
  const families = [...readTree("test/hostile/families", ".ts").keys()].map((file) =>
    file.replace(/^.*\/(.*)\.ts$/, "$1"),
  );
  const list = readText("test/hostile/corpus.ts") ?? "";
  const tests = [...readTree("test/hostile", ".test.ts").values()].join("\n");
  for (const family of families) {
    for (const text of [list, tests]) assert.ok(text.includes(`families/${family}.js"`), family);
  }
  const tried = hostileFamilies.flatMap(({ cases }) => cases.map(({ tries }) => tries));
  assert.deepEqual(
    tried.filter((one, i) => tried.indexOf(one) !== i),
    [],
  );
});
