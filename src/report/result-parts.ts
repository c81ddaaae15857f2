/** What documents of several commands have in common. */
import type { Diagnostic, DiagnosticCode, Location, Severity, SpecRef } from "../base/diagnostics.js";
import type { JsonValue } from "../base/ids.js";

/** A finding about the input. */
export interface DiagnosticResult {
  /** `area/what`, stable. */
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly message: string;
  /** What to do next. */
  readonly hint: string | null;
  /** The section of a specification that the finding rests on. */
  readonly spec: SpecRef | null;
  readonly location: Location | null;
  /** The values in the message. */
  readonly data: Readonly<Record<string, JsonValue>> | null;
}

/** Who signed. */
export interface SignerResult {
  readonly subject: string;
  readonly issuer: string;
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** ISO 8601. */
  readonly notAfter: string;
}

/** A finding as the contract shows it. */
export function toDiagnosticResult(diagnostic: Diagnostic): DiagnosticResult {
  const { code, severity, message, hint, spec, location, data } = diagnostic;
  return {
    code,
    severity,
    message,
    hint: hint ?? null,
    spec: spec ?? null,
    location: location ?? null,
    data: data ?? null,
  };
}
