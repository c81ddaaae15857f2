/** Properties of a machine or collection, by the keys that guests see. */
export interface EnvironmentProperties {
  /** Id in the descriptor. */
  readonly id: string | null;
  readonly properties: readonly { readonly key: string; readonly value: string }[];
}

/** What `vmferry env` prints: the OVF environment of the guest that it runs in. */
export interface EnvironmentResult extends EnvironmentProperties {
  readonly schema: "vmferry/environment@1";
  /** The way by which the guest is told. */
  readonly kind: "volume" | "fw-cfg" | "guestinfo" | "xenstore" | "seed";
  /** A path, or the program that said it. */
  readonly place: string;
  /** What the machine runs on. */
  readonly platform: {
    readonly kind: string | null;
    readonly version: string | null;
    readonly vendor: string | null;
    readonly locale: string | null;
    /** Minutes from UTC, to the east. */
    readonly timezone: number | null;
  } | null;
  /** The machines and collections beside this one. */
  readonly entities: readonly EnvironmentProperties[];
}
