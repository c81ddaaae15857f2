import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";

/** Whether a failure is about the bytes of the input: they may not be what they were, which a digest tells better. */
export function isDamage(cause: unknown): cause is FerryError {
  return cause instanceof FerryError && (cause.kind === "corrupt" || cause.kind === "out-of-bounds");
}

/** A failure as a finding, where the work goes on without what failed. */
export function findingOf({ code, message, hint, location }: FerryError): Diagnostic {
  return {
    code,
    severity: "error",
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(location === undefined ? {} : { location }),
  };
}
