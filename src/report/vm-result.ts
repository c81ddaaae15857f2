/** A run: machines of a package that run here, or did. */
export interface VmResult {
  readonly name: string;
  /** Absolute path of the package; `null`: the run's state is damaged. */
  readonly package: string | null;
  /** ISO 8601. */
  readonly created: string | null;
  /** `lost`: machines run, but what serves their disks was killed. `damaged`: nobody knows. */
  readonly status: "starting" | "running" | "stopped" | "lost" | "damaged";
  /** What ended it, where that was no wish of the user. */
  readonly failure: string | null;
  readonly machines: readonly {
    readonly id: string;
    readonly name: string;
    /** Of its QEMU, while it runs. */
    readonly pid: number | null;
  }[];
}

/** What `vmferry vm ps` prints. */
export interface VmListResult {
  readonly schema: "vmferry/vm-list@1";
  readonly runs: readonly VmResult[];
}
