import { formatBytes, plural } from "../base/text.js";
import { countFindings, renderFindings } from "./findings.js";
import { columns, oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type { BuildResult } from "./results.js";

/** What was built of a spec, what would be, or why it was not. */
export function renderBuild(result: BuildResult, palette: Palette): string {
  const lines: string[] = [];
  for (const { name, targets, files, losses, refusals, proof } of result.outputs) {
    const proven = proof === null ? "" : `  ${palette.good(`${plural(proof.length, "disk")} proven equal`)}`;
    const takes = targets.length === 0 ? "" : `  for ${targets.join(", ")}`;
    lines.push(`${palette.title(oneLine(name))}${takes}${proven}`);
    const rows = files.map((file) => [
      oneLine(file.name),
      file.size === null ? "size unknown until written" : formatBytes(file.size),
    ]);
    if (result.outcome !== "refused") lines.push(...columns(rows, "  "));
    lines.push(...renderFindings([...refusals, ...losses], palette, "  "), "");
  }
  lines.push(...renderFindings(result.diagnostics, palette));
  const word = {
    written: palette.good("built"),
    plan: "plan",
    refused: palette.error("not built: a target would refuse it"),
  }[result.outcome];
  const words = [word, plural(result.outputs.length, "package")];
  const all = [...result.outputs.flatMap(({ losses, refusals }) => [...refusals, ...losses]), ...result.diagnostics];
  const counts = countFindings(all);
  if (counts !== null) words.push(counts);
  if (result.codec !== null) words.push(`codec ${result.codec}`);
  lines.push(words.join(", "));
  return `${lines.join("\n")}\n`;
}
