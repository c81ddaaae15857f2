import { describeLocation, type Location, type Severity } from "../base/diagnostics.js";
import { plural } from "../base/text.js";
import { reportStyle } from "./html-style.js";
import { escaped } from "./markup.js";
import { type Marks, renderPicture } from "./picture.js";
import {
  linesAt,
  pathOf,
  type ReportedFile,
  type ReportedFinding,
  spanAt,
  type ValidateReport,
} from "./validate-report.js";

/** Findings of one severity that are shown; a page with more than these is no help. */
const MOST = 400;
/** Lines before and behind the one that a finding is about. */
const AROUND = 2;
/** Characters of a line that are shown. */
const SHOWN = 300;

const HEADS: readonly (readonly [severity: Severity, title: string, tag: string])[] = [
  ["error", "Errors", "error"],
  ["warning", "Warnings", "warning"],
  ["info", "Remarks", "remark"],
];

/**
 * A report as one HTML page: a picture of each appliance beside the findings about it. No script, nothing loaded from anywhere; whatever comes
 * from a package is escaped, and a content security policy stands behind that.
 */
export function renderHtml(report: ValidateReport): string {
  const rejected = report.files.filter(({ verdict }) => verdict === "reject").length;
  const held = report.targets.length === 0 ? "" : `, and against ${report.targets.join(", ")}`;
  const level = report.level === "strict" ? "to the letter of the standard" : "as a careful importer reads it";
  const title =
    report.files.length === 1
      ? `Validation of ${report.files[0]?.name.replace(/^.*\/(?=.)/, "") ?? ""}`
      : `Validation of ${plural(report.files.length, "package")}, ${rejected} rejected`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${reportStyle}</style>
</head>
<body>
<a class="skip" href="#findings">To the findings</a>
<header>
<h1>${escaped(title)}</h1>
<p class="sub">Judged ${escaped(level)}${escaped(held)}.</p>
</header>
<main id="findings">
${report.files.map((file) => section(file, report)).join("\n")}
</main>
<footer>Made by vmferry ${escaped(report.version)}. <code>vmferry explain CODE</code> says more about each finding.</footer>
</body>
</html>
`;
}

function section(file: ReportedFile, report: ValidateReport): string {
  const fresh = file.findings.filter(({ state }) => state === "new");
  const known = file.findings.length - fresh.length;
  const counts = HEADS.map(([severity, , tag]) => [count(fresh, severity), tag] as const)
    .filter(([number]) => number > 0)
    .map(([number, tag]) => `<span class="count"><b>${number}</b> ${number === 1 ? tag : `${tag}s`}</span>`);
  if (known > 0) counts.push(`<span class="count"><b>${known}</b> in the baseline</span>`);
  const picture = file.appliance === null || file.appliance.machines.length === 0 ? "" : figure(file, fresh);
  const verdict = file.verdict === "accept" ? "accepted" : "rejected";
  return `<section class="package" aria-label="${escaped(file.name)}">
<div class="bar"><h2>${escaped(file.name)}</h2><span class="verdict ${file.verdict}">${verdict}</span>${counts.join("")}</div>
<div class="columns${picture === "" ? " plain" : ""}">
${picture}<div>${fresh.length === 0 ? '<p class="nothing">Nothing wrong was found.</p>' : groups(fresh, file, report)}</div>
</div>
</section>`;
}

function count(findings: readonly ReportedFinding[], severity: Severity): number {
  return findings.filter(({ diagnostic }) => diagnostic.severity === severity).length;
}

function figure(file: ReportedFile, findings: readonly ReportedFinding[]): string {
  if (file.appliance === null) return "";
  const caption = "What would be deployed by default. Framed in colour: what findings name.";
  return `<figure class="structure"><div class="panel">
${renderPicture(file.appliance, marksOf(findings))}
</div><figcaption>${caption}</figcaption></figure>
`;
}

/** What findings name in their values, with the worst of them. */
function marksOf(findings: readonly ReportedFinding[]): Marks {
  const marks = new Map<string, Severity>();
  for (const { diagnostic } of findings) {
    if (diagnostic.severity === "info") continue;
    for (const value of Object.values(diagnostic.data ?? {})) {
      if (typeof value !== "string" || value === "") continue;
      const name = value.replace(/^"(.*)"$/, "$1");
      if (marks.get(name) !== "error") marks.set(name, diagnostic.severity);
    }
  }
  return marks;
}

function groups(findings: readonly ReportedFinding[], file: ReportedFile, report: ValidateReport): string {
  const parts: string[] = [];
  for (const [severity, title, tag] of HEADS) {
    const found = findings.filter(({ diagnostic }) => diagnostic.severity === severity);
    if (found.length === 0) continue;
    parts.push(`<h3>${title}</h3>`, ...found.slice(0, MOST).map((finding) => card(finding, tag, file, report)));
    if (found.length > MOST) parts.push(`<p class="sub">and ${found.length - MOST} more: see --json.</p>`);
  }
  return parts.join("\n");
}

function card({ diagnostic }: ReportedFinding, tag: string, file: ReportedFile, report: ValidateReport): string {
  const { code, severity, message, hint, location, spec } = diagnostic;
  const meta = [`<span class="tag">${tag}</span>`, `<code>${escaped(code)}</code>`];
  if (location !== null) meta.push(`<span>${escaped(placeText(file, location))}</span>`);
  if (spec !== null) meta.push(`<span>${escaped(`${spec.spec} ${spec.version}, section ${spec.section}`)}</span>`);
  const why = report.codes.get(code)?.why;
  return `<article class="finding ${severity}">
<div class="meta">${meta.join("")}</div>
<p class="what">${escaped(message)}</p>
${frame(file, location)}${hint === null ? "" : `<p class="todo">${escaped(hint)}</p>`}
${why === undefined ? "" : `<details><summary>Why it matters</summary><p>${escaped(why)}</p></details>`}
</article>`;
}

function placeText(file: ReportedFile, location: Location): string {
  if (location.at !== "text") return describeLocation(location);
  return `${pathOf(file, location).replace(/^.*[/!]/, "")}, line ${location.line}, column ${location.column}`;
}

function frame(file: ReportedFile, location: Location | null): string {
  const lines = linesAt(file, location);
  if (location?.at !== "text" || lines === null) return "";
  const { line: number, column } = location;
  const around = Array.from({ length: 2 * AROUND + 1 }, (_, i) => number - AROUND + i).flatMap((at) => {
    const line = at < 1 ? null : lines(at);
    return line === null ? [] : [{ at, line }];
  });
  const indents = around.filter(({ line }) => line.trim() !== "").map(({ line }) => /^\s*/.exec(line)?.[0].length ?? 0);
  // Indentation that the lines have in common is left out.
  const indent = Math.min(column - 1, ...indents);
  const rows = around.map(({ at, line }) => {
    const here = at === number;
    // One line can be the whole descriptor: only what is around the place is shown then.
    const start = here && column > SHOWN - 60 ? column - 60 : indent;
    const cut = line.slice(start, start + SHOWN);
    const from = column - 1 - start;
    const end = from + spanAt(line, column);
    const shown = here
      ? `${escaped(cut.slice(0, from))}<mark>${escaped(cut.slice(from, end))}</mark>${escaped(cut.slice(end))}`
      : escaped(cut);
    const [before, behind] = [start > indent ? "…" : "", start + SHOWN < line.length ? "…" : ""];
    return `<span class="l${here ? " at" : ""}" data-n="${at}">${before}${shown}${behind}</span>`;
  });
  return rows.length === 0 ? "" : `<pre tabindex="0">${rows.join("")}</pre>\n`;
}
