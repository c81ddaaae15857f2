import type { ByteRange } from "../base/bytes.js";
import type { Diagnostic } from "../base/diagnostics.js";

/** What identifies a file's state. Another stamp on opening it again, or at the end, means that it changed. */
export interface Stamp {
  readonly device: number;
  readonly inode: number;
  readonly size: number;
  readonly mtimeMs: number;
}

/** A source as plain data, so that a worker can open it again and bytes need not cross threads. */
export type SourceRef =
  | { readonly kind: "file"; readonly path: string; readonly stamp: Stamp }
  | { readonly kind: "slice"; readonly of: SourceRef; readonly offset: number; readonly length: number }
  | { readonly kind: "concat"; readonly of: readonly SourceRef[]; readonly sizes: readonly number[] }
  | { readonly kind: "blob"; readonly blob: Blob }
  /** The source's bytes from `at` on. */
  | { readonly kind: "shared"; readonly buffer: ArrayBuffer | SharedArrayBuffer; readonly at: number };

/** Told of bytes that somebody read, and where they lie. It looks at them at once, or copies them. */
export type Watcher = (offset: number, bytes: Uint8Array) => void;

/**
 * Random access to immutable bytes: positional and stateless, so that two readers do not disturb each other.
 * Who opened it closes it.
 */
export interface ByteSource {
  /** For messages: a file name or a URL without secrets. */
  readonly label: string;
  /** Bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`. @throws `io/out-of-bounds`, `io/read-failed` */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** The bytes of a range (default: all) in order, in chunks of any size. */
  stream(range?: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Sorted ranges that may hold data; outside them are holes that read as zeros. Left out where the system cannot tell. */
  dataRuns?(range: ByteRange, signal?: AbortSignal): AsyncIterable<ByteRange>;
  /** `null` where only the main thread can read: HTTP, gzip, credentials. */
  ref(): SourceRef | null;
  /**
   * Asked at the end by whoever relies on what was read, before a result is shown or kept: closing judges nothing. Left out where
   * bytes cannot change, or nobody can tell.
   * @throws `io/changed` where the bytes are no longer those of the opening
   */
  checkUnchanged?(): Promise<void>;
  /**
   * Tells what others read from now on, so that a digest need not fetch it again. Left out where reading twice costs little.
   * @returns ends it
   */
  watch?(seen: Watcher): () => void;
  close(): Promise<void>;
}

/** Bytes that come once, in order. */
export interface ByteStream {
  readonly label: string;
  readonly size?: number;
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array>;
  cancel(reason?: unknown): Promise<void>;
}

/** What an image asks for when it names another file. */
export interface SourceRequest {
  readonly purpose: "extent" | "parent" | "data";
  readonly name: string | null;
  readonly identity: string | null;
}

/** Holds the policy which files an image may name: extents beside it yes, parents and data files only where the caller allows. */
export interface SourceResolver {
  /** `null`: not found, or not allowed. */
  open(request: SourceRequest, from: ByteSource): Promise<ByteSource | null>;
}

/** The first and last bytes of a file, for telling its type. */
export interface ProbeWindow {
  readonly name: string;
  readonly size: number;
  /** Up to the first 64 KiB. */
  readonly head: Uint8Array;
  /** Up to the last 4 KiB. */
  readonly tail: Uint8Array;
}

/** `yes`: a signature was found. `maybe`: nothing speaks against it. */
export type ProbeResult = { readonly match: "yes" | "maybe"; readonly variant?: string } | null;

/** One disk scattered over a source: XVA members, VMA clusters. */
export interface ChunkSet {
  readonly label: string;
  readonly source: ByteSource;
  readonly size: number;
  /** Triples (guest offset, source offset, length), merged; gaps are zeros. */
  runs(range: ByteRange): Float64Array;
  /** What is known about it beforehand; reported when it is opened. */
  readonly notes?: readonly Diagnostic[];
  /** Holds every chunk against its sum. Left out where it has none. */
  check?(signal?: AbortSignal): AsyncIterable<Diagnostic>;
}

/** What a disk format opens. */
export type DiskInput = { readonly bytes: ByteSource } | { readonly chunks: ChunkSet };
