import { canceled } from "../base/errors.js";
import { exitCodes } from "./exit-codes.js";

/**
 * Runs work with a signal that Ctrl-C and SIGTERM abort. The work then cleans up and ends by itself; a second Ctrl-C does not
 * wait for it.
 */
export async function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort(canceled());
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}
