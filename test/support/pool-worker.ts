/** The entry of a thread with kernels for tests of the pool. */
import { serveKernels } from "../../src/runtime/node/worker.js";
import { poolKernels } from "./pool-kernels.js";

serveKernels(poolKernels);
