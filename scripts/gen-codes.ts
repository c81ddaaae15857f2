/**
 * From the project root:
 * - `node dist/scripts/gen-codes.js` writes docs/reference/codes.md from the tables in src/base/codes;
 * - `--check` fails where the source uses a code that no table has, or where that page is stale;
 * - `--strict` fails on codes that nothing uses, too.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { codes as thrownAndFound } from "../src/base/codes/all.js";
import { ruleCodes } from "../src/rules/rules.js";
import { checkCodes, renderCodes } from "./code-check.js";
import { readText, readTree } from "./tree.js";

/** Those of the tables, and those that rules bring with them. */
const codes = { ...thrownAndFound, ...ruleCodes };
const page = "docs/reference/codes.md";
const strict = process.argv.includes("--strict");
const text = renderCodes(codes);

if (strict || process.argv.includes("--check")) {
  const { wrong, unused } = checkCodes(readTree("src", ".ts"), codes);
  const problems = [...wrong, ...(strict ? unused : [])];
  if (readText(page) !== text) {
    problems.push(`${page} is stale: run \`npx tsc -b && node dist/scripts/gen-codes.js\` and commit it`);
  }
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error(`gen-codes: ${problems.length} wrong`);
    process.exitCode = 1;
  } else {
    const note = unused.length === 0 ? "" : `; not used yet: ${unused.length}`;
    console.log(`gen-codes: ${Object.keys(codes).length} codes agree with the source and the docs${note}`);
  }
} else {
  mkdirSync("docs/reference", { recursive: true });
  writeFileSync(page, text);
  console.log(`wrote ${page}: ${Object.keys(codes).length} codes`);
}
