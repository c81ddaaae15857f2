import type { ByteRange } from "../base/bytes.js";
import { FerryError, throwIfAborted } from "../base/errors.js";
import type { Limits } from "../base/limits.js";
import { segmentEnd } from "./cells.js";
import type { DiskStream, ReadOp, WriteOp } from "./model.js";
import { PLAIN_UNIT, plainKernel } from "./plain.js";

/** What arrived of one segment. */
export interface Arrival {
  readonly offset: number;
  readonly length: number;
  /** Sorted. */
  readonly reads: readonly ReadOp[];
  /** The stretches that the reads cover: sorted, merged. */
  readonly stretches: readonly ByteRange[];
}

/** The ops of a stream, those of one segment together as long as they ascend. */
export async function* arrivals(stream: DiskStream, signal: AbortSignal): AsyncIterable<Arrival> {
  let reads: ReadOp[] = [];
  let first = 0;
  let end = 0;
  for await (const op of stream.reads(signal)) {
    throwIfAborted(signal);
    if (reads.length > 0 && (op.outOffset < end || op.outOffset >= segmentEnd(first))) {
      yield arrivalOf(reads);
      reads = [];
    }
    if (reads.length === 0) first = op.outOffset;
    reads.push(op);
    end = op.outOffset + op.length;
    if (end > segmentEnd(first)) throw new FerryError("internal/bug", "a read of a stream crosses two segments");
  }
  if (reads.length > 0) yield arrivalOf(reads);
}

function arrivalOf(reads: readonly ReadOp[]): Arrival {
  const stretches: { offset: number; length: number }[] = [];
  for (const { outOffset, length } of reads) {
    const last = stretches.at(-1);
    if (last !== undefined && last.offset + last.length === outOffset) last.length += length;
    else stretches.push({ offset: outOffset, length });
  }
  const offset = stretches[0]?.offset ?? 0;
  const last = stretches.at(-1);
  return { offset, length: (last?.offset ?? 0) + (last?.length ?? 0) - offset, reads, stretches };
}

/** Entries of a page of places. */
const PAGE_ENTRIES = 8192;

/** Gives units places in the order in which they arrive: the first one place 0, the next place 1. Four bytes a unit, by pages. */
export class ArrivalPlaces {
  /** Bytes of a unit. */
  readonly unit: number;
  readonly #most: number;
  /** Places, counted from 1; 0: none yet. */
  readonly #pages = new Map<number, Uint32Array>();
  #count = 0;

  constructor(unit: number, limits: Limits) {
    this.unit = unit;
    this.#most = limits.tableBytes;
  }

  /** Units that have a place. */
  get count(): number {
    return this.#count;
  }

  /** The place of a unit, a new one where it has none. @throws `io/limit` where the table outgrows `limits.tableBytes` */
  of(unit: number): number {
    const index = Math.floor(unit / PAGE_ENTRIES);
    let page = this.#pages.get(index);
    if (page === undefined) {
      if ((this.#pages.size + 1) * PAGE_ENTRIES * 4 > this.#most) {
        throw new FerryError(
          "io/limit",
          `the places of more than ${this.#count} units do not fit into the memory allowed`,
          {
            hint: "Raise the limit tableBytes, or save the stream to a file and convert that.",
          },
        );
      }
      page = new Uint32Array(PAGE_ENTRIES);
      this.#pages.set(index, page);
    }
    const at = unit % PAGE_ENTRIES;
    if (page[at] === 0) page[at] = ++this.#count;
    return (page[at] as number) - 1;
  }

  /** Every unit that has a place, in ascending order of units. */
  *[Symbol.iterator](): Iterator<{ readonly unit: number; readonly place: number }> {
    for (const index of [...this.#pages.keys()].sort((a, b) => a - b)) {
      const page = this.#pages.get(index) as Uint32Array;
      for (const [i, place] of page.entries())
        if (place > 0) yield { unit: index * PAGE_ENTRIES + i, place: place - 1 };
    }
  }
}

/** Where plain bytes that arrived go. */
export interface PlainPlaces {
  readonly file: string;
  /** Guest bytes of a unit that lies in the file in one piece. */
  readonly unit: number;
  /** Guest bytes that are written at most: what arrives past them is dropped. */
  readonly size: number;
  /** Where a unit starts in the file. */
  at(unit: number): number;
}

/** Write ops of stretches that arrived, for plans that place plain units. They are exact: a unit may arrive in parts. */
export function* plainOps(arrived: readonly ByteRange[], places: PlainPlaces): Iterable<WriteOp> {
  const { file, unit, size } = places;
  for (const stretch of arrived) {
    const end = Math.min(stretch.offset + stretch.length, size);
    let open: { offset: number; at: number; length: number } | null = null;
    for (let offset = stretch.offset; offset < end; ) {
      const index = Math.floor(offset / unit);
      const length = Math.min(end, (index + 1) * unit) - offset;
      const at = places.at(index) + offset - index * unit;
      if (open !== null && open.at + open.length === at) {
        open.length += length;
      } else {
        if (open !== null) yield plainOp(file, open);
        open = { offset, at, length };
      }
      offset += length;
    }
    if (open !== null) yield plainOp(file, open);
  }
}

function plainOp(
  file: string,
  part: { readonly offset: number; readonly at: number; readonly length: number },
): WriteOp {
  return { file, kernel: plainKernel.id, unitBytes: PLAIN_UNIT, ...part };
}

/**
 * For plans that append packed units: makes ops of whole units of what arrived, which has to ascend over the whole stream.
 * @throws `disk/stream-order` where it goes back
 */
export function packedOps(
  unit: number,
  op: (range: ByteRange) => WriteOp,
): (arrived: readonly ByteRange[]) => Iterable<WriteOp> {
  let next = 0;
  return function* (arrived): Iterable<WriteOp> {
    let open: { offset: number; length: number } | null = null;
    for (const { offset, length } of arrived) {
      const from = Math.floor(offset / unit) * unit;
      const to = Math.ceil((offset + length) / unit) * unit;
      if (open !== null && from <= open.offset + open.length) {
        open.length = Math.max(open.length, to - open.offset);
      } else {
        if (open !== null) yield op(open);
        if (from < next) throw outOfOrder(offset);
        open = { offset: from, length: to - from };
      }
      next = to;
    }
    if (open !== null) yield op(open);
  };
}

function outOfOrder(offset: number): FerryError {
  return new FerryError(
    "disk/stream-order",
    `guest byte ${offset} comes after later ones, and the layout that is written needs them in order`,
    { hint: "Save the stream to a file and convert that, or write another format or variant, such as raw." },
  );
}
