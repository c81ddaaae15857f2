import { plural } from "../base/text.js";
import { renderFindings } from "./findings.js";
import { oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type { EditResult } from "./results.js";

const WAYS: Readonly<Record<EditResult["way"], readonly [done: string, planned: string]>> = {
  copied: ["written to its destination", "would be written to its destination"],
  patched: ["changed where it lies", "would be changed where it lies"],
  replaced: ["changed files replaced", "changed files would be replaced"],
  rewritten: ["written anew in its place", "would be written anew in its place"],
};

/** What was edited in a package, or would be. @param diff whether the descriptor's changes are shown */
export function renderEdit(result: EditResult, palette: Palette, diff: "shown" | "hidden"): string {
  const { applied, changes, files, manifest, signature, diagnostics, way } = result;
  const lines = [palette.title(oneLine(result.name))];
  for (const { edit, subject, detail } of changes) lines.push(`  ${edit} ${oneLine(subject)}: ${oneLine(detail)}`);
  lines.push(palette.title(applied ? "files changed" : "files that would change"));
  for (const { change, name, size } of files) {
    lines.push(`  ${change} ${oneLine(name)}${size === null ? "" : `, ${plural(size, "byte")}`}`);
  }
  if (manifest !== null && manifest.kept > 0) {
    const how = manifest.checked ? "checked and taken over" : "taken over";
    lines.push(`  ${plural(manifest.kept, "digest")} ${applied ? "" : "would be "}${how}`);
  }
  if (signature === "made") lines.push(`  signed by ${oneLine(result.signer?.subject ?? "")}`);
  if (diagnostics.length > 0) lines.push(...renderFindings(diagnostics, palette, "  "));
  if (diff === "shown" && result.diff !== "") lines.push(...result.diff.trimEnd().split("\n").map(shown));
  const said = WAYS[way][applied ? 0 : 1];
  lines.push(applied ? palette.good(said) : `${said}; nothing was written`);
  return `${lines.join("\n")}\n`;
}

/** A line of a diff: what a terminal would act on is shown, and a line keeps its place. */
function shown(line: string): string {
  return oneLine(line.replaceAll("\t", "    "));
}
