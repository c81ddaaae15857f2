import type { DiagnosticCode, Location } from "../base/diagnostics.js";
import type { PackageKind } from "../base/ids.js";
import type { ApplianceResult, DiagnosticResult, ExplainedCode } from "./results.js";

/** A line of a descriptor, by number from 1; `null` where it is not at hand. */
export type SourceLine = (line: number) => string | null;

/** A finding, and what tells it apart from run to run. */
export interface ReportedFinding {
  readonly diagnostic: DiagnosticResult;
  /** 32 hexadecimal digits. */
  readonly fingerprint: string;
  /** `known`: it is in the baseline, and does not count. */
  readonly state: "new" | "known";
}

/** One package that was judged. */
export interface ReportedFile {
  /** As it was given. */
  readonly name: string;
  readonly kind: PackageKind | null;
  readonly verdict: "accept" | "reject";
  readonly findings: readonly ReportedFinding[];
  /** The descriptor's lines, and how places call its file; `null`: there is none. */
  readonly descriptor: { readonly file: string; readonly line: SourceLine } | null;
  /** `null`: not asked for, or the descriptor cannot be understood. */
  readonly appliance: ApplianceResult | null;
}

/** All that reports tell of. */
export interface ValidateReport {
  /** Of vmferry. */
  readonly version: string;
  readonly level: "importer" | "strict";
  readonly targets: readonly string[];
  readonly files: readonly ReportedFile[];
  /** What the codes of the findings mean. */
  readonly codes: ReadonlyMap<DiagnosticCode, ExplainedCode>;
}

/** What a place is about: as many characters as should be marked, at least one. A name, or an attribute with its value. */
export function spanAt(line: string, column: number): number {
  const rest = line.slice(column - 1, column - 1 + 2000);
  const found = /^<[\w:.-]+/.exec(rest) ?? /^[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*')/.exec(rest) ?? /^[\w:.-]+/.exec(rest);
  return Math.max(1, found?.[0].length ?? 1);
}

/** The lines around a place; `null` where it is not in the descriptor. */
export function linesAt(
  { descriptor }: Pick<ReportedFile, "descriptor">,
  location: Location | null,
): SourceLine | null {
  return location?.at === "text" && location.file === descriptor?.file ? descriptor.line : null;
}

/** The file that a place is in, as one path; a member of an archive stands behind `!`. */
export function pathOf(file: ReportedFile, location: Location): string {
  if (location.at === "remote") return location.endpoint;
  const member = location.at === "member" ? -1 : location.file.indexOf("!");
  if (member >= 0) return `${file.name}${location.file.slice(member)}`;
  if (location.at === "member") return `${file.name}!${location.member}`;
  const base = file.name.replace(/^.*\//, "");
  if (base === location.file || file.name === location.file) return file.name;
  if (file.kind === "directory") {
    const folder = base.endsWith(".ovf") ? file.name.slice(0, -base.length) : `${file.name.replace(/\/$/, "")}/`;
    return `${folder}${location.file}`;
  }
  return `${file.name}!${location.file}`;
}
