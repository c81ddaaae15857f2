import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { consoleExamples, docBlocks, outputMatches } from "../../scripts/doc-blocks.js";
import { documentsWithExamples, runConsoleExamples, runTypeScriptExamples } from "../../scripts/doc-run.js";
import { compileExample } from "../../scripts/doc-typescript.js";
import { renderLimits } from "../../scripts/limits-render.js";
import { readText, readTree } from "../../scripts/tree.js";
import { defaultLimits } from "../../src/base/limits.js";

/** Every document for people. */
function documents(): string[] {
  const top = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].filter(existsSync);
  return [...top, ...readTree("docs", ".md").keys()];
}

test("commands and their output are found in console blocks", () => {
  const block = docBlocks("text\n```console\n$ one\nout\n\nmore\n$ two \\\n  --long\n```\n")[0];
  assert.ok(block !== undefined);
  assert.deepEqual(consoleExamples(block), [
    { command: "one", line: 3, expected: "out\n\nmore" },
    { command: "two \\\n  --long", line: 7, expected: "" },
  ]);
});

test("dots stand for any text and any lines, and nothing else does", () => {
  assert.ok(outputMatches("a\nb 17 s\nc\nd\n", "a\nb ... s\n...\nd"));
  assert.ok(outputMatches("a\nd", "a\n...\nd") === false);
  assert.ok(!outputMatches("axb", "a.b"));
  assert.ok(!outputMatches("a\nb", "a"));
});

test("a wrong value in a TypeScript example fails, a right one does not", async () => {
  const run = (text: string): Promise<unknown> =>
    import(`data:text/javascript,${encodeURIComponent(compileExample(text, "x.md:1"))}`);
  await run(
    `const a: number = 1 + 1; // => 2\na * 2; // => 4\nconsole.log({ a }); // => { a: 2 }\n[a]; // => [\n//      2,\n//    ]`,
  );
  await assert.rejects(run("const a = 1; // => 2"), /x\.md:1, line 1/);
  await assert.rejects(run("1 + 1;\n1 + 2; // => 4"), /x\.md:1, line 2/);
  assert.throws(() => compileExample("if (a) b(); // => 2", "x.md:1"));
});

test("the page of limits is that of the source", () => {
  const page = renderLimits(readText("src/base/limits.ts") ?? "", { ...defaultLimits });
  assert.equal(readText("docs/reference/limits.md"), page, "run `node dist/scripts/gen-limits.js`");
  for (const name of Object.keys(defaultLimits)) assert.ok(page.includes(`| \`${name}\` |`), name);
});

test("links between documents lead to files that are there", () => {
  for (const file of documents()) {
    const folder = file.replace(/[^/]*$/, "");
    for (const [, target = ""] of (readText(file) ?? "").matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (!/^[a-z]+:/.test(target)) assert.ok(existsSync(`${folder}${target}`), `${file} links to ${target}`);
    }
  }
});

test("every TypeScript block of the docs is marked run or illustrative", () => {
  for (const file of documents()) {
    for (const { language, words, line } of docBlocks(readText(file) ?? "")) {
      if (language !== "ts" && language !== "typescript") continue;
      assert.ok(words.includes("run") || words.includes("illustrative"), `${file}:${line}`);
    }
  }
});

test("every TypeScript block of the docs is run, or says that it illustrates", () => {
  for (const file of documentsWithExamples()) {
    for (const example of runTypeScriptExamples(file)) {
      assert.equal(example.exitCode, 0, `${file}:${example.line}\n${example.actual}`);
    }
  }
});

test("every command line in README and docs prints what they show", () => {
  assert.ok(existsSync("dist/bin/vmferry.js"), "the command must be built: npm run build");
  for (const file of documentsWithExamples()) {
    for (const { line, source, actual, expected } of runConsoleExamples(file)) {
      const hint = `${file}:${line} $ ${source}\nrun \`node dist/scripts/gen-examples.js\` and look at the difference`;
      if (!outputMatches(actual, expected)) assert.equal(actual.trim(), expected.trim(), hint);
    }
  }
});
