import type { Diagnostic, DiagnosticCode, Severity } from "../../base/diagnostics.js";
import type { JsonValue } from "../../base/ids.js";
import type { Appliance } from "../appliance.js";

/** What a note may say beside its message. */
export interface NoteDetails {
  readonly hint?: string;
  readonly data?: { readonly [key: string]: JsonValue };
  /** Key in `Appliance.origins` of the fact that the note is about. */
  readonly origin?: string;
}

/** One change that fitting made, with the place where the source states the fact. */
export function note(
  appliance: Appliance,
  severity: Severity,
  code: DiagnosticCode,
  message: string,
  details: NoteDetails = {},
): Diagnostic {
  const location = details.origin === undefined ? undefined : appliance.origins.get(details.origin);
  return {
    code,
    severity,
    message,
    ...(details.hint === undefined ? {} : { hint: details.hint }),
    ...(details.data === undefined ? {} : { data: details.data }),
    ...(location === undefined ? {} : { location }),
  };
}
