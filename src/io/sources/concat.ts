import type { ByteRange } from "../../base/bytes.js";
import { concatBytes } from "../../base/bytes.js";
import type { ByteSource, SourceRef } from "../source.js";
import { checkRange } from "./memory.js";

interface Part {
  readonly source: ByteSource;
  readonly start: number;
}

/** Several sources one after the other, as one: chunked files. Closing it closes the parts. */
export function concatSource(sources: readonly ByteSource[], label: string): ByteSource {
  const parts: Part[] = [];
  let size = 0;
  for (const source of sources) {
    parts.push({ source, start: size });
    size += source.size;
  }

  function* cut(offset: number, length: number): Iterable<{ source: ByteSource; at: number; length: number }> {
    const end = offset + length;
    for (const { source, start } of parts) {
      const from = Math.max(offset, start);
      const to = Math.min(end, start + source.size);
      if (from < to) yield { source, at: from - start, length: to - from };
    }
  }

  const whole: ByteSource = {
    label,
    size,
    async read(offset, length, signal): Promise<Uint8Array> {
      checkRange(label, size, offset, length);
      const pieces: Uint8Array[] = [];
      for (const piece of cut(offset, length)) pieces.push(await piece.source.read(piece.at, piece.length, signal));
      return pieces.length === 1 ? (pieces[0] as Uint8Array) : concatBytes(pieces);
    },
    async *stream(range: ByteRange = { offset: 0, length: size }, signal?: AbortSignal): AsyncIterable<Uint8Array> {
      checkRange(label, size, range.offset, range.length);
      for (const piece of cut(range.offset, range.length)) {
        yield* piece.source.stream({ offset: piece.at, length: piece.length }, signal);
      }
    },
    ref(): SourceRef | null {
      const refs: SourceRef[] = [];
      for (const { source } of parts) {
        const ref = source.ref();
        if (ref === null) return null;
        refs.push(ref);
      }
      return { kind: "concat", of: refs, sizes: parts.map((part) => part.source.size) };
    },
    async checkUnchanged(): Promise<void> {
      for (const { source } of parts) await source.checkUnchanged?.();
    },
    async close(): Promise<void> {
      for (const { source } of parts) await source.close();
    },
  };
  if (sources.some((source) => source.watch !== undefined)) {
    whole.watch = (seen) => {
      const ends = parts.map(({ source, start }) => source.watch?.((at, bytes) => seen(start + at, bytes)));
      return () => {
        for (const end of ends) end?.();
      };
    };
  }
  return whole;
}
