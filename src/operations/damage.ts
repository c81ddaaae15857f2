import { FerryError } from "../base/errors.js";

/** Whether a failure is about the bytes of the input: they may not be what they were, which a digest tells better. */
export function isDamage(cause: unknown): cause is FerryError {
  return cause instanceof FerryError && (cause.kind === "corrupt" || cause.kind === "out-of-bounds");
}

/** Whether a failure says that the input is wrong, rather than that it cannot be read. */
export function blamesInput(cause: unknown): cause is FerryError {
  return cause instanceof FerryError && (BLAMING as readonly string[]).includes(cause.kind);
}

const BLAMING = ["invalid-format", "corrupt", "out-of-bounds", "limit-exceeded"] as const;
