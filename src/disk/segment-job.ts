import type { SourceRef } from "../io/source.js";
import type { TargetRef } from "../io/target.js";
import type { PackedUnits } from "./units.js";

/** A `ReadOp` as plain data. */
export interface SegmentRead {
  readonly kernel: string;
  readonly source: SourceRef;
  readonly unitBytes: number;
  readonly table: Float64Array;
  readonly skip: number;
  readonly outOffset: number;
  readonly length: number;
}

/** A `WriteOp` as plain data. */
export interface SegmentWrite {
  readonly kernel: string;
  /** Both or neither: the worker writes in place, or hands the bytes back. */
  readonly target: TargetRef | null;
  readonly at: number | null;
  readonly offset: number;
  readonly length: number;
  readonly unitBytes: number;
  readonly level: number;
  readonly zeros: "stored" | "skipped";
  /** Packed units pass unopened; units that are stored plain are packed. */
  readonly carry: boolean;
}

/** One segment of the guest: what to read, what to write. */
export interface SegmentJob {
  /** Guest offset of the segment. */
  readonly offset: number;
  /** Guest bytes, whole units of every write. */
  readonly length: number;
  readonly reads: readonly SegmentRead[];
  readonly writes: readonly SegmentWrite[];
}

/** What became of each write. */
export type SegmentOutput = PackedUnits;
