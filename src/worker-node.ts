/** A worker thread's entry: the one file that knows both this runtime and the kernels of all formats. */
import { diskKernels } from "./disk/jobs.js";
import { hashLaneKernel } from "./io/hash-lane.js";
import { serveKernels } from "./runtime/node/worker.js";

serveKernels([...diskKernels(), hashLaneKernel]);
