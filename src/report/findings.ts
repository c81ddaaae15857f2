import { describeLocation } from "../base/diagnostics.js";
import { plural } from "../base/text.js";
import { oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type { DiagnosticResult } from "./results.js";

/** Findings of one code that are shown one by one; one more than these is cheaper to read than a count. */
const SHOWN = 3;

/**
 * Findings for people: `warning[area/what]: message (where)`, the hint below, in the order given. Of many with the same code the first
 * few are shown and the rest counted; `--json` and reports have them all. Errors are never folded.
 */
export function renderFindings(
  diagnostics: readonly DiagnosticResult[],
  palette: Palette,
  indent: string = "",
): string[] {
  const kinds = new Map<string, DiagnosticResult[]>();
  for (const diagnostic of diagnostics) {
    const kind = `${diagnostic.severity}[${diagnostic.code}]`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), diagnostic]);
  }
  const lines: string[] = [];
  const seen = new Map<string, number>();
  for (const { code, severity, message, hint, location } of diagnostics) {
    const kind = `${severity}[${code}]`;
    const total = kinds.get(kind)?.length ?? 1;
    const before = seen.get(kind) ?? 0;
    seen.set(kind, before + 1);
    const folded = severity !== "error" && total > SHOWN + 1;
    if (folded && before > SHOWN) continue;
    const paint = severity === "error" ? palette.error : severity === "warning" ? palette.warning : palette.dim;
    if (folded && before === SHOWN) {
      lines.push(`${indent}${paint(kind)}: and ${total - SHOWN} more of this kind`);
      continue;
    }
    const where = location === null ? "" : ` (${oneLine(describeLocation(location))})`;
    lines.push(`${indent}${paint(kind)}: ${oneLine(message)}${where}`);
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
