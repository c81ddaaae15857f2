import { describeLocation } from "../base/diagnostics.js";
import { plural } from "../base/text.js";
import { oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type { DiagnosticResult } from "./results.js";

/** Findings for people: `warning[area/what]: message (where)`, the hint below, in the order given. */
export function renderFindings(
  diagnostics: readonly DiagnosticResult[],
  palette: Palette,
  indent: string = "",
): string[] {
  const lines: string[] = [];
  for (const { code, severity, message, hint, location } of diagnostics) {
    const paint = severity === "error" ? palette.error : severity === "warning" ? palette.warning : palette.dim;
    const where = location === null ? "" : ` (${oneLine(describeLocation(location))})`;
    lines.push(`${indent}${paint(`${severity}[${code}]`)}: ${oneLine(message)}${where}`);
    if (hint !== null) lines.push(`${indent}  ${palette.dim("hint:")} ${oneLine(hint)}`);
  }
  return lines;
}

/** `2 errors, 1 warning`, or `null` where there is neither. */
export function countFindings(diagnostics: readonly DiagnosticResult[]): string | null {
  const counts = (["error", "warning"] as const)
    .map((severity) => [severity, diagnostics.filter((d) => d.severity === severity).length] as const)
    .filter(([, count]) => count > 0)
    .map(([severity, count]) => plural(count, severity));
  return counts.length === 0 ? null : counts.join(", ");
}
