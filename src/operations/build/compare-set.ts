/** A file set that writes nothing: what would be written is held against what is there. */
import { FerryError } from "../../base/errors.js";
import type { FileSet } from "../../io/file-set.js";
import type { ByteSource } from "../../io/source.js";
import { borrowed } from "../../io/sources/borrowed.js";
import type { RandomTarget } from "../../io/target.js";

/** The first place where two files differ. */
export interface FirstDifference {
  readonly file: string;
  /** `null`: one of them is not there at all. */
  readonly offset: number | null;
}

/** A set that compares. */
export interface ComparingSet extends FileSet {
  createRandom(name: string, size: number | null): Promise<RandomTarget>;
  readBack(name: string): Promise<ByteSource>;
  /** Of everything that was written so far; `null`: it is what is there. Asked for when all is written. */
  difference(signal: AbortSignal): Promise<FirstDifference | null>;
  /** Bytes of a file as it would be written; `null`: there would be none of that name. */
  bytesOf(name: string): number | null;
  close(): Promise<void>;
}

/** Half-open ranges, in order, apart from each other. */
class Ranges {
  #list: (readonly [from: number, to: number])[] = [];

  get list(): readonly (readonly [from: number, to: number])[] {
    return this.#list;
  }

  add(from: number, to: number): void {
    const last = this.#list.at(-1);
    // Nearly everything is written in order.
    if (last !== undefined && last[1] === from) this.#list[this.#list.length - 1] = [last[0], to];
    else if (last === undefined || last[1] < from) this.#list.push([from, to]);
    else this.#list = merged([...this.#list, [from, to]]);
  }

  remove(from: number, to: number): void {
    if ((this.#list.at(-1)?.[1] ?? 0) <= from) return;
    this.#list = this.#list.flatMap(([a, b]) =>
      [[a, Math.min(b, from)] as const, [Math.max(a, to), b] as const].filter(([start, end]) => start < end),
    );
  }
}

function merged(ranges: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const list: (readonly [number, number])[] = [];
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    const last = list.at(-1);
    if (last !== undefined && last[1] >= from) list[list.length - 1] = [last[0], Math.max(last[1], to)];
    else list.push([from, to]);
  }
  return list;
}

/** Differences of one file that are remembered: a byte of them may be put right by a later write. */
const MOST_DIFFERENCES = 1000;

interface Compared {
  /** `null`: there is no such file. */
  readonly source: ByteSource | null;
  readonly written: Ranges;
  readonly wrong: Ranges;
  size: number;
}

/**
 * @param open the file that is there; `null`: there is none. The set closes it
 */
export function comparingSet(label: string, open: (name: string) => Promise<ByteSource | null>): ComparingSet {
  const files = new Map<string, Compared>();

  async function compare(file: Compared, offset: number, chunk: Uint8Array): Promise<void> {
    const { source, written, wrong } = file;
    const end = offset + chunk.length;
    file.size = Math.max(file.size, end);
    written.add(offset, end);
    if (source === null) return;
    wrong.remove(offset, end);
    const there = offset >= source.size ? 0 : Math.min(chunk.length, source.size - offset);
    const bytes = there === 0 ? new Uint8Array() : await source.read(offset, there);
    let at = 0;
    while (at < there && bytes[at] === chunk[at]) at++;
    if (at < chunk.length && wrong.list.length < MOST_DIFFERENCES) wrong.add(offset + at, end);
  }

  async function createRandom(name: string): Promise<RandomTarget> {
    const source = await open(name);
    const file: Compared = { source, written: new Ranges(), wrong: new Ranges(), size: 0 };
    files.set(name, file);
    let position = 0;
    return {
      label: name,
      get position(): number {
        return position;
      },
      async write(chunk): Promise<void> {
        const at = position;
        position += chunk.length;
        await compare(file, at, chunk);
      },
      async zeros(length): Promise<void> {
        position += length;
        file.size = Math.max(file.size, position);
      },
      writeAt: (offset, chunk) => compare(file, offset, chunk),
      async truncate(size): Promise<void> {
        file.size = size;
      },
      ref: () => null,
      async close(): Promise<void> {},
      async abort(): Promise<void> {},
    };
  }

  return {
    label,
    create: (name) => createRandom(name),
    createRandom,
    async readBack(name): Promise<ByteSource> {
      const source = files.get(name)?.source ?? (await open(name));
      // Where it is another file, that is known already, and its digest is of no more use.
      if (source === null) throw new FerryError("build/rebuild-differs", `${label} has no file ${name}`);
      return borrowed(source, async () => {});
    },
    async difference(signal): Promise<FirstDifference | null> {
      for (const [name, { source, written, wrong, size }] of files) {
        if (source === null) return { file: name, offset: null };
        const places = wrong.list.map(([from]) => from);
        if (size !== source.size) places.push(Math.min(size, source.size));
        const first = places.reduce((least, place) => Math.min(least, place), Number.POSITIVE_INFINITY);
        const gap = await firstByteIn(source, written, Math.min(first, source.size), signal);
        const offset = Math.min(first, gap ?? Number.POSITIVE_INFINITY);
        if (Number.isFinite(offset)) return { file: name, offset };
      }
      return null;
    },
    bytesOf: (name) => files.get(name)?.size ?? null,
    room: async () => null,
    async commit(): Promise<void> {},
    async abort(): Promise<void> {},
    async close(): Promise<void> {
      for (const { source } of files.values()) await source?.close();
    },
  };
}

/** The first byte below `end` that is not zero where nothing was written. */
async function firstByteIn(
  source: ByteSource,
  written: Ranges,
  end: number,
  signal: AbortSignal,
): Promise<number | null> {
  let at = 0;
  for (const [from, to] of [...written.list, [end, end] as const]) {
    if (at < Math.min(from, end)) {
      let offset = at;
      for await (const chunk of source.stream({ offset: at, length: Math.min(from, end) - at }, signal)) {
        const place = chunk.findIndex((byte) => byte !== 0);
        if (place >= 0) return offset + place;
        offset += chunk.length;
      }
    }
    at = Math.max(at, to);
    if (at >= end) return null;
  }
  return null;
}
