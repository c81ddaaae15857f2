import type { Kernel } from "../io/pool.js";
import { createChunkKernel } from "./chunks.js";
import { createCompareKernel } from "./compare.js";
import { createDifferenceKernel } from "./difference.js";
import { createReadKernel } from "./hash.js";
import { unitKernels } from "./kernels.js";
import { createSegmentKernel } from "./segment.js";

/** Every job that the disk layer gives to workers; new ones for each thread, since they keep buffers. */
export function diskKernels(): readonly Kernel<never, unknown>[] {
  return [
    createSegmentKernel(unitKernels),
    createCompareKernel(unitKernels),
    createDifferenceKernel(unitKernels),
    createReadKernel(unitKernels),
    createChunkKernel(unitKernels),
  ];
}
