import { FerryError } from "../base/errors.js";

/** Whether a failure is about the bytes of the input: they may not be what they were, which a digest tells better. */
export function isDamage(cause: unknown): cause is FerryError {
  return cause instanceof FerryError && (cause.kind === "corrupt" || cause.kind === "out-of-bounds");
}
