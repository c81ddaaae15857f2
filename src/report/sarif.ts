import type { DiagnosticCode, Location } from "../base/diagnostics.js";
import type { JsonValue } from "../base/ids.js";
import { jsonText } from "./json.js";
import type { ExplainedCode } from "./results.js";
import {
  linesAt,
  pathOf,
  type ReportedFile,
  type ReportedFinding,
  spanAt,
  type ValidateReport,
} from "./validate-report.js";

/** Characters of a line that a snippet holds. */
const SNIPPET = 400;

type Json = { readonly [key: string]: JsonValue };

/**
 * A report as SARIF 2.1.0 (OASIS), for code scanning services and editors: rules with their texts, places with lines and columns, fingerprints that stay
 * from run to run. A member of an archive is an artifact inside of another.
 */
export function renderSarif(report: ValidateReport): string {
  const rules = [...new Set(report.files.flatMap(({ findings }) => findings.map(({ diagnostic }) => diagnostic.code)))];
  const artifacts = new Artifacts();
  const results = report.files.flatMap((file) =>
    file.findings.map((finding) => resultOf(finding, file, rules.indexOf(finding.diagnostic.code), artifacts)),
  );
  const log: Json = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "vmferry",
            version: report.version,
            semanticVersion: report.version,
            rules: rules.map((code) => ruleOf(code, report.codes.get(code))),
          },
        },
        invocations: [{ executionSuccessful: true }],
        columnKind: "utf16CodeUnits",
        artifacts: artifacts.all,
        results,
        properties: { level: report.level, targets: [...report.targets] },
      },
    ],
  };
  return `${jsonText(log, 2)}\n`;
}

function ruleOf(code: DiagnosticCode, explained: ExplainedCode | undefined): Json {
  if (explained === undefined) return { id: code };
  const { what, why, fix, spec, severity, requirements } = explained;
  const rests = spec === null ? "" : ` (${spec.spec} ${spec.version}, ${spec.section})`;
  return {
    id: code,
    name: code.replaceAll(/(?:^|[/-])([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: what },
    fullDescription: { text: `${why}${rests}` },
    help: { text: fix, markdown: `${why}\n\n**What to do.** ${fix}${rests}` },
    ...(severity === null || severity === "off" ? {} : { defaultConfiguration: { level: levelOf(severity) } }),
    properties: {
      tags: [code.slice(0, code.indexOf("/")), ...(spec === null ? [] : [spec.spec])],
      requirements: [...requirements],
    },
  };
}

function levelOf(severity: "error" | "warning" | "info"): string {
  return severity === "info" ? "note" : severity;
}

function resultOf(
  { diagnostic, fingerprint, state }: ReportedFinding,
  file: ReportedFile,
  ruleIndex: number,
  artifacts: Artifacts,
): Json {
  const { code, severity, message, hint, location } = diagnostic;
  return {
    ruleId: code,
    ruleIndex,
    level: levelOf(severity),
    message: { text: hint === null ? `${message}.` : `${message}. ${hint}` },
    locations: [placeOf(file, location, artifacts)],
    partialFingerprints: { "vmferry/v1": fingerprint },
    ...(state === "known"
      ? { baselineState: "unchanged", suppressions: [{ kind: "external", justification: "It is in the baseline." }] }
      : {}),
  };
}

function placeOf(file: ReportedFile, location: Location | null, artifacts: Artifacts): Json {
  const path = location === null ? file.name : pathOf(file, location);
  const artifactLocation = artifacts.locate(path);
  if (location?.at === "text") {
    const line = linesAt(file, location)?.(location.line) ?? null;
    const region: { [key: string]: JsonValue } = { startLine: location.line, startColumn: location.column };
    if (line !== null) {
      region.endLine = location.line;
      region.endColumn = location.column + spanAt(line, location.column);
      const start = line.length > SNIPPET ? location.column - 1 : 0;
      region.snippet = { text: line.slice(start, start + SNIPPET) };
    }
    return { physicalLocation: { artifactLocation, region } };
  }
  if (location?.at === "bytes") {
    const length = location.length === undefined ? {} : { byteLength: location.length };
    return { physicalLocation: { artifactLocation, region: { byteOffset: location.offset, ...length } } };
  }
  return { physicalLocation: { artifactLocation } };
}

/** Files that results point to, each once. */
class Artifacts {
  readonly all: JsonValue[] = [];
  readonly #indexes = new Map<string, number>();

  locate(path: string): Json {
    const at = path.indexOf("!");
    const parent = at < 0 ? null : this.#index(path.slice(0, at), null);
    const name = at < 0 ? path : path.slice(at + 1);
    return { uri: uriOf(name), index: this.#index(name, parent) };
  }

  #index(name: string, parent: number | null): number {
    const key = `${parent ?? ""}!${name}`;
    const found = this.#indexes.get(key);
    if (found !== undefined) return found;
    const index = this.all.length;
    this.#indexes.set(key, index);
    const location = { uri: uriOf(name), index };
    this.all.push(parent === null ? { location } : { location, parentIndex: parent });
    return index;
  }
}

/** A path as a relative reference, or a file URI where it is absolute; what is a URL already stays one. */
function uriOf(path: string): string {
  if (/^https?:\/\//.test(path)) return path;
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return path.startsWith("/") ? `file://${encoded}` : encoded;
}
