import type { ByteRange } from "../base/bytes.js";
import { mergeExtents } from "./extents.js";
import type { Extent, ReadOp, VirtualDisk } from "./model.js";

/**
 * A layer over its parent, as one disk: what is absent above is read below. A parent that is shorter reads as zeros past its end.
 * Ops of both layers are mixed, so a chain is as parallel as one file. Closing it closes both.
 */
export function stackDisk(top: VirtualDisk, parent: VirtualDisk): VirtualDisk {
  const { size } = top.info;

  async function* below(range: ByteRange, signal?: AbortSignal): AsyncIterable<Extent> {
    const end = range.offset + range.length;
    const covered = Math.max(range.offset, Math.min(end, parent.info.size));
    if (covered > range.offset) yield* parent.extents({ offset: range.offset, length: covered - range.offset }, signal);
    if (end > covered) yield { offset: covered, length: end - covered, kind: "zero" };
  }

  async function* extents(range: ByteRange, signal?: AbortSignal): AsyncIterable<Extent> {
    for await (const extent of top.extents(range, signal)) {
      if (extent.kind === "absent") yield* below(extent, signal);
      else yield extent;
    }
  }

  return {
    info: top.info,
    extents: (range = { offset: 0, length: size }, signal) => mergeExtents(extents(range, signal)),
    async reads(range, signal): Promise<readonly ReadOp[]> {
      const ops = [...(await top.reads(range, signal))];
      for await (const extent of top.extents(range, signal)) {
        if (extent.kind !== "absent" || extent.offset >= parent.info.size) continue;
        const length = Math.min(extent.length, parent.info.size - extent.offset);
        ops.push(...(await parent.reads({ offset: extent.offset, length }, signal)));
      }
      return ops.sort((a, b) => a.outOffset - b.outOffset);
    },
    units: () => null,
    async close(): Promise<void> {
      try {
        await top.close();
      } finally {
        await parent.close();
      }
    },
  };
}
