import type { Diagnostic, DiagnosticCode, Severity } from "../base/diagnostics.js";
import type { JsonValue } from "../base/ids.js";
import type { XmlElement } from "../xml/tree.js";

/** A finding at an element. */
export function finding(
  code: DiagnosticCode,
  severity: Severity,
  element: XmlElement,
  message: string,
  more: { readonly hint?: string; readonly data?: { readonly [key: string]: JsonValue } } = {},
): Diagnostic {
  return { code, severity, message, location: element.location, ...more };
}
