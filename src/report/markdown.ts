import { type Diagnostic, describeLocation, type Location } from "../base/diagnostics.js";
import { printable } from "../base/text.js";

/** What `REPORT.md` tells of. */
export interface ReportInput {
  /** Name of the package. */
  readonly source: string;
  readonly platform: string;
  /** Version of the target. */
  readonly target: string;
  readonly integrity: "intact" | "unverifiable" | "unchecked";
  readonly machines: readonly string[];
  readonly files: readonly { readonly name: string; readonly what: string }[];
  /** What the target cannot hold (`warning`), and what was decided (`info`). */
  readonly losses: readonly Diagnostic[];
  /** Findings about the source. */
  readonly findings: readonly Diagnostic[];
  /** What to look at when machines start there for the first time; empty: nothing is said of it. */
  readonly firstBoot: readonly FirstBoot[];
}

/** What to look at when one machine starts. Items are Markdown; what guests wrote in them is made plain here. */
export interface FirstBoot {
  readonly machine: string;
  /** The system on its disk, in words. */
  readonly system: string | null;
  readonly items: readonly string[];
  /** What was not looked at, and why. */
  readonly notRead: readonly string[];
}

/** What is known of the source, in a sentence. */
export const INTEGRITY: Readonly<Record<ReportInput["integrity"], string>> = {
  intact: "Every file that the manifest lists has the digest that it gives.",
  unverifiable: "The source has no manifest, so nobody can tell whether its files were changed.",
  unchecked: "Not checked, as asked for.",
};

/** Text from a package in a Markdown line: no line breaks, no markup, no control characters. */
export function plainText(text: string): string {
  return plainPart(text.trim());
}

function plainPart(text: string): string {
  return printable(text.replace(/\s+/g, " ")).replace(/[\\`*_{}[\]<>#|]/g, "\\$&");
}

/** One finding as an item of a list. */
export function noteLines(
  diagnostic: Pick<Diagnostic, "code" | "message"> & {
    readonly hint?: string | null;
    readonly location?: Location | null;
  },
): string[] {
  const { location = null } = diagnostic;
  const place = location === null ? "" : ` (${plainText(describeLocation(location))})`;
  const lines = [`- \`${diagnostic.code}\`: ${plainText(diagnostic.message)}${place}`];
  if (diagnostic.hint !== undefined && diagnostic.hint !== null) lines.push(`  ${plainText(diagnostic.hint)}`);
  return lines;
}

/** A heading with what stands below it; nothing where that is nothing. */
export function section(title: string, body: readonly string[]): string[] {
  return body.length === 0 ? [] : ["", `## ${title}`, "", ...body];
}

function firstBootLines({ machine, system, items, notRead }: FirstBoot): string[] {
  const title = `### ${plainText(machine)}${system === null ? "" : `: ${plainText(system)}`}`;
  const lines = items.map((item) => `- ${codeOrText(item)}`);
  const skipped = notRead.map((what) => `- Not looked at: ${plainText(what)}.`);
  return [title, "", ...(lines.length === 0 ? ["- Nothing that is known of needs a hand."] : lines), ...skipped, ""];
}

/** Text with parts in code marks, which stay; all else is made plain. */
function codeOrText(text: string): string {
  const parts = text.split("`");
  return parts.map((part, index) => (index % 2 === 0 ? plainPart(part) : `\`${printable(part)}\``)).join("");
}

/** The report beside a result: what was made, what was lost and why, in plain words. Markdown; free of times and paths. */
export function renderReport(input: ReportInput): string {
  const lost = input.losses.filter((loss) => loss.severity !== "info");
  const decided = input.losses.filter((loss) => loss.severity === "info");
  return [
    `# ${plainText(input.source)} for ${plainText(input.platform)} ${plainText(input.target)}`.trimEnd(),
    ...section(
      "Machines",
      input.machines.map((name) => `- ${plainText(name)}`),
    ),
    ...section(
      "Files",
      input.files.map(({ name, what }) => `- \`${printable(name).replaceAll("`", "'")}\`: ${plainText(what)}`),
    ),
    "",
    "## Integrity of the source",
    "",
    INTEGRITY[input.integrity],
    "",
    "## Not carried over",
    "",
    ...(lost.length === 0 ? ["Nothing was lost."] : lost.flatMap(noteLines)),
    ...section("Decided on the way", decided.flatMap(noteLines)),
    ...section("Findings about the source", input.findings.flatMap(noteLines)),
    ...section("First start", input.firstBoot.flatMap(firstBootLines)),
    "",
  ].join("\n");
}
