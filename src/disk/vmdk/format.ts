import { SECTOR, TIB, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { DiskInput, ProbeResult, ProbeWindow, SourceResolver } from "../../io/source.js";
import type { DiskFormat, DiskShape, PlanOptions, VirtualDisk, WritePlan } from "../model.js";
import { plainKernel } from "../plain.js";
import { variantToWrite } from "../variant.js";
import { looksLikeDescriptor } from "./descriptor.js";
import { SPARSE_MAGIC } from "./header.js";
import { grainKernel } from "./kernel.js";
import { planStream } from "./plan-stream.js";
import { openVmdk } from "./read.js";

function probe(window: ProbeWindow): ProbeResult {
  const { head } = window;
  if (head.length >= 4 && viewOf(head).getUint32(0, true) === SPARSE_MAGIC) return { match: "yes" };
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
  variants: ["streamOptimized", "monolithicSparse", "monolithicFlat", "twoGbMaxExtentSparse", "twoGbMaxExtentFlat"],
  writes: ["streamOptimized"],
  limits: { maxSize: 62 * TIB, sizeMultiple: SECTOR },
  kernels: [plainKernel, grainKernel],
  probe,
  open: (input: DiskInput, resolver: SourceResolver, ctx: Context): Promise<VirtualDisk> => {
    if (!("bytes" in input)) throw new FerryError("internal/bug", "a VMDK is opened from bytes");
    return openVmdk(input.bytes, resolver, ctx);
  },
  async plan(shape: DiskShape, options: PlanOptions, ctx: Context): Promise<WritePlan> {
    variantToWrite(vmdk, options);
    return planStream(shape, options, ctx);
  },
};
