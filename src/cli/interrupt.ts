import { canceled } from "../base/errors.js";
import { exitCodes } from "./exit-codes.js";

/**
 * Runs work with a signal that Ctrl-C and SIGTERM abort. The work then cleans up and ends by itself; a second Ctrl-C does not
 * wait for it.
 */
export function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort(canceled());
  };
  // The listeners stay: a signal that comes late must not end the process with another code.
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return work(controller.signal);
}
