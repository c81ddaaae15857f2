import { alignDown, alignUp, type ByteRange } from "../../base/bytes.js";
import { canceled, FerryError, throwIfAborted } from "../../base/errors.js";
import type { ByteSource, Watcher } from "../source.js";
import { checkRange } from "./memory.js";

/** How a source is cached. Sizes in bytes. */
export interface CacheOptions {
  /** What is kept together. */
  readonly blockBytes: number;
  /** Blocks that are kept at most, together: well more than `behind` and `ahead`; those not used for longest go first. */
  readonly mostBytes: number;
  /** Fetched behind what was asked for, where it is not there yet: the next headers. */
  readonly ahead: number;
  /** Fetched in front of it: footers and directories stand before the header that follows them. */
  readonly behind: number;
  /** Fetches that look around so. Later ones do only where they go on from the last: a scattered reader wants what it asks for. */
  readonly lookAround: number;
  /** Reads from this size on pass by: they would only push out what is small and wanted again. */
  readonly passBytes: number;
  /** The first bytes, where they are known already. */
  readonly held: Uint8Array;
}

/** Defaults of `CacheOptions`: for sources where a request costs what a hundred kilobytes cost. */
export const cacheDefaults: CacheOptions = Object.freeze({
  blockBytes: 16 * 1024,
  mostBytes: 16 * 2 ** 20,
  ahead: 80 * 1024,
  behind: 16 * 1024,
  lookAround: 16,
  passBytes: 256 * 1024,
  held: new Uint8Array(0),
});

/**
 * A source whose small reads come from blocks in memory: one that is not there is fetched with its neighbours, and all that a read lacks
 * is one request. Readers that want the same bytes at the same time share the request. `of` belongs to the cache: closing closes it.
 */
export function cachedSource(of: ByteSource, options: Partial<CacheOptions> = {}): ByteSource {
  const { blockBytes, mostBytes, ahead, behind, lookAround, passBytes, held } = { ...cacheDefaults, ...options };
  const { label, size } = of;
  const blocks = new Map<number, Promise<Uint8Array>>();
  const mostBlocks = Math.max(1, Math.floor(mostBytes / blockBytes));
  // What is fetched for one read has to stay until the read has it: with the blocks at both ends, and what lies around.
  const most = Math.min(passBytes, mostBytes - behind - ahead - 2 * blockBytes);
  const watchers = new Set<Watcher>();
  // Requests are shared, so none of those who wait may interrupt one; closing does.
  const closed = new AbortController();
  let fetches = 0;
  let lastEnd = alignDown(held.length, blockBytes);
  for (let at = 0; at < lastEnd; at += blockBytes) {
    keep(at / blockBytes, Promise.resolve(held.subarray(at, at + blockBytes)));
  }

  function keep(index: number, block: Promise<Uint8Array>): void {
    // Failures are met by whoever waits for the block; the next reader asks again.
    block.catch(() => {
      if (blocks.get(index) === block) blocks.delete(index);
    });
    blocks.delete(index);
    blocks.set(index, block);
    while (blocks.size > mostBlocks) blocks.delete(blocks.keys().next().value as number);
  }

  /** Fetches blocks `[first, end)` with what lies around them, in one request. */
  function fetch(first: number, end: number): void {
    const goesOn = first * blockBytes === lastEnd;
    const looks = fetches < lookAround;
    fetches++;
    let from = first;
    let to = end;
    const least = looks ? Math.max(0, from - Math.ceil(behind / blockBytes)) : from;
    const most = looks || goesOn ? to + Math.ceil(ahead / blockBytes) : to;
    while (from > least && !blocks.has(from - 1)) from--;
    while (to < most && to * blockBytes < size && !blocks.has(to)) to++;
    const offset = from * blockBytes;
    const length = Math.min(to * blockBytes, size) - offset;
    lastEnd = offset + length;
    const whole = of.read(offset, length, closed.signal);
    for (let index = from; index < to; index++) {
      const at = (index - from) * blockBytes;
      keep(
        index,
        // A copy: a part would keep all of what was fetched alive.
        whole.then((bytes) => bytes.slice(at, at + blockBytes)),
      );
    }
  }

  /** The blocks `[first, end)`; what is missing among them is fetched by one request. */
  function take(first: number, end: number): readonly Promise<Uint8Array>[] {
    let from = first;
    let to = end;
    while (from < to && blocks.has(from)) from++;
    while (to > from && blocks.has(to - 1)) to--;
    const known = Array.from({ length: end - first }, (_, i) => blocks.get(first + i));
    if (from < to) fetch(from, to);
    return known.map((before, i) => {
      const block = before ?? blocks.get(first + i);
      if (block === undefined) throw new FerryError("internal/bug", `${label}: a block was fetched and is not there`);
      // What was used last goes last.
      if (blocks.delete(first + i)) blocks.set(first + i, block);
      return block;
    });
  }

  async function readThrough(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    throwIfAborted(signal);
    checkRange(label, size, offset, length);
    if (held.length === size) return held.slice(offset, offset + length);
    if (length >= most) return of.read(offset, length, signal);
    const first = alignDown(offset, blockBytes) / blockBytes;
    const waiting = Promise.all(take(first, alignUp(offset + length, blockBytes) / blockBytes));
    const bytes = new Uint8Array(length);
    for (const [i, block] of (await orAborted(waiting, signal)).entries()) {
      const at = (first + i) * blockBytes;
      bytes.set(block.subarray(Math.max(0, offset - at), offset + length - at), Math.max(0, at - offset));
    }
    return bytes;
  }

  function tell(offset: number, bytes: Uint8Array): void {
    for (const watcher of watchers) watcher(offset, bytes);
  }

  return {
    ...of,
    async read(offset, length, signal): Promise<Uint8Array> {
      const bytes = await readThrough(offset, length, signal);
      tell(offset, bytes);
      return bytes;
    },
    async *stream(range: ByteRange = { offset: 0, length: size }, signal?: AbortSignal): AsyncIterable<Uint8Array> {
      let at = range.offset;
      for await (const chunk of of.stream(range, signal)) {
        tell(at, chunk);
        at += chunk.length;
        yield chunk;
      }
    },
    watch(seen): () => void {
      watchers.add(seen);
      return () => watchers.delete(seen);
    },
    ref: () => of.ref(),
    async close(): Promise<void> {
      closed.abort();
      blocks.clear();
      await of.close();
    },
  };
}

/** What a promise comes to, unless the signal is aborted before. The promise may be shared: nothing happens to it. */
async function orAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return promise;
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(canceled(signal.reason));
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
