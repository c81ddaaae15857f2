import type { CopyLog } from "./copy-log.js";
import type { ByteSource } from "./source.js";
import type { ByteTarget, RandomTarget } from "./target.js";

/**
 * All files of one result: a folder, an OVA, one file, an upload.
 * Nothing is visible under its name before `commit`; after `abort` nothing is left.
 */
export interface FileSet {
  readonly label: string;
  /** `size`: exact bytes where known, else `null`. Names are relative, with `/`. */
  create(name: string, size: number | null): Promise<ByteTarget>;
  createRandom?(name: string, size: number | null): Promise<RandomTarget>;
  /**
   * A file of the set as it is so far, before the commit: for digests and proof. Who opens it closes it; nothing may be
   * written to the file until then. Left out where what was written cannot be read.
   */
  readBack?(name: string): Promise<ByteSource>;
  /** Remembers what of copies is done, for going on after a kill. Left out: whatever was done is done again. */
  readonly log?: CopyLog;
  /** Free bytes at the destination, where known. */
  room(): Promise<number | null>;
  /** All names appear, or none. */
  commit(): Promise<void>;
  abort(reason?: unknown): Promise<void>;
}
