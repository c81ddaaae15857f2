import type { S3Options } from "../s3/options.js";
import type { HttpProxy } from "./proxy.js";

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
  /** The proxy: its address, or the choice for each address (`proxyFromEnvironment`). Without it, and for `null`, there is none. */
  readonly proxy?: string | ((url: URL) => HttpProxy | null);
  /**
   * Whether redirects, and addresses that a package names, may lead into networks that are not public. Refused by default, but for the
   * kind of network in which the address is that was given. What a proxy makes of a name is not seen here.
   */
  readonly privateAddresses?: "allowed" | "refused";
  /** The addresses of a host; the system's answer by default. Each is looked at before it is connected to. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** For addresses `s3://BUCKET/KEY`: who asks, and where. */
  readonly s3?: S3Options;
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
