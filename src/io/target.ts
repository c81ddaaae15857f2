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
  /** Complete, not yet visible: the file set's `commit` makes it so. */
  close(): Promise<void>;
  abort(reason?: unknown): Promise<void>;
}

/** A target that can be written anywhere. Bytes never written are zeros. */
export interface RandomTarget extends ByteTarget {
  writeAt(offset: number, chunk: Uint8Array): Promise<void>;
  truncate(size: number): Promise<void>;
  ref(): TargetRef | null;
}

/** Some bytes for one place. */
export interface Patch {
  readonly at: number;
  readonly bytes: Uint8Array;
}
