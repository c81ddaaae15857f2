/** `node dist/scripts/gen-scorecard.js [--check]`, from the project root: writes docs/reference/scorecard.md and .tsv, or says whether they are stale. */
import { readFileSync, writeFileSync } from "node:fs";
import { testContext } from "../src/io/testing/context.js";
import { nodeHash } from "../src/runtime/node/hash.js";
import { renderScorecard } from "./scorecard-render.js";

const { page, table } = await renderScorecard(testContext({ runtime: { hash: nodeHash } }));
for (const [file, text] of [
  ["docs/reference/scorecard.md", page],
  ["docs/reference/scorecard.tsv", table],
] as const) {
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    console.error(`${file} is stale: run \`node dist/scripts/gen-scorecard.js\``);
    process.exit(1);
  }
}
