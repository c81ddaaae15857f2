import { FerryError } from "../base/errors.js";
import type { DiskFormat, PlanOptions } from "./model.js";

/**
 * The variant that a plan is asked for, or the format's default: over a parent, of its `overlays`. Capitals do not count.
 * @throws `disk/unknown-variant` where the format does not write it
 */
export function variantToWrite(
  format: Pick<DiskFormat, "id" | "writes" | "overlays">,
  options: Pick<PlanOptions, "variant" | "parent">,
): string {
  const variants = options.parent === undefined ? format.writes : (format.overlays ?? []);
  const wanted = options.variant ?? variants[0] ?? "";
  const variant = variants.find((known) => known.toLowerCase() === wanted.toLowerCase());
  if (variant !== undefined) return variant;
  throw new FerryError("disk/unknown-variant", `vmferry writes no ${format.id} variant ${JSON.stringify(wanted)}`, {
    hint: `Choose one of: ${variants.join(", ")}.`,
  });
}
