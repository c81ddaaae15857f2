import type { ByteRange } from "../../base/bytes.js";
import type { ByteSource } from "../source.js";
import { checkRange } from "../sources/memory.js";

/** As file systems keep them. */
const PAGE = 4 * 1024;

/** Bytes of any size of which few are written: pages in memory, zeros everywhere else. */
export class SparseBytes {
  readonly #pages = new Map<number, Uint8Array>();
  #size: number;

  constructor(size = 0) {
    this.#size = size;
  }

  /** Bytes, holes included. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that take up memory. */
  get allocated(): number {
    return this.#pages.size * PAGE;
  }

  /** Writes anywhere; past the end it grows. */
  write(at: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const index = Math.floor((at + done) / PAGE);
      const from = at + done - index * PAGE;
      const piece = bytes.subarray(done, done + PAGE - from);
      let page = this.#pages.get(index);
      if (page === undefined) {
        page = new Uint8Array(PAGE);
        this.#pages.set(index, page);
      }
      page.set(piece, from);
      done += piece.length;
    }
    this.#size = Math.max(this.#size, at + bytes.length);
  }

  /** Cuts or grows to a size. */
  truncate(size: number): void {
    if (size < this.#size) {
      for (const index of this.#pages.keys()) if (index * PAGE >= size) this.#pages.delete(index);
      this.#pages.get(Math.floor(size / PAGE))?.fill(0, size % PAGE);
    }
    this.#size = size;
  }

  /** A copy of some bytes. */
  read(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const index = Math.floor((at + done) / PAGE);
      const from = at + done - index * PAGE;
      const count = Math.min(PAGE - from, length - done);
      const page = this.#pages.get(index);
      if (page !== undefined) bytes.set(page.subarray(from, from + count), done);
      done += count;
    }
    return bytes;
  }

  /** Sorted runs of written pages within a range. */
  *runs(range: ByteRange): Iterable<ByteRange> {
    const end = Math.min(this.#size, range.offset + range.length);
    if (end <= range.offset) return;
    const indexes = [...this.#pages.keys()]
      .filter((index) => (index + 1) * PAGE > range.offset && index * PAGE < end)
      .sort((a, b) => a - b);
    for (let i = 0; i < indexes.length; ) {
      let next = i + 1;
      while (next < indexes.length && indexes[next] === (indexes[next - 1] as number) + 1) next++;
      const from = Math.max(range.offset, (indexes[i] as number) * PAGE);
      const to = Math.min(end, ((indexes[next - 1] as number) + 1) * PAGE);
      yield { offset: from, length: to - from };
      i = next;
    }
  }
}

/** A source over sparse bytes that knows its holes and that only this thread can read, as if it came from the network. */
export function sparseSource(bytes: SparseBytes, label: string): ByteSource {
  return {
    label,
    size: bytes.size,
    async read(offset, length): Promise<Uint8Array> {
      checkRange(label, bytes.size, offset, length);
      return bytes.read(offset, length);
    },
    async *stream(range: ByteRange = { offset: 0, length: bytes.size }): AsyncIterable<Uint8Array> {
      checkRange(label, bytes.size, range.offset, range.length);
      const end = range.offset + range.length;
      for (let at = range.offset; at < end; at += PAGE) yield bytes.read(at, Math.min(PAGE, end - at));
    },
    async *dataRuns(range): AsyncIterable<ByteRange> {
      yield* bytes.runs(range);
    },
    ref: () => null,
    async close(): Promise<void> {},
  };
}
