/**
 * `npm run fuzz -- [--seconds N] [--target T] [--seed S]`: fuzzes for longer than the tests do. Inputs that crash are written to
 * test/fixtures/fuzz/<target>, where the tests run them from then on: commit them with the fix.
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fuzz } from "./run.js";
import { fuzzTargets } from "./targets.js";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    target: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const targets = fuzzTargets.filter(({ name }) => values.target === undefined || name === values.target);
if (targets.length === 0) {
  console.error(`no target ${values.target}; targets are ${fuzzTargets.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const casesAtOnce = 500;
const endMs = Date.now() + 1000 * Number(values.seconds);
const known = new Set<string>();
console.log(`seed ${values.seed}, ${values.seconds} s, targets ${targets.map(({ name }) => name).join(", ")}`);
let total = 0;
for (let round = 0; Date.now() < endMs; round++) {
  for (const target of targets) {
    const { crashes, cases } = await fuzz(target, { base: Number(values.seed) + round, cases: casesAtOnce });
    total += cases;
    for (const { reason, input } of crashes) {
      // One crash is one place in the source.
      const place = reason.split("\n").slice(0, 2).join(" ");
      if (known.has(place)) continue;
      known.add(place);
      const folder = `test/fixtures/fuzz/${target.name}`;
      const name = createHash("sha256").update(input).digest("hex").slice(0, 12);
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${folder}/${name}.bin`, input);
      console.error(`${folder}/${name}.bin\n${reason}\n`);
    }
    if (Date.now() >= endMs) break;
  }
}
console.log(`${total} cases, ${known.size} different crashes`);
process.exitCode = known.size === 0 ? 0 : 1;
