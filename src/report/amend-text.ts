import { formatBytes, plural } from "../base/text.js";
import { renderFindings } from "./findings.js";
import { facts, oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type { AmendedSize, AmendResult } from "./results.js";

/** What was changed in a disk where it lies, or would be. */
export function renderAmend(result: AmendResult, palette: Palette): string {
  const { applied, mended, left } = result;
  const lines = [
    palette.title(oneLine(result.name)),
    ...facts(
      [
        ["capacity", sizes(result.capacityBytes)],
        ["file", sizes(result.fileBytes)],
      ],
      "  ",
      palette,
    ),
    ...renderFindings(result.diagnostics, palette, "  "),
  ];
  if (mended.length > 0) {
    lines.push(palette.title(applied ? "mended" : "would be mended"), ...renderFindings(mended, palette, "  "));
  }
  if (left.length > 0) lines.push(palette.title("what stays"), ...renderFindings(left, palette, "  "));
  lines.push(result.change === "resize" ? resized(result, palette) : repaired(result, palette));
  return `${lines.join("\n")}\n`;
}

function resized({ applied, capacityBytes: { before, after } }: AmendResult, palette: Palette): string {
  if (before === after) return "nothing to do: the disk has this capacity";
  return applied ? palette.good("resized") : "planned: nothing was written";
}

function repaired({ applied, mended, left }: AmendResult, palette: Palette): string {
  const parts = [
    mended.length === 0
      ? "nothing to mend"
      : applied
        ? palette.good(`${plural(mended.length, "finding")} mended`)
        : `${plural(mended.length, "finding")} would be mended, nothing was written`,
  ];
  if (left.length > 0) parts.push(palette.warning(`${plural(left.length, "finding")} left`));
  return parts.join(", ");
}

function sizes({ before, after }: AmendedSize): string | null {
  if (before === null || after === null) return null;
  const exact = (bytes: number): string => (bytes < 1024 ? `${bytes} B` : `${formatBytes(bytes)} (${bytes} bytes)`);
  return before === after ? exact(before) : `${exact(before)} to ${exact(after)}`;
}
