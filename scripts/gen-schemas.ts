/**
 * From the project root: `node dist/scripts/gen-schemas.js` writes the JSON Schemas in `schemas/` from the types in
 * src/report/results.ts; with `--check` it fails where one is stale.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { renderSchemas } from "./schema-render.js";
import { readText } from "./tree.js";

const check = process.argv.includes("--check");
const stale: string[] = [];
mkdirSync("schemas", { recursive: true });
for (const [name, schema] of renderSchemas()) {
  const file = `schemas/${name}.schema.json`;
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  if (!check) writeFileSync(file, text);
  else if (readText(file) !== text) stale.push(file);
}
if (stale.length > 0) {
  console.error(`${stale.join(", ")}: stale; run \`node dist/scripts/gen-schemas.js\` and commit`);
  process.exitCode = 1;
}
