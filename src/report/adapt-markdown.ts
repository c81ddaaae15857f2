import type { Diagnostic } from "../base/diagnostics.js";
import { formatBytes } from "../base/text.js";
import { INTEGRITY, noteLines, plainText, section } from "./markdown.js";
import type { AdaptedTarget } from "./results.js";

/** What the report of several results tells of. */
export interface AdaptReportInput {
  readonly source: string;
  readonly integrity: keyof typeof INTEGRITY;
  readonly targets: readonly AdaptedTarget[];
  /** About the source. */
  readonly findings: readonly Diagnostic[];
}

/** One report for all results: what each of them is, and what it could not hold. Markdown; free of times and paths. */
export function renderAdaptReport({ source, integrity, targets, findings }: AdaptReportInput): string {
  return [
    `# ${plainText(source)} for ${targets.length} platforms`,
    "",
    "## Integrity of the source",
    "",
    INTEGRITY[integrity],
    ...targets.flatMap(({ folder, label, files, losses }) => {
      const lost = losses.filter(({ severity }) => severity !== "info");
      const decided = losses.length - lost.length;
      return [
        "",
        `## \`${folder}/\`: ${plainText(label)}`,
        "",
        ...files.map(
          ({ name, size }) => `- \`${name.replaceAll("`", "'")}\`${size === null ? "" : `, ${formatBytes(size)}`}`,
        ),
        "",
        ...(lost.length === 0 ? ["Nothing was lost."] : ["Not carried over:", "", ...lost.flatMap(noteLines)]),
        ...(decided === 0
          ? []
          : ["", `${decided} more ${decided === 1 ? "thing was" : "things were"} decided on the way.`]),
      ];
    }),
    ...section("Findings about the source", findings.flatMap(noteLines)),
    "",
  ].join("\n");
}
