import { codes as thrownAndFound } from "../src/base/codes/all.js";
import { reported } from "../src/rules/reported.js";
import { ruleCodes, rules } from "../src/rules/rules.js";
import { targets } from "../src/targets/targets.js";
import { checkRequirements, type RequirementRow, renderRequirements } from "./requirement-check.js";
import { renderRules } from "./rules-render.js";
import { readText, readTree } from "./tree.js";

/** Statements of the standard with what checks them, from the project root, and what is wrong with the table. */
export function requirementTable(): { rows: RequirementRow[]; wrong: string[] } {
  const tests = [...readTree("src", ".test.ts"), ...readTree("test", ".test.ts")];
  const reasons = [...readTree("docs/reference", ".tsv")].filter(([file]) => file.includes("requirements-reasons"));
  return checkRequirements({
    ids: readText("docs/reference/requirements-ids.tsv") ?? "",
    reasons: new Map(reasons),
    rules,
    reported,
    codes: new Set([...Object.keys(thrownAndFound), ...Object.keys(ruleCodes)]),
    tests: new Map(tests),
  });
}

/** The pages of the reference that are made from rules, by path. */
export function rulePages(): ReadonlyMap<string, string> {
  return new Map([
    ["docs/reference/rules.md", renderRules(rules, targets.all)],
    ["docs/reference/requirements.md", renderRequirements(requirementTable().rows)],
  ]);
}
