import { describeLocation, type Severity } from "../base/diagnostics.js";
import { plural, printable } from "../base/text.js";
import { countFindings } from "./findings.js";
import { plainText } from "./markdown.js";
import { linesAt, pathOf, type ReportedFile, type ReportedFinding, type ValidateReport } from "./validate-report.js";

/** Places of one code that are listed; of more the rest is counted. */
const EACH = 20;
/** Characters of a line that an excerpt shows. */
const EXCERPT = 160;

const HEADS: readonly (readonly [severity: Severity, title: string])[] = [
  ["error", "Errors"],
  ["warning", "Warnings"],
  ["info", "Remarks"],
];

/** A report as Markdown, for pull requests and wikis: a verdict for each package, then findings by severity and code. */
export function renderValidateMarkdown(report: ValidateReport): string {
  const held = report.targets.length === 0 ? "" : `, and against ${report.targets.join(", ")}`;
  const level = report.level === "strict" ? "to the letter of the standard" : "as a careful importer reads it";
  return [
    "# Validation",
    "",
    `vmferry ${report.version} judged ${plural(report.files.length, "package")} ${level}${held}.`,
    "",
    "| Package | Verdict | Findings |",
    "| --- | --- | --- |",
    ...report.files.map((file) => {
      const found = file.findings.filter(({ state }) => state === "new").map(({ diagnostic }) => diagnostic);
      return `| ${plainText(file.name)} | **${file.verdict}** | ${countFindings(found) ?? "nothing wrong"} |`;
    }),
    ...report.files.flatMap((file) => fileLines(file, report)),
    "",
  ].join("\n");
}

function fileLines(file: ReportedFile, report: ValidateReport): string[] {
  const fresh = file.findings.filter(({ state }) => state === "new");
  const known = file.findings.length - fresh.length;
  const lines = ["", `## ${plainText(file.name)}`];
  if (fresh.length === 0) lines.push("", "Nothing wrong was found.");
  for (const [severity, title] of HEADS) {
    const found = fresh.filter(({ diagnostic }) => diagnostic.severity === severity);
    if (found.length === 0) continue;
    lines.push("", `### ${title}`);
    for (const [code, group] of byCode(found)) lines.push("", ...groupLines(code, group, file, report));
  }
  if (known > 0) lines.push("", `${plural(known, "finding")} of the baseline left out.`);
  return lines;
}

function byCode(findings: readonly ReportedFinding[]): Map<string, ReportedFinding[]> {
  const groups = new Map<string, ReportedFinding[]>();
  for (const finding of findings) {
    const { code } = finding.diagnostic;
    const group = groups.get(code);
    if (group === undefined) groups.set(code, [finding]);
    else group.push(finding);
  }
  return groups;
}

function groupLines(
  code: string,
  group: readonly ReportedFinding[],
  file: ReportedFile,
  report: ValidateReport,
): string[] {
  const lines = [`**\`${code}\`**`];
  const first = group[0]?.diagnostic;
  const why = first === undefined ? undefined : report.codes.get(first.code)?.why;
  const spec = first?.spec ?? null;
  const rests = spec === null ? "" : ` (${spec.spec} ${spec.version}, section ${spec.section})`;
  if (why !== undefined) lines.push("", `${plainText(why)}${rests}`);
  lines.push("");
  for (const { diagnostic } of group.slice(0, EACH)) {
    const { message, hint, location } = diagnostic;
    const place = location === null ? "" : `: \`${inCode(placeText(file, location))}\``;
    lines.push(`- ${plainText(message)}${place}`);
    const line = location?.at === "text" ? (linesAt(file, location)?.(location.line) ?? null) : null;
    if (line !== null && location?.at === "text") {
      const start = line.length > EXCERPT ? location.column - 1 : 0;
      lines.push("", `  \`${inCode(line.slice(start, start + EXCERPT).trim())}\``, "");
    }
    if (hint !== null) lines.push(`  ${plainText(hint)}`);
  }
  if (group.length > EACH) lines.push(`- and ${group.length - EACH} more`);
  return lines;
}

function placeText(file: ReportedFile, location: Parameters<typeof pathOf>[1]): string {
  const path = pathOf(file, location);
  return location.at === "text" ? `${path}:${location.line}:${location.column}` : describeLocation(location);
}

/** Text inside of backticks: one line, no backticks of its own. */
function inCode(text: string): string {
  const line = printable(text.replaceAll(/\s+/g, " ")).replaceAll("`", "'");
  return line === "" ? " " : line;
}
