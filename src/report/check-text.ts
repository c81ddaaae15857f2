import { countFindings, renderFindings } from "./findings.js";
import { oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type { CheckedImage, CheckResult } from "./results.js";

/** Whether an image is sound: a block for each file of the chain, the verdict in its last line. */
export function renderCheck(result: CheckResult, palette: Palette): string {
  const lines = [result, ...result.parents].flatMap((image) => imageLines(image, palette));
  return `${lines.join("\n")}\n`;
}

function imageLines(image: CheckedImage, palette: Palette): string[] {
  const { diagnostics, counts, verdict } = image;
  const title = palette.title(oneLine(image.file));
  const lines = [`${title}  ${image.format}${image.variant === null ? "" : ` ${oneLine(image.variant)}`}`];
  lines.push(...renderFindings(diagnostics, palette, "  "));
  const shown = new Map<string, number>();
  for (const { code } of diagnostics) shown.set(code, (shown.get(code) ?? 0) + 1);
  for (const [code, count] of Object.entries(counts)) {
    const more = count - (shown.get(code) ?? 0);
    if (more > 0) lines.push(`  ${code}: and ${more} more`);
  }
  const paint = { sound: palette.good, damaged: palette.error, unchecked: palette.warning }[verdict];
  const found = countFindings(diagnostics);
  lines.push(found === null ? paint(verdict) : `${paint(verdict)}: ${found}`);
  return lines;
}
