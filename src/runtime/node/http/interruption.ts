/** A failure that another attempt may not meet: of the network, or of a server that is busy. */
export class Interruption extends Error {
  /** What the server answered; `null`: nothing. */
  readonly status: number | null = null;
  /** Milliseconds that the server asks to wait; `null`: it says nothing. */
  readonly retryAfterMs: number | null = null;

  constructor(message: string, details: { cause?: unknown; status?: number; retryAfterMs?: number | null } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = details.status ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}
