import { alignUp } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { differenceShape } from "../../disk/difference.js";
import type { DiskFormat, VirtualDisk } from "../../disk/model.js";
import { compressionToWrite, variantToWrite } from "../../disk/variant.js";
import type { Context } from "../../io/context.js";
import type { ByteSource, SourceResolver } from "../../io/source.js";
import { borrowed } from "../../io/sources/borrowed.js";
import type { PlannedDisk } from "../convert/conversion.js";
import type { LayersOptions } from "../convert/kept-chain.js";

/** An image that a result is written over. */
export interface OpenBase {
  /** As the result names it: relative to the result's own folder. */
  readonly name: string;
  readonly source: ByteSource;
  /** Opens what the base itself asks for. */
  readonly resolver: SourceResolver;
  /** The base over its own parents. */
  readonly whole: VirtualDisk;
}

/**
 * Plans a disk as changes to an image that is there already: both are read and compared, and only what differs is stored.
 * @throws `disk/cannot-back` where the format is not written over such an image, and what comparing and planning throw
 */
export async function planBacked(
  label: string,
  whole: VirtualDisk,
  base: OpenBase,
  options: LayersOptions,
  ctx: Context,
): Promise<PlannedDisk> {
  const { name, format, level, compression } = options;
  if (format.plan === undefined) throw new FerryError("internal/bug", `${format.id} is not written`);
  const size = sizeOver(alignUp(whole.info.size, options.roundTo), base, format);
  const parent = { name: base.name, identity: base.whole.info.identity, format: base.whole.info.format };
  const variant = variantToWrite(format, {
    parent,
    ...(options.variant === undefined ? {} : { variant: options.variant }),
  });
  compressionToWrite(format, variant, compression);
  const shape = await differenceShape(whole, base.whole, size, ctx);
  const plan = await format.plan(
    shape,
    {
      name,
      variant,
      parent,
      ...(level === undefined ? {} : { level }),
      ...(compression === undefined ? {} : { compression }),
    },
    ctx,
  );
  return {
    id: label,
    name,
    source: whole,
    own: { ...whole, extents: shape.extents ?? whole.extents },
    format,
    variant,
    plan,
    parents: parentsOf(base),
  };
}

/** The capacity of a disk over a base. @throws `disk/cannot-back` */
function sizeOver(size: number, { name, whole }: OpenBase, format: DiskFormat): number {
  const { info } = whole;
  const parents = format.overlayParents ?? [format.id];
  if (format.overlays === undefined || !parents.includes(info.format)) {
    const why = format.overlays === undefined ? "over another image" : `over a ${info.format} image`;
    throw new FerryError("disk/cannot-back", `vmferry writes no ${format.id} disks ${why}`, {
      hint:
        format.overlays === undefined
          ? "Convert to qcow2 or vhd, or leave out --backing."
          : `The base of a ${format.id} disk is one of: ${parents.join(", ")}.`,
    });
  }
  if (format.overlaySize !== "parent") return size;
  if (size > info.size) {
    throw new FerryError(
      "disk/cannot-back",
      `the disk has ${size} bytes and ${name} ${info.size}, and a ${format.id} disk is as large as its parent`,
      { hint: "Make the base larger first (vmferry disk resize), or convert to qcow2." },
    );
  }
  return info.size;
}

/** Answers what a result asks for with its base, which stays open; and what the base asks for as the base's own resolver does. */
function parentsOf({ source, resolver }: OpenBase): SourceResolver {
  const below = new WeakSet<ByteSource>();
  return {
    async open(request, from) {
      const found =
        request.purpose === "parent" && !below.has(from) ? borrowed(source) : await resolver.open(request, from);
      if (found !== null) below.add(found);
      return found;
    },
  };
}
