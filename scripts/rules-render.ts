import { excerptsOf } from "../src/rules/excerpt.js";
import type { AnyRule } from "../src/rules/rule.js";
import type { TargetProfile } from "../src/targets/profile.js";

/** `docs/reference/rules.md`: every rule by what it is about. */
export function renderRules(rules: readonly AnyRule[], targets: readonly TargetProfile[]): string {
  const areas = new Map<string, AnyRule[]>();
  for (const rule of rules) {
    const area = rule.targets === undefined ? rule.code.slice(0, rule.code.indexOf("/")) : "for targets";
    areas.set(area, [...(areas.get(area) ?? []), rule]);
  }
  const sorted = [...areas].sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = [
    "# Rules",
    "",
    "<!-- Generated from src/rules by `node dist/scripts/gen-codes.js`. Change the rules, not this page. -->",
    "",
    `What \`vmferry validate\` holds a package against: ${rules.length} rules. Each has two severities: that of a careful importer, and that of the standard`,
    "under `--strict`. `vmferry explain CODE` says the same on a terminal. What reading a package reports by itself is in [codes](codes.md);",
    "which statement of the standard which rule checks, in [requirements](requirements.md).",
  ];
  for (const [area, found] of sorted) {
    lines.push("", `## ${area}`, "", "| Rule | By default | `--strict` | Section |", "| --- | --- | --- | --- |");
    const inOrder = [...found].sort((a, b) => (a.code < b.code ? -1 : 1));
    for (const { code, severity, strict, spec } of inOrder) {
      lines.push(`| [\`${code}\`](#${code.replace("/", "")}) | ${severity} | ${strict} | ${spec?.section ?? ""} |`);
    }
    for (const rule of inOrder) lines.push(...ruleLines(rule, targets));
  }
  return `${lines.join("\n")}\n`;
}

function ruleLines(rule: AnyRule, targets: readonly TargetProfile[]): string[] {
  const { code, severity, strict, spec, requirements = [], what, why, fix, examples, mend, targets: speaksFor } = rule;
  const rests = [
    ...(spec === null ? [] : [`${spec.spec} ${spec.version}, section ${spec.section}`]),
    ...(requirements.length === 0 ? [] : [requirements.join(", ")]),
  ].join(": ");
  const lines = [
    "",
    `### ${code}`,
    "",
    escaped(what),
    "",
    `*Why.* ${escaped(why)}`,
    "",
    `*What to do.* ${escaped(fix)}`,
    "",
  ];
  if (mend !== undefined) lines.push("`vmferry fix` mends it where there is one right answer.", "");
  lines.push(`By default: ${severity}. Under \`--strict\`: ${strict}.${rests === "" ? "" : ` Rests on ${rests}.`}`);
  if (speaksFor !== undefined) {
    const ids = targets.filter((target) => speaksFor(target)).map(({ id }) => id);
    lines.push("", `For ${ids.join(", ")}.`);
  }
  const [invalid] = examples?.invalid ?? [];
  const [valid] = examples?.valid ?? [];
  if (invalid !== undefined && valid !== undefined) {
    const shown = excerptsOf(invalid, valid);
    if (shown.invalid !== "") lines.push("", "Wrong:", "", "```xml", shown.invalid, "```");
    if (shown.valid !== "") lines.push("", "Right:", "", "```xml", shown.valid, "```");
  }
  return lines;
}

/** Text as it is, not as markup: placeholders and elements stand in it. */
function escaped(text: string): string {
  return text.replaceAll(/[<>*_[\]]/g, "\\$&");
}
