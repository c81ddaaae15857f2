import { diskFormats } from "./formats.js";
import type { UnitKernel } from "./model.js";

/** The unit kernels of all formats, for the segment kernel. Formats that share a kernel share the value. */
export const unitKernels: readonly UnitKernel[] = [...new Set(diskFormats.all.flatMap((format) => format.kernels))];
