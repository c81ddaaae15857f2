import { parentPort, workerData } from "node:worker_threads";
import { canceled, FerryError } from "../../base/errors.js";
import type { Kernel } from "../../io/pool.js";
import { zlibCodec } from "./codec.js";
import { codecFor } from "./codec-choice.js";
import { createKernelEnv } from "./kernel-env.js";
import { loadNative, NO_NATIVE } from "./native.js";
import type { WorkerReply, WorkerRequest, WorkerSettings } from "./pool.js";

/** Bytes of progress that are gathered before the main thread is told. */
const REPORT_BYTES = 8 * 1024 * 1024;

/** Serves kernels to the pool that started this thread. Called by the worker's entry file alone. */
export function serveKernels(kernels: readonly Kernel<never, unknown>[]): void {
  const port = parentPort;
  if (port === null) throw new FerryError("internal/bug", "the worker's entry file was not started as a worker");
  const settings = workerData as WorkerSettings;
  const ended = new Int32Array(settings.ended);
  // Told to end before it began: the message that says so closes the port below.
  const native = Atomics.load(ended, 0) === 0 ? loadNative(new Set(settings.disabled)) : NO_NATIVE;
  const portable = zlibCodec();
  const codec = codecFor(settings.codec, native, portable);
  const byId = new Map(kernels.map((kernel) => [kernel.id, kernel]));
  let current = 0;
  let stop: Int32Array | null = null;
  let unreported = 0;
  const stopped = (): boolean => Atomics.load(ended, 0) !== 0 || (stop !== null && Atomics.load(stop, 0) !== 0);
  const answer = (reply: WorkerReply, transfer: readonly ArrayBuffer[] = []): void => {
    port.postMessage(reply, [...transfer]);
  };
  const env = createKernelEnv({
    codec,
    portable,
    stopped,
    advance(bytes): void {
      unreported += bytes;
      if (unreported < REPORT_BYTES) return;
      answer({ id: current, advanced: unreported });
      unreported = 0;
    },
  });

  port.on("message", (request: WorkerRequest) => {
    if ("end" in request) {
      env.close();
      port.close();
      return;
    }
    current = request.id;
    unreported = 0;
    try {
      if ("release" in request) {
        env.close();
        answer({ id: current, result: null });
        return;
      }
      stop = request.stop === null ? null : new Int32Array(request.stop);
      // The run ended while the job was waiting.
      if (stopped()) throw canceled();
      const kernel = byId.get(request.kernel);
      if (kernel === undefined) throw new FerryError("internal/bug", `no kernel is called ${request.kernel}`);
      const result = kernel.run(request.job as never, env);
      if (unreported > 0) answer({ id: current, advanced: unreported });
      answer({ id: current, result }, kernel.transfers?.(result) ?? []);
    } catch (cause) {
      const error =
        cause instanceof FerryError ? cause : new FerryError("run/worker-failed", "a kernel failed", { cause });
      answer({ id: current, error: error.toJSON() });
    }
  });
  answer({ ready: true });
}
