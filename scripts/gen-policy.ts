/** `node dist/scripts/gen-policy.js [--check]`, from the project root: writes docs/reference/policy.md and schemas/policy.schema.json, or says which is stale. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { policyFields } from "../src/operations/policy/policy.js";
import { policySchema, renderPolicyPage } from "./policy-render.js";

const files: readonly (readonly [string, string])[] = [
  ["docs/reference/policy.md", renderPolicyPage(policyFields)],
  ["schemas/policy.schema.json", `${JSON.stringify(policySchema(policyFields), null, 2)}\n`],
];
for (const [file, text] of files) {
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    console.error(`${file} is stale: run \`node dist/scripts/gen-policy.js\``);
    process.exitCode = 1;
  }
}
