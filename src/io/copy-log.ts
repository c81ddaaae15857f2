import type { SourceRef } from "./source.js";

/** One write of a copy that was done: where in the guest, and what came of each of its units. */
export interface LoggedWrite {
  /** In the guest. */
  readonly offset: number;
  readonly length: number;
  /** Bytes of each unit as stored; 0: nothing was written for it. */
  readonly stored: Uint32Array;
  /** Bytes that were appended for it. */
  readonly payloadBytes: number;
}

/**
 * What of copies is done and safe on disk, for going on after a kill. Belongs to a file set: each file that is copied into has its own
 * list of writes.
 */
export interface CopyLog {
  /** Guest bytes after which a copy makes safe what is done. */
  readonly everyBytes: number;
  /**
   * Writes that an earlier run made safe, in order; none where it did not come so far.
   * @throws `convert/cannot-resume` where what it read has changed since
   */
  earlier(file: string): Promise<readonly LoggedWrite[]>;
  /**
   * Makes the files safe first, then remembers these writes. Sources are those that were read for them.
   */
  add(file: string, writes: readonly LoggedWrite[], sources: readonly SourceRef[]): Promise<void>;
}
