import { canceled } from "../../../base/errors.js";
import type { HttpAnswer } from "./client.js";
import { Interruption } from "./interruption.js";

/** Bytes a second below which a body counts as stalled, however steadily it drips. */
const LEAST_RATE = 4 * 1024;

/**
 * The chunks of an answer's body. Time counts only while the server is waited for, not while the reader is busy. Leaving it early ends
 * the connection.
 * @throws `Interruption` where the body breaks off or stalls, `run/canceled`
 */
export async function* bodyOf(
  { body }: HttpAnswer,
  timeoutMs: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const abort = (): void => void body.destroy(canceled(signal?.reason));
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  const chunks = body[Symbol.asyncIterator]();
  let waited = 0;
  let got = 0;
  try {
    for (;;) {
      const left = Math.min(timeoutMs, timeoutMs + (got / LEAST_RATE) * 1000 - waited);
      const start = performance.now();
      const timer = setTimeout(() => body.destroy(new Interruption("the answer stalled")), Math.max(0, left));
      let step: IteratorResult<Uint8Array>;
      try {
        step = (await chunks.next()) as IteratorResult<Uint8Array>;
      } catch (cause) {
        if (signal?.aborted) throw canceled(signal.reason);
        if (cause instanceof Interruption) throw cause;
        throw new Interruption("the connection broke", { cause });
      } finally {
        clearTimeout(timer);
      }
      if (step.done === true) return;
      waited += performance.now() - start;
      got += step.value.length;
      if (step.value.length > 0) yield step.value;
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    // A body that was read to its end leaves the connection for the next request; any other is torn down.
    if (!body.readableEnded) body.destroy();
  }
}
