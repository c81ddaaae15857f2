import { errorKindOf } from "./codes/all.js";
import type { ErrorKind } from "./codes/codes.js";
import type { Diagnostic, DiagnosticCode, Location } from "./diagnostics.js";
import type { JsonValue } from "./ids.js";

export type { ErrorKind } from "./codes/codes.js";

/** What an error knows beyond its code and message. */
export interface FerryErrorDetails {
  readonly hint?: string;
  readonly location?: Location;
  readonly cause?: unknown;
  /** Findings that led here. */
  readonly diagnostics?: readonly Diagnostic[];
}

/**
 * The one error class: a failure to continue. `kind` comes from the code table in `base/codes`.
 * The message does not repeat the cause; whoever prints it shows the chain.
 */
export class FerryError extends Error {
  readonly kind: ErrorKind;
  readonly code: DiagnosticCode;
  readonly hint?: string;
  readonly location?: Location;
  readonly diagnostics: readonly Diagnostic[];

  constructor(code: DiagnosticCode, message: string, details: FerryErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "FerryError";
    this.code = code;
    this.kind = errorKindOf(code);
    if (details.hint !== undefined) this.hint = details.hint;
    if (details.location !== undefined) this.location = details.location;
    this.diagnostics = details.diagnostics ?? [];
  }

  /** Plain data, for other threads and for `--json`: structured clone would drop code and location. */
  toJSON(): JsonValue {
    return {
      code: this.code,
      kind: this.kind,
      message: this.message,
      hint: this.hint ?? null,
      location: (this.location as JsonValue | undefined) ?? null,
      diagnostics: this.diagnostics as unknown as JsonValue,
      cause: this.cause instanceof Error ? this.cause.message : null,
    };
  }

  /** The error that `toJSON` described. */
  static fromJSON(value: JsonValue): FerryError {
    const v = value as { [k: string]: JsonValue };
    return new FerryError(v.code as DiagnosticCode, String(v.message), {
      ...(typeof v.hint === "string" ? { hint: v.hint } : {}),
      ...(v.location ? { location: v.location as unknown as Location } : {}),
      ...(typeof v.cause === "string" ? { cause: new Error(v.cause) } : {}),
      diagnostics: (v.diagnostics as unknown as readonly Diagnostic[] | undefined) ?? [],
    });
  }
}

/** Marks a branch that the types rule out. */
export function assertNever(value: never): never {
  throw new FerryError("internal/unreachable", `unexpected value ${JSON.stringify(value)}`);
}

/** Throws `internal/canceled` when the signal is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw canceled(signal.reason);
}

/** Whether something that was thrown says that the run was interrupted. */
export function isCanceled(cause: unknown): boolean {
  return cause instanceof FerryError && cause.kind === "canceled";
}

/** The error for a run that was interrupted. Exit code 130. */
export function canceled(cause?: unknown): FerryError {
  if (cause instanceof FerryError && isCanceled(cause)) return cause;
  return new FerryError("run/canceled", "interrupted; nothing was left behind", cause === undefined ? {} : { cause });
}
