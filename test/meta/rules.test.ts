import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { requirementTable, rulePages } from "../../scripts/reference.js";
import { checkRequirements, type RequirementSources } from "../../scripts/requirement-check.js";
import { readText } from "../../scripts/tree.js";
import { rules } from "../../src/rules/rules.js";

const LIST = "../shared/spec/ovf-requirements.tsv";

const sources: RequirementSources = {
  ids: "id\tabout\nOVF-1-1\tdescriptor\nOVF-1-2\tpackage\n",
  reasons: new Map([["reasons.tsv", "id\treason\nOVF-1-2\tallows: it\n"]]),
  rules: [],
  reported: { "xml/empty": { requirements: ["OVF-1-1"] } },
  codes: new Set(["xml/empty"]),
  tests: new Map([["a.test.ts", 'assert.equal(code, "xml/empty");']]),
};

test("every statement of the standard has a rule, or a reason why not", () => {
  const { rows, wrong } = requirementTable();
  assert.ok(rows.length > 500);
  assert.deepEqual(wrong, []);
});

test("every statement that something checks names a test", () => {
  const untested = requirementTable().rows.filter(({ codes, tests }) => codes.length > 0 && tests.length === 0);
  assert.deepEqual(
    untested.map(({ id, codes }) => `${id}: ${codes.join(", ")}`),
    [],
  );
});

test("the ids are those of the list of requirements", {
  skip: existsSync(LIST) ? false : `${LIST} is not there`,
}, () => {
  const idsOf = (text: string): string[] =>
    text
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => line.split("\t")[0] ?? "");
  assert.deepEqual(idsOf(readText("docs/reference/requirements-ids.tsv") ?? ""), idsOf(readFileSync(LIST, "utf8")));
});

test("a statement whose id is uncertain is no error by default", () => {
  const wrong = rules.filter(
    ({ severity, requirements = [] }) =>
      severity === "error" && requirements.length > 0 && requirements.every((id) => id.endsWith("?")),
  );
  assert.deepEqual(
    wrong.map(({ code }) => code),
    [],
  );
});

test("a statement without rule and reason is found, and so are ids and codes that do not exist", () => {
  assert.deepEqual(checkRequirements(sources).wrong, []);
  assert.deepEqual(checkRequirements({ ...sources, reasons: new Map() }).wrong, [
    "OVF-1-2 has neither a rule nor a reason",
  ]);
  const wrongReasons = new Map([["r.tsv", "id\treason\nOVF-1-2\txml/gone says so\nOVF-9-9\tallows: it\n"]]);
  assert.deepEqual(checkRequirements({ ...sources, reasons: wrongReasons }).wrong, [
    "r.tsv: OVF-1-2 names xml/gone, which is no code",
    "r.tsv: OVF-9-9 is not in the list",
  ]);
  const reported = { "xml/empty": { requirements: ["OVF-1-1", "OVF-8-8"] } };
  assert.deepEqual(checkRequirements({ ...sources, reported }).wrong, [
    "xml/empty checks OVF-8-8, which is not in the list",
  ]);
});

test("the pages of rules and requirements are those of the source", () => {
  for (const [file, text] of rulePages())
    assert.equal(readText(file), text, `${file}: run \`node dist/scripts/gen-codes.js\``);
});
