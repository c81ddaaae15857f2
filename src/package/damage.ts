import type { FerryError } from "../base/errors.js";
import type { Context } from "../io/context.js";

/**
 * What to do where a package is damaged or unsafe but something of it can still be read. `refuse` throws, so that
 * nobody works on half of a package by mistake. `report` makes a finding of severity error of it and leaves the
 * damaged member out, or keeps it unopenable: for `inspect` and for repair.
 */
export type OnDamage = "refuse" | "report";

/** Throws the error, or reports it, as `onDamage` says. */
export function damaged(error: FerryError, onDamage: OnDamage, ctx: Pick<Context, "report">): void {
  if (onDamage === "refuse") throw error;
  ctx.report({
    code: error.code,
    severity: "error",
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.location === undefined ? {} : { location: error.location }),
  });
}
