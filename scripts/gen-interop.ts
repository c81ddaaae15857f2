/**
 * `node dist/scripts/gen-interop.js [--check] FILE`, from the project root: writes docs/reference/interop.md from what the tests in
 * test/interop have proven (`run-tests --peers` names the file). `--check` writes nothing and tells where the page differs.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { SIZE_NAMES } from "../test/interop/proof.js";
import { INTEROP_PAGE, interopDifferences, parseProofs, renderInterop } from "./interop-render.js";
import { readText } from "./tree.js";

const args = process.argv.slice(2);
const [file] = args.filter((arg) => arg !== "--check");
if (file === undefined) {
  console.error("usage: gen-interop.js [--check] FILE");
  process.exit(2);
}
const proofs = parseProofs(readFileSync(file, "utf8"));
if (args.includes("--check")) {
  const differences = interopDifferences(readText(INTEROP_PAGE) ?? "", proofs, SIZE_NAMES);
  for (const difference of differences) console.error(difference);
  if (differences.length > 0)
    console.error(`${INTEROP_PAGE} differs: run \`node dist/scripts/gen-interop.js ${file}\``);
  process.exitCode = differences.length > 0 ? 1 : 0;
} else writeFileSync(INTEROP_PAGE, renderInterop(proofs, SIZE_NAMES));
