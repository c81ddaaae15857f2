import type { ByteRange } from "../../base/bytes.js";
import type { ByteSource, SourceRef } from "../source.js";
import { checkRange } from "./memory.js";

/**
 * A part of another source, as a source. Closing it closes nothing: the whole belongs to whoever opened it.
 * @throws `io/out-of-bounds` where the part does not lie inside
 */
export function sliceSource(of: ByteSource, offset: number, length: number, label: string): ByteSource {
  checkRange(of.label, of.size, offset, length);
  const slice: ByteSource = {
    label,
    size: length,
    async read(at, count, signal): Promise<Uint8Array> {
      checkRange(label, length, at, count);
      return of.read(offset + at, count, signal);
    },
    stream(range: ByteRange = { offset: 0, length }, signal?: AbortSignal): AsyncIterable<Uint8Array> {
      checkRange(label, length, range.offset, range.length);
      return of.stream({ offset: offset + range.offset, length: range.length }, signal);
    },
    ref(): SourceRef | null {
      const whole = of.ref();
      return whole === null ? null : { kind: "slice", of: whole, offset, length };
    },
    async close(): Promise<void> {},
  };
  if (of.dataRuns !== undefined) {
    const runs = of.dataRuns.bind(of);
    slice.dataRuns = async function* (range, signal): AsyncIterable<ByteRange> {
      checkRange(label, length, range.offset, range.length);
      for await (const run of runs({ offset: offset + range.offset, length: range.length }, signal)) {
        yield { offset: run.offset - offset, length: run.length };
      }
    };
  }
  if (of.watch !== undefined) {
    const watch = of.watch.bind(of);
    slice.watch = (seen) =>
      watch((at, bytes) => {
        const from = Math.max(at, offset);
        const to = Math.min(at + bytes.length, offset + length);
        if (from < to) seen(from - offset, bytes.subarray(from - at, to - at));
      });
  }
  if (of.checkUnchanged !== undefined) slice.checkUnchanged = of.checkUnchanged.bind(of);
  return slice;
}
