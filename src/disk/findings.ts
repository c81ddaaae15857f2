import type { ErrorKind } from "../base/codes/codes.js";
import type { Diagnostic, DiagnosticCode, Severity } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import type { JsonValue } from "../base/ids.js";
import type { Context } from "../io/context.js";

/** Findings of one code that are shown one by one; a destroyed table has millions. */
const SHOWN = 20;

/** Kinds of errors that speak of the input, and not of a limit of ours or of a medium that fails. */
const ABOUT_INPUT: ReadonlySet<ErrorKind> = new Set<ErrorKind>(["corrupt", "invalid-format", "unsupported-feature"]);

/** What to do by default. */
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
  /** By default what fits most findings of the severity. */
  readonly hint?: string;
  readonly data?: { readonly [key: string]: JsonValue };
}

/** Puts a finding about a place in an image together. */
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

/**
 * What opening throws about an image, as the finding of a check.
 * @param more other kinds that are the input's fault here, such as a 64-bit field that no size can have
 * @param file names the file where the error names no place in it
 * @throws the error itself where it is about something else
 */
export function findingOf(error: unknown, more: readonly ErrorKind[] = [], file?: string): Diagnostic {
  if (!(error instanceof FerryError) || !(ABOUT_INPUT.has(error.kind) || more.includes(error.kind))) throw error;
  return diagnosticOf(error, file);
}

/** A failure as a finding, where the work goes on without what failed. @param file names the file where the error names no place in it */
export function diagnosticOf({ code, message, hint, location }: FerryError, file?: string): Diagnostic {
  const place = location ?? (file === undefined ? undefined : { at: "bytes" as const, file, offset: 0 });
  return {
    code,
    severity: "error",
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(place === undefined ? {} : { location: place }),
  };
}

/** A context that keeps what is reported, for a check to pass on as its own findings. */
export function collecting(ctx: Context): { readonly ctx: Context; readonly found: Diagnostic[] } {
  const found: Diagnostic[] = [];
  const { signal, progress, limits, runtime } = ctx;
  return { found, ctx: { signal, progress, limits, runtime, report: (finding) => found.push(finding) } };
}

/** The first findings of each code, and at the end how many more of it there were. */
export async function* firstOfEach(findings: AsyncIterable<Diagnostic>): AsyncIterable<Diagnostic> {
  const seen = new Map<DiagnosticCode, { count: number; last: Diagnostic }>();
  for await (const finding of findings) {
    const known = seen.get(finding.code);
    if (known === undefined) seen.set(finding.code, { count: 1, last: finding });
    else {
      known.count++;
      // The worst one speaks for all.
      if (finding.severity === "error") known.last = finding;
    }
    if ((known?.count ?? 1) <= SHOWN) yield finding;
  }
  for (const [code, { count, last }] of seen) {
    if (count <= SHOWN) continue;
    yield {
      code: "disk/more-findings",
      severity: last.severity,
      message: `${count - SHOWN} more findings of ${code} are not shown`,
      hint: "Look at those that are shown: they most often have one cause.",
      ...(last.location === undefined ? {} : { location: last.location }),
      data: { code, count: count - SHOWN },
    };
  }
}
