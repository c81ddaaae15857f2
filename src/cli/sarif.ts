import type { DiagnosticCode } from "../base/diagnostics.js";
import type { PackageKind } from "../base/ids.js";
import { version } from "../base/version.js";
import { explainCode } from "../operations/explain.js";
import { fingerprintsOf } from "../operations/fingerprint.js";
import type { DiagnosticResult, ExplainedCode } from "../report/results.js";
import { renderSarif } from "../report/sarif.js";
import type { ReportedFile, ReportedFinding } from "../report/validate-report.js";
import type { NodeRuntime } from "../runtime/node/runtime.js";

/** What the codes of findings mean. */
export function explained(files: readonly ReportedFile[]): ReadonlyMap<DiagnosticCode, ExplainedCode> {
  const codes = new Set(files.flatMap(({ findings }) => findings.map(({ diagnostic }) => diagnostic.code)));
  return new Map(
    [...codes].flatMap((code) => [explainCode(code)].flatMap((found) => found ?? []).map((found) => [code, found])),
  );
}

/** Findings about one package as SARIF, where nothing is shown of its descriptor. */
export function sarifOf(
  name: string,
  kind: PackageKind,
  diagnostics: readonly DiagnosticResult[],
  runtime: NodeRuntime,
): string {
  const prints = fingerprintsOf(diagnostics, null, runtime);
  const findings = diagnostics.map(
    (diagnostic, i): ReportedFinding => ({ diagnostic, fingerprint: prints[i] ?? "", state: "new" }),
  );
  const verdict = diagnostics.some(({ severity }) => severity === "error") ? "reject" : "accept";
  const file: ReportedFile = { name, kind, verdict, findings, descriptor: null, appliance: null };
  return renderSarif({ version, level: "importer", targets: [], files: [file], codes: explained([file]) });
}
