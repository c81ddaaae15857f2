/** `node dist/scripts/gen-spec.js [--check]`, from the project root: writes docs/reference/build.md and schemas/spec.schema.json, or says which is stale. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { specShape } from "../src/operations/build/fields.js";
import { renderSpecPage, specSchema } from "./spec-render.js";

const files: readonly (readonly [string, string])[] = [
  ["docs/reference/build.md", renderSpecPage(specShape)],
  ["schemas/spec.schema.json", `${JSON.stringify(specSchema(specShape), null, 2)}\n`],
];
for (const [file, text] of files) {
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    console.error(`${file} is stale: run \`node dist/scripts/gen-spec.js\``);
    process.exitCode = 1;
  }
}
