/** A lease that is kept while somebody works with its files, for as long as that takes. */
import type { VsphereClient } from "./client.js";
import { type Lease, withLease } from "./lease.js";

export interface HeldLease {
  readonly lease: Lease;
  /** Ends when the lease does. */
  readonly signal: AbortSignal;
  /** How far the work is, in percent. */
  percent(done: number): void;
  /** Gives the lease back. Never throws: the server gives back by itself what nobody speaks of. */
  end(): Promise<void>;
}

/** Keeps a lease alive until `end` is called, or the signal ends. */
export async function holdLease(client: VsphereClient, lease: Lease, signal: AbortSignal): Promise<HeldLease> {
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return new Promise((resolve) => {
    const working = withLease(
      client,
      lease,
      async (own, percent) => {
        const gone = new Promise<never>((_, reject) => {
          own.addEventListener("abort", () => reject(own.reason), { once: true });
        });
        resolve({
          lease,
          signal: own,
          percent,
          async end() {
            finish();
            await working.catch(() => {});
          },
        });
        await Promise.race([finished, gone]);
      },
      signal,
    );
    // Who reads the files hears of it by the signal.
    working.catch(() => {});
  });
}
