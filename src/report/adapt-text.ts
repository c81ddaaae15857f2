import { formatBytes, plural } from "../base/text.js";
import { countFindings, renderFindings } from "./findings.js";
import { columns, oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type { AdaptResult } from "./results.js";

/** What became of one source on several platforms, or what would. */
export function renderAdapt(dest: string, result: AdaptResult, palette: Palette): string {
  const lines = [palette.title(oneLine(dest))];
  for (const { folder, label, files, losses, proof } of result.targets) {
    const proven = proof === null ? "" : `, ${palette.good(`${plural(proof.length, "disk")} proven equal`)}`;
    lines.push("", `${palette.title(`${oneLine(folder)}/`)}  ${oneLine(label)}${proven}`);
    lines.push(
      ...columns(
        files.map(({ name, size }) => [
          oneLine(name),
          size === null ? "size unknown until written" : formatBytes(size),
        ]),
        "  ",
      ),
      ...renderFindings(losses, palette, "  "),
    );
  }
  if (result.diagnostics.length > 0) lines.push("", ...renderFindings(result.diagnostics, palette, "  "));
  const words = [result.integrity === null ? "plan" : "done", plural(result.targets.length, "target")];
  if (result.integrity === "intact") words.push(palette.good("source intact"));
  if (result.integrity === "unverifiable") words.push(palette.warning("source has no manifest"));
  if (result.integrity === "unchecked") words.push(palette.warning("source not checked"));
  const counts = countFindings([...result.targets.flatMap(({ losses }) => losses), ...result.diagnostics]);
  if (counts !== null) words.push(counts);
  if (result.codec !== null) words.push(`codec ${result.codec}`);
  if (result.threads !== null) words.push(plural(result.threads, "thread"));
  lines.push("", words.join(", "));
  return `${lines.join("\n")}\n`;
}
