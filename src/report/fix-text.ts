import { plural } from "../base/text.js";
import { countFindings, renderFindings } from "./findings.js";
import { oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type { FixResult } from "./results.js";

/** What was changed in a package, or would be. */
export function renderFix(result: FixResult, palette: Palette): string {
  const { applied, refused, changes, mended, left, differing, diff } = result;
  const lines = [palette.title(oneLine(result.name))];
  if (mended.length > 0) {
    lines.push(palette.title(applied ? "mended" : "would be mended"), ...renderFindings(mended, palette, "  "));
  }
  if (changes.length > 0) {
    lines.push(palette.title(applied ? "changed" : "would change"));
    for (const { change, subject, detail } of changes) {
      lines.push(`  ${change} ${oneLine(subject)}: ${oneLine(detail)}`);
    }
  }
  if (left.length > 0) lines.push(palette.title("what stays"), ...renderFindings(left, palette, "  "));
  if (differing.length > 0) {
    lines.push(palette.title("not what the manifest says"));
    for (const { name, algorithm, expected, actual } of differing) {
      lines.push(`  ${oneLine(name)}: ${algorithm} ${expected}`, `    and not ${actual ?? "there, or not readable"}`);
    }
  }
  if (diff !== null && diff !== "") lines.push(...diff.trimEnd().split("\n").map(shown));
  const count = countFindings(left);
  const stays = count === null ? "" : `, ${count} left`;
  if (refused) lines.push(palette.error(`refused: nothing was written${stays}`));
  else if (mended.length === 0 && changes.length === 0) lines.push(`nothing to mend${stays}`);
  else {
    const what = plural(mended.length, "finding");
    lines.push(
      applied ? `${palette.good(`${what} mended`)}${stays}` : `${what} would be mended, nothing was written${stays}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** A line of a diff: what a terminal would act on is shown, and a line keeps its place. */
function shown(line: string): string {
  return oneLine(line.replaceAll("\t", "    "));
}
