import { formatBytes, plural } from "../base/text.js";
import { renderFindings } from "./findings.js";
import { oneLine } from "./layout.js";
import { plainText, section } from "./markdown.js";
import type { Palette } from "./palette.js";
import type { DiffDisk, DiffResult, DiffSide } from "./results.js";

/** Ranges of a disk that are shown. */
const SHOWN_RANGES = 5;

/** What changed between two packages, for people. */
export function renderPackageDiff(result: DiffResult, palette: Palette): string {
  const { a, b, changes, unsaid, disks, unknown, notes, diagnostics } = result;
  const lines = [palette.title(`${sideWords(a)} -> ${sideWords(b)}`), ...changes.map(({ text }) => `  ${text}`)];
  for (const disk of disks ?? []) {
    if (disk.verdict === "same") continue;
    lines.push(`  ${diskWords(disk)}`, ...rangeWords(disk).map((range) => `    ${palette.dim(range)}`));
  }
  const add = (title: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push(palette.dim(`${title}:`), ...body.map((line) => `  ${palette.dim(line)}`));
  };
  add(
    "said by one platform only",
    unsaid.map(({ text }) => text),
  );
  add("not compared, for want of digests", unknown.map(oneLine));
  add("notes", notes.map(oneLine));
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) lines.push(...renderFindings(errors, palette, "  "));
  lines.push(verdictWords(result));
  return `${lines.join("\n")}\n`;
}

/** The same as Markdown, for pull requests. */
export function renderPackageDiffMarkdown(result: DiffResult): string {
  const { a, b, changes, unsaid, disks, unknown, notes } = result;
  const item = (text: string): string => `- ${plainText(text)}`;
  const different = (disks ?? []).filter(({ verdict }) => verdict === "different");
  return [
    `# ${plainText(a.name)} and ${plainText(b.name)}`,
    "",
    plainText(verdictWords(result)),
    ...section(
      "Changes",
      changes.map(({ text }) => item(text)),
    ),
    ...section(
      "Disks",
      different.flatMap((disk) => [
        item(diskWords(disk)),
        ...rangeWords(disk).map((range) => `  - ${plainText(range)}`),
      ]),
    ),
    ...section(
      "Said by one platform only",
      unsaid.map(({ text }) => item(text)),
    ),
    ...section("Not compared, for want of digests", unknown.map(item)),
    ...section("Notes", notes.map(item)),
    "",
  ].join("\n");
}

function sideWords({ name, kind }: DiffSide): string {
  return `${oneLine(name)} (${kind})`;
}

function verdictWords({ verdict, changes, disks }: DiffResult): string {
  if (verdict === "same") {
    const compared = (disks ?? []).length;
    return `same${disks === null ? ", disks not compared" : compared === 0 ? "" : `, with the content of ${plural(compared, "disk")}`}`;
  }
  const different = (disks ?? []).filter((disk) => disk.verdict === "different").length;
  const parts = [
    ...(changes.length === 0 ? [] : [plural(changes.length, "change")]),
    ...(different === 0 ? [] : [`${plural(different, "disk")} with other content`]),
    ...(disks === null ? ["disks not compared"] : []),
  ];
  return `different: ${parts.join(", ")}`;
}

function diskWords({ a, b, changedBytes, capacityBytes, count }: DiffDisk): string {
  const name = a === b ? oneLine(a) : `${oneLine(a)}, here ${oneLine(b)}`;
  const size = formatBytes(Math.max(capacityBytes.a, capacityBytes.b));
  return `disk ${name}: ${formatBytes(changedBytes)} of ${size} differ, in ${plural(count, "range")}`;
}

function rangeWords({ ranges, count }: DiffDisk): string[] {
  const shown = ranges.slice(0, SHOWN_RANGES);
  const lines = shown.map(({ offset, length }) => `${formatBytes(length)} at ${offset}`);
  return count > shown.length ? [...lines, `and ${plural(count - shown.length, "other range")}`] : lines;
}
