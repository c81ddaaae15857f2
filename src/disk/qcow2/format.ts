import { SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { DiskInput, ProbeResult, ProbeWindow, SourceResolver } from "../../io/source.js";
import type { DiskFormat, DiskShape, PlanOptions, VirtualDisk, WritePlan } from "../model.js";
import { plainKernel } from "../plain.js";
import { compressionToWrite, variantToWrite } from "../variant.js";
import { checkQcow2 } from "./check.js";
import { layoutQcow2 } from "./file-layout.js";
import { BACKED_BY, QCOW2_MAGIC } from "./header.js";
import { clusterKernel, zstdClusterKernel } from "./kernel.js";
import { MAX_SIZE } from "./layout.js";
import { planUncompressed } from "./plan.js";
import { planCompressed } from "./plan-compressed.js";
import { openQcow2, openQcow2Snapshot } from "./read.js";
import { repairQcow2 } from "./repair.js";
import { resizeQcow2 } from "./resize.js";

function probe({ head }: ProbeWindow): ProbeResult {
  if (head.length < 8 || viewOf(head).getUint32(0) !== QCOW2_MAGIC) return null;
  // Version 1 is another format, QCOW; a version that nobody knows is refused by name when it is opened.
  return viewOf(head).getUint32(4) < 2 ? null : { match: "yes" };
}

/** QEMU's disk format, versions 2 and 3. Offsets and quirks: NOTES.md beside this file. */
export const qcow2: DiskFormat = {
  id: "qcow2",
  label: "QEMU copy-on-write disk",
  extensions: [".qcow2"],
  ovfUris: ["http://www.gnome.org/~markmc/qcow-image-format.html"],
  variants: ["uncompressed", "compressed"],
  writes: ["uncompressed", "compressed"],
  compressions: { compressed: ["deflate", "zstd"] },
  overlays: ["uncompressed", "compressed"],
  overlayParents: BACKED_BY,
  limits: { maxSize: MAX_SIZE, sizeMultiple: SECTOR },
  kernels: [plainKernel, clusterKernel, zstdClusterKernel],
  probe,
  open: (input: DiskInput, resolver: SourceResolver, ctx: Context): Promise<VirtualDisk> => {
    if (!("bytes" in input)) throw new FerryError("internal/bug", "a QCOW2 image is opened from bytes");
    return openQcow2(input.bytes, resolver, ctx);
  },
  openSnapshot: openQcow2Snapshot,
  layout: layoutQcow2,
  check: (source, _resolver, ctx) => checkQcow2(source, ctx),
  async amend(source, change, ctx) {
    if (change.change === "repair") return repairQcow2(source, ctx);
    return resizeQcow2(source, change.size, ctx);
  },
  async plan(shape: DiskShape, options: PlanOptions, ctx: Context): Promise<WritePlan> {
    const compression = compressionToWrite(qcow2, variantToWrite(qcow2, options), options.compression);
    if (compression === null) return planUncompressed(shape, options, ctx);
    return planCompressed(shape, options, compression, ctx);
  },
};
