import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { guardAllocations } from "./guard.js";
import { Mutator, mutate, Random, seedOf } from "./mutate.js";
import { fuzz } from "./run.js";
import { brokenTarget, fuzzTargets } from "./targets.js";

/** The same cases in every run; `npm run fuzz` looks for new ones. */
const base = 1;
const cases = 45;

for (const target of fuzzTargets) {
  test(`${target.name}: former crashes, ${cases} seeds and damaged inputs end in a value or an error that blames the input`, async () => {
    assert.ok((await target.seeds()).length > 0, `${target.name} has no seeds`);
    const folder = `test/fixtures/fuzz/${target.name}`;
    const files = existsSync(folder) ? readdirSync(folder).sort() : [];
    const inputs = files.map((file) => formerCrash(`${folder}/${file}`));
    const { crashes } = await fuzz(target, { base, cases: inputs.length + cases, inputs });
    const told = crashes.map(({ index, reason }) => `${files[index] ?? `case ${index - files.length}`}: ${reason}`);
    assert.equal(told.join("\n"), "");
  });
}

function formerCrash(file: string): Uint8Array {
  const bytes = readFileSync(file);
  return new Uint8Array(file.endsWith(".gz") ? gunzipSync(bytes) : bytes);
}

test("crashes, hangs, too much memory and our own mistakes are found, errors that blame the input are not", async () => {
  const inputs = [0, 1, 2, 3, 4, 5, 6, 0].map((byte) => new Uint8Array([byte]));
  const { crashes } = await fuzz(brokenTarget, { base, cases: inputs.length, inputs, timeoutMs: 2000 });
  assert.deepEqual(
    crashes.map(({ index }) => index),
    [1, 2, 3, 4, 6],
  );
  assert.deepEqual(crashes[0]?.input, inputs[1]);
});

test("the same seed gives the same input, another seed another one", () => {
  const seeds = [new TextEncoder().encode("the quick brown fox jumps over the lazy dog".repeat(20))];
  assert.deepEqual(mutate(seeds, new Random(7), undefined), mutate(seeds, new Random(7), undefined));
  const different = new Set(Array.from({ length: 100 }, (_, i) => mutate(seeds, new Random(i), undefined).toString()));
  assert.ok(different.size > 60, `only ${different.size} of 100 inputs differ`);
});

for (const name of ["vhdx", "ovf"]) {
  test(`${name}: an input is the same whatever inputs were made before it`, async () => {
    const target = fuzzTargets.find((one) => one.name === name);
    assert.ok(target !== undefined);
    const seeds = await target.seeds();
    const mutator = new Mutator(seeds, target.repair);
    for (let i = 0; i < 40; i++) {
      const input = Buffer.from(mutator.input(new Random(seedOf(name, 3, i))));
      assert.ok(input.equals(mutate(seeds, new Random(seedOf(name, 3, i)), target.repair)), `case ${i}`);
    }
  });
}

test("a typed array above the guard's limit throws, one below it does not", () => {
  guardAllocations(2 ** 28, 2 ** 40);
  assert.throws(() => new Uint8Array(2 ** 28 + 1), /more than/);
  assert.throws(() => new Float64Array(2 ** 26), /more than/);
  assert.ok(new Uint8Array(16) instanceof Uint8Array);
  assert.equal(new Uint8Array([1, 2, 3]).subarray(1).length, 2);
});
