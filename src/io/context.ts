import type { Diagnostic } from "../base/diagnostics.js";
import type { HashName } from "../base/ids.js";
import type { Limits } from "../base/limits.js";
import type { Codec, IncrementalHash } from "./codec.js";
import type { Pool } from "./pool.js";
import type { Keys } from "./signatures.js";
import type { ByteSource } from "./source.js";
import type { FileEdit, RandomTarget } from "./target.js";

/** Progress of one piece of work, in bytes or items; monotonic. Children scale into parents. */
export interface ProgressScope {
  /** A child with its own total. `step`: a verb such as `copy`; `subject`: a file or disk. */
  child(step: string, subject: string, total: number | null): ProgressScope;
  /** Work done since the last call. */
  advance(amount: number): void;
  done(): void;
}

/** A file that is changed where it lies, and that nobody else changes so at the same time. */
export interface EditableFile {
  /** The file as it is now. Another one after `apply`. */
  readonly source: ByteSource;
  /** What opening it found: a change that was torn, and is undone now. */
  readonly findings: readonly Diagnostic[];
  /**
   * All of the edit or nothing, whenever the process ends: undo journal, fsync, bytes, fsync, journal away. Where it throws, the file is as
   * before, or will be when it is opened again.
   * @throws `io/write-failed`, `io/no-space`, `io/changed`, `run/canceled`
   */
  apply(edit: FileEdit, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** A temporary file: filled once, then read. */
export interface ScratchFile {
  readonly target: RandomTarget;
  /** What was written, after the target was closed. Belongs to the file. */
  open(): Promise<ByteSource>;
  /** Closes what was opened, and leaves nothing. */
  remove(): Promise<void>;
}

/** What the environment lends to the core. */
export interface Runtime {
  readonly pool: Pool;
  readonly codec: Codec;
  hash(algorithm: HashName): IncrementalHash;
  readonly keys: Keys;
  /** Unpacks bytes that are packed with gzip as a whole (RFC 1952). @throws any error where they are damaged, or what reading them throws */
  gunzip(packed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** The same for Zstandard (RFC 8878), where the environment can. */
  unzstd?(packed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  randomBytes(length: number): Uint8Array;
  now(): Date;
  /** Space for what has to be unpacked before it can be read. @param label how messages name it */
  scratch(label: string): Promise<ScratchFile>;
}

/** The last parameter of every asynchronous function above `io`. Closed: five members, never more. */
export interface Context {
  readonly signal: AbortSignal;
  readonly progress: ProgressScope;
  readonly limits: Limits;
  readonly runtime: Runtime;
  report(diagnostic: Diagnostic): void;
}

/** A progress scope that shows nothing. */
export const silentProgress: ProgressScope = Object.freeze({
  child: () => silentProgress,
  advance: () => {},
  done: () => {},
});
