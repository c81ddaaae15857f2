/** Options of the VirtualBox export: what is known of the very host that machines are written for. */
export interface VirtualboxOptions {
  /**
   * Absolute path of a folder in which each machine gets one of its own, as VirtualBox has them: names of files of the result begin with it (`web/web.vbox`).
   * A disk that several machines use lies with the first of them. Left out: all files lie in one folder.
   */
  readonly folder?: string;
  /** The group of all machines, as a path: `/lab/web`. */
  readonly group?: string;
  /** `own`: networks are called as the host has them, in the words of `plugOf`. Left out: they are names of another host. */
  readonly cards?: "own";
  /** `own`: VirtualBox knows machines by the UUIDs that they have in the appliance. Left out: by others, made from all that is known of them. */
  readonly ids?: "own";
}
