import { alignUp } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { fullShape, shapeOf } from "../../disk/extents.js";
import type { Compression, DiskFormat, DiskShape, DiskStream, PlannedParent } from "../../disk/model.js";
import type { DiskLayer } from "../../disk/open.js";
import { layerShape } from "../../disk/overlay.js";
import { compressionToWrite, variantToWrite } from "../../disk/variant.js";
import type { Context } from "../../io/context.js";
import type { PlannedDisk } from "./conversion.js";

/** How the layers of a disk are written. */
export interface LayersOptions {
  /** File name of the topmost layer. */
  readonly name: string;
  readonly format: DiskFormat;
  /** As the user said it. In a chain it is about the layers that the format can write so. */
  readonly variant: string | undefined;
  readonly level: number | undefined;
  /** Left out: the default of the variant. */
  readonly compression?: Compression | undefined;
  /** Capacities are rounded up to a multiple of this. Bytes. */
  readonly roundTo: number;
  /** `none`: the lowest layer stores zeros too. */
  readonly sparse?: "auto" | "none";
}

/**
 * Plans a file for each layer, the lowest first: it stands alone, and each of the others is written over the one below.
 * @param layers the topmost first, as `openLayers` gives them; the lowest is taken as a whole
 * @throws `disk/cannot-keep-chain` where the format is not written over a parent, and what planning throws
 */
export async function planLayers(
  layers: readonly [DiskLayer, ...DiskLayer[]],
  options: LayersOptions,
  ctx: Context,
): Promise<readonly PlannedDisk[]> {
  const { format, level, compression } = options;
  if (format.plan === undefined || (layers.length > 1 && format.overlays === undefined)) {
    throw new FerryError("disk/cannot-keep-chain", `vmferry writes no ${format.id} disks with a parent`, {
      hint: "Convert to qcow2 or vhd, or leave out --keep-chain: the chain is flattened then.",
    });
  }
  const names = layerNames(layers, options.name, format);
  const planned: PlannedDisk[] = [];
  const least = leastSize(layers, format);
  let parent: PlannedParent | undefined;
  for (let i = layers.length - 1; i >= 0; i--) {
    const { own, whole, label } = layers[i] as DiskLayer;
    const below = layers[i + 1];
    const name = names[i] as string;
    const variant = layerVariant(format, options.variant, layers.length, parent);
    compressionToWrite(format, variant, compression);
    const shape = rounded(below === undefined ? shapeOf(whole) : layerShape(own, below.whole), least, options.roundTo);
    // The layers of a chain hold what differs, whatever that is: only a disk that stands alone can hold everything.
    const full = options.sparse === "none" && below === undefined;
    const plan = await format.plan(
      full ? fullShape(shape) : shape,
      {
        name,
        variant,
        ...(level === undefined ? {} : { level }),
        ...(compression === undefined ? {} : { compression }),
        ...(parent === undefined ? {} : { parent }),
      },
      ctx,
    );
    parent = { name, identity: plan.identity ?? null };
    planned.push({
      id: label,
      name,
      source: whole,
      own: below === undefined ? whole : own,
      format,
      variant,
      plan: full ? { ...plan, zeros: "stored" } : plan,
    });
  }
  return planned;
}

/** Plans a file for a disk that comes once. @throws what planning throws */
export async function planStream(
  label: string,
  stream: DiskStream,
  options: LayersOptions,
  ctx: Context,
): Promise<PlannedDisk> {
  const { name, format, level, compression } = options;
  if (format.plan === undefined) throw new FerryError("internal/bug", `${format.id} is not written`);
  const variant = layerVariant(format, options.variant, 1, undefined);
  const shape = rounded({ info: stream.info, extents: null }, 0, options.roundTo);
  compressionToWrite(format, variant, compression);
  const plan = await format.plan(
    shape,
    {
      name,
      variant,
      ...(level === undefined ? {} : { level }),
      ...(compression === undefined ? {} : { compression }),
    },
    ctx,
  );
  return { id: label, name, source: stream, format, variant, plan };
}

/** The variant of one layer: what was asked for where it can be written so, else the default. @throws `disk/unknown-variant` */
function layerVariant(
  format: DiskFormat,
  asked: string | undefined,
  layers: number,
  parent: PlannedParent | undefined,
): string {
  const place = parent === undefined ? {} : { parent };
  const fallback = variantToWrite(format, place);
  if (asked === undefined) return fallback;
  const isOf = (variants: readonly string[] = []): boolean =>
    variants.some((known) => known.toLowerCase() === asked.toLowerCase());
  const other = parent === undefined ? format.overlays : format.writes;
  if (layers > 1 && isOf(other) && !isOf(parent === undefined ? format.writes : format.overlays)) return fallback;
  return variantToWrite(format, { ...place, variant: asked });
}

/**
 * Where the layers of a format have one size: that of the topmost. A disk that was made larger has smaller parents, which are made as large
 * with zeros; one that was made smaller hides a part of its parent, which such a format cannot say.
 */
function leastSize(layers: readonly [DiskLayer, ...DiskLayer[]], format: DiskFormat): number {
  if (format.overlaySize !== "parent") return 0;
  const { size } = layers[0].own.info;
  for (const { own, label } of layers) {
    if (own.info.size <= size) continue;
    throw new FerryError(
      "disk/cannot-keep-chain",
      `${layers[0].label} has ${size} bytes and its parent ${label} ${own.info.size}, and a ${format.id} disk is as large as its parent`,
      { hint: "Convert to qcow2, or leave out --keep-chain: the chain is flattened then." },
    );
  }
  return size;
}

function rounded(shape: DiskShape, least: number, multiple: number): DiskShape {
  const size = alignUp(Math.max(shape.info.size, least), multiple);
  return size === shape.info.size ? shape : { ...shape, info: { ...shape.info, size } };
}

/** File names: the topmost as asked for, each parent as its source is called, with the format's extension; told apart by a number. */
function layerNames(layers: readonly DiskLayer[], top: string, format: DiskFormat): readonly string[] {
  const names = [top];
  const taken = new Set([top.toLowerCase()]);
  const extension = format.extensions[0] ?? "";
  for (const { label } of layers.slice(1)) {
    const last = label.split(/[/\\!]/).at(-1) ?? "";
    const stem = last.replace(/\.[^.]*$/, "").replace(/[\p{Cc}:*?"<>|]/gu, "_") || "parent";
    let name = `${stem}${extension}`;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${stem}-${n}${extension}`;
    taken.add(name.toLowerCase());
    names.push(name);
  }
  return names;
}
