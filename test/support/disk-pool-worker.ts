/** The entry of a thread that works on disks, and dies when it is told to. */
import { diskKernels } from "../../src/disk/jobs.js";
import { hashLaneKernel } from "../../src/io/hash-lane.js";
import { serveKernels } from "../../src/runtime/node/worker.js";
import { fail } from "./pool-kernels.js";

serveKernels([...diskKernels(), hashLaneKernel, fail]);
