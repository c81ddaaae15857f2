import assert from "node:assert/strict";
import { test } from "node:test";
import { renderSchemas, type Schema } from "../../scripts/schema-render.js";
import { readText, readTree } from "../../scripts/tree.js";
import type { Result } from "../../src/report/results.js";
import * as samples from "../support/results.js";
import { validate } from "./json-schema.js";

/** A copy of a result that a test may break. */
interface Mutable {
  readonly appliance: { readonly machines: Record<string, unknown>[] };
}

function shipped(name: string): Schema {
  return JSON.parse(readText(`schemas/${name}.schema.json`) ?? "null");
}

test("the schemas in schemas/ are those of the result types", () => {
  const rendered = renderSchemas();
  assert.deepEqual(
    [...readTree("schemas", ".json").keys()],
    [...rendered.keys(), "policy", "profile", "spec"].map((name) => `schemas/${name}.schema.json`).sort(),
  );
  for (const [name, schema] of rendered)
    assert.deepEqual(shipped(name), schema, "run `node dist/scripts/gen-schemas.js`");
});

test("a sample of each result keeps its schema", () => {
  for (const sample of Object.values(samples)) {
    const name = /^vmferry\/(\w+)@1$/.exec(sample.schema)?.[1] ?? "";
    assert.deepEqual(validate(sample, shipped(name)), [], name);
  }
});

test("a fact that is missing, unknown or of the wrong type is found", () => {
  const inspect = shipped("inspect");
  const broken = (change: (copy: Mutable) => void): string[] => {
    const copy = JSON.parse(JSON.stringify(samples.inspectSample satisfies Result));
    change(copy);
    return validate(copy, inspect).map((line) => line.replace(/:.*/, ""));
  };
  const at = "$.appliance.machines[0]";
  const machine = (copy: Mutable): Record<string, unknown> => copy.appliance.machines[0] ?? {};
  assert.deepEqual(
    broken((copy) => Object.assign(copy, { manifest: 1 })),
    ["$.manifest"],
  );
  assert.deepEqual(
    broken((copy) => delete machine(copy).firmwareFrom),
    [`${at}.firmwareFrom`],
  );
  assert.deepEqual(
    broken((copy) => Object.assign(machine(copy), { firmware: "uefi" })),
    [`${at}.firmware`],
  );
  assert.deepEqual(
    broken((copy) => Object.assign(machine(copy), { memoryBytes: "1" })),
    [`${at}.memoryBytes`],
  );
  assert.deepEqual(
    broken((copy) => Object.assign(machine(copy), { extra: 1 })),
    [`${at}.extra`],
  );
});
