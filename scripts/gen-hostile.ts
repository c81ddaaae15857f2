/** `node dist/scripts/gen-hostile.js [--check]`, from the project root: writes docs/reference/hostile.md, or says whether it is stale. */
import { readFileSync, writeFileSync } from "node:fs";
import { hostileFamilies } from "../test/hostile/corpus.js";
import { renderHostile } from "./hostile-render.js";

const PAGE = "docs/reference/hostile.md";
const page = renderHostile(hostileFamilies);
if (!process.argv.includes("--check")) writeFileSync(PAGE, page);
else if (readFileSync(PAGE, "utf8") !== page) {
  console.error(`${PAGE} is stale: run \`node dist/scripts/gen-hostile.js\``);
  process.exit(1);
}
