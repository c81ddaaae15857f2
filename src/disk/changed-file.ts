import type { ByteRange } from "../base/bytes.js";
import type { ByteSource } from "../io/source.js";
import { checkRange, memorySource } from "../io/sources/memory.js";
import type { Piece } from "./pieces.js";

/** A change that lies over a file. `bytes` of `null` are zeros. Changes come in order: later ones win. */
export interface Change {
  readonly at: number;
  readonly length: number;
  readonly bytes: Uint8Array | null;
}

/** A file as it would be after some changes, without making them. */
export interface Overlay {
  /** Reads through the changes, on this thread. */
  readonly source: ByteSource;
  /** Where the bytes of a range of the changed file really are; `offset` counts from `guest` for the range's first byte. */
  pieces(at: number, length: number, guest: number): Iterable<Piece>;
  /** What is left to see of the changes: sorted, and none lies over another. */
  changed(): Iterable<Change>;
}

/** A file without changes. */
export function bareOverlay(source: ByteSource): Overlay {
  return {
    source,
    *pieces(at, length, guest): Iterable<Piece> {
      yield { kind: "data", offset: guest, length, source, at };
    },
    changed: () => [],
  };
}

/** Stretches of the changed file that no other change lies over, sorted. `change` counts in the list of changes. */
interface Patch {
  readonly start: number;
  readonly end: number;
  readonly change: number;
}

/**
 * What is left to see of changes that lie over each other: the boundaries of all are sorted, and each stretch between two goes to the last
 * change that covers it. Changes are painted from the last to the first, and stretches that have an owner are skipped for good, so that a
 * hostile pile of them costs no more than sorting it.
 */
function flatten(changes: readonly Change[]): readonly Patch[] {
  const edges = Float64Array.from(changes.flatMap(({ at, length }) => [at, at + length])).sort();
  const indexOf = (edge: number): number => {
    let low = 0;
    let high = edges.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((edges[middle] as number) < edge) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const owner = new Int32Array(edges.length).fill(-1);
  /** The first stretch at or after each that may be without an owner. */
  const next = Int32Array.from({ length: edges.length + 1 }, (_, i) => i);
  const free = (stretch: number): number => {
    let root = stretch;
    while (next[root] !== root) root = next[root] as number;
    for (let at = stretch; at !== root; ) {
      const after = next[at] as number;
      next[at] = root;
      at = after;
    }
    return root;
  };
  for (let change = changes.length - 1; change >= 0; change--) {
    const { at, length } = changes[change] as Change;
    const end = indexOf(at + length);
    for (let stretch = free(indexOf(at)); stretch < end; stretch = free(stretch)) {
      owner[stretch] = change;
      next[stretch] = stretch + 1;
    }
  }
  const patches: Patch[] = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    const [start, end] = [edges[i] as number, edges[i + 1] as number];
    const change = owner[i] as number;
    if (change >= 0 && end > start) patches.push({ start, end, change });
  }
  return patches;
}

/** The file that `changes` would make of `base`, `size` bytes long: past the end of `base` are zeros, unless a change says else. */
export function overlay(base: ByteSource, changes: readonly Change[], size: number): Overlay {
  const patches = flatten(changes);
  // A source for each change that holds bytes: a worker gets those of the change that it reads, and no others.
  const sources = new Map<number, ByteSource>();
  const sourceOf = (index: number, bytes: Uint8Array): ByteSource => {
    let source = sources.get(index);
    if (source === undefined) {
      source = memorySource(bytes, base.label);
      sources.set(index, source);
    }
    return source;
  };

  /** The first patch that ends after a place. */
  function firstAfter(at: number): number {
    let low = 0;
    let high = patches.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((patches[middle] as Patch).end <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function* unchanged(at: number, end: number, guest: number): Iterable<Piece> {
    const stored = Math.min(end, base.size);
    if (at < stored) yield { kind: "data", offset: guest, length: stored - at, source: base, at };
    const from = Math.max(at, stored);
    if (from < end) yield { kind: "zero", offset: guest + from - at, length: end - from };
  }

  function* pieces(at: number, length: number, guest: number): Iterable<Piece> {
    const end = at + length;
    let position = at;
    for (let i = firstAfter(at); position < end; i++) {
      const patch = patches[i];
      const start = Math.min(end, patch?.start ?? end);
      if (start > position) {
        yield* unchanged(position, start, guest + position - at);
        position = start;
      }
      if (patch === undefined || position >= end) continue;
      const stop = Math.min(end, patch.end);
      const change = changes[patch.change] as Change;
      const place = { offset: guest + position - at, length: stop - position };
      if (change.bytes === null) yield { kind: "zero", ...place };
      else yield { kind: "data", ...place, source: sourceOf(patch.change, change.bytes), at: position - change.at };
      position = stop;
    }
  }

  async function read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    checkRange(base.label, size, offset, length);
    const bytes = new Uint8Array(length);
    for (const piece of pieces(offset, length, 0)) {
      if (piece.kind === "data") bytes.set(await piece.source.read(piece.at, piece.length, signal), piece.offset);
    }
    return bytes;
  }

  return {
    pieces,
    *changed(): Iterable<Change> {
      for (const { start, end, change: index } of patches) {
        const change = changes[index] as Change;
        const bytes = change.bytes?.subarray(start - change.at, end - change.at) ?? null;
        yield { at: start, length: end - start, bytes };
      }
    },
    source: {
      label: base.label,
      size,
      read,
      async *stream(range: ByteRange = { offset: 0, length: size }, signal?: AbortSignal): AsyncIterable<Uint8Array> {
        checkRange(base.label, size, range.offset, range.length);
        const end = range.offset + range.length;
        for (let at = range.offset; at < end; at += STREAM_CHUNK) {
          yield await read(at, Math.min(STREAM_CHUNK, end - at), signal);
        }
      },
      ref: () => null,
      close: async () => {},
    },
  };
}

/** Bytes read at a time by `stream`. */
const STREAM_CHUNK = 1024 * 1024;
