import { FerryError } from "../base/errors.js";
import type { Compression, DiskFormat, PlanOptions } from "./model.js";

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

/**
 * The compression that a plan is asked for, or the variant's default; `null` where the variant packs nothing.
 * @throws `disk/unknown-compression` where the variant is not packed so
 */
export function compressionToWrite(
  format: Pick<DiskFormat, "id" | "compressions">,
  variant: string,
  asked: Compression | undefined,
): Compression | null {
  const known = format.compressions?.[variant] ?? [];
  if (asked === undefined) return known[0] ?? null;
  if (known.includes(asked)) return asked;
  const places = Object.entries(format.compressions ?? {}).filter(([, names]) => names.includes(asked));
  throw new FerryError(
    "disk/unknown-compression",
    `the ${format.id} variant ${variant} is not compressed with ${asked}`,
    {
      hint:
        places.length === 0
          ? `Leave out the compression: no ${format.id} variant is written with ${asked}.`
          : `Choose a variant that is: ${places.map(([name]) => name).join(", ")}.`,
    },
  );
}
