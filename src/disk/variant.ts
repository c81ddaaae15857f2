import { FerryError } from "../base/errors.js";
import type { DiskFormat, PlanOptions } from "./model.js";

/**
 * The variant that a plan is asked for, or the format's default. Capitals do not count.
 * @throws `disk/unknown-variant` where the format does not write it
 */
export function variantToWrite(format: Pick<DiskFormat, "id" | "writes">, options: PlanOptions): string {
  const wanted = options.variant ?? format.writes[0] ?? "";
  const variant = format.writes.find((known) => known.toLowerCase() === wanted.toLowerCase());
  if (variant !== undefined) return variant;
  throw new FerryError("disk/unknown-variant", `vmferry writes no ${format.id} variant ${JSON.stringify(wanted)}`, {
    hint: `Choose one of: ${format.writes.join(", ")}.`,
  });
}
