import { type DiagnosticCode, describeLocation, type Location } from "../base/diagnostics.js";
import { plural } from "../base/text.js";
import { countFindings } from "./findings.js";
import { oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type { DiagnosticResult, ValidateResult } from "./results.js";

/** A line of a file that was judged, by number from 1; `null` where it is not at hand. */
export type SourceLine = (line: number) => string | null;

/** Characters of a line that are shown: descriptors in one line are megabytes long. */
const SHOWN = 110;
/** Findings of one code that are shown with their place; of more than these the rest is counted. */
const EACH = 5;

/** Findings with the lines that they are about, then a verdict for each file. `lines`: for each file in order. */
export function renderValidate(
  result: ValidateResult,
  lines: readonly (SourceLine | null)[],
  palette: Palette,
): string {
  const text: string[] = [];
  for (const [i, file] of result.files.entries()) {
    if (i > 0) text.push("");
    text.push(palette.title(oneLine(file.name)));
    const total = new Map<DiagnosticCode, number>();
    for (const { code } of file.diagnostics) total.set(code, (total.get(code) ?? 0) + 1);
    const shown = new Map<DiagnosticCode, number>();
    for (const diagnostic of file.diagnostics) {
      const count = (shown.get(diagnostic.code) ?? 0) + 1;
      shown.set(diagnostic.code, count);
      const all = total.get(diagnostic.code) ?? 0;
      if (count <= EACH || all === EACH + 1) text.push("", ...finding(diagnostic, lines[i] ?? null, palette));
      else if (count === EACH + 1) text.push("", `  and ${all - EACH} more with the code ${diagnostic.code}`);
    }
    if (file.diagnostics.length > 0) text.push("");
    const verdict = file.verdict === "accept" ? palette.good("accept") : palette.error("reject");
    text.push(`${verdict}: ${countFindings(file.diagnostics) ?? "nothing wrong"}`);
  }
  if (result.files.length > 1) {
    const rejected = result.files.filter(({ verdict }) => verdict === "reject").length;
    text.push("", `${plural(result.files.length, "file")}, ${rejected} rejected`);
  }
  return `${text.join("\n")}\n`;
}

function finding(diagnostic: DiagnosticResult, lines: SourceLine | null, palette: Palette): string[] {
  const { code, severity, message, hint, location, spec } = diagnostic;
  const paint = severity === "error" ? palette.error : severity === "warning" ? palette.warning : palette.dim;
  const where = location === null ? "" : ` (${oneLine(describeLocation(location))})`;
  const text = [`  ${paint(`${severity}[${code}]`)}: ${oneLine(message)}${where}`];
  if (location !== null) text.push(...frame(location, lines, palette));
  if (hint !== null) text.push(`    ${palette.dim("hint:")} ${oneLine(hint)}`);
  if (spec !== null) text.push(`    ${palette.dim("spec:")} ${spec.spec} ${spec.version}, ${spec.section}`);
  return text;
}

/** The line of a place, with a mark below it. */
function frame(location: Location, lines: SourceLine | null, palette: Palette): string[] {
  if (location.at !== "text" || lines === null) return [];
  const line = lines(location.line);
  if (line === null) return [];
  // A window around the place, so that one long line does not fill the terminal.
  const start = location.column <= SHOWN - 20 ? 0 : location.column - 30;
  const cut = line.slice(start, start + SHOWN);
  const shown = `${start > 0 ? "..." : ""}${oneLine(cut)}${start + SHOWN < line.length ? "..." : ""}`;
  const before = oneLine(line.slice(start, location.column - 1));
  const indent = /^\s*/.exec(shown)?.[0].length ?? 0;
  const drop = start > 0 ? 0 : indent;
  const number = String(location.line);
  const mark = " ".repeat(Math.max(0, before.length + (start > 0 ? 3 : 0) - drop));
  return [
    `    ${palette.dim(`${number} |`)} ${shown.slice(drop)}`,
    `    ${palette.dim(`${" ".repeat(number.length)} |`)} ${mark}${palette.error("^")}`,
  ];
}
