import type { ErrorKind } from "../base/errors.js";
import type { DiagnosticResult } from "../report/results.js";

/** What the command returns to the shell. Documented in docs/reference/exit-codes.md. */
export const exitCodes: {
  /** Done, nothing wrong. */
  readonly done: 0;
  /** The input was judged and falls short: altered, invalid, different, a finding of severity `error`. */
  readonly fallsShort: 1;
  /** Wrong use. */
  readonly usage: 2;
  /** Could not be done: unreadable, unsupported, damaged on the way. */
  readonly failed: 3;
  /** Ctrl-C, as shells count it: 128 + SIGINT. */
  readonly interrupted: 130;
} = Object.freeze({ done: 0, fallsShort: 1, usage: 2, failed: 3, interrupted: 130 });

/** The exit code of an error. */
export function exitCodeOf(kind: ErrorKind): number {
  if (kind === "usage") return exitCodes.usage;
  if (kind === "canceled") return exitCodes.interrupted;
  return exitCodes.failed;
}

/** The exit code of a result: findings of severity `error` make it fall short. */
export function judge(diagnostics: readonly DiagnosticResult[]): number {
  return diagnostics.some((d) => d.severity === "error") ? exitCodes.fallsShort : exitCodes.done;
}
