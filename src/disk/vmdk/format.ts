import { SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { formatBytes } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { DiskInput, ProbeResult, ProbeWindow, SourceResolver } from "../../io/source.js";
import type { DiskFormat, DiskShape, PlanOptions, VirtualDisk, WritePlan } from "../model.js";
import { plainKernel } from "../plain.js";
import { variantToWrite } from "../variant.js";
import { checkVmdk } from "./check.js";
import { COWD_MAGIC } from "./cowd.js";
import { looksLikeDescriptor } from "./descriptor.js";
import { SPARSE_MAGIC } from "./header.js";
import { grainKernel } from "./kernel.js";
import { layoutVmdk } from "./layout.js";
import { planMonolithicFlat, planSplitFlat } from "./plan-flat.js";
import { planMonolithicSparse, planSplitSparse } from "./plan-sparse.js";
import { planStream } from "./plan-stream.js";
import { openVmdk } from "./read.js";
import { repairVmdk } from "./repair.js";
import { resizeVmdk } from "./resize.js";
import { salvageVmdk } from "./salvage.js";
import { openVmdkStream } from "./stream.js";
import { MOST_BYTES, READ_VARIANTS } from "./variants.js";

type Planner = (shape: DiskShape, options: PlanOptions, ctx: Context) => Promise<WritePlan>;

/** How each variant is planned; the default first. */
const PLANNERS: ReadonlyMap<string, Planner> = new Map<string, Planner>([
  ["monolithicSparse", planMonolithicSparse],
  ["streamOptimized", planStream],
  ["monolithicFlat", planMonolithicFlat],
  ["twoGbMaxExtentSparse", planSplitSparse],
  ["twoGbMaxExtentFlat", planSplitFlat],
]);

function probe(window: ProbeWindow): ProbeResult {
  const { head } = window;
  const magic = head.length < 4 ? 0 : viewOf(head).getUint32(0, true);
  if (magic === SPARSE_MAGIC || magic === COWD_MAGIC) return { match: "yes" };
  return looksLikeDescriptor(head) ? { match: "yes" } : null;
}

/** VMware's disk format, in the variants that hosts and packages use. Offsets and quirks: NOTES.md beside this file. */
export const vmdk: DiskFormat = {
  id: "vmdk",
  label: "VMware virtual disk",
  extensions: [".vmdk"],
  ovfUris: [
    "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized",
    "http://www.vmware.com/interfaces/specifications/vmdk.html#monolithicSparse",
    "http://www.vmware.com/interfaces/specifications/vmdk.html#monolithicFlat",
    "http://www.vmware.com/specifications/vmdk.html#sparse",
    "http://www.vmware.com/specifications/vmdk.html#compressed",
    "http://www.vmware.com/interfaces/specifications/vmdk.html#sparse",
    "http://www.vmware.com/interfaces/specifications/vmdk.html#compressed",
  ],
  variants: READ_VARIANTS,
  writes: [...PLANNERS.keys()],
  compressions: { streamOptimized: ["deflate"] },
  limits: {
    maxSize: MOST_BYTES.any,
    sizeMultiple: SECTOR,
    maxSizes: { twoGbMaxExtentSparse: MOST_BYTES.split, twoGbMaxExtentFlat: MOST_BYTES.split },
  },
  kernels: [plainKernel, grainKernel],
  probe,
  open: async (input: DiskInput, resolver: SourceResolver, ctx: Context): Promise<VirtualDisk> => {
    if (!("bytes" in input)) throw new FerryError("internal/bug", "a VMDK is opened from bytes");
    return openVmdk(input.bytes, resolver, ctx);
  },
  openStream: openVmdkStream,
  salvage: salvageVmdk,
  layout: layoutVmdk,
  check: checkVmdk,
  async amend(source, change, ctx) {
    if (change.change === "repair") return repairVmdk(source, ctx);
    return resizeVmdk(source, change.size, ctx);
  },
  async plan(shape: DiskShape, options: PlanOptions, ctx: Context): Promise<WritePlan> {
    const variant = variantToWrite(vmdk, options);
    const most = vmdk.limits.maxSizes?.[variant] ?? vmdk.limits.maxSize;
    if (shape.info.size > most) {
      throw new FerryError(
        "disk/too-large",
        `${variant} holds ${formatBytes(most)}, and the disk has ${formatBytes(shape.info.size)}`,
        {
          hint: "Convert to another format or variant, such as qcow2 or raw.",
        },
      );
    }
    return (PLANNERS.get(variant) as Planner)(shape, options, ctx);
  },
};
