import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCodes, renderCodes } from "../../scripts/code-check.js";
import { scanCodes } from "../../scripts/code-scan.js";
import { readText, readTree } from "../../scripts/tree.js";
import { codes as tabled } from "../../src/base/codes/all.js";
import type { CodeTable } from "../../src/base/codes/codes.js";
import { ruleCodes } from "../../src/rules/rules.js";

const codes: CodeTable = { ...tabled, ...ruleCodes };
const entry = { what: "What.", why: "Why.", fix: "Fix." };
const table: CodeTable = { "io/known": { kind: "io", ...entry }, "ovf/found": entry };
const tables = {
  "src/base/codes/io.ts": `export const ioCodes = { "io/known": {}, };`,
  "src/base/codes/ovf.ts": `export const ovfCodes = { "ovf/found": {}, };`,
};
const used = { "src/io/x.ts": `throw new FerryError("io/known", "");\nctx.report({ code: "ovf/found" });` };

function check(changes: Readonly<Record<string, string>>): ReturnType<typeof checkCodes> {
  return checkCodes(new Map(Object.entries({ ...tables, ...used, ...changes })), table);
}

test("source and tables that agree have no problems", () => {
  assert.deepEqual(check({}), { wrong: [], unused: [] });
});

test("a code that no table has is found wherever a code can stand", () => {
  const text = [
    `throw new FerryError("io/a", "message");`,
    `report({ code: "io/b", severity: "error" });`,
    `throw new FerryError(late ? "io/c" : "io/known", "message");`,
    `if (error.code === "io/d") return;`,
    "function fail(at: number, code: DiagnosticCode): never { throw new FerryError(code, ''); }",
    `fail(3, "io/e");`,
  ].join("\n");
  const found = check({ "src/io/y.ts": text }).wrong.map((line) =>
    /^src\/io\/y\.ts:(\d).*(io\/.) /.exec(line)?.slice(1),
  );
  assert.deepEqual(found, [
    ["1", "io/a"],
    ["2", "io/b"],
    ["3", "io/c"],
    ["4", "io/d"],
    ["6", "io/e"],
  ]);
});

test("a helper that takes a code is followed into the files that import it, and into no others", () => {
  const helper = `export const fail = (code: DiagnosticCode): never => { throw new FerryError(code, ""); };`;
  const importer = `import { fail } from "./fail.js";\nfail("io/gone");`;
  const other = `fail("vmdk/grain");`;
  const { wrong } = check({ "src/io/fail.ts": helper, "src/io/importer.ts": importer, "src/io/other.ts": other });
  assert.equal(wrong.length, 1);
  assert.match(wrong[0] ?? "", /^src\/io\/importer\.ts:2 .*io\/gone/);
});

test("kernel ids, media types and paths are not taken for codes", () => {
  const text = `const kernel = { id: "vmdk/grain" };\nconst type = "text/xml";\nrun("disk/segment");\nconst e = { code: "ENOENT" };`;
  assert.deepEqual(check({ "src/io/y.ts": text }).wrong, []);
});

test("tests may invent codes", () => {
  assert.deepEqual(check({ "src/io/y.test.ts": `throw new FerryError("test/invented", "");` }).wrong, []);
});

test("a code that nothing uses is reported as unused, not as wrong", () => {
  const { wrong, unused } = check({ "src/io/x.ts": `throw new FerryError("io/known", "");` });
  assert.deepEqual(wrong, []);
  assert.match(unused[0] ?? "", /^src\/base\/codes\/ovf\.ts:1 .*ovf\/found/);
});

test("a code in two tables, and a table left out of the list, are wrong", () => {
  assert.equal(check({ "src/base/codes/xml.ts": `const t = { "ovf/found": {} };` }).wrong.length, 1);
  assert.equal(check({ "src/base/codes/xml.ts": `const t = { "xml/new": {} };` }).wrong.length, 1);
});

test("the page lists every code under its area, with bars escaped", () => {
  const page = renderCodes({ ...table, "io/bar": { what: "a | b", why: "w", fix: "f" } });
  assert.match(page, /## io\n\n.*\n.*\n\| `io\/bar` \| finding \| a \\\| b \| w \| f \|\n\| `io\/known` \| io \|/);
  assert.match(page, /## ovf\n/);
});

test("codes in the source of vmferry, in its tables and on their page agree", () => {
  const files = readTree("src", ".ts");
  assert.ok(scanCodes(files).uses.length > 0, "the test must run from the project root");
  assert.deepEqual(checkCodes(files, codes).wrong, []);
  assert.equal(readText("docs/reference/codes.md"), renderCodes(codes));
});

test("every code says what, why and what to do in whole sentences", () => {
  for (const [code, { what, why, fix }] of Object.entries(codes)) {
    for (const text of [what, why, fix]) assert.match(text, /\S[.!?)`]$/, `${code}: ${text}`);
  }
});
