import type { Diagnostic, DiagnosticCode, Severity } from "../../base/diagnostics.js";
import type { JsonValue } from "../../base/ids.js";

const HINTS: Readonly<Record<Severity, string>> = {
  error: "The image is damaged: compare it with its manifest, or go back to a backup.",
  warning: "What the guest reads does not depend on it.",
  info: "Nothing needs to be done.",
};

/** A finding about a place in an image. */
export interface Spot {
  readonly file: string;
  readonly offset: number;
  readonly field?: string;
  readonly hint?: string;
  readonly data?: { readonly [key: string]: JsonValue };
}

/** Puts a finding together. */
export function findingAt(
  code: DiagnosticCode,
  severity: Severity,
  { file, offset, field, hint, data }: Spot,
  message: string,
): Diagnostic {
  return {
    code,
    severity,
    message,
    hint: hint ?? HINTS[severity],
    location: { at: "bytes", file, offset, ...(field === undefined ? {} : { field }) },
    ...(data === undefined ? {} : { data }),
  };
}
