/**
 * From the project root:
 * - `node dist/scripts/gen-codes.js` writes docs/reference/codes.md from the tables in src/base/codes, and rules.md and requirements.md beside it
 *   from src/rules;
 * - `--check` fails where the source uses a code that no table has, or where one of these pages is stale;
 * - `--strict` fails on codes that nothing uses, too.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { codes as thrownAndFound } from "../src/base/codes/all.js";
import { ruleCodes } from "../src/rules/rules.js";
import { checkCodes, renderCodes } from "./code-check.js";
import { rulePages } from "./reference.js";
import { readText, readTree } from "./tree.js";

/** Those of the tables, and those that rules bring with them. */
const codes = { ...thrownAndFound, ...ruleCodes };
const strict = process.argv.includes("--strict");
const pages = new Map([["docs/reference/codes.md", renderCodes(codes)], ...rulePages()]);

if (strict || process.argv.includes("--check")) {
  const { wrong, unused } = checkCodes(readTree("src", ".ts"), codes);
  const problems = [...wrong, ...(strict ? unused : [])];
  for (const [page, text] of pages) {
    if (readText(page) === text) continue;
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
  for (const [page, text] of pages) writeFileSync(page, text);
  console.log(`wrote ${[...pages.keys()].join(", ")}: ${Object.keys(codes).length} codes`);
}
