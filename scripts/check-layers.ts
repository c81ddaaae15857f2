/**
 * `node dist/scripts/check-layers.js`, from the project root: holds the imports of `src` to the table in layer-table.ts.
 */
import { checkLayers } from "./layer-check.js";
import { readTree } from "./tree.js";

const files = readTree("src", ".ts");
const problems = checkLayers(files);
for (const { file, line, what, why } of problems) {
  console.error(`${file}:${line}  ${what}`);
  if (why !== "") console.error(`    ${why}`);
}
if (problems.length > 0) {
  console.error(`check-layers: ${problems.length} wrong; the rules are in scripts/layer-table.ts`);
  process.exitCode = 1;
} else {
  console.log(`check-layers: ${files.size} files, every import is allowed`);
}
