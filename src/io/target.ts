import type { SourceRef } from "./source.js";

/** A target as plain data, so that workers write into it in place. */
export type TargetRef =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "slice"; readonly of: TargetRef; readonly offset: number; readonly length: number };

/** Bytes written once, in order. */
export interface ByteTarget {
  readonly label: string;
  /** Bytes written so far. */
  readonly position: number;
  /** Resolves when it may take more. The chunk is free for reuse then. */
  write(chunk: Uint8Array): Promise<void>;
  /** Writes zeros; a sparse file skips them. */
  zeros(length: number): Promise<void>;
  /**
   * Takes the next bytes from another file without moving them through this process, where the system can and shares them where it may.
   * Resolves to the bytes taken from `offset` on, which may be fewer; 0 where it cannot be done so, and `write` has to do it.
   */
  take?(source: SourceRef, offset: number, length: number): Promise<number>;
  /** Complete, not yet visible: the file set's `commit` makes it so. */
  close(): Promise<void>;
  abort(reason?: unknown): Promise<void>;
}

/** A target that can be written anywhere. Bytes never written are zeros. */
export interface RandomTarget extends ByteTarget {
  writeAt(offset: number, chunk: Uint8Array): Promise<void>;
  /** `take` for bytes that go to `at`. */
  takeAt?(at: number, source: SourceRef, offset: number, length: number): Promise<number>;
  truncate(size: number): Promise<void>;
  ref(): TargetRef | null;
}

/** Some bytes for one place. */
export interface Patch {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Bytes of a file that are copied to another place of it. */
export interface Move {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/** A range that becomes one byte repeated: a table's new entries, without holding them in memory. */
export interface Fill {
  readonly at: number;
  readonly length: number;
  readonly byte: number;
}

/** A change of a file where it lies. Ranges that are written do not overlap; what a move reads may be patched, but not moved to. */
export interface FileEdit {
  /** In any order. */
  readonly patches: readonly Patch[];
  /** Before all else. Whole blocks that make room. */
  readonly moves?: readonly Move[];
  readonly fills?: readonly Fill[];
  /** Bytes of the file afterwards; `null`: as before, or as far as what is written goes. What is new and not written is zeros. */
  readonly fileBytes: number | null;
}
