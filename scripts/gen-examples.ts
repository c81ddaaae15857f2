/**
 * `node dist/scripts/gen-examples.js [FILE...]`, from the project root: runs the `console` examples of README.md and docs/ and
 * writes the output that they really have into the documents. Output that matches already, `...` included, stays as it is.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { outputMatches } from "./doc-blocks.js";
import { documentsWithExamples, runConsoleExamples } from "./doc-run.js";

const given = process.argv.slice(2);
for (const file of given.length > 0 ? given : documentsWithExamples()) {
  const lines = readFileSync(file, "utf8").split("\n");
  const stale = runConsoleExamples(file).filter(({ actual, expected }) => !outputMatches(actual, expected));
  // From the end, so that line numbers above stay true.
  for (const { line, source, expected, actual } of stale.reverse()) {
    const at = line - 1 + source.split("\n").length;
    const length = expected === "" && lines[at] !== "" ? 0 : expected.split("\n").length;
    const text = actual.trimEnd();
    lines.splice(at, length, ...(text === "" ? [] : text.split("\n")));
    console.log(`${file}:${line}: $ ${source}`);
  }
  if (stale.length > 0) writeFileSync(file, lines.join("\n"));
}
