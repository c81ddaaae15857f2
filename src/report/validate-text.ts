import { type DiagnosticCode, describeLocation, type Location } from "../base/diagnostics.js";
import { plural } from "../base/text.js";
import { countFindings } from "./findings.js";
import { displayWidth, oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type { DiagnosticResult } from "./results.js";
import { linesAt, type ReportedFile, type SourceLine, spanAt, type ValidateReport } from "./validate-report.js";

/** Characters of a line that are shown: descriptors in one line are megabytes long. */
const SHOWN = 110;
/** Of a line that is too long, what is shown before the place. */
const BEFORE = 30;
/** Findings of one code that are shown with their place; of more than these the rest is counted. */
const EACH = 5;

/** Findings with the lines that they are about, then a verdict for each file. */
export function renderValidate(report: ValidateReport, palette: Palette): string {
  const text: string[] = [];
  for (const [i, file] of report.files.entries()) {
    if (i > 0) text.push("");
    text.push(...fileLines(file, palette));
  }
  if (report.files.length > 1) {
    const rejected = report.files.filter(({ verdict }) => verdict === "reject").length;
    text.push("", `${plural(report.files.length, "file")}, ${rejected} rejected`);
  }
  return `${text.join("\n")}\n`;
}

function fileLines(file: ReportedFile, palette: Palette): string[] {
  const text = [palette.title(oneLine(file.name))];
  const diagnostics = file.findings.filter(({ state }) => state === "new").map(({ diagnostic }) => diagnostic);
  const total = new Map<DiagnosticCode, number>();
  for (const { code } of diagnostics) total.set(code, (total.get(code) ?? 0) + 1);
  const shown = new Map<DiagnosticCode, number>();
  for (const diagnostic of diagnostics) {
    const count = (shown.get(diagnostic.code) ?? 0) + 1;
    shown.set(diagnostic.code, count);
    const all = total.get(diagnostic.code) ?? 0;
    if (count <= EACH || all === EACH + 1)
      text.push("", ...finding(diagnostic, linesAt(file, diagnostic.location), palette));
    else if (count === EACH + 1) text.push("", `  and ${all - EACH} more with the code ${diagnostic.code}`);
  }
  if (diagnostics.length > 0) text.push("");
  const known = file.findings.length - diagnostics.length;
  const verdict = file.verdict === "accept" ? palette.good("accept") : palette.error("reject");
  const rest = known === 0 ? "" : `; ${known} of the baseline left out`;
  text.push(`${verdict}: ${countFindings(diagnostics) ?? "nothing wrong"}${rest}`);
  return text;
}

function finding(diagnostic: DiagnosticResult, lines: SourceLine | null, palette: Palette): string[] {
  const { code, severity, message, hint, location, spec } = diagnostic;
  const paint = severity === "error" ? palette.error : severity === "warning" ? palette.warning : palette.dim;
  const where = location === null ? "" : ` (${oneLine(describeLocation(location))})`;
  const text = [`  ${paint(`${severity}[${code}]`)}: ${oneLine(message)}${palette.dim(where)}`];
  if (location !== null) text.push(...frame(location, lines, paint, palette));
  if (hint !== null) text.push(`    ${palette.dim("hint:")} ${oneLine(hint)}`);
  if (spec !== null) text.push(`    ${palette.dim(`spec: ${spec.spec} ${spec.version}, ${spec.section}`)}`);
  return text;
}

/** The line of a place with the one before and the one behind it, and a mark below what is meant. */
function frame(
  location: Location,
  lines: SourceLine | null,
  paint: (text: string) => string,
  palette: Palette,
): string[] {
  if (location.at !== "text" || lines === null) return [];
  const { line: number } = location;
  const read = lines(number);
  if (read === null) return [];
  const line = expand(read);
  const column = expand(read.slice(0, location.column - 1)).length + 1;
  const around = [number - 1, number, number + 1].flatMap((at) => {
    const text = at < 1 ? null : at === number ? line : lines(at);
    // Next to a line that is shown in part, others say nothing.
    return text === null || (at !== number && (text.trim() === "" || line.length > SHOWN))
      ? []
      : [{ at, text: expand(text) }];
  });
  const start = column <= SHOWN - 20 ? 0 : column - BEFORE;
  // Indentation that the lines have in common is left out.
  const indent = start > 0 ? 0 : Math.min(column - 1, ...around.map(({ text }) => /^\s*/.exec(text)?.[0].length ?? 0));
  const from = Math.max(start, indent);
  const lead = start > 0 ? "..." : "";
  const digits = String(number + 1).length;
  const text: string[] = [];
  for (const { at, text: words } of around) {
    const cut = `${lead}${oneLine(words.slice(from, from + SHOWN))}${from + SHOWN < words.length ? "..." : ""}`;
    const gutter = palette.dim(`${String(at).padStart(digits)} |`);
    text.push(`    ${gutter} ${at === number ? cut : palette.dim(cut)}`.trimEnd());
    if (at !== number) continue;
    const before = displayWidth(oneLine(words.slice(from, column - 1))) + lead.length;
    const meant = words.slice(column - 1, Math.min(column - 1 + spanAt(words, column), from + SHOWN));
    const mark = "^".repeat(Math.max(1, displayWidth(oneLine(meant))));
    text.push(`    ${palette.dim(`${" ".repeat(digits)} |`)} ${" ".repeat(before)}${paint(mark)}`);
  }
  return text;
}

/** Tabs as two spaces: wider ones push lines off the screen. */
function expand(text: string): string {
  return text.replaceAll("\t", "  ");
}
