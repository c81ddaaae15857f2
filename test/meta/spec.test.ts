import assert from "node:assert/strict";
import { test } from "node:test";
import type { Schema } from "../../scripts/schema-render.js";
import { recordsIn, renderSpecPage, specSchema } from "../../scripts/spec-render.js";
import { readText } from "../../scripts/tree.js";
import { specShape } from "../../src/operations/build/fields.js";
import { readTree, withVariables } from "../../src/operations/build/tree.js";
import { validate } from "./json-schema.js";

const stale = "run `node dist/scripts/gen-spec.js`";

test("the page and the schema of specs are those of the settings", () => {
  assert.equal(readText("docs/reference/build.md"), renderSpecPage(specShape), stale);
  assert.deepEqual(JSON.parse(readText("schemas/spec.schema.json") ?? "null"), specSchema(specShape), stale);
});

test("each setting can be written as its example says", async () => {
  for (const record of recordsIn(specShape)) {
    for (const [name, { example, shape }] of Object.entries(record.settings)) {
      const label = `${record.title}: ${name}`;
      const tree = await readTree(
        `${name}: ${example}`,
        "x.yaml",
        (file) => file,
        async (file) => {
          throw new Error(file);
        },
      ).catch((cause) => (name === "include" ? null : assert.fail(`${label}: ${cause}`)));
      if (tree === null || name === "variables") continue;
      const put = withVariables(tree, new Map([["VERSION", "1"]].filter(() => example.includes("{VERSION}")) as never));
      const value = put.kind === "map" ? put.entries.get(name)?.value : undefined;
      assert.ok(value !== undefined, label);
      assert.doesNotThrow(() => shape.read(value, name, { texts: [] }), label);
    }
  }
});

test("the schema takes what the reader takes, and refuses an unknown setting", () => {
  const schema = specSchema(specShape) as Schema;
  const spec = { appliance: 1, machine: { memory: "2GiB", drives: ["root.qcow2"], nics: [{ network: "LAN" }] } };
  assert.deepEqual(validate(spec, schema), []);
  assert.notDeepEqual(validate({ ...spec, machin: {} }, schema), []);
});
