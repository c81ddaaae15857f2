import type { Appliance } from "../../appliance/appliance.js";
import type { Diagnostic, DiagnosticCode, Location, Severity } from "../../base/diagnostics.js";
import type { JsonValue } from "../../base/ids.js";
import { plural, printable } from "../../base/text.js";
import type { OvfDocument } from "../../ovf/document.js";
import type { OvfContent } from "../../ovf/views/content.js";
import type { OvfProduct, OvfProperty } from "../../ovf/views/product.js";
import type { PackageReader } from "../../package/model.js";
import type { SignatureJudgement } from "../../package/trust/judge.js";

/** What is looked at. */
export interface AuditFacts {
  readonly reader: PackageReader;
  readonly document: OvfDocument;
  readonly appliance: Appliance;
  readonly signature: SignatureJudgement | null;
  /** Virtual systems and collections, those inside of others included. */
  readonly contents: readonly OvfContent[];
  readonly products: readonly OvfProduct[];
  readonly properties: readonly OvfProperty[];
}

/** One thing that was found. */
export interface Found {
  readonly message: string;
  readonly location?: Location;
  readonly data?: { readonly [key: string]: JsonValue };
}

/** One thing that deserves a look. It describes; whether it is allowed is for people and policies to say. */
export interface AuditCheck {
  readonly code: DiagnosticCode;
  readonly severity: Exclude<Severity, "error">;
  readonly hint: string;
  check(facts: AuditFacts): Iterable<Found>;
}

/** Findings of one code that are told one by one: some packages have thousands of properties. */
export const MOST_FOUND = 20;

/** Asks a check. More than `MOST_FOUND` become a number. */
export function* findingsOf(check: AuditCheck, facts: AuditFacts): Iterable<Diagnostic> {
  const { code, severity, hint } = check;
  let count = 0;
  for (const { message, location, data } of check.check(facts)) {
    if (++count > MOST_FOUND) continue;
    yield {
      code,
      severity,
      message: printable(message),
      hint,
      ...(location === undefined ? {} : { location }),
      ...(data === undefined ? {} : { data }),
    };
  }
  if (count > MOST_FOUND) {
    const more = count - MOST_FOUND;
    yield { code, severity, message: `${plural(more, "more finding")} of this kind`, hint, data: { more } };
  }
}

/** A name as messages show it: not too long. */
export function shown(name: string | null): string {
  const text = name ?? "";
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}
