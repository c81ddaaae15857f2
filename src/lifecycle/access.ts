/** The way to a platform. It is kept in the state of a deployment: no secret is in it. */
export interface Access {
  /** As the user wrote it. */
  readonly target: string;
  /** `null`: the one of the target, or none. */
  readonly user: string | null;
  /** Where the password or token is: `env:NAME`, `file:PATH`, `cmd:COMMAND`. */
  readonly password: string | null;
  /** SHA-256 of the server's certificate, in lower hexadecimal digits; `null`: it is checked by authorities. */
  readonly thumbprint: string | null;
  /** PEM file with more authorities; absolute. */
  readonly authorities: string | null;
}
