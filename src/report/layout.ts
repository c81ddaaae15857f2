import { printable } from "../base/text.js";
import type { Palette } from "./palette.js";

/** Text from input on one line: control characters visible, line breaks as spaces. */
export function oneLine(text: string): string {
  return printable(text.replace(/[\r\n\t]+/g, " "));
}

/** Columns aligned by their widest cell, two spaces between. Trailing spaces are cut. */
export function columns(rows: readonly (readonly string[])[], indent: string): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell));
  }
  return rows.map((row) => {
    const cells = row.map((cell, i) => cell + " ".repeat((widths[i] ?? 0) - width(cell)));
    return (indent + cells.join("  ")).trimEnd();
  });
}

/** Label and value, one pair a line; pairs without a value are left out. Labels are dim and aligned. */
export function facts(
  pairs: readonly (readonly [string, string | null])[],
  indent: string,
  palette: Palette,
): string[] {
  const kept = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== null);
  const widest = Math.max(0, ...kept.map(([label]) => label.length));
  return kept.map(([label, value]) => `${indent}${palette.dim(label.padEnd(widest))}  ${value}`);
}

/** Columns that text takes on a terminal: those of East Asian scripts and pictures take two, combining marks none. */
export function displayWidth(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (/\p{Mark}/u.test(character)) continue;
    columns +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return columns;
}

/** Characters, counted as code points without colours; good enough for the names that packages have. */
function width(text: string): number {
  let count = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
  for (const _ of text.replace(/\u001b\[\d+m/g, "")) count++;
  return count;
}

/** A paragraph in lines of a width at most; words longer than that stay whole. Each line is indented. */
export function wrap(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, indent + line];
}
