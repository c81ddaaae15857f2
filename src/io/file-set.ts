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
  /** Free bytes at the destination, where known. */
  room(): Promise<number | null>;
  /** All names appear, or none. */
  commit(): Promise<void>;
  abort(reason?: unknown): Promise<void>;
}
