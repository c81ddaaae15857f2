import { alignDown, alignUp } from "../base/bytes.js";
import { FerryError, throwIfAborted } from "../base/errors.js";
import type { Context } from "../io/context.js";
import { collectRuns, UnitRuns } from "./extents.js";
import type { DiskShape, Extent, PlanOptions, VirtualDisk } from "./model.js";

/** The units of a layer that is written: what has to be said of it over its parent. */
export interface LayerRuns {
  /** Units that may hold data: they are copied as a whole. */
  readonly data: UnitRuns;
  /** Units that read as zeros and hide the parent. Empty without a parent. */
  readonly zeros: UnitRuns;
  /** Both. */
  readonly all: UnitRuns;
}

/**
 * The units of a shape, as an overlay where `options` name a parent. A unit that is partly absent and partly not counts as data.
 * @throws `io/limit` where the runs take more than `limits.tableBytes`
 */
export async function collectLayer(
  shape: DiskShape,
  unit: number,
  options: PlanOptions,
  ctx: Context,
): Promise<LayerRuns> {
  if (options.parent === undefined || shape.extents === null) {
    const data = await collectRuns(shape, unit, ctx);
    return { data, zeros: new UnitRuns(unit), all: data };
  }
  const layer = { data: new UnitRuns(unit), zeros: new UnitRuns(unit), all: new UnitRuns(unit) };
  const add = (to: UnitRuns, from: number, end: number): void => {
    if (end <= from) return;
    to.add(from, end - from);
    layer.all.add(from, end - from);
  };
  for await (const { offset, length, kind } of shape.extents()) {
    throwIfAborted(ctx.signal);
    const end = offset + length;
    if (kind === "data") add(layer.data, offset, end);
    if (kind === "zero") {
      // Units of nothing but zeros; the last one of the disk may be cut off.
      const from = alignUp(offset, unit);
      const to = end === shape.info.size ? alignUp(end, unit) : alignDown(end, unit);
      if (from >= to) {
        add(layer.data, offset, end);
      } else {
        add(layer.data, offset, from);
        add(layer.zeros, from, to);
        add(layer.data, to, end);
      }
    }
    const runs = layer.data.count + layer.zeros.count + layer.all.count;
    if (runs * 16 > ctx.limits.tableBytes) {
      throw new FerryError("io/limit", `the layer's changes lie in more than ${layer.all.count} runs`, {
        hint: "Raise the limit tableBytes if the disk is trusted, or flatten the chain.",
      });
    }
  }
  return layer;
}

/**
 * The shape of one layer, for planning it over a parent. Zeros over what reads as zeros below anyway are left to the parent.
 * @param own the layer alone
 * @param below the chain under it
 */
export function layerShape(own: VirtualDisk, below: VirtualDisk): DiskShape {
  async function* extents(): AsyncIterable<Extent> {
    for await (const extent of own.extents()) {
      const covered = Math.min(extent.length, below.info.size - extent.offset);
      if (extent.kind !== "zero" || covered <= 0) {
        yield extent.kind === "zero" ? { ...extent, kind: "absent" } : extent;
        continue;
      }
      for await (const under of below.extents({ offset: extent.offset, length: covered })) {
        yield { ...under, kind: under.kind === "data" ? "zero" : "absent" };
      }
      if (covered < extent.length) {
        yield { offset: extent.offset + covered, length: extent.length - covered, kind: "absent" };
      }
    }
  }
  return { info: own.info, extents };
}
