/** User name and password for a server. */
export interface HttpCredentials {
  readonly user: string;
  readonly password: string;
}

/** How a server is spoken to. */
export interface HttpOptions {
  /** Sent with every request to the address that was given, and to no other origin. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Asked for a host, where the address itself has no user: `null`, nobody. Sent to the origin of the address alone. */
  readonly credentials?: (host: string) => HttpCredentials | null;
  /** Certificates in PEM, trusted beside those that Node.js trusts. */
  readonly ca?: string;
  /** Attempts beyond the first without progress. */
  readonly retries?: number;
  /** Milliseconds before the first of them; doubled for each. */
  readonly retryDelayMs?: number;
  /** The most milliseconds to wait where a server says how long (`Retry-After`). */
  readonly mostDelayMs?: number;
  /** Milliseconds in which a connection has to be made, an answer begin, and something of its body come. */
  readonly timeoutMs?: number;
  /** Requests under way at once. */
  readonly connections?: number;
}

/** Defaults of `HttpOptions`. */
export const httpDefaults: Required<
  Pick<HttpOptions, "retries" | "retryDelayMs" | "mostDelayMs" | "timeoutMs" | "connections">
> = Object.freeze({
  retries: 4,
  retryDelayMs: 250,
  mostDelayMs: 30_000,
  timeoutMs: 30_000,
  connections: 6,
});

/** Redirects that are followed for one request. */
export const MOST_REDIRECTS = 5;
